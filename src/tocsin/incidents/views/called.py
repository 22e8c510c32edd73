"""What a called person sees on a phone at 3 a.m., without signing in; typing a reply code; and calling by hand."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.incidents.calling import answer_by_code, call_for, is_here
from tocsin.incidents.decision_links import links_for
from tocsin.incidents.duty_card import bridge_of, card_text, first_tasks, reach
from tocsin.incidents.models import Incident, Phase
from tocsin.incidents.pages import IncidentRequest, act_on, lead_of, place, sent, sent_number, share_left
from tocsin.incidents.queries import facts_of, now_in
from tocsin.incidents.queries.situation import last_report
from tocsin.people.actions import AnsweredBefore, answer_paging, cancel_paging
from tocsin.people.answers import answered_by_code
from tocsin.people.called import call_by_code, call_of
from tocsin.people.guesses import may_try, was_wrong
from tocsin.people.models import Paging, PagingCall, PagingState, Via
from tocsin.people.pages import done
from tocsin.people.reactions import seen

MOST_SAID = 420
SOON = 0.34
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@login_not_required
@csrf_exempt  # the link itself is the secret: who does not have it cannot make anybody send it
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def called(request: HttpRequest, token: str) -> HttpResponse:
    """A called person's page. Looking at it answers nothing: mail scanners look at every link; a button answers."""
    asked = call_of(token)
    incident = _incident_of(asked) if asked else None
    if asked is None or incident is None:
        return render(request, "incidents/called.html", {"ended": _("This link is not one of ours.")}, status=404)
    if request.method == "POST" and asked.member.active:
        yes = request.POST.get("answer") == "yes"
        try:
            answer_paging(Actor.system("Call link"), incident, asked=asked, yes=yes, via=Via.LINK)
        except AnsweredBefore:
            pass  # a double tap: the page says how it stands
        except Invalid as refused:
            return render(request, "incidents/called.html", {"ended": str(refused)}, status=410)
        return redirect("called", token)
    if ended := _ended(incident, asked):
        return render(request, "incidents/called.html", {"ended": ended}, status=410)
    with timezone.override(_zone(incident, asked)):
        return render(request, "incidents/called.html", _page(incident, asked))


def _incident_of(asked: PagingCall) -> Incident | None:
    rows = Incident.objects.select_related("chain", "organization", "plan_version")
    return rows.filter(pk=asked.chain_id).first()


def _ended(incident: Incident, asked: PagingCall) -> str:
    """Why the link shows nothing of the incident any more; empty while it does."""
    if asked.member.active and asked.paging.state == PagingState.CANCELLED:
        return _("You are not needed for this any more: %s") % asked.paging.ended_because
    if asked.member.active and incident.phase == Phase.CLOSED:
        return _("This is over. Nobody is needed any more.")
    if not asked.live(clock.now()):
        return _("This link has ended. If you have an account, sign in; else ring whoever leads.")
    return ""


def _zone(incident: Incident, asked: PagingCall) -> tzinfo:
    contact = incident.plan_version.plan.contacts.get(asked.member.key)
    return ZoneInfo((contact and contact.time_zone) or incident.organization.time_zone)


def _page(incident: Incident, asked: PagingCall) -> dict[str, Any]:
    paging, now = asked.paging, now_in(incident)
    left = share_left(asked.called_at, asked.answer_by, now)
    context: dict[str, Any] = {
        "now": now,
        "clock_speed": incident.chain.clock_speed if incident.chain.clock else None,
        "exercise": {"name": _("This is an exercise.")} if incident.exercise else None,
        "asked": asked,
        "paging": paging,
        "standing": _standing(asked),
        "severity": incident.severity,
        "severity_name": incident.plan_version.plan.severity.levels[incident.severity].name,
        "tlp": incident.tlp,
        "organization_name": incident.organization.name,
    }
    if context["standing"] == "asking":
        context |= {
            "known": _known(incident),
            "caller": _caller(incident, asked),
            "tasks": first_tasks(incident, paging.role),
            "left": left,
            "lamp": "soon" if left < SOON else "run",
            "waiting": now < asked.answer_by,
            "next": paging.after if paging.state == PagingState.CALLING and asked.rung == paging.rung else None,
        }
    elif context["standing"] == "on_it":
        context |= _after(incident, asked)
    return context


def _standing(asked: PagingCall) -> str:
    """What the page is: asking, on_it (they have it), taken (somebody else has), cannot (they said so)."""
    paging = asked.paging
    if paging.answered_by_id:
        return "on_it" if paging.answered_by_id == asked.member_id else "taken"
    return "cannot" if asked.answer == "no" else "asking"


