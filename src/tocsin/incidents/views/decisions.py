"""Decisions: the brief for whoever decides, taking it, disagreeing, asking again, and what was decided before."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.incidents import actions
from tocsin.incidents.actions.decisions import holders_of_authority
from tocsin.incidents.board import decisions_in_order
from tocsin.incidents.models import Decision
from tocsin.incidents.pages import IncidentRequest, act_on, facts_of, how_near, on_incident, place, sent, sent_time
from tocsin.people.pages import done

OPTION_KEYS = ("a", "b", "c", "d")


def _decision(request: IncidentRequest, number: int) -> Decision:
    found = Decision.objects.filter(incident=request.incident, number=number).select_related("task").first()
    if found is None:
        raise Hidden
    found.incident = request.incident
    return found


@on_incident
def decisions(request: IncidentRequest) -> HttpResponse:
    """What waits for a decision, and what was decided with what was known then."""
    rows = list(Decision.objects.filter(incident=request.incident))
    waiting = decisions_in_order(d for d in rows if d.state == "open")
    plan = request.incident.plan_version.plan
    context = {
        "open": [(d, how_near(d.due_at, request.now, d.opened_at)) for d in waiting],
        "taken": sorted((d for d in rows if d.decided_at), key=lambda d: d.decided_at or d.opened_at, reverse=True),
        "titles": {key: role.title for key, role in plan.roles.items()},
        "role_list": sorted(((k, r.title) for k, r in plan.roles.items()), key=lambda r: r[1]),
        "option_keys": OPTION_KEYS,
    }
    return render(request, "incidents/decisions.html", context)


@on_incident
def decision(request: IncidentRequest, decision: int) -> HttpResponse:
    """The brief: the question, by when, what happens if nobody decides, the options, what is known and what is not."""
    row, incident = _decision(request, decision), request.incident
    plan = incident.plan_version.plan
    trusted = (holders_of_authority(plan, row.authority) if row.authority else []) or [row.role]
    seats = {a.role: a for a in incident.roles.filter(renounced_at=None).select_related("member")}
    deciders = [(plan.roles[key].title, seats[key].holder if key in seats else "") for key in trusted]
    mine = any(key in seats and seats[key].user_id == request.user.pk for key in trusted)
    words = facts_of(incident)
    facts = [(words[f].means if f in words else f.replace("_", " "), v) for f, v in sorted(incident.facts.items())]
    context = {
        "decision": row,
        "lamp": how_near(row.due_at, request.now, row.opened_at),
        "deciders": deciders,
        "mine": mine,
        "facts": facts,
        "scope": incident.scope.exclude(state="cleared").count(),
        "findings": incident.findings.exclude(state="rejected")[:6],
        "options": row.options,
    }
    return render(request, "incidents/decision.html", context)


@act_on
def decide(request: IncidentRequest, decision: int) -> HttpResponse:
    """Take the decision."""
    actions.decide(
        request.actor, request.incident, decision=_decision(request, decision), chosen=sent(request, "chosen"),
        reason=sent(request, "reason"), revisit_at=sent_time(request, "revisit_at"),
    )  # fmt: skip
    return done(request, place(request, "decision", decision), _("D-%d is decided.") % decision)


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


@act_on
def ask(request: IncidentRequest) -> HttpResponse:
    """Put a question that the playbook does not foresee."""
    options = [
        {"id": key, "label": label, "consequence": sent(request, f"consequence_{key}")}
        for key in OPTION_KEYS
        if (label := sent(request, f"option_{key}"))
    ]
    made = actions.open_decision(
        request.actor, request.incident, question=sent(request, "question"), options=options,
        role=sent(request, "role"), if_nobody_decides=sent(request, "if_nobody_decides"),
        due_at=sent_time(request, "due_at"),
    )  # fmt: skip
    return done(request, place(request, "decisions"), _("D-%d was put.") % made.number)
