"""What is to be done: the board of an incident by function, and the next deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.core import clock
from tocsin.incidents.models import Decision, DecisionState, Incident, RoleAssignment, Task, TaskState
from tocsin.incidents.queries.roles import seats
from tocsin.plan.models import Function

LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)


def now_in(incident: Incident) -> datetime:
    """What the incident's clock shows: real time, or the exercise's."""
    return incident.chain.time(clock.now())


@dataclass(frozen=True)
class Deadline:
    """Something that is due: what (T-4 or D-2 and its title), when, and which role owes it."""

    label: str
    title: str
    due_at: datetime
    role: str
    overdue: bool


@dataclass(frozen=True)
class Lane:
    """One function's part of the board: its seats, and its tasks in the order in which to look at them."""

    function: Function
    seats: list[RoleAssignment]
    tasks: list[Task]
    overdue: int

    @property
    def live(self) -> list[Task]:
        """The tasks that somebody has to act on now."""
        return [t for t in self.tasks if t.live]

    @property
    def done(self) -> int:
        """How many tasks have ended."""
        return sum(t.ended for t in self.tasks)


@dataclass(frozen=True)
class Board:
    """An incident's work at a glance, by the eight functions, at `now` on its clock."""

    now: datetime
    lanes: list[Lane]
    decisions: list[Decision]
    next_deadline: Deadline | None

    @property
    def open(self) -> int:
        """How many tasks wait for somebody's hand."""
        return sum(len(lane.live) for lane in self.lanes)

    @property
    def overdue(self) -> int:
        """How many of them are late."""
        return sum(lane.overdue for lane in self.lanes)


def _late(task: Task, now: datetime) -> bool:
    return task.live and task.due_at is not None and task.due_at < now


def _place(task: Task, now: datetime) -> tuple[int, float, int]:
    """Late before live before waiting before ended; then the earliest deadline; then the number."""
    rank = 0 if _late(task, now) else 1 if task.live else 2 if not task.ended else 3
    return rank, task.due_at.timestamp() if task.due_at else float("inf"), task.number


def board(incident: Incident, now: datetime | None = None) -> Board:
    """Tasks and seats by function, open decisions, and what is due next. Three queries."""
    now = now or now_in(incident)
    tasks = sorted(incident.tasks.select_related("member"), key=lambda t: _place(t, now))
    held = seats(incident)
    lanes = []
    for function in Function:
        own = [t for t in tasks if t.function == function]
        chairs = [s for s in held if s.function == function]
        lanes.append(Lane(function, chairs, own, sum(_late(t, now) for t in own)))
    asked = list(incident.decisions.filter(state=DecisionState.OPEN).select_related("task"))
    asked.sort(key=lambda d: (d.due_at.timestamp() if d.due_at else float("inf"), d.number))
    return Board(now, lanes, asked, _earliest([t for t in tasks if t.live], asked, now))


def next_deadline(incident: Incident, now: datetime | None = None) -> Deadline | None:
    """What is due first among live tasks and open decisions, late ones first; None when nothing is. Two queries."""
    tasks = incident.tasks.filter(state__in=LIVE, due_at__isnull=False)
    asked = incident.decisions.filter(state=DecisionState.OPEN, due_at__isnull=False)
    first = ("due_at", "number")
    return _earliest(list(tasks.order_by(*first)[:1]), list(asked.order_by(*first)[:1]), now or now_in(incident))


def _earliest(tasks: list[Task], decisions: list[Decision], now: datetime) -> Deadline | None:
    # A decision stands for the step that asks it, so it wins where both are due at the same minute.
    due = [(d.due_at, 0, f"D-{d.number}", d.question, d.role) for d in decisions if d.due_at]
    due += [(t.due_at, 1, f"T-{t.number}", t.title, t.role) for t in tasks if t.due_at]
    if not due:
        return None
    at, _, label, title, role = min(due, key=lambda d: (d[0], d[1], d[2]))
    return Deadline(label, title, at, role, overdue=at < now)
