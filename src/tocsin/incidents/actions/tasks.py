"""Tasks: the playbook's steps become work, work gets done, and what can start next starts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.clock import calendar_of
from tocsin.incidents.actions.common import LEADS, WORKS, WORKS_OR_ADVISES, fresh, next_number, same_revision, words
from tocsin.incidents.advance import Change, Recall, changes, due_of, recall
from tocsin.incidents.models import DecisionState, Incident, Task, TaskState
from tocsin.incidents.queries.facts import facts_of
from tocsin.people.models import Member
from tocsin.plan.models import Function, StepKind


@action("playbook.start", LEADS)
def start_playbook(call: Call[Incident], *, playbook_id: str, because: str) -> list[Task]:
    """Make a task of every step of a playbook (on the HR track of those of that track, else of the others); the ones that
    can start are opened by the reaction.

    When another playbook ran before, steps of the same id go on, and its other steps that nobody finished are set to
    'not needed'. Raises Invalid for an unknown playbook or the one that runs already.
    """
    incident = fresh(call)
    plan = incident.plan_version.plan
    playbook = plan.playbooks.get(playbook_id)
    if playbook is None:
        raise Invalid(f"The plan has no playbook '{playbook_id}'.", "playbook")
    running = {t.step_id: t for t in incident.tasks.exclude(step_id="")}
    if running and incident.playbook_id == playbook_id:
        raise Invalid(f"The playbook '{playbook.title}' runs already.", "playbook")
    # Steps of the HR track run in an incident of its own, and only those run there.
    steps = [s for s in playbook.steps if (s.track or "") == incident.track]
    dropped = [t for s, t in running.items() if not t.ended and s not in {p.id for p in steps}]
    for task in dropped:
        task.state, task.ended_at, task.ended_by = TaskState.SKIPPED, call.now, call.actor.name
        task.proof = f"The playbook '{playbook.title}' took over."
        task.save()
    incident.playbook_id, incident.playbook_because = playbook_id, because
    incident.save(update_fields=["playbook_id", "playbook_because"])
    number = next_number(incident.tasks)
    made: list[Task] = []
    calendar = calendar_of(plan.organization.time_zone, plan.organization.countries)
    holders = dict(incident.roles.filter(renounced_at=None).values_list("role", "member"))
    for step in steps:
        if step.id in running:
            continue
        due_at, due_because = due_of(step.due, incident.instants, {}, calendar)
        made.append(
            Task(
                incident=incident,
                number=number + len(made),
                step_id=step.id,
                kind=step.kind,
                title=step.title,
                instructions=step.instructions,
                done_when=step.done_when,
                function=plan.roles[step.role].function,
                role=step.role,
                member_id=holders.get(step.role),
                needs=list(step.needs),
                when=step.when,
                due_at=due_at,
                due_because=due_because,
            )
        )
    Task.objects.bulk_create(made)
    call.record(
        incident,
        playbook=playbook_id,
        title=playbook.title,
        because=because,
        tasks=[{"task": t.number, "step": t.step_id, "title": t.title} for t in made],
        dropped=[t.number for t in dropped],
    )
    return made


def pending_changes(incident: Incident) -> list[Change]:
    """What `advance_tasks` would change now: steps that can start, deadlines that moved."""
    plan = incident.plan_version.plan.organization
    calendar = calendar_of(plan.time_zone, plan.countries)
    tasks, facts = incident.tasks.all(), facts_of(incident)
    return changes(tasks, incident.playbook, facts, incident.instants, calendar)


@action("tasks.advance", system_only)
def advance_tasks(call: Call[Incident]) -> None:
    """Open the steps that can start now and set the deadlines that can be computed now."""
    incident = fresh(call)
    found = pending_changes(incident)
    for change in found:
        task = change.task
        if change.opens:
            task.state, task.opened_at, task.uncalled = TaskState.OPEN, call.now, ""
        if change.due_at != task.due_at:
            task.overdue_logged = False
        task.due_at, task.due_because = change.due_at, change.due_because
        task.save(update_fields=["state", "opened_at", "due_at", "due_because", "overdue_logged", "uncalled"])
        asked = incident.decisions.filter(task=task, state=DecisionState.OPEN).exclude(due_at=task.due_at)
        asked.update(due_at=task.due_at, overdue_logged=False)
    opened = [c.task for c in found if c.opens]
    call.record(
        incident,
        opened=[{"task": t.number, "title": t.title, "kind": t.kind, "role": t.role} for t in opened],
        due=[{"task": c.task.number, "at": c.due_at, "because": c.due_because} for c in found],
    )


def pending_recall(incident: Incident, fact: str, before: Any) -> Recall:
    """What `recall_tasks` would do now, after the fact of that name stopped being `before` (None: nobody had stated it)."""
    now, others = facts_of(incident), {k: v for k, v in incident.facts.items() if k != fact}
    earlier = facts_of(incident, others | ({} if before is None else {fact: before}))
    reopened = incident.chain.entries.filter(verb="task.reopen", object_kind="task")
    return recall(incident.tasks.all(), earlier, now, set(reopened.values_list("object_id", flat=True)))


@action("tasks.recall", system_only)
def recall_tasks(call: Call[Incident], *, fact: str, before: Any, because: str) -> None:
    """Take back the steps that only this fact called for, before it changed, if nobody has begun them.

    They wait again and say why; begun ones stay and say so. A step that is called for again loses that remark.
    """
    found = pending_recall(fresh(call), fact, before)
    for task in found.back:
        task.state, task.opened_at, task.overdue_logged = TaskState.WAITING, None, False
        task.revision += 1  # a form that was drawn while it was open is stale
    for task in (*found.back, *found.stay):
        task.uncalled = f"no longer called for: {because}"[:300]
    for task in found.again:
        task.uncalled = ""
    for task in (*found.back, *found.stay, *found.again):
        task.save(update_fields=["state", "opened_at", "overdue_logged", "revision", "uncalled"])
    call.record(
        call.place,
        fact=fact,
        because=because,
        back=[{"task": t.number, "title": t.title} for t in found.back],
        stay=[{"task": t.number, "title": t.title} for t in found.stay],
        again=[{"task": t.number, "title": t.title} for t in found.again],
    )


@action("task.add", WORKS_OR_ADVISES)
def add_task(call: Call[Incident], *, title: str, role: str, instructions: str = "",
             due_at: datetime | None = None) -> Task:  # fmt: skip
    """Add work that the playbook does not foresee: a deviation from the plan, shown as one."""
    incident = call.place
    if due_at is not None and due_at.tzinfo is None:
        raise Invalid("Say in which time zone the deadline is.", "due_at")
    planned = incident.plan_version.plan.roles.get(role)
    if planned is None:
        raise Invalid(f"The plan has no role '{role}'.", "role")
    holder = incident.roles.filter(role=role, renounced_at=None).first()
    task = Task.objects.create(
        incident=incident,
        number=next_number(incident.tasks),
        title=words(title, "title", "what is to be done")[:300],
        instructions=instructions,
        function=planned.function,
        role=role,
        member=holder.member if holder else None,
        state=TaskState.OPEN,
        opened_at=call.now,
        due_at=due_at,
        due_because="set by hand" if due_at else "",
    )
    call.record(task, task=task.number, title=task.title, role=role, due_at=due_at)
    return task


@action("task.assign", WORKS_OR_ADVISES)
def assign_task(call: Call[Incident], *, task: Task, member: Member | None, revision: int | None = None) -> None:
    """Give a task to a person; its role stays the owner. None takes the person off."""
    _same_incident(call, task)
    if member and member.organization_id != call.place.organization_id:
        raise Invalid("This person does not belong to the organization.", "member")
    task.refresh_from_db()
    same_revision(task, revision)
    before, task.member = task.member, member
    task.save(update_fields=["member", "revision"])
    call.record(task, task=task.number, title=task.title, member=member.name if member else "",
                before=before.name if before else "")  # fmt: skip


@action("task.start", WORKS_OR_ADVISES)
def start_task(call: Call[Incident], *, task: Task, revision: int | None = None) -> None:
    """Say that somebody works on it now. Starting before its needs are met is allowed and shows as a deviation."""
    _move(call, task, TaskState.DOING, revision, from_states=(TaskState.WAITING, TaskState.OPEN, TaskState.BLOCKED))
    call.record(task, task=task.number, title=task.title)


@action("task.block", WORKS_OR_ADVISES)
def block_task(call: Call[Incident], *, task: Task, reason: str, revision: int | None = None) -> None:
    """Say what a task waits for that the plan does not know."""
    task.blocked_by = words(reason, "reason", "what it waits for")[:300]
    _move(call, task, TaskState.BLOCKED, revision, from_states=(TaskState.OPEN, TaskState.DOING))
    call.record(task, task=task.number, title=task.title, reason=task.blocked_by)


@action("task.complete", WORKS_OR_ADVISES)
def complete_task(call: Call[Incident], *, task: Task, proof: str = "", revision: int | None = None) -> None:
    """Say that it is done and what proves it. Raises Invalid where the step asks for proof and none is given."""
    if task.kind == StepKind.DECISION and not call.actor.is_system:
        raise Invalid("This is a decision. Take it under Decisions: the answer and its reason are what counts.")
    if task.done_when and not proof.strip():
        raise Invalid(f"Please say what proves it: {task.done_when}", "proof")
    task.proof = proof.strip()
    _move(call, task, TaskState.DONE, revision)
    call.record(task, task=task.number, title=task.title, step=task.step_id, proof=task.proof)


@action("task.skip", LEADS)
def skip_task(call: Call[Incident], *, task: Task, reason: str, revision: int | None = None) -> None:
    """Say that a step is not needed this time, and why: a deviation from the plan."""
    task.proof = words(reason, "reason", "why it is not needed")
    _move(call, task, TaskState.SKIPPED, revision)
    call.record(task, task=task.number, title=task.title, step=task.step_id, reason=task.proof)


@action("task.reopen", WORKS)
def reopen_task(call: Call[Incident], *, task: Task, reason: str, revision: int | None = None) -> None:
    """Take a finished task up again. Raises Invalid for a question that was answered: that is asked again instead."""
    if task.kind == StepKind.DECISION and call.place.decisions.filter(task=task).exclude(chosen="").exists():
        raise Invalid("This was decided. If something changed, ask the question again under Decisions.")
    reason = words(reason, "reason", "why it is taken up again")
    _move(call, task, TaskState.OPEN, revision, from_states=(TaskState.DONE, TaskState.SKIPPED))
    call.record(task, task=task.number, title=task.title, reason=reason)


@action("task.overdue", system_only)
def mark_overdue(call: Call[Incident], *, task: Task) -> None:
    """Write down, once, that a deadline passed and the task is not done. Raises Invalid when it is not so (any more)."""
    _same_incident(call, task)
    task.refresh_from_db()
    if task.overdue_logged or not task.live or task.due_at is None or task.due_at >= call.now:
        raise Invalid(f"T-{task.number} is not overdue, or it was written down already.")
    task.overdue_logged = True
    task.save(update_fields=["overdue_logged"])
    call.record(task, task=task.number, title=task.title, due_at=task.due_at, role=task.role,
                function=Function(task.function))  # fmt: skip


def _same_incident(call: Call[Incident], task: Task) -> None:
    if task.incident_id != call.place.chain_id:
        raise Invalid("This task belongs to another incident.")


def _move(
    call: Call[Incident], task: Task, state: TaskState, revision: int | None,
    from_states: tuple[TaskState, ...] = (TaskState.WAITING, TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED),
) -> None:  # fmt: skip
    _same_incident(call, task)
    # Read again under the chain's lock: two people may have pressed the button in the same second.
    current = Task.objects.values_list("state", "revision").get(pk=task.pk)
    task.state, task.revision = current
    if task.state not in from_states:
        raise Invalid(f"T-{task.number} is '{TaskState(task.state).label}' already.")
    same_revision(task, revision)
    task.state = state
    if state != TaskState.BLOCKED:
        task.blocked_by = ""
    if task.ended:
        task.ended_at, task.ended_by = call.now, call.actor.name
    else:
        task.ended_at, task.ended_by = None, ""
        task.opened_at = task.opened_at or call.now
    task.save(update_fields=["state", "revision", "blocked_by", "ended_at", "ended_by", "opened_at", "proof"])
