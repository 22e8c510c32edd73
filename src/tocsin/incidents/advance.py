"""Which steps can start now, which are not called for any more, and when they are due: a pure look at an incident."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.core.clock import Calendar
from tocsin.incidents.models import Task, TaskState
from tocsin.plan.conditions import parse
from tocsin.plan.models import Due, Playbook


@dataclass(frozen=True)
class Change:
    """What changes for one waiting or live task: it opens, or its due time becomes another."""

    task: Task
    opens: bool
    due_at: datetime | None
    due_because: str


@dataclass(frozen=True)
class Recall:
    """What a changed fact means for steps that are open: some go back to waiting, some stay because work has begun
    or people took them up, and some that were not called for are called for again.
    """

    back: list[Task]
    stay: list[Task]
    again: list[Task]

    def __bool__(self) -> bool:
        return bool(self.back or self.stay or self.again)


def recall(
    tasks: Iterable[Task], before: Mapping[str, Any], now: Mapping[str, Any], taken_up: Collection[str]
) -> Recall:
    """The live steps whose condition held with the facts `before` and does not hold with those of `now`.

    `taken_up` are the ids of tasks that somebody opened by hand: those do not hang on their condition.
    """
    live = [t for t in tasks if t.live and t.when]
    fallen = [t for t in live if condition_holds(t.when, before) is True and condition_holds(t.when, now) is not True]
    back = [t for t in fallen if t.state == TaskState.OPEN and str(t.pk) not in taken_up]
    again = [t for t in live if t.uncalled and condition_holds(t.when, now) is True]
    return Recall(back, [t for t in fallen if t not in back], again)


def condition_holds(when: str, facts: Mapping[str, Any]) -> bool | None:
    """Whether a step's condition holds; None while a fact is missing. No condition always holds."""
    return parse(when).evaluate(facts) if when else True


def missing_facts(when: str, facts: Mapping[str, Any]) -> list[str]:
    """The facts that a condition asks for and nobody has stated."""
    return sorted(f for f in parse(when).facts if f not in facts) if when else []


def due_of(
    due: Due | None, instants: Mapping[str, str], ended: Mapping[str, datetime | None], calendar: Calendar
) -> tuple[datetime | None, str]:
    """A step's deadline and the words for why; None while what it hangs on has not happened."""
    if due is None:
        return None, ""
    if due.after_step:
        anchor, name = ended.get(due.after_step), f"step {due.after_step} is done"
    else:
        text = instants.get(str(due.after))
        anchor, name = (datetime.fromisoformat(text) if text else None), str(due.after)
    because = f"{due.within} after {name}"
    return (calendar.due(anchor, due.within), because) if anchor else (None, because)


def changes(
    tasks: Iterable[Task],
    playbook: Playbook | None,
    facts: Mapping[str, Any],
    instants: Mapping[str, str],
    calendar: Calendar,
) -> list[Change]:
    """Every task that opens or whose deadline moves, given what is known now."""
    tasks = list(tasks)
    by_step = {t.step_id: t for t in tasks if t.step_id}
    ended = {s: t.ended_at for s, t in by_step.items() if t.ended}
    # Nothing waits for a step that this incident does not call for: its condition is known not to hold.
    uncalled = {
        s for s, t in by_step.items() if t.state == TaskState.WAITING and condition_holds(t.when, facts) is False
    }
    steps = {s.id: s for s in playbook.steps} if playbook else {}
    found = []
    for task in tasks:
        if task.ended:
            continue
        step = steps.get(task.step_id)
        due_at, because = due_of(step.due, instants, ended, calendar) if step else (task.due_at, task.due_because)
        opens = (
            task.state == TaskState.WAITING
            and all(need in ended or need in uncalled or need not in by_step for need in task.needs)
            and condition_holds(task.when, facts) is True
        )
        if opens or (due_at, because) != (task.due_at, task.due_because):
            found.append(Change(task, opens, due_at, because))
    return found
