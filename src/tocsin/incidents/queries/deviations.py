"""Where an incident left its plan: work added, skipped, done early or late, seats held by others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.core.models import LogEntry
from tocsin.incidents.advance import condition_holds
from tocsin.incidents.models import Incident, Task, TaskState
from tocsin.incidents.queries.facts import facts_of
from tocsin.incidents.queries.roles import seats
from tocsin.incidents.queries.work import now_in


class DeviationKind(models.TextChoices):
    """In which way the incident left its plan."""

    ADDED = "added", _("Added to the plan")
    SKIPPED = "skipped", _("Not needed")
    EARLY = "early", _("Before what it needs")
    LATE = "late", _("Late")
    SEAT_EMPTY = "seat_empty", _("Nobody holds the role")
    SEAT_OTHER = "seat_other", _("Held by somebody the plan does not name")


@dataclass(frozen=True)
class Deviation:
    """One difference: its kind, what it is about (T-7 and its title, or a role), why, by whom, when.

    `sequence` is the log entry that shows it; None where nothing happened and that is the deviation.
    """

    kind: DeviationKind
    label: str
    title: str
    because: str
    by: str
    at: datetime | None
    sequence: int | None


_VERBS = {
    DeviationKind.ADDED: ("task.add",),
    DeviationKind.SKIPPED: ("task.skip", "playbook.start"),
    DeviationKind.EARLY: ("task.start", "task.complete"),
    DeviationKind.LATE: ("task.overdue", "task.complete"),
}
Entries = dict[tuple[str, str], LogEntry]


def deviations(incident: Incident, now: datetime | None = None) -> list[Deviation]:
    """Every difference from the pinned plan up to now, in the order in which they happened. Four queries."""
    now = now or now_in(incident)
    tasks = list(incident.tasks.all())
    logged = incident.chain.entries.filter(verb__startswith="task.", object_kind="task")
    entries: Entries = {(e.verb, e.object_id): e for e in logged.order_by("sequence")}
    facts = facts_of(incident)
    by_step = {t.step_id: t for t in tasks if t.step_id}
    found = [d for task in tasks for d in _of_task(task, by_step, facts, entries, now)]
    found += _of_seats(incident)
    return sorted(found, key=lambda d: (d.at is None, d.at or now, d.label))


def _of_task(
    task: Task, by_step: dict[str, Task], facts: dict[str, object], entries: Entries, now: datetime
) -> Iterator[Deviation]:
    if not task.step_id:
        yield _about(task, DeviationKind.ADDED, "", entries, at=task.opened_at)
    if task.state == TaskState.SKIPPED:
        yield _about(task, DeviationKind.SKIPPED, task.proof, entries, at=task.ended_at, by=task.ended_by)
    if early := _unmet_when_begun(task, by_step, facts):
        began = task.opened_at or task.ended_at
        yield _about(task, DeviationKind.EARLY, early, entries, at=began, by=task.ended_by)
    end = task.ended_at or now
    if task.due_at and end > task.due_at and (task.live or task.state == TaskState.DONE):
        yield _about(task, DeviationKind.LATE, task.due_because, entries, at=task.due_at, by=task.ended_by)


def _unmet_when_begun(task: Task, by_step: dict[str, Task], facts: dict[str, object]) -> str:
    """The titles of the needs that had not ended when the task began; empty when it began in order."""
    if task.state in (TaskState.WAITING, TaskState.SKIPPED):
        return ""
    began = task.opened_at or task.ended_at
    needs = [by_step[n] for n in task.needs if n in by_step]
    unmet = [
        n.title
        for n in needs
        if (n.ended_at is None or (began is not None and n.ended_at > began))
        and not (n.state == TaskState.WAITING and condition_holds(n.when, facts) is False)
    ]
    return ", ".join(unmet)


def _about(
    task: Task, kind: DeviationKind, because: str, entries: Entries, *, at: datetime | None, by: str = ""
) -> Deviation:
    entry = next((e for v in _VERBS[kind] if (e := entries.get((v, str(task.pk))))), None)
    by = by or (entry.actor["name"] if entry else "")
    sequence = entry.sequence if entry else None
    return Deviation(kind, f"T-{task.number}", task.title, because, by, at, sequence)


def _of_seats(incident: Incident) -> Iterator[Deviation]:
    roles = incident.plan_version.plan.roles
    for seat in seats(incident):
        planned = roles.get(seat.role)
        if planned is None:
            continue
        if seat.member is None:
            kind, holder = DeviationKind.SEAT_EMPTY, ""
        elif seat.member.key not in (planned.holder, *planned.backups):
            kind, holder = DeviationKind.SEAT_OTHER, seat.holder
        else:
            continue
        yield Deviation(kind, seat.title, holder, seat.because, "", seat.assumed_at, None)
