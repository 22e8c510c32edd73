"""Duties to notify in a report: each stage of what may apply, what counsel rejected and why; research, not legal advice."""

from __future__ import annotations

from typing import Literal

from tocsin.disclosure.models import Duty, DutyClock, StageState, Word
from tocsin.disclosure.queries import duties_of
from tocsin.law.models import INTERNAL
from tocsin.reports import data as r
from tocsin.reports.story.gathered import Gathered

Status = Literal["waiting", "running", "met", "late", "sent", "rejected"]
_STATUS: dict[str, Status] = {
    StageState.WAITING: "waiting",
    StageState.RUNNING: "running",
    StageState.NO_NUMBER: "waiting",
    StageState.TO_JUDGE: "waiting",
    StageState.HELD: "running",
    StageState.FILED: "met",
    StageState.FILED_LATE: "late",
}


def stages(g: Gathered) -> tuple[tuple[r.Clock, ...], frozenset[int]]:
    """The stages of duties that count and of those that counsel rejected, and the tasks that they stand for."""
    found, tasks = [], set()
    for duty in duties_of(g.incident):
        if duty.ruling == Word.REJECTED:
            found.append(_rejected(duty))
        for clock in duty.clocks.all():
            if clock.state == StageState.NOT_NEEDED or not (duty.counts or clock.submitted_at):
                continue
            found.append(_stage(g, duty, clock))
            tasks |= {clock.task_id} if clock.task_id else set()
    return tuple(found), frozenset(tasks)


def _stage(g: Gathered, duty: Duty, clock: DutyClock) -> r.Clock:
    status = "late" if clock.is_late(g.now) else _STATUS[clock.state]
    if status == "met" and clock.due_at is None and clock.recipient != INTERNAL:
        status = "sent"
    return r.Clock(
        obligation=duty.regime,
        title=duty.name,
        recipient=clock.recipient_name or clock.recipient,
        stage=clock.stage,
        starts_on=clock.urgency or "the law's own limit",
        started=clock.starts_at,
        deadline=clock.due_at,
        sent=clock.submitted_at,
        status=status,
        because=clock.because,
        note=_note(duty, clock),
        cites=(f"L-{duty.sequence}",),
    )


def _note(duty: Duty, clock: DutyClock) -> str:
    said = ["Counsel confirmed this." if duty.ruling == Word.CONFIRMED else "May apply; counsel has not ruled yet."]
    for filing in duty.filings.all():
        if filing.stage == clock.stage and filing.first:
            said.append(f"Filed by {filing.channel}{f', reference {filing.reference}' if filing.reference else ''}.")
            if filing.delay_reason:
                said.append(f"Why late: {filing.delay_reason}")
    if duty.lost:
        said.append("A fact that the notice rests on was withdrawn since.")
    return " ".join(said)


def _rejected(duty: Duty) -> r.Clock:
    return r.Clock(
        obligation=duty.regime,
        title=duty.name,
        recipient="nobody",
        stage="not notified",
        starts_on="counsel's word",
        status="rejected",
        because=f"{duty.ruled_by}: {duty.ruling_reason}",
        cites=(f"L-{duty.sequence}",),
    )
