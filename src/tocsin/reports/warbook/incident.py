"""The war-book of one incident: what holds at this minute, on paper, to go on with when the screens go dark."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.disclosure.queries import clocks_of
from tocsin.incidents.models import Decision, DecisionState, Incident, RoleAssignment, Task
from tocsin.incidents.queries import board, seats
from tocsin.incidents.queries.situation import last_report
from tocsin.people.models import Member
from tocsin.plan.models import Contact, ContactMethod
from tocsin.plan.names import role_name
from tocsin.plan.show import FUNCTION_TITLES
from tocsin.reports.warbook.book import Issue, meta, severity
from tocsin.reports.warbook.reach import local, person

View = dict[str, Any]


def incident_book(incident: Incident, issue: Issue, *, reads: bool = True) -> View:
    """Everything the incident's book prints. Whoever calls this has made sure that the reader is on the incident.

    `reads` says whether the reader sees contact data; without it the book holds names and seats only.
    """
    plan = incident.plan_version.plan
    zone = plan.organization.time_zone
    at = incident.chain.time(issue.at)
    now_board = board(incident, at)
    report = last_report(incident)
    return {
        "meta": meta(plan, issue) | {"exercise": incident.exercise, "tlp": incident.tlp},
        "severity": severity(plan),
        "incident": {
            "number": incident.number,
            "title": incident.title,
            "summary": incident.summary,
            "phase": incident.get_phase_display(),
            "severity": f"{incident.severity} {plan.severity.levels[incident.severity].name}",
            "declared": local(incident.declared_at, zone),
            "instants": [{"what": what, "at": local(found, zone)} for what in incident.instants
                         if (found := incident.instant(what))],
            "as_of": local(at, zone),
            "entries": incident.chain.length,
            "head": incident.chain.head,
            "playbook": incident.playbook.title if incident.playbook else "",
            "report": {
                "number": report.number, "at": local(report.written_at, zone), "by": report.written_by,
                "next": local(report.next_due_at, zone), "conditions": report.conditions, "actions": report.actions,
                "needs": report.needs,
            } if report else None,
        },
        "seats": [_seat(seat, incident, issue, reads=reads) for seat in seats(incident)],
        "lanes": [
            {"title": FUNCTION_TITLES[lane.function], "done": lane.done, "total": len(lane.tasks),
             "tasks": [_task(task, incident, at) for task in lane.tasks if not task.ended]}
            for lane in now_board.lanes if lane.tasks
        ],
        "decisions": [_decision(asked, incident, at) for asked in now_board.decisions],
        "decided": [
            {"n": d.number, "question": d.question, "chosen": _option(d), "by": d.decided_by, "reason": d.reason,
             "at": local(d.decided_at, zone)}
            for d in incident.decisions.filter(state=DecisionState.DECIDED)
        ],
        "clocks": [
            {"title": c.title, "to": c.recipient, "state": c.get_state_display(), "started": local(c.started_at, zone),
             "due": local(c.due_at, zone), "ended": local(c.ended_at, zone), "because": c.because}
            for c in clocks_of(incident)
        ],
        "scope": [
            {"n": s.number, "kind": s.get_kind_display(), "name": s.name, "state": s.get_state_display(),
             "because": s.because, "since": local(s.state_since, zone)}
            for s in incident.scope.order_by("kind", "number")
        ],
    }  # fmt: skip


def contact_of(member: Member) -> Contact:
    """A member as a contact, with the ways they can be reached now."""
    return Contact(
        name=member.name,
        organization=member.organization_name,
        title=member.title,
        outside=member.outside,
        languages=tuple(member.languages),
        time_zone=member.time_zone,
        methods=tuple(ContactMethod.model_validate(m) for m in member.methods),
        note=member.note,
    )


def _seat(seat: RoleAssignment, incident: Incident, issue: Issue, *, reads: bool) -> View:
    plan = incident.plan_version.plan
    role = plan.roles.get(seat.role)
    keys = [k for k in (role.holder, *role.backups) if k] if role else []
    home = plan.organization.time_zone
    taken = seat.member.key if seat.member else ""
    found = [(contact_of(seat.member), "holds it now")] if seat.member else []
    found += [(plan.contacts[k], "if not reached") for k in keys if k != taken and k in plan.contacts]
    hidden = {} if reads else {"methods": (), "note": ""}
    people = [person(contact.model_copy(update=hidden), home, issue.at, seat=how) for contact, how in found]
    return {
        "title": seat.title,
        "duties": role.duties if role else "",
        "authority": "",
        "rota": False,
        "empty": not seat.holder,
        "people": people,
    }


def _task(task: Task, incident: Incident, at: datetime) -> View:
    plan = incident.plan_version.plan
    return {
        "n": task.number,
        "title": task.title,
        "state": task.get_state_display(),
        "late": task.live and task.due_at is not None and task.due_at < at,
        "role": role_name(plan, task.role),
        "who": task.member.name if task.member else "",
        "due": local(task.due_at, plan.organization.time_zone),
        "blocked": task.blocked_by,
        "do": " ".join(task.instructions.split()),
        "done_when": " ".join(task.done_when.split()),
    }


def _decision(asked: Decision, incident: Incident, at: datetime) -> View:
    plan = incident.plan_version.plan
    return {
        "n": asked.number,
        "question": asked.question,
        "who": role_name(plan, asked.role),
        "due": local(asked.due_at, plan.organization.time_zone),
        "late": asked.due_at is not None and asked.due_at < at,
        "options": [{"label": o["label"], "consequence": o.get("consequence", "")} for o in asked.options],
        "nobody": asked.if_nobody_decides,
    }


def _option(decided: Decision) -> str:
    return next((str(o["label"]) for o in decided.options if o["id"] == decided.chosen), decided.chosen)
