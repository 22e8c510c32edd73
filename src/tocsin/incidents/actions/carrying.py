"""What goes along when incidents are merged, split or parted again: copies that cite where they come from.

Nothing is taken out of the incident it was recorded in: its entries, findings and tasks stay there, citable under
their numbers. Called by actions alone, under the locks of both chains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from tocsin.core.action import Call
from tocsin.core.models import Grant
from tocsin.incidents.actions.common import next_number
from tocsin.incidents.models import (
    Decision,
    DecisionState,
    Finding,
    Incident,
    ScopeChange,
    ScopeEntry,
    ScopeState,
    Task,
    TaskState,
)
from tocsin.plan.models import Function, IncidentRole, StepKind

LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)
ENDED = (TaskState.DONE, TaskState.SKIPPED)
Moves = list[dict[str, Any]]


@dataclass(frozen=True)
class LeftOpen:
    """What of an incident has not ended: live tasks, open questions, and duties to notify whose time runs."""

    tasks: list[Task]
    decisions: list[Decision]
    duties: list[Task]

    @property
    def labels(self) -> list[str]:
        """Each as people call it: T-4 Isolate the servers."""
        return [str(row) for row in (*self.duties, *self.decisions, *self.tasks)]

    def __bool__(self) -> bool:
        return bool(self.tasks or self.decisions or self.duties)


def left_open(incident: Incident) -> LeftOpen:
    """What has not ended. A question stands for the step that asks it; a duty waits or runs. Two queries."""
    decisions = list(incident.decisions.filter(state=DecisionState.OPEN).select_related("task"))
    asked = {d.task_id for d in decisions}
    running = Q(state__in=LIVE) | Q(kind=StepKind.NOTIFICATION, due_at__isnull=False)
    found = [t for t in incident.tasks.filter(running).exclude(state__in=ENDED) if t.pk not in asked]
    return LeftOpen(
        [t for t in found if t.kind != StepKind.NOTIFICATION],
        decisions,
        [t for t in found if t.kind == StepKind.NOTIFICATION],
    )


@dataclass(frozen=True)
class Journey:
    """From where to where, on the clock of the one that takes in; `label` is what copies call the other by."""

    call: Call[Incident]
    source: Incident
    label: str

    @property
    def shift(self) -> timedelta:
        """How far the clocks of the two are apart; nothing where both run by real time."""
        return self.call.now - self.source.chain.time(self.call.real_time)

    def cite(self, letter: str, number: int) -> str:
        """How a copy names what it is a copy of."""
        return f"{self.label} {letter}-{number}"


def take_tasks(journey: Journey, tasks: Iterable[Task], states: Mapping[int, str]) -> Moves:
    """Make the tasks again where they go to: owned by the same role, or by the lead's where its plan has no such role.

    `states` says, by number, how those stood that have ended at their source because they move.
    """
    target, shift = journey.call.place, journey.shift
    roles = target.plan_version.plan.roles
    holders = dict(target.roles.filter(renounced_at=None).values_list("role", "member"))
    inside = set(Grant.objects.filter(chain=target.chain_id).values_list("user_id", flat=True))
    number, moves = next_number(target.tasks), Moves()
    for row in tasks:
        role = _role_at(target, row.role)
        state = states.get(row.number, row.state)
        if state == TaskState.WAITING:  # a duty whose time runs while its step waits: here nothing holds it
            state = TaskState.OPEN
        stays = row.member is not None and row.member.user_id in inside
        made = Task.objects.create(
            incident=target, number=number + len(moves), kind=row.kind, title=row.title,
            instructions=row.instructions, done_when=row.done_when, function=Function(roles[role].function), role=role,
            member_id=row.member_id if stays else holders.get(role), state=state, blocked_by=row.blocked_by,
            opened_at=row.opened_at + shift if row.opened_at else journey.call.now,
            due_at=row.due_at + shift if row.due_at else None,
            due_because=f"{journey.cite('T', row.number)}: {row.due_because}"[:200] if row.due_at else "",
            overdue_logged=row.overdue_logged,
        )  # fmt: skip
        moves.append({"task": made.number, "was": row.number, "title": made.title, "kind": made.kind})
    return moves


def take_decisions(journey: Journey, decisions: Iterable[Decision]) -> Moves:
    """Put the open questions again where they go to, with the time that is left for them."""
    target, shift = journey.call.place, journey.shift
    number, moves = next_number(target.decisions), Moves()
    for row in decisions:
        made = Decision.objects.create(
            incident=target, number=number + len(moves), question=row.question, options=row.options,
            authority=row.authority, role=_role_at(target, row.role), if_nobody_decides=row.if_nobody_decides,
            due_at=row.due_at + shift if row.due_at else None, overdue_logged=row.overdue_logged,
            opened_at=row.opened_at + shift, when=row.when, rests_on=row.rests_on, recommendations=row.recommendations,
        )  # fmt: skip
        moves.append({"decision": made.number, "was": row.number, "question": made.question})
    return moves


def take_findings(journey: Journey, findings: Iterable[Finding]) -> Moves:
    """Copy findings. What they rest on is evidence of the other incident: the copy cites the finding there."""
    target = journey.call.place
    number, moves = next_number(target.findings), Moves()
    for row in findings:
        cite = journey.cite("F", row.number)
        made = Finding.objects.create(
            incident=target, number=number + len(moves), claim=row.claim, interpretation=row.interpretation,
            raw=row.raw | {"cites_there": row.cites}, source=cite, confidence=row.confidence, state=row.state,
            reason=row.reason, tactics=row.tactics, techniques=row.techniques, hosts=row.hosts, tlp=row.tlp,
            happened_from=row.happened_from, happened_until=row.happened_until, cites=[cite], stated_by=row.stated_by,
            stated_at=row.stated_at, judged_by=row.judged_by, judged_at=row.judged_at, sequence=journey.call.sequence,
        )  # fmt: skip
        moves.append({"finding": made.number, "was": row.number, "claim": made.claim, "cites": made.cites})
    return moves


def take_scope(journey: Journey, entries: Iterable[ScopeEntry]) -> Moves:
    """Bring scope entries along. What stands in scope here already keeps its state, unless it was only suspected
    where the other knows more; either way its history says what the other said.
    """
    call, moves = journey.call, Moves()
    known = {(e.kind, e.name.casefold(), e.region): e for e in call.place.scope.all()}
    number = next_number(call.place.scope)
    for row in entries:
        cite = journey.cite("S", row.number)
        said = f"From {cite}, {ScopeState(row.state).label.lower()} there: {row.because}"
        entry = known.get((row.kind, row.name.casefold(), row.region))
        if entry is None:
            entry = ScopeEntry.objects.create(
                incident=call.place, number=number, kind=row.kind, name=row.name, state=row.state,
                count_low=row.count_low, count_high=row.count_high, first_seen=row.first_seen, last_seen=row.last_seen,
                state_since=row.state_since + journey.shift, because=said, cites=[cite],
                region=row.region, confidence=row.confidence,
            )  # fmt: skip
            number += 1
        elif entry.state == ScopeState.SUSPECTED and row.state not in (ScopeState.SUSPECTED, ScopeState.CLEARED):
            entry.state, entry.state_since, entry.because = row.state, call.now, said
            entry.save(update_fields=["state", "state_since", "because"])
        ScopeChange.objects.create(
            entry=entry, state=entry.state, at=call.now, by=call.actor.name, because=said, cites=[cite],
            sequence=call.sequence, count_low=entry.count_low, count_high=entry.count_high, region=entry.region,
            confidence=entry.confidence,
        )  # fmt: skip
        moves.append({"entry": entry.number, "was": row.number, "kind": entry.kind, "name": entry.name,
                      "state": entry.state})  # fmt: skip
    return moves


def end_moved(call: Call[Incident], tasks: Iterable[Task], decisions: Iterable[Decision], words: str) -> None:
    """End here what went elsewhere. A question keeps its step, so that it can be put again if the two are parted."""
    for decision in decisions:
        decision.state, decision.reason = DecisionState.WITHDRAWN, words
        decision.save(update_fields=["state", "reason"])
        if decision.task and not decision.task.ended:
            _end(call, decision.task, words)
    for task in tasks:
        _end(call, task, words)


def _end(call: Call[Incident], task: Task, words: str) -> None:
    task.state, task.ended_at, task.ended_by, task.proof = TaskState.SKIPPED, call.now, call.actor.name, words
    task.revision += 1  # a form that was drawn before is stale
    task.save(update_fields=["state", "ended_at", "ended_by", "proof", "revision"])


def take_back(call: Call[Incident], target: Incident, tasks: Sequence[dict[str, int]],
              decisions: Sequence[dict[str, int]]) -> None:  # fmt: skip
    """Take up again what went to the other incident: as it stands there, done where it was done there."""
    here = {t.number: t for t in call.place.tasks.filter(number__in=[m["task"] for m in tasks])}
    there = {t.number: t for t in target.tasks.filter(number__in=[m["to"] for m in tasks])}
    for move in tasks:
        task, copy = here[move["task"]], there[move["to"]]
        task.revision += 1
        if copy.state == TaskState.DONE:
            task.state, task.proof = TaskState.DONE, f"Done as T-{copy.number} of the other incident: {copy.proof}"
        elif copy.state != TaskState.SKIPPED:
            task.state, task.proof, task.ended_at, task.ended_by = TaskState.OPEN, "", None, ""
        task.save(update_fields=["state", "proof", "ended_at", "ended_by", "revision"])
    for move in decisions:
        question = call.place.decisions.select_related("task").get(number=move["decision"])
        answer = target.decisions.get(number=move["to"])
        if answer.state != DecisionState.OPEN:
            continue  # it was answered there, and that answer stands there
        question.state, question.reason = DecisionState.OPEN, ""
        question.save(update_fields=["state", "reason"])
        if question.task:
            question.task.state, question.task.proof, question.task.ended_at = TaskState.OPEN, "", None
            question.task.save(update_fields=["state", "proof", "ended_at"])


def access_of(source: Incident, users: Sequence[UUID], target: Incident) -> list[tuple[UUID, str]]:
    """With which roles people of one incident are let into another: as they are there, but the lead stays with the
    one that takes in. Who is on it already, or not on the source, is left out.
    """
    inside = set(Grant.objects.filter(chain=target.chain_id).values_list("user_id", flat=True))
    rows = Grant.objects.filter(chain=source.chain_id, user__in=users, user__is_active=True)
    found = {
        (g.user_id, IncidentRole.RESPONDER.value if g.role == IncidentRole.LEAD else g.role)
        for g in rows
        if g.user_id not in inside
    }
    return sorted(found, key=lambda pair: (str(pair[0]), pair[1]))


def _role_at(target: Incident, role: str) -> str:
    roles = target.plan_version.plan.roles
    return role if role in roles else next(k for k, r in roles.items() if r.access == IncidentRole.LEAD)
