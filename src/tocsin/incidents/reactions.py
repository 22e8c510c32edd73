"""How an incident goes on by itself: seats are filled, the playbook starts, steps open, decisions are put."""

from __future__ import annotations

from contextlib import suppress

from django.db.models import Q

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import admit
from tocsin.core.models import Grant, LogEntry
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.incidents import (
    actions,
    reactions_decisions,  # noqa: F401  they register what they do
    reactions_notes,  # noqa: F401
    reactions_paging,  # noqa: F401
    reactions_relations,  # noqa: F401
    reactions_situation,  # noqa: F401
)
from tocsin.incidents.actions.roles import open_incident
from tocsin.incidents.actions.tasks import pending_changes, pending_recall
from tocsin.incidents.models import Decision, DecisionState, Incident, Phase, RoleAssignment, Task, TaskState
from tocsin.law.vocabulary import vocabulary
from tocsin.people.models import User
from tocsin.plan.facts import from_role
from tocsin.plan.models import StepKind


def _incident(entry: LogEntry) -> Incident:
    return Incident.objects.select_related("plan_version", "organization").get(pk=entry.chain_id)


@on("incident.declare")
def set_up(entry: LogEntry) -> None:
    """A declared incident gets its own chain's first entry, its people, and its playbook where one was chosen."""
    if entry.payload.get("repeated"):
        return
    incident = Incident.objects.get(chain_id=entry.object_id)
    system = Actor.system(cause=entry)
    open_incident(system, incident)
    actions.fill_roles(system, incident)
    if incident.playbook_id:
        because = incident.playbook_because or f"chosen by {incident.declared_by} when declaring"
        actions.start_playbook(system, incident, playbook_id=incident.playbook_id, because=because)


@on("user.invite")
def seat_new_account(entry: LogEntry) -> None:
    """Who sits in a role of an incident without an account, and gets a new one under the address they sat down with,
    is let in. An account that existed already, or a plan that was changed since, moves nobody into a seat.
    """
    if not entry.payload.get("created"):
        return
    user, system = User.objects.get(pk=entry.object_id), Actor.system(cause=entry)
    waiting = RoleAssignment.objects.filter(
        incident__organization_id=entry.chain_id, user=None, renounced_at=None, address__iexact=user.email
    )
    for seat in waiting.exclude(incident__phase=Phase.CLOSED).select_related("incident__plan_version"):
        actions.seat_account(system, seat.incident, seat=seat, user=user)
        access = seat.incident.plan_version.plan.roles[seat.role].access
        if not Grant.objects.filter(chain=seat.incident_id, user=user, role=access).exists():
            admit(system, seat.incident, user_id=user.pk, role=access)


@on("access.dismiss")
def vacate_seats(entry: LogEntry) -> None:
    """Who is taken off an incident leaves the seats that go with that role; without any role left, all of them."""
    incident = _incident(entry)
    stays = Grant.objects.filter(chain_id=entry.chain_id, user_id=entry.object_id).exists()
    roles = incident.plan_version.plan.roles
    for seat in incident.roles.filter(user_id=entry.object_id, renounced_at=None):
        if not stays or roles[seat.role].access == entry.payload["role"]:
            because = f"{seat.holder} was taken off by {entry.actor['name']}"
            actions.vacate_role(Actor.system(cause=entry), incident, seat=seat, because=because)


@on("user.deactivate")
def vacate_seats_everywhere(entry: LogEntry) -> None:
    """Who leaves the organization leaves their seats in all its incidents."""
    held = RoleAssignment.objects.filter(
        incident__organization_id=entry.chain_id, user_id=entry.object_id, renounced_at=None
    )
    for seat in held.select_related("incident__organization"):
        because = f"{seat.holder} left the organization"
        actions.vacate_role(Actor.system(cause=entry), seat.incident, seat=seat, because=because)


@on("decision.take")
def finish_decided_step(entry: LogEntry) -> None:
    """The step that asked is done once the question is answered."""
    number = entry.payload["task"]
    if number is None:
        return
    incident = _incident(entry)
    task = incident.tasks.get(number=number)
    if not task.ended:
        proof = f"D-{entry.payload['decision']}: {entry.payload['label']}"
        actions.complete_task(Actor.system(cause=entry), incident, task=task, proof=proof)


