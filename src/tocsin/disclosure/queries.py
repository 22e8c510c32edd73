"""What others may ask about duties to notify and their clocks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from tocsin.core.canonical import instant
from tocsin.disclosure.following import duties_with_all, facts_for_law, worked_out
from tocsin.disclosure.models import COUNTED, ClockState, Duty, DutyClock, NoticeClock, StageState, Verdict, Word
from tocsin.incidents.kept import QUIET, once
from tocsin.incidents.models import Incident
from tocsin.law import engine

_ORDER = {ClockState.LATE: 0, ClockState.RUNNING: 1, ClockState.WAITING: 2, ClockState.MET: 3, ClockState.NOT_NEEDED: 4}
_NEVER = datetime.max.replace(tzinfo=UTC)
_STAND = {Verdict.MAY_APPLY: 0, Verdict.CANNOT_TELL: 1, Verdict.NOT_IN_FORCE: 3, Verdict.DOES_NOT_APPLY: 4}


def urgency(clock: NoticeClock) -> tuple[int, str, int]:
    """Where a clock stands among others: late first, then by deadline, those that ended last."""
    return _ORDER[ClockState(clock.state)], instant(clock.due_at) if clock.due_at else "~", clock.pk


def clocks_of(incident: Incident) -> list[NoticeClock]:
    """An incident's clocks, the most urgent first."""
    return sorted(incident.clocks.select_related("task"), key=urgency)


def stages_that_count(incident: Incident, *, tasks: bool = True) -> list[DutyClock]:
    """The clocks of duties that may apply or were confirmed and that counsel did not reject."""
    rows = DutyClock.objects.filter(COUNTED, duty__incident=incident)
    return list(rows.select_related("duty", *(["task"] if tasks else [])).order_by("duty_id", "position"))


def next_due(duty: Duty) -> datetime | None:
    """The earliest deadline of a duty that is still open."""
    return min((c.due_at for c in duty.clocks.all() if c.is_open and c.due_at), default=None)


def rank(duty: Duty) -> tuple[int, datetime, str]:
    """Where a duty stands among others: what counts first, then what nobody can tell, what counsel rejected, the rest;
    in each the earliest open deadline first."""
    at = {Word.CONFIRMED: 0, Word.REJECTED: 2}.get(Word(duty.ruling)) if duty.ruling else None
    return _STAND[Verdict(duty.verdict)] if at is None else at, next_due(duty) or _NEVER, duty.regime


def duties_of(incident: Incident) -> list[Duty]:
    """The stored duties with clocks, filings and delays, in order of `rank`: what applies, did once, or was ruled on."""
    return sorted(duties_with_all(incident), key=rank)


def live(incident: Incident) -> tuple[engine.Duty, ...]:
    """All regimes as the law library sees them on the facts now, kept for all who look; the stored ones among them."""
    return once("duties by law", incident, lambda: worked_out(incident, facts_for_law(incident)), but=QUIET - {"scope"})


def open_stages(duties: Iterable[Duty]) -> list[DutyClock]:
    """The stages of duties that count which are still to be filed."""
    return [c for d in duties if d.counts for c in d.clocks.all() if c.state != StageState.NOT_NEEDED and c.is_open]
