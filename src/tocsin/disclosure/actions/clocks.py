"""Clocks of duties to notify: opened when the playbook foresees a notice, kept up with the facts."""

from __future__ import annotations

from tocsin.core.access import system_only
from tocsin.core.action import Call, action
from tocsin.disclosure.models import ClockState, NoticeClock
from tocsin.incidents.models import Incident, Task, TaskState


@action("clocks.open", system_only)
def open_clocks(call: Call[Incident], *, tasks: list[Task]) -> None:
    """Open a clock for each notification step of the playbook; it runs once the instant it hangs on is known."""
    incident, made = call.place, []
    plan = incident.plan_version.plan
    for task in tasks:
        step = incident.step(task.step_id)
        if step is None or step.due is None:
            continue
        contact = plan.contacts.get(step.recipient or "")
        made.append(
            NoticeClock.objects.create(
                incident=incident,
                task=task,
                title=task.title,
                regime=step.regime or "",
                recipient=contact.name if contact else (step.recipient or ""),
                anchor=step.due.after_step or str(step.due.after),
                allowed=str(step.due.within),
                because=task.due_because,
                sequence=call.sequence,
                **_reading(task, incident),
            )
        )
    call.record(incident, clocks=[_line(c) for c in made])


@action("clocks.carry", system_only)
def carry_clocks(call: Call[Incident], *, pairs: list[tuple[NoticeClock, Task]]) -> None:
    """Let the clocks of duties run on in the incident that theirs was merged into: same start, same deadline."""
    made = [
        NoticeClock.objects.create(
            incident=call.place,
            task=task,
            title=clock.title,
            regime=clock.regime,
            recipient=clock.recipient,
            anchor=clock.anchor,
            allowed=clock.allowed,
            because=task.due_because,
            sequence=call.sequence,
            **_reading(task, call.place) | {"started_at": clock.started_at},
        )
        for clock, task in pairs
    ]
    call.record(call.place, clocks=[_line(c) for c in made])


@action("clocks.keep", system_only)
def keep_clocks(call: Call[Incident], *, clocks: list[NoticeClock]) -> None:
    """Bring clocks up to the tasks and instants they follow from."""
    for clock in clocks:
        for name, value in _reading(clock.task, call.place).items():
            setattr(clock, name, value)
        clock.because = clock.task.due_because
        clock.save()
    call.record(call.place, clocks=[_line(c) for c in clocks])


def _line(clock: NoticeClock) -> dict[str, object]:
    return {"title": clock.title, "state": clock.state, "due_at": clock.due_at, "because": clock.because}


def _reading(task: Task, incident: Incident) -> dict[str, object]:
    """What a clock shows, given its task: the state follows from the task and the deadline alone."""
    step = incident.step(task.step_id)
    started = incident.instant(step.due.after) if step and step.due and step.due.after else task.opened_at
    if not task.step_id and (kept := NoticeClock.objects.filter(task=task).first()):
        started = kept.started_at  # carried over from a merged incident, whose instant it was
    if task.state == TaskState.SKIPPED:
        state = ClockState.NOT_NEEDED
    elif task.state == TaskState.DONE:
        on_time = task.due_at is None or (task.ended_at is not None and task.ended_at <= task.due_at)
        state = ClockState.MET if on_time else ClockState.LATE
    elif task.due_at is None or task.state == TaskState.WAITING:
        state = ClockState.WAITING
    else:
        state = ClockState.LATE if task.overdue_logged else ClockState.RUNNING
    return {"state": state, "started_at": started if task.due_at else None, "due_at": task.due_at,
            "ended_at": task.ended_at}  # fmt: skip


def stale_clocks(incident: Incident) -> list[NoticeClock]:
    """The clocks that no longer show what their tasks and instants say."""
    clocks = incident.clocks.select_related("task")
    return [c for c in clocks if any(getattr(c, k) != v for k, v in _reading(c.task, incident).items())]
