"""From facts to duties: which may apply and why, which do not, what is missing to tell, and their clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tocsin.law.answers import Answer, answer
from tocsin.law.clocks import Clock, clocks, filed_only
from tocsin.law.facts import Facts, Ruling, Targets
from tocsin.law.models import ACTION, YEAR_END, Regime
from tocsin.law.reasons import Reason
from tocsin.law.sheet import Sheet

Verdict = Literal["may_apply", "cannot_tell", "not_in_force", "does_not_apply"]

_STATUS = {
    "enacted_not_yet_in_force": "enacted, but its duties have not begun",
    "pending_final_rule": "the final rule is pending",
    "proposed": "only proposed",
}
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Duty:
    """One regime on one fact sheet. Never legal advice: a match means that counsel has to look.

    reasons: never empty. missing: the facts that would decide it. stages: in the regime's order; where it does not
    apply or is not in force, only what was filed nevertheless.
    """

    regime: Regime
    verdict: Verdict
    reasons: tuple[Reason, ...]
    missing: tuple[str, ...] = ()
    stages: tuple[Clock, ...] = ()
    ruling: Ruling | None = None

    @property
    def next_due(self) -> datetime | None:
        """The earliest deadline that is still open."""
        return min((c.due_at for c in self.stages if c.is_open and c.due_at is not None), default=None)

    def stage(self, name: str) -> Clock:
        """The clock of a stage. Raises KeyError."""
        for clock in self.stages:
            if clock.stage == name:
                return clock
        raise KeyError(name)


def evaluate(facts: Facts, regimes: Sequence[Regime], *, targets: Targets | None = None) -> tuple[Duty, ...]:
    """The duties of an incident: those that may apply, then those that nobody can tell, then what counsel rejected,
    what is not in force, and what does not apply; in each the earliest open deadline first.

    `targets`: the organization's own limits where the law gives no number. Never raises for odd facts: what cannot be
    used counts as not known, and check_facts says so.
    """
    sheet = Sheet(facts)
    duties = [_duty(regime, sheet, targets or {}) for regime in regimes]
    return tuple(sorted(duties, key=_rank))


def _duty(regime: Regime, sheet: Sheet, targets: Targets) -> Duty:
    applies = answer(regime.applies, sheet)
    ruling = sheet.facts.rulings.get(regime.id)
    reasons = applies.reasons
    if regime.judgement and applies.truth is not False:
        reasons += (Reason("judge", {"question": regime.judgement}),)
    if ruling is not None:
        reasons += (Reason(ruling),)
    verdict = _verdict(applies)
    if verdict != "does_not_apply" and (not_yet := _not_in_force(regime, sheet)):
        return Duty(regime, "not_in_force", (not_yet, *reasons), (), filed_only(regime, sheet), ruling)
    if verdict == "does_not_apply" and (ruling != "confirmed" or _not_in_force(regime, sheet)):
        return Duty(regime, verdict, reasons, (), filed_only(regime, sheet), ruling)
    stages = clocks(regime, sheet, targets, rejected=ruling == "rejected")
    return Duty(regime, verdict, reasons, applies.missing, stages, ruling)


def _verdict(applies: Answer) -> Verdict:
    if applies.truth is False:
        return "does_not_apply"
    return "cannot_tell" if applies.missing else "may_apply"


def _not_in_force(regime: Regime, sheet: Sheet) -> Reason | None:
    """Why a regime starts no clock: its status, or an incident that lies before it."""
    note = regime.effective_note or ""
    if regime.status in _STATUS:
        planned = f"Planned from {regime.effective_from}. " if regime.effective_from else ""
        return Reason("status", {"status": _STATUS[regime.status], "note": planned + note})
    if regime.effective_from is None:
        return None
    latest = _latest(regime, sheet)
    if latest is None or sheet.calendar(regime.calendar).day_of(latest) >= regime.effective_from:
        return None
    return Reason("not-yet", {"effective_from": str(regime.effective_from), "note": note})


def _latest(regime: Regime, sheet: Sheet) -> datetime | None:
    """The latest recorded instant that could start a stage; else the latest of the incident."""
    names = {name for stage in regime.stages for name in (stage.start, stage.before) if name not in (None, ACTION)}
    if YEAR_END in names:
        names = names - {YEAR_END} | {"discovery"}
    found = [instant[0] for name in names if name and (instant := sheet.instant(name)) is not None]
    return max(found or sheet.instants.values(), default=None)


_ORDER: dict[str, int] = {"may_apply": 0, "cannot_tell": 1, "not_in_force": 3, "does_not_apply": 4}


def _rank(duty: Duty) -> tuple[int, datetime]:
    order = _ORDER[duty.verdict]
    if duty.verdict != "not_in_force" and duty.stages:
        order = {"confirmed": 0, "rejected": 2}.get(duty.ruling or "", order)
    return order, duty.next_due or _NEVER
