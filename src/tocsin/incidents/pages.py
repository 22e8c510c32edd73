"""What every page inside an incident needs: the incident if the person is on it, and what a form sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.db.models import Exists, F, OuterRef, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tocsin.core import clock
from tocsin.core.access import Actor, Hidden, Standing, visible
from tocsin.core.action import Invalid
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.people.models import Member
from tocsin.people.pages import DIGITS, Can, Request, signed_in
from tocsin.plan.facts import known_facts
from tocsin.plan.models import Fact, IncidentRole

P = ParamSpec("P")


class IncidentRequest(Request):
    """A request of somebody who is on the incident. `now` is what the incident's clock shows."""

    incident: Incident
    now: datetime


Page = Callable[Concatenate[IncidentRequest, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, str, P], HttpResponseBase]


class OtherIncident(Invalid):
    """The form was made for an incident of the same number in another organization."""


def called(actor: Actor, number: str, organization: str | None) -> Incident | None:
    """The incident of that number that the actor sees: the one of `organization` first, else the only one there is."""
    found = _called(actor, number, organization)
    return found[0] if found else None


def _called(actor: Actor, number: str, organization: str | None) -> tuple[Incident, Standing] | None:
    """The same, with the actor's roles on it. One query: a row for each role."""
    rows = Incident.objects.select_related("chain", "organization", "plan_version").defer("plan_version__files")
    rows = rows.filter(number=number.replace("\x00", ""), chain__grants__user=actor.user_id)
    found: dict[Incident, set[str]] = {}
    around = Incident.objects.filter(Q(parent=OuterRef("pk")) | Q(merged_into=OuterRef("pk")))
    for incident in visible(actor, rows).annotate(held=F("chain__grants__role"), has_around=Exists(around)):
        found.setdefault(incident, set()).add(incident.held)
    own = [i for i in found if str(i.organization_id) == organization] or list(found)
    return (own[0], Standing(incident=frozenset(found[own[0]]))) if len(own) == 1 else None


def on_incident(page: Page[P]) -> View[P]:
    """A page inside an incident, addressed by its number. Raises Hidden for anybody who is not on it."""

    @wraps(page)
    def view(request: Request, number: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        found = _called(request.actor, number, str(request.organization.pk))
        if found is None:
            raise Hidden
        incident, at = found
        if request.method == "POST" and request.GET.get("incident", str(incident.pk)) != str(incident.pk):
            raise OtherIncident(
                _("%s is another incident in the organization that you look at now. Load the page again.") % number
            )
        request.incident = incident  # type: ignore[attr-defined]
        request.organization = incident.organization
        request.can = Can(at)
        request.now = incident.chain.time(clock.now())  # type: ignore[attr-defined]
        return page(request, *args, **kwargs)  # type: ignore[arg-type]

    return cast("View[P]", signed_in(cast("Callable[..., HttpResponseBase]", view)))


def act_on(page: Page[P]) -> View[P]:
    """An address inside an incident that only takes what a form sends."""
    return require_POST(on_incident(page))


def place(request: IncidentRequest, name: str, *args: object) -> str:
    """The address of a page of this incident."""
    return reverse(name, args=[request.incident.number, *args])


def asked(request: HttpRequest, name: str) -> str:
    """A word of the address's query. NUL is taken out: PostgreSQL has no text that holds it."""
    return request.GET.get(name, "").replace("\x00", "").strip()


def sent(request: HttpRequest, name: str) -> str:
    """A field of the form as text; empty when it was not sent."""
    return request.POST.get(name, "").strip()


def sent_number(request: HttpRequest, name: str) -> int | None:
    """A field of the form as a whole number; None when it was left empty. Raises Invalid for anything else."""
    text = sent(request, name)
    try:
        # More digits than fit a database's column are read as no number at all.
        return int(text if len(text.lstrip("+-")) <= DIGITS else "too long") if text else None
    except ValueError:
        raise Invalid(_("“%(text)s” is no whole number.") % {"text": text[:40]}, name) from None


def read_time(text: str, field: str) -> datetime | None:
    """A time from a field, in the person's own zone unless it names one; None for an empty text.

    Raises Invalid when it cannot be read, or lies outside the years that can be meant.
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        example = timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M")
        said = _("“%(text)s” is no time; write it as %(example)s.") % {"text": text[:40], "example": example}
        raise Invalid(said, field) from None
    try:
        return clock.sane(found if found.tzinfo else found.replace(tzinfo=timezone.get_current_timezone()))
    except ValueError as error:
        raise Invalid(f"{str(error)[:1].upper()}{str(error)[1:]}.", field) from error


def sent_time(request: HttpRequest, name: str) -> datetime | None:
    """A field of the form as a time; see read_time."""
    return read_time(sent(request, name), name)


def member_of(request: IncidentRequest, name: str = "member") -> Member | None:
    """The member of the organization that the form names; None for nobody. Raises Invalid for an unknown one."""
    number = sent_number(request, name)
    if number is None:
        return None
    found = Member.objects.filter(organization=request.organization, pk=number, active=True).first()
    if found is None:
        raise Invalid(_("Choose a person from the list."), name)
    return found


def people_of(incident: Incident) -> list[Member]:
    """Whom a task or a role can be given to: people, those with an account first. Lists and firms hold no seat."""
    contacts = incident.plan_version.plan.contacts
    members = Member.objects.filter(organization=incident.organization, active=True)
    people = [m for m in members if m.key not in contacts or contacts[m.key].kind == "person"]
    return sorted(people, key=lambda m: m.user_id is None)


def facts_of(incident: Incident) -> dict[str, Fact]:
    """Every fact that may be stated here: those Tocsin knows and those the incident's plan adds."""
    return {**known_facts(), **incident.plan_version.plan.facts}


def lead_of(incident: Incident, roles: list[RoleAssignment]) -> RoleAssignment | None:
    """Who leads now: the first seat of the plan with the lead's access; None while nobody holds one."""
    seats = [key for key, role in incident.plan_version.plan.roles.items() if role.access == IncidentRole.LEAD]
    held = {a.role: a for a in roles if a.renounced_at is None and a.holder}
    return next((held[key] for key in seats if key in held), None)


def how_near(due: datetime | None, now: datetime, start: datetime | None = None) -> str:
    """A deadline's lamp: late, soon (the last hour, or the last quarter of a longer wait up to a day) or nothing."""
    if due is None:
        return ""
    left = due - now
    if left <= timedelta(0):
        return "late"
    quarter = (due - start) / 4 if start and start < due else timedelta(0)
    return "soon" if left <= max(timedelta(hours=1), min(quarter, timedelta(days=1))) else ""


def share_left(start: datetime | None, due: datetime | None, now: datetime) -> float:
    """How much of a clock's time is left, 0 to 1: what its ring draws."""
    if start is None or due is None or due <= start:
        return 0.0
    return max(0.0, min(1.0, (due - now) / (due - start)))
