"""Signing in by a link and out; the plan, the team and the organization's log."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from tocsin.core import clock
from tocsin.core.access import Actor, Hidden, reads_organization_log
from tocsin.core.action import Invalid
from tocsin.core.actions import revoke
from tocsin.core.models import LogEntry, Organization
from tocsin.people.actions import (
    deactivate,
    hashed,
    invite,
    reactivate,
    revoke_token,
    set_zone,
    use_sign_in_link,
)
from tocsin.people.comcheck import reached_days
from tocsin.people.models import ApiToken, PlanVersion, SignInLink, User
from tocsin.people.pages import Request, act, asked_number, done, filled, of_the_house, signed_in
from tocsin.people.queries import READS_CONTACTS, current_plan, organizations_reached_by, taken_out
from tocsin.people.views_machines import keys_of
from tocsin.plan.lint import lint
from tocsin.plan.problems import Problem
from tocsin.plan.show import show

BY_LINK = "django.contrib.auth.backends.ModelBackend"
PAGE = 100
AREAS = {"Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"}


@login_not_required
@sensitive_variables("secret")
def sign_in_link(request: HttpRequest, secret: str) -> HttpResponse:
    """A link that signs in once. Looking at it uses nothing up: mail scanners look at every link; a button does."""
    if request.method != "POST":
        return render(request, "people/sign_in_link.html")
    link = SignInLink.objects.select_related("user").filter(secret_hash=hashed(secret)).first()
    organizations = organizations_reached_by(link.user) if link else []
    if not organizations:
        said = _("This link is unknown, or its person belongs to no organization. Ask for a new one.")
        return render(request, "people/sign_in_link.html", {"refused": said}, status=422)
    try:
        user = use_sign_in_link(Actor.system("Sign-in"), organizations[0], secret=secret)
    except Invalid as refused:
        return render(request, "people/sign_in_link.html", {"refused": str(refused)}, status=422)
    request.session.pop(AUTHENTICATION_METHODS_SESSION_KEY, None)  # of a sign-in that was begun before and not ended
    login(request, user, backend=BY_LINK)
    return redirect("home")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return redirect("sign-in")


@of_the_house
def plan(request: Request) -> HttpResponse:
    """The plan as people would print it, a part at a time, with what lint says about it."""
    version = current_plan(request.organization)
    if version is None:
        return render(request, "people/plan.html", {"version": None})
    reads = READS_CONTACTS(request.can.at)
    chapters = _chapters(show(version.plan, addresses=reads))
    wanted = request.GET.get("part", "")
    chosen = next((c for c in chapters if c["slug"] == wanted), chapters[0])
    problems = _problems(version, request.organization) if reads else []
    context = {"version": version, "plan": version.plan, "chapters": chapters, "chosen": chosen, "problems": problems,
               "reads": reads, "messages_here": chosen["text"].startswith("## Messages that are ready")}  # fmt: skip
    return render(request, "people/plan.html", context)


def _problems(version: PlanVersion, place: Organization) -> list[Problem]:
    """What lint says today about a version of the plan, knowing who answered a Comcheck."""
    answered = ((k, t.date() if t else None) for k, t in reached_days(place).items())
    return _linted(tuple(sorted(version.files.items())), clock.now().date(), tuple(sorted(answered)))


@lru_cache(maxsize=8)
def _linted(
    files: tuple[tuple[str, str], ...], today: date, answered: tuple[tuple[str, date | None], ...]
) -> list[Problem]:
    """Lint's answer, kept: reading all files with their line numbers takes most of a second."""
    return lint(dict(files), today, dict(answered))


def _chapters(text: str) -> list[dict[str, Any]]:
    """The parts of the plan's text: an overview up to the second of its headings of level two, then one each."""
    head, *rest = text.split("\n## ")
    overview = "\n## ".join([head, *rest[:1]])
    found = [{"title": _("Overview"), "slug": "", "text": overview}]
    for number, part in enumerate(rest[1:], 1):
        title = part.partition("\n")[0].strip()
        found.append({"title": title, "slug": str(number), "text": f"## {part}"})
    return found


@act
def invite_person(request: Request) -> HttpResponse:
    """Give somebody an account."""
    email, name, role = (request.POST.get(k, "").strip() for k in ("email", "name", "role"))
    user = invite(request.actor, request.organization, email=email, name=name, role=role)
    said = _("%(name)s has an account. Make a sign-in link with: tocsin sign-in %(email)s")
    return done(request, "team", said % {"name": user.name or user.email, "email": user.email})


