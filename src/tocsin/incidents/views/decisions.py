"""Decisions: the brief for whoever decides, taking it, advising, disagreeing, asking again, and what was decided before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.actions.decisions import DecidedBefore
from tocsin.incidents.board import decisions_in_order
from tocsin.incidents.brief_view import view_of
from tocsin.incidents.briefs import brief_of, read_brief
from tocsin.incidents.models import Decision, DecisionState
from tocsin.incidents.pages import IncidentRequest, act_on, how_near, on_incident, place, sent, sent_number, sent_time
from tocsin.people.pages import done

OPTION_KEYS = ("a", "b", "c", "d")
AGAIN_IN = ((1, gettext_lazy("in an hour")), (4, gettext_lazy("in four hours")),
            (12, gettext_lazy("in twelve hours")), (24, gettext_lazy("tomorrow at this time")),
            (72, gettext_lazy("in three days")))  # fmt: skip


def _decision(request: IncidentRequest, number: int) -> Decision:
    rows = Decision.objects.filter(incident=request.incident, number=number)
    found = rows.select_related("task", "before").first()
    if found is None:
        raise Hidden
    found.incident = request.incident
    return found


@on_incident
def decisions(request: IncidentRequest) -> HttpResponse:
    """What waits for a decision, and what was decided with what was known then."""
    rows = list(Decision.objects.filter(incident=request.incident))
    waiting = decisions_in_order(d for d in rows if d.state == DecisionState.OPEN)
    plan = request.incident.plan_version.plan
    taken = sorted((d for d in rows if d.decided_at), key=lambda d: d.decided_at or d.opened_at, reverse=True)
    followed = {d.before_id for d in rows}
    context = {
        "open": [(d, how_near(d.due_at, request.now, d.opened_at)) for d in waiting],
        "taken": [(d, d.pk not in followed) for d in taken],
        "titles": {key: role.title for key, role in plan.roles.items()},
        "role_list": sorted(((k, r.title) for k, r in plan.roles.items()), key=lambda r: r[1]),
        "authorities": sorted({a for r in plan.roles.values() for a in r.authority}),
        "option_keys": OPTION_KEYS,
    }
    return render(request, "incidents/decisions.html", context)


@on_incident
def decision(request: IncidentRequest, decision: int) -> HttpResponse:
    """The brief: the question, by when, what happens if nobody decides, the options, what is known and what is not.

    Of a decision that was taken it shows the brief that was kept, as it was.
    """
    row = _decision(request, decision)
    brief = shown_brief(row, request.now)
    seats = request.incident.roles.filter(renounced_at=None, user=request.user).values_list("role", flat=True)
    context: dict[str, Any] = {
        "decision": row,
        "lamp": how_near(row.due_at, request.now, row.opened_at),
        "brief": brief,
        "mine": bool({r["role"] for r in brief["may_decide"]} & set(seats)) if brief else False,
        "my_word": next((r for r in row.recommendations if r["id"] == request.actor.id), None),
        "again": row.again.order_by("number").last() if row.decided_at else None,
        "again_in": AGAIN_IN,
        "options": row.options,
    }
    return render(request, "incidents/decision.html", context)


def shown_brief(row: Decision, now: datetime) -> dict[str, Any] | None:
    """The brief of an open question as of now; of a taken one as it was kept; None for one taken before briefs were."""
    if row.state == DecisionState.OPEN:
        return view_of(brief_of(row, now), now)
    if not row.brief:
        return None
    kept = read_brief(row.brief)
    return view_of(kept, kept["at"])


def look_again_at(request: HttpRequest, now: datetime) -> datetime | None:
    """When to look at it again: so many hours from now, else a time; None for neither. Raises Invalid."""
    hours = sent_number(request, "revisit_in")
    if hours is not None and hours not in dict(AGAIN_IN):
        raise Invalid(_("Choose from the list when to look at it again."), "revisit_in")
    return now + timedelta(hours=hours) if hours else sent_time(request, "revisit_at")


@act_on
def decide(request: IncidentRequest, decision: int) -> HttpResponse:
    """Take the decision. Who taps twice has decided once."""
    row, chosen = _decision(request, decision), sent(request, "chosen")
    try:
        actions.decide(
            request.actor, request.incident, decision=row, chosen=chosen, reason=sent(request, "reason"),
            revisit_at=look_again_at(request, request.now),
        )  # fmt: skip
    except DecidedBefore as before:
        if before.decision.decided_by != request.actor.name or before.decision.chosen != chosen:
            raise
    return done(request, place(request, "decision", decision), _("D-%d is decided.") % decision)


@act_on
def advise(request: IncidentRequest, decision: int) -> HttpResponse:
    """Say which option one is for."""
    row = _decision(request, decision)
    actions.recommend(
        request.actor, request.incident, decision=row, option=sent(request, "option"), reason=sent(request, "reason")
    )
    return done(request, place(request, "decision", decision), _("Your word stands in the brief of D-%d.") % decision)


@act_on
def disagree(request: IncidentRequest, decision: int) -> HttpResponse:
    """Write down that somebody disagrees."""
    row = _decision(request, decision)
    actions.dissent(request.actor, request.incident, decision=row, reason=sent(request, "reason"))
    return done(request, place(request, "decision", decision), _("Your objection stands with D-%d.") % decision)


@act_on
def ask_again(request: IncidentRequest, decision: int) -> HttpResponse:
    """Ask the same question again."""
    row = _decision(request, decision)
    again = actions.revisit(request.actor, request.incident, decision=row, reason=sent(request, "reason"))
    return done(
        request, place(request, "decision", again.number), _("The question stands again as D-%d.") % again.number
    )


def _cost(request: IncidentRequest, key: str) -> dict[str, Any] | None:
    low = sent_number(request, f"cost_{key}")
    if low is None:
        return None
    return {"currency": sent(request, "currency").upper(), "low": low, "high": sent_number(request, f"cost_to_{key}")}


@act_on
def ask(request: IncidentRequest) -> HttpResponse:
    """Put a question that the playbook does not foresee."""
    options = [
        {"id": key, "label": label, "consequence": sent(request, f"consequence_{key}"), "cost": _cost(request, key)}
        for key in OPTION_KEYS
        if (label := sent(request, f"option_{key}"))
    ]
    made = actions.open_decision(
        request.actor, request.incident, question=sent(request, "question"), options=options,
        role=sent(request, "role"), authority=sent(request, "authority"),
        if_nobody_decides=sent(request, "if_nobody_decides"), due_at=sent_time(request, "due_at"),
    )  # fmt: skip
    return done(request, place(request, "decisions"), _("D-%d was put.") % made.number)
