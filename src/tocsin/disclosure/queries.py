"""What others may ask about clocks."""

from __future__ import annotations

from tocsin.core.canonical import instant
from tocsin.disclosure.models import ClockState, NoticeClock
from tocsin.incidents.models import Incident

_ORDER = {ClockState.LATE: 0, ClockState.RUNNING: 1, ClockState.WAITING: 2, ClockState.MET: 3, ClockState.NOT_NEEDED: 4}


def urgency(clock: NoticeClock) -> tuple[int, str, int]:
    """Where a clock stands among others: late first, then by deadline, those that ended last."""
    return _ORDER[ClockState(clock.state)], instant(clock.due_at) if clock.due_at else "~", clock.pk


def clocks_of(incident: Incident) -> list[NoticeClock]:
    """An incident's clocks, the most urgent first."""
    return sorted(incident.clocks.select_related("task"), key=urgency)