def _known(incident: Incident) -> str:
    """What is known, in two sentences: of the last situation report, else what is going on, else the title."""
    report = last_report(incident)
    text = (report.conditions if report else "") or incident.summary or incident.title
    two = " ".join(_SENTENCE.split(" ".join(text.split()))[:2])
    return two if len(two) <= MOST_SAID else two[: MOST_SAID - 1].rsplit(" ", 1)[0] + "…"


def _caller(incident: Incident, asked: PagingCall) -> str:
    """In whose name somebody is called: whoever asked for it, else who leads, else who declared."""
    if asked.paging.started_by not in (Actor.system().name, "Clock"):
        return asked.paging.started_by
    lead = lead_of(incident, list(incident.roles.filter(renounced_at=None)))
    if lead and lead.role != asked.paging.role and is_here(incident, lead):
        return _("%s, who leads,") % lead.holder
    return _("%s, who declared it,") % incident.declared_by


def _after(incident: Incident, asked: PagingCall) -> dict[str, Any]:
    """Where to go next, for who answered: bridge, room, whoever leads, and the duty card of their seat."""
    seats = list(incident.roles.filter(renounced_at=None).select_related("member"))
    seat = next((s for s in seats if s.role == asked.paging.role), None)
    own = seat is not None and seat.member_id == asked.member_id
    lead = lead_of(incident, seats)
    return {
        "card": card_text(incident, seat) if own and seat else "",
        "questions": links_for(incident, seat) if own and seat else [],
        "holder": seat.holder if seat else "",
        "own": own,
        "bridge": bridge_of(incident, facts_of(incident)),
        "has_account": asked.member.user_id is not None,
        "room_number": incident.number,
        "lead": lead if lead and lead.member_id != asked.member_id else None,
        "lead_reach": reach(incident.plan_version.plan, lead.member.key) if lead and lead.member else "",
    }


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    """Where a reply code is typed. What it answers with says the seat and nothing else: a code can be guessed."""
    if request.method != "POST":
        return render(request, "incidents/answer.html")
    who = seen(request)["address"]
    if not may_try(who):
        refused = _("Too many codes were tried. Use the link in your message, or try again in ten minutes.")
        return render(request, "incidents/answer.html", {"refused": refused}, status=429)
    asked = call_by_code(request.POST.get("code", "")[:200])
    if asked is None and answered_by_code(request.POST.get("code", "")[:200]):
        return render(request, "incidents/answer.html", {"said": _("You can be reached. Thank you; that was all.")})
    if asked is None:
        was_wrong(who)
        refused = _("No call waits for this code. Look at the six digits in your last message.")
        return render(request, "incidents/answer.html", {"refused": refused}, status=422)
    try:
        said = answer_by_code(asked, yes=request.POST.get("answer") != "no", via=Via.CODE, door="Reply code")
    except Invalid as refusal:
        return render(request, "incidents/answer.html", {"refused": str(refusal)}, status=422)
    return render(request, "incidents/answer.html", {"said": said})


@act_on
def call_now(request: IncidentRequest) -> HttpResponse:
    """Call for a seat by hand, or again."""
    role = sent(request, "role")
    planned = request.incident.plan_version.plan.roles.get(role)
    if planned is None:
        raise Invalid(_("Choose a role from the list."), "role")
    reason = sent(request, "because") or _("%s asks for you") % request.actor.name
    paging = call_for(request.actor, request.incident, role, reason)
    said = _("%(name)s is being called as %(title)s.") % {"name": paging.ladder[0]["name"], "title": paging.title}
    return done(request, place(request, "roles"), said)


def _paging(request: IncidentRequest) -> Paging:
    number = sent_number(request, "paging") or 0
    found = Paging.objects.filter(chain=request.incident.chain, number=number).first()
    if found is None:
        raise Invalid(_("This call is not known any more. Load the page again."), "paging")
    return found


@act_on
def call_off(request: IncidentRequest) -> HttpResponse:
    """Stop calling for a seat."""
    paging = _paging(request)
    cancel_paging(request.actor, request.incident, paging=paging, because=sent(request, "because"))
    return done(request, place(request, "roles"), _("Nobody is called as %s any more.") % paging.title)


@act_on
def reached(request: IncidentRequest) -> HttpResponse:
    """Write down what somebody said whom the lead reached by voice."""
    paging, rung = _paging(request), sent_number(request, "rung") or 0
    asked = paging.calls.filter(rung=rung).first()
    if asked is None:
        raise Invalid(_("This call is not known any more. Load the page again."), "rung")
    yes = sent(request, "answer") == "yes"
    try:
        answer_paging(request.actor, request.incident, asked=asked, yes=yes, via=Via.VOICE)
    except AnsweredBefore as before:
        return done(request, place(request, "roles"), str(before))
    said = _("%s is on it.") if yes else _("%s cannot come; the next is called.")
    return done(request, place(request, "roles"), said % asked.member.name)