def _colleague(request: Request) -> User:
    """The account that the form names, if it has a role in this organization. Raises Invalid for any other."""
    chosen = request.POST.get("user", "")
    known = User.objects.filter(grants__chain_id=request.organization.pk).distinct()
    found = next((u for u in known if str(u.pk) == chosen), None)
    if found is None:
        raise Invalid(_("Choose a person from the list."), "user")
    return found


def _meant(request: Request) -> str:
    """The reason that the form gives for a step that is not simply undone. Raises Invalid when its box is not ticked."""
    if request.POST.get("sure") != "yes":
        raise Invalid(_("Tick the box to say that you mean it."), "sure")
    return request.POST.get("because", "")


@act
def take_out(request: Request) -> HttpResponse:
    """Take somebody out of the organization and its incidents."""
    user = _colleague(request)
    deactivate(request.actor, request.organization, user=user, because=_meant(request))
    return done(request, "team", _("%s was taken out of the organization and all its incidents.") % user)


@act
def take_in_again(request: Request) -> HttpResponse:
    """Take somebody in again who was taken out."""
    chosen = request.POST.get("user", "")
    user = next((u for u in taken_out(request.organization) if str(u.pk) == chosen), None)
    if user is None:
        raise Invalid(_("Choose a person from the list."), "user")
    role, because = request.POST.get("role", ""), request.POST.get("because", "")
    reactivate(request.actor, request.organization, user=user, role=role, because=because)
    return done(request, "team", _("%s is back. Roles in incidents are given there.") % user)


@act
def revoke_role(request: Request) -> HttpResponse:
    """Take a role in the organization from somebody."""
    user = _colleague(request)
    revoke(request.actor, request.organization, user_id=UUID(str(user.pk)), role=request.POST.get("role", ""))
    return done(request, "team", _("%s lost the role in the organization. Roles in incidents are taken there.") % user)


@act
def revoke_token_of(request: Request) -> HttpResponse:
    """End an API key: one's own, or as administrator one of the organization's people."""
    handle = request.POST.get("token", "")
    live = ApiToken.objects.select_related("user").filter(revoked_at=None, secret_hash__startswith=handle)
    found = live.first() if len(handle) == 16 else None
    if found is None:
        raise Invalid(_("This key has ended already."), "token")
    revoke_token(request.actor, request.organization, token=found)
    own = found.user_id == request.user.pk
    return done(request, "you" if own else "team", _("The key “%s” works no more.") % found.label)


@signed_in
def you(request: Request) -> HttpResponse:
    """One's own account: the time zone that pages speak, roles, and API keys."""
    context = {
        "zones": sorted(z for z in available_timezones() if z == "UTC" or z.partition("/")[0] in AREAS),
        "roles": sorted(request.can.at.organization),
        **keys_of(request),
    }
    return render(request, "people/you.html", context)


@act
def choose_zone(request: Request) -> HttpResponse:
    """Choose one's own time zone."""
    set_zone(request.actor, request.organization, user=request.user, zone=request.POST.get("zone", ""))
    return done(request, "you", _("Pages tell times in %s from now on.") % request.user.time_zone)


@of_the_house
def message(request: Request, message: str) -> HttpResponse:
    """A prepared text of the plan, with a gap for each fact that an incident fills in."""
    version = current_plan(request.organization)
    found = version.plan.messages.get(message) if version else None
    if version is None or found is None:
        raise Hidden
    audience = version.plan.audiences.get(found.audience or "")
    names = [version.plan.contacts[key].name for key in audience.contacts] if audience else []
    return render(request, "people/message.html",
                  {"message": found, "audience": audience, "names": names, "parts": filled(found.body, {})})  # fmt: skip


@require_safe
@signed_in
def organization_log(request: Request) -> HttpResponse:
    """What happened in the organization outside incidents; for administrators and auditors."""
    if not reads_organization_log(request.actor, request.organization):
        raise Hidden
    entries = LogEntry.objects.filter(chain_id=request.organization.pk)
    before = asked_number(request, "before")
    if before is not None:
        entries = entries.filter(sequence__lt=before)
    rows = list(entries.order_by("-sequence")[: PAGE + 1])
    older = rows[PAGE - 1].sequence if len(rows) > PAGE else None
    return render(request, "people/log.html", {"entries": rows[:PAGE], "older": older})


@act
def choose_organization(request: Request) -> HttpResponse:
    """Look at another organization of one's own from now on."""
    chosen = request.POST.get("organization", "")
    if chosen not in {str(o.pk) for o in organizations_reached_by(request.user)}:
        raise Hidden
    request.session["organization"] = chosen
    return redirect("incidents")
