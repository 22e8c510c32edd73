"""The board: tasks put into windows by function, person or time, lit when something is due or late; and by state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models import Decision, RoleAssignment, Task, TaskState
from tocsin.incidents.pages import how_near
from tocsin.plan.models import Function

FUNCTION_WORDS: dict[str, Promise] = {
    Function.INCIDENT_MANAGEMENT: _("Incident management"),
    Function.ENTERPRISE_INVESTIGATION: _("Enterprise investigation"),
    Function.TECHNICAL_ANALYSIS: _("Technical analysis"),
    Function.SCOPING: _("Scoping"),
    Function.CRISIS_COMMUNICATIONS: _("Crisis communications"),
    Function.LEGAL_HR_REGULATORY: _("Legal, HR, regulatory"),
    Function.EXECUTIVE_DECISIONS: _("Executive decisions"),
    Function.REPORTING_REMEDIATION: _("Reporting, remediation"),
}
TIME_WORDS: dict[str, Promise] = {
    "late": _("Late"),
    "hour": _("Within the hour"),
    "shift": _("Within eight hours"),
    "later": _("Later"),
    "blocked": _("Blocked"),
    "undated": _("No deadline"),
    "waiting": _("Waits for other work"),
    "ended": _("Ended"),
}
Mode = Literal["function", "person", "time"]
MODES: dict[str, Promise] = {"function": _("By function"), "person": _("By person"), "time": _("By time")}
STATES = (TaskState.WAITING, TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED, TaskState.DONE)
MOST_LIVE, MOST_WAITING, MOST_ENDED, MOST_IN_COLUMN = 5, 1, 1, 40


@dataclass(frozen=True)
class Row:
    """A task as the board shows it: its lamp (late, soon or nothing) and who has it."""

    task: Task
    lamp: str
    who: str

    @property
    def pressing(self) -> bool:
        """Whether the deadline is told as what is left instead of as a time of day."""
        return bool(self.lamp)


@dataclass
class Window:
    """One pane of the board: a function, a person, or a stretch of time, with the tasks to look at first.

    `drop` is what moving a card here means (`member:7`), empty where it means nothing; `query` leads to all its tasks.
    """

    key: str
    title: str | Promise
    query: str = ""
    drop: str = ""
    people: list[str] = field(default_factory=list)
    empty_seats: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    more: int = 0
    total: int = 0
    ended: int = 0
    lamp: str = ""


def row_of(task: Task, now: datetime, titles: dict[str, str]) -> Row:
    """A task with its lamp; who has it is the person, else the role that owns it."""
    lamp = how_near(task.due_at, now, task.opened_at) if task.live else ""
    who = task.member.name if task.member else titles.get(task.role, task.role)
    return Row(task, lamp, who)


def windows(
    tasks: Iterable[Task], roles: Iterable[RoleAssignment], now: datetime, by: str = "function"
) -> list[Window]:
    """The panes of the board, by function, person or time. `roles` are the seats held now; `tasks` carry their members."""
    roles = list(roles)
    titles = {a.role: a.title for a in roles}
    rows = [row_of(t, now, titles) for t in tasks]
    found = {"person": _by_person, "time": _by_time}.get(by, _by_function)(rows, roles, now)
    for window in found:
        _fill(window)
    return found


def _by_function(rows: list[Row], roles: list[RoleAssignment], now: datetime) -> list[Window]:  # noqa: ARG001
    """The eight windows, always in the same place: a dark one is a calm function."""
    found = {key: Window(key, title, f"function={key}") for key, title in FUNCTION_WORDS.items()}
    for seat in roles:
        window = found[seat.function]
        (window.people if seat.holder else window.empty_seats).append(seat.holder or seat.title)
    for row in rows:
        found[row.task.function].rows.append(row)
    return list(found.values())


def _by_person(rows: list[Row], roles: list[RoleAssignment], now: datetime) -> list[Window]:  # noqa: ARG001
    """One window for everybody who has work, by name; then one for each role whose work nobody has."""
    seats: dict[int | None, list[str]] = {}
    for seat in roles:
        if seat.holder:
            seats.setdefault(seat.member_id, []).append(seat.title)
    found: dict[str, Window] = {}
    for row in rows:
        member = row.task.member
        key = f"m-{member.pk}" if member else f"r-{row.task.role}"
        if key not in found:
            query = f"member={member.pk}" if member else f"role={row.task.role}"
            found[key] = Window(key, row.who, query, f"member:{member.pk}" if member else "")
            found[key].people = seats.get(member.pk, []) if member else [str(_("nobody has it"))]
        # The head says whose work it is; the card says what for.
        found[key].rows.append(replace(row, who=str(FUNCTION_WORDS[row.task.function])))
    busy = [w for w in found.values() if not all(r.task.ended for r in w.rows)]
    return sorted(busy, key=lambda w: (not w.drop, str(w.title).casefold(), w.key))


def _by_time(rows: list[Row], roles: list[RoleAssignment], now: datetime) -> list[Window]:  # noqa: ARG001
    """By how much time is left, always the same eight panes."""
    found = {key: Window(key, title, f"by=time&when={key}") for key, title in TIME_WORDS.items()}
    for row in rows:
        found[when_of(row, now)].rows.append(row)
    return list(found.values())


def when_of(row: Row, now: datetime) -> str:
    """Which pane of the board by time a task belongs to: a key of TIME_WORDS."""
    task = row.task
    if task.ended:
        return "ended"
    if not task.live:
        return "waiting"
    if task.state == TaskState.BLOCKED and row.lamp != "late":
        return "blocked"
    if task.due_at is None:
        return "undated"
    left = task.due_at - now
    limits = (("late", timedelta(0)), ("hour", timedelta(hours=1)), ("shift", timedelta(hours=8)))
    return next((key for key, most in limits if left <= most), "later")


def columns(rows: Iterable[Row]) -> list[Window]:
    """One column for each state, in the order in which work goes; cards can be moved between them."""
    found = {state: Window(state.value, state.label, f"by=state&state={state.value}", f"state:{state.value}")
             for state in STATES}  # fmt: skip
    for row in rows:
        found[TaskState.DONE if row.task.ended else TaskState(row.task.state)].rows.append(row)
    for state, window in found.items():
        window.total = len(window.rows)
        late = {r.lamp for r in window.rows}
        window.lamp = "late" if "late" in late else "soon" if "soon" in late else ""
        rows_here = in_order(window.rows)
        if state == TaskState.DONE:
            rows_here = sorted(window.rows, key=lambda r: str(r.task.ended_at), reverse=True)
        window.rows = rows_here[:MOST_IN_COLUMN]
        window.more = window.total - len(window.rows)
    return list(found.values())


def _fill(window: Window) -> None:
    """Keep the rows to look at first: the last that ended, what somebody has to act on, a little of what waits."""
    rows = window.rows
    window.people = list(dict.fromkeys(window.people))
    window.total, window.ended = len(rows), sum(r.task.ended for r in rows)
    lamps = {r.lamp for r in rows}
    window.lamp = "late" if "late" in lamps else "soon" if "soon" in lamps else ""
    live = in_order(r for r in rows if r.task.live)[:MOST_LIVE]
    waiting = [r for r in rows if r.task.state == TaskState.WAITING][: max(MOST_WAITING, 3 - len(live))]
    ended = sorted((r for r in rows if r.task.ended), key=lambda r: str(r.task.ended_at))[-MOST_ENDED:]
    window.rows = ended + live + waiting
    window.more = window.total - len(window.rows)


def in_order(rows: Iterable[Row]) -> list[Row]:
    """The order in which to act: earliest deadline first, those without one last."""
    return sorted(rows, key=lambda r: (r.task.due_at is None, str(r.task.due_at or ""), r.task.number))


def decisions_in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """The order in which to decide: earliest deadline first, those without one last."""
    return sorted(decisions, key=lambda d: (d.due_at is None, d.due_at or d.opened_at, d.number))


def cannot_open(roles: Iterable[RoleAssignment]) -> list[RoleAssignment]:
    """The seats, with their members, whose holder has no account: the incident does not exist for them."""
    return [a for a in roles if a.holder and a.user_id is None]


def expected_of(tasks: Iterable[Task], roles: Iterable[RoleAssignment], mine: set[int], now: datetime) -> list[Row]:
    """What is expected of the person behind the members `mine` (by key): live tasks given to them or to their role."""
    roles = list(roles)
    titles = {a.role: a.title for a in roles}
    held = {a.role for a in roles if a.member_id in mine}
    own = (t for t in tasks if t.live and (t.member_id in mine or (t.member_id is None and t.role in held)))
    return in_order(row_of(t, now, titles) for t in own)