@on("fact.set", "fact.withdraw")
def take_back_what_fell(entry: LogEntry) -> None:
    """Steps that only a changed or withdrawn fact had opened wait again, if nobody has begun them."""
    incident, name, before = _incident(entry), entry.object_id, entry.payload["before"]
    if not pending_recall(incident, name, before):
        return
    because = f"the fact '{name.replace('_', ' ')}' was " + ("changed" if "value" in entry.payload else "withdrawn")
    actions.recall_tasks(Actor.system(cause=entry), incident, fact=name, before=before, because=because)


@on("sheet.roles")
def take_back_what_fell_with_a_role(entry: LogEntry) -> None:
    """Facts that follow from what we are (listed in the United States ...) fall with it, and steps with them."""
    incident, before = _incident(entry), entry.payload["before"]
    for fact, role in from_role().items():
        follows = role == entry.object_id and fact not in incident.facts  # what somebody stated stands by itself
        if follows and pending_recall(incident, fact, before):
            because = f"what the organization is here was changed: {vocabulary().roles[role]}"
            actions.recall_tasks(Actor.system(cause=entry), incident, fact=fact, before=before, because=because)


@on(
    "playbook.start", "task.complete", "task.skip", "task.reopen", "fact.set", "fact.withdraw", "instant.mark",
    "instant.withdraw", "sheet.roles", "phase.set", "decision.take",
)  # fmt: skip
def open_what_can_start(entry: LogEntry) -> None:
    """Whatever changed, the steps that can start now start, and deadlines are computed anew."""
    incident = _incident(entry)
    if pending_changes(incident):
        actions.advance_tasks(Actor.system(cause=entry), incident)


@on("tasks.advance", "task.start", "task.reopen")
def put_decisions(entry: LogEntry) -> None:
    """A decision step that opens, or that somebody begins early, becomes a question to the one who can answer it."""
    opened = [o["task"] for o in entry.payload["opened"]] if "opened" in entry.payload else [entry.payload["task"]]
    incident = _incident(entry)
    for task in incident.tasks.filter(number__in=opened, kind=StepKind.DECISION, decision=None):
        step = incident.step(task.step_id)
        if step is None or step.decision is None:
            continue
        point = step.decision
        actions.open_decision(
            Actor.system(cause=entry),
            incident,
            question=point.question,
            options=[o.model_dump(mode="json") for o in point.options],
            role=task.role,
            authority=point.authority or "",
            if_nobody_decides=point.if_nobody_decides,
            due_at=task.due_at,
            task=task,
        )


@on("task.skip", "playbook.start", "tasks.recall")
def withdraw_questions(entry: LogEntry) -> None:
    """A question whose step is not needed any more is withdrawn: nobody has to answer it, and it is not late."""
    incident = _incident(entry)
    gone = Q(task__state=TaskState.SKIPPED) | Q(task__state=TaskState.WAITING) & ~Q(task__uncalled="")
    for decision in incident.decisions.filter(gone, state=DecisionState.OPEN):
        because = (decision.task.proof or decision.task.uncalled) if decision.task else ""
        actions.withdraw_decision(Actor.system(cause=entry), incident, decision=decision, because=because)


@every(10)
def watch_deadlines() -> None:
    """Write down each deadline that passes, once, on the incident's own clock; of a closed one only duties' deadlines."""
    over = Q(incident__phase=Phase.CLOSED)
    live = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)
    late = Task.objects.filter(overdue_logged=False, state__in=live, due_at__isnull=False)
    each(late.exclude(over & ~Q(kind=StepKind.NOTIFICATION)).select_related("incident__chain"), _task_late)
    asked = Decision.objects.filter(overdue_logged=False, state=DecisionState.OPEN, due_at__isnull=False)
    each(asked.exclude(over).select_related("incident__chain"), _decision_late)


def _task_late(task: Task) -> None:
    if task.due_at and task.due_at < task.incident.chain.time(clock.now()):
        with suppress(Invalid):  # somebody finished it, or another process wrote it down, in this second
            actions.mark_overdue(Actor.system("Clock"), task.incident, task=task)


def _decision_late(decision: Decision) -> None:
    if decision.due_at and decision.due_at < decision.incident.chain.time(clock.now()):
        with suppress(Invalid):
            actions.mark_decision_overdue(Actor.system("Clock"), decision.incident, decision=decision)
