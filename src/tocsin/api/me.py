"""What is expected of the person who asks, across all incidents that they are on."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from tocsin.api.asking import actor_of
from tocsin.incidents.expected import Expected, Row, expected_of
from tocsin.people.models import User

router = Router(tags=["me"])
Kind = Literal["decision", "message", "duty", "filing", "notice", "task", "report", "handover", "mention", "seat"]


class ExpectedRow(Schema):
    """One thing: `number` is the task's, decision's, message's, notice's or note's; `near` is late, soon or empty, on the
    incident's clock. A duty waits for counsel's word, a filing for who does its task.
    """

    kind: Kind
    incident: UUID
    incident_number: str
    incident_title: str
    severity: int
    exercise: bool
    number: int | None
    title: str
    due_at: datetime | None
    near: str


class WaitingCallOut(Schema):
    """A call that waits for an answer; `answer_at` is the path that answers it without signing in."""

    title: str
    headline: str
    why: str
    exercise: bool
    answer_by: datetime
    answer_at: str


class OthersOut(Schema):
    """What waits for others in an incident that you lead."""

    incident: UUID
    late_tasks: int
    open_decisions: int
    empty_roles: int


class ExpectedOut(Schema):
    """All of it, most pressing first. `count` is what the bar says: calls, decisions and tasks."""

    count: int
    calls: list[WaitingCallOut]
    items: list[ExpectedRow]
    others: list[OthersOut]


def _row(kind: Kind, row: Row) -> ExpectedRow:
    number = (
        row.number or getattr(row.thing, "number", None) or getattr(getattr(row.thing, "note", None), "number", None)
    )
    return ExpectedRow(
        kind=kind,
        incident=row.incident.pk,
        incident_number=row.incident.number,
        incident_title=row.incident.title,
        severity=row.incident.severity,
        exercise=row.incident.exercise,
        number=number,
        title=row.title,
        due_at=row.due_at,
        near=row.lamp,
    )


def _items(found: Expected) -> list[ExpectedRow]:
    rows = [_row("decision", r) for r in found.decisions]
    rows += [_row(cast("Kind", r.kind), r) for r in found.words]
    rows += [_row("task", r) for r in (*found.late, *found.soon, *found.later)]
    rows += [_row("report" if r.label == "report" else "handover", r) for r in found.reports]
    rows += [_row("mention", r) for r in found.mentions]
    return rows + [_row("seat", r) for r in found.seats]


@router.get("/expected", response=ExpectedOut)
def expected(request: HttpRequest) -> ExpectedOut:
    """What is expected of you: calls, decisions, messages, duties, tasks, reports, mentions, seats; what waits for others."""
    user = User.objects.get(pk=actor_of(request).user_id)
    found = expected_of(user)
    return ExpectedOut(
        count=found.count,
        calls=[
            WaitingCallOut(
                title=c.title, headline=c.headline, why=c.why, exercise=c.exercise, answer_by=c.answer_by,
                answer_at=f"/called/{c.token}",
            )
            for c in found.calls
        ],
        items=_items(found),
        others=[
            OthersOut(incident=o.incident.pk, late_tasks=o.late, open_decisions=o.decisions, empty_roles=o.empty)
            for o in found.others
        ],
    )  # fmt: skip
