"""From a stage and the facts to its clock: when it starts, when it is due, whether it was filed, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from tocsin.law.answers import Answer, answer
from tocsin.law.calendar import END_OF_DAY, Calendar
from tocsin.law.facts import Targets
from tocsin.law.models import ACTION, YEAR_END, Backstop, Regime, Stage
from tocsin.law.periods import end_of_period
from tocsin.law.sheet import Sheet, usable

State = Literal["waiting", "running", "filed", "filed_late", "no_number", "not_needed", "to_judge", "held"]
OPEN: frozenset[str] = frozenset({"waiting", "running", "no_number", "to_judge", "held"})
"""The states in which a stage is still to be filed, if it is needed."""


@dataclass(frozen=True)
class Clock:
    """One stage as it stands; times in UTC. Whether it is overdue is for who knows the time.

    state: waiting (it has not begun: `missing` says for what), running (until `due_at`), no_number (begun, but the
    law gives no number and we set no target), to_judge (a person or a missing fact decides whether it is needed; if it
    is, `due_at` holds), held (a recorded delay), filed, filed_late (a stage inside the organization: done), not_needed.
    expected: where it waits for another stage, when it would be due if that one were filed when it is due.
    """

    stage: str
    recipient: str
    recipient_name: str
    state: State
    because: str
    starts_at: datetime | None = None
    due_at: datetime | None = None
    submitted_at: datetime | None = None
    expected: datetime | None = None
    missing: tuple[str, ...] = ()
    judge: tuple[str, ...] = ()
    own_target: bool = False
    mandatory: bool = True
    urgency: str = ""
    note: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be filed, if it is needed."""
        return self.state in OPEN


@dataclass(slots=True)
class _Draft:
    """What is worked out of one stage before its state is told."""

    start: datetime | None = None
    due: datetime | None = None
    expected: datetime | None = None
    own_target: bool = False
    waits_for: tuple[str, ...] = ()
    why: str = ""


_YES = Answer(True)


def clocks(regime: Regime, sheet: Sheet, targets: Targets, rejected: bool = False) -> tuple[Clock, ...]:
    """The clocks of all stages of a regime, in its order."""
    work = _Work(regime, sheet, targets)
    found: dict[str, Clock] = {}
    for stage in regime.stages:
        found[stage.name] = work.clock(stage, found, rejected)
    for stage in regime.stages:
        fixed = found[stage.name].submitted_at and (regime.id, stage.name) in sheet.facts.dues_when_filed
        if stage.not_later_than is not None and not fixed:
            found[stage.name] = _bounded(found[stage.name], found[stage.not_later_than])
    return tuple(found.values())


def filed_only(regime: Regime, sheet: Sheet) -> tuple[Clock, ...]:
    """The clocks of what was filed, where nothing else has to be: what was filed never vanishes."""
    if not any((regime.id, stage.name) in sheet.submitted for stage in regime.stages):
        return ()
    return tuple(clock for clock in clocks(regime, sheet, {}, rejected=True) if clock.submitted_at is not None)


def said(instant: datetime) -> str:
    """An instant in words."""
    return f"{instant:%Y-%m-%d %H:%M} UTC"


class _Work:
    """The stages of one regime on one sheet."""

    def __init__(self, regime: Regime, sheet: Sheet, targets: Targets) -> None:
        self.regime, self.sheet, self.targets = regime, sheet, targets
        self.calendar = sheet.calendar(regime.calendar)
        self.eu = regime.calendar.periods == "eu-1182-71"

    def clock(self, stage: Stage, before: dict[str, Clock], rejected: bool) -> Clock:
        """The clock of a stage; `before` holds those of the stages above it."""
        key = (self.regime.id, stage.name)
        submitted = self.sheet.submitted.get(key)
        draft = self.draft(stage, before)
        needed = answer(stage.when, self.sheet) if stage.when else _YES
        why = draft.why
        if ruling := self.sheet.facts.rulings.get(key):
            needed = Answer(ruling == "confirmed")
            why += f" Counsel has {ruling} this stage."
        held = self.hold(stage)
        due = max(draft.due, held) if draft.due is not None and held is not None else draft.due
        base = Clock(
            stage.name, stage.recipient, self.regime.recipient_name(stage.recipient), "running", why, draft.start, due,
            expected=draft.expected, own_target=draft.own_target, mandatory=stage.mandatory,
            urgency=stage.urgency or ("without undue delay" if stage.without_undue_delay else ""), note=stage.note or "",
        )  # fmt: skip
        if submitted is not None:
            return self.filed(base, submitted, key)
        if rejected or needed.truth is False or self.chain_ends(stage, before):
            why = self.not_needed(rejected, needed, stage)
            return replace(base, state="not_needed", because=why, starts_at=None, due_at=None, expected=None)
        if (ended := self.ended(stage)) is not None:
            return _closed(base, ended[0], base.due_at, f"Done with {_words(ended[1])}, {said(ended[0])}")
        if held is not None:
            why = f"{why} Held until {said(held)}.".strip()
            return replace(
                base, state="held", due_at=due or held, because=why, missing=needed.missing, judge=needed.judge
            )
        if needed.truth is None:
            missing = needed.missing + draft.waits_for
            return replace(base, state="to_judge", because=_to_judge(needed, why), missing=missing, judge=needed.judge)
        if draft.start is None and due is None:
            state: State = "no_number" if stage.before else "waiting"
            return replace(base, state=state, missing=draft.waits_for)
        return base if due is not None else replace(base, state="no_number")

    def filed(self, base: Clock, submitted: datetime, key: tuple[str, str]) -> Clock:
        """A stage that was filed: the first filing counts, and its deadline stands as it was then, if recorded."""
        then = self.sheet.facts.dues_when_filed.get(key)
        due = then.astimezone(UTC) if then is not None and usable(then) else base.due_at
        return _closed(base, submitted, due, f"Filed {said(submitted)}")

    def ended(self, stage: Stage) -> tuple[datetime, str] | None:
        """The first instant that records what a stage inside the organization came to. What stands in for one does not
        count: it starts limits earlier rather than never, and would end them too early.
        """
        found = [(self.sheet.instants[name], name) for name in stage.ended_by or () if name in self.sheet.instants]
        return min(found, default=None)

    def hold(self, stage: Stage) -> datetime | None:
        """Until when a recorded delay holds a stage; None where the regime knows no such delay."""
        until = self.sheet.facts.delays.get((self.regime.id, stage.name))
        delay = self.regime.delay
        if until is None or not usable(until) or delay is None or stage.name not in (delay.stages or (stage.name,)):
            return None
        return until.astimezone(UTC)

    def chain_ends(self, stage: Stage, before: dict[str, Clock]) -> bool:
        """Whether no stage that this one follows is needed."""
        return bool(stage.after) and all(before[name].state == "not_needed" for name in stage.after or ())

    def not_needed(self, rejected: bool, needed: Answer, stage: Stage) -> str:
        """Why a stage is not needed."""
        if rejected:
            return "Counsel has ruled that this is not to be notified."
        if needed.truth is False:
            return " ".join(reason.sentence for reason in needed.reasons) or "Counsel has rejected this stage."
        return f"It follows {_or(stage.after or ())}, which is not needed."

    def draft(self, stage: Stage, before: dict[str, Clock]) -> _Draft:
        """Start, deadline and their reasons, whether or not the stage is needed."""
        draft = _Draft()
        if stage.after:
            self.start_after(draft, stage, [before[name] for name in stage.after])
        elif stage.before:
            self.end_before(draft, stage.before)
            return draft
        else:
            self.start_from(draft, stage.start or "")
        if draft.start is not None:
            draft.due, rule = self.due(stage, draft.start)
            draft.why = f"{rule} {draft.why}".strip()
        if stage.backstop:
            self.second_limit(draft, stage.backstop)
        if draft.due is None and draft.start is not None:
            self.target(draft, stage)
        elif draft.due is not None:
            draft.due, note = self.moved(stage, draft.due)
            draft.why += note
        return draft

    def start_from(self, draft: _Draft, name: str) -> None:
        """Start from an instant of the sheet, or from what stands in for it."""
        wanted = "discovery" if name == YEAR_END else name
        found = self.sheet.instant(wanted)
        if found is None:
            draft.waits_for = (wanted,)
            draft.why = f"It starts with {_words(wanted)}, which is not recorded."
            return
        draft.start, used = found
        draft.why = f"Started by {_words(used)}, {said(draft.start)}."
        if used != wanted:
            draft.why += f" ({_words(wanted).capitalize()} is not recorded; this stands in for it.)"
        if name == YEAR_END:
            year = self.calendar.day_of(draft.start).year
            draft.start = self.calendar.end_of(date(year, 12, 31))
            draft.why += f" Counted from the end of {year}."

    def start_after(self, draft: _Draft, stage: Stage, earlier: list[Clock]) -> None:
        """Start with the first filing of an earlier stage; before that, only expect a date."""
        filings = [(clock.submitted_at, clock.stage) for clock in earlier if clock.submitted_at is not None]
        if filings:
            draft.start, name = min(filings)
            draft.why = f"Started by the filing of '{name}', {said(draft.start)}."
            return
        draft.waits_for = tuple(clock.stage for clock in earlier if clock.state != "not_needed")
        draft.why = f"It starts when {_or(clock.stage for clock in earlier)} is filed."
        dates = [d for c in earlier if c.state != "not_needed" and (d := c.due_at or c.expected) is not None]
        if dates:
            due, _ = self.due(stage, min(dates))
            draft.expected = min(dates) if due is None else self.moved(stage, due)[0]

    def end_before(self, draft: _Draft, name: str) -> None:
        """A notice that has to come before something happens."""
        if name == ACTION:
            draft.why = "It has to come before anything is spent or done."
            return
        found = self.sheet.instant(name)
        draft.why = f"It has to come before {_words(name)}."
        if found is not None:
            draft.due = found[0]
            draft.why = f"It had to come before {_words(name)}, {said(found[0])}."

    def due(self, stage: Stage, start: datetime) -> tuple[datetime | None, str]:
        """The deadline by the stage's own period or day, and the rule in words."""
        if stage.by_day:
            day = date.fromisoformat(f"{self.calendar.day_of(start).year + 1}-{stage.by_day}")
            return self.calendar.end_of(day, stage.at or END_OF_DAY), f"By {day}."
        if stage.within is None:
            return None, "The law gives no number."
        period = stage.within
        eu = self.eu and not self.relieved(stage)
        due = end_of_period(start, period, self.calendar, eu=eu, at=stage.at or END_OF_DAY)
        return (
            due,
            f"{str(period).capitalize()}{'' if period.elapses else f', by the calendar of {_place(self.calendar)}'}.",
        )

    def second_limit(self, draft: _Draft, backstop: Backstop) -> None:
        """The second limit; the earlier binds, unless the law lets it lapse for a stage that starts after it."""
        found = self.sheet.instant(backstop.start)
        if found is None:
            return
        limit = end_of_period(found[0], backstop.within, self.calendar, eu=self.eu)
        words = f"{backstop.within} from {_words(found[1])}"
        if draft.start is None:
            draft.start, draft.due, draft.waits_for = found[0], limit, ()
            draft.why = f"At the latest {words}, {said(found[0])}. {draft.why}"
        elif backstop.lapses_if_stage_starts_later and draft.start > limit:
            draft.why += f" The limit of {words} had passed before, so it does not bind."
        elif draft.due is None or limit < draft.due:
            draft.due = limit
            draft.why += f" The earlier limit binds: {words}."

    def relieved(self, stage: Stage) -> bool:
        """Whether the weekend relief of a stage is for us."""
        relief = stage.weekend_relief
        if relief is None or not self.sheet.facts.roles:
            return False
        return self.sheet.roles.isdisjoint(relief.not_for or ())

    def moved(self, stage: Stage, due: datetime) -> tuple[datetime, str]:
        """The limit after the weekend relief: on a weekend or holiday, the law's hour of the next business day."""
        relief, day = stage.weekend_relief, self.calendar.day_of(due)
        if relief is None or self.calendar.is_business_day(day) or not self.relieved(stage):
            return due, ""
        due = self.calendar.end_of(self.calendar.business_day_from(day), relief.at)
        but = f" (not if we are one of: {', '.join(relief.not_for)})" if relief.not_for else ""
        return due, f" {day} is no business day, so the limit moves to {said(due)}{but}."

    def target(self, draft: _Draft, stage: Stage) -> None:
        """Our own target, where the law gives no number."""
        target = self.targets.get((self.regime.id, stage.name), self.targets.get(self.regime.id))
        if target is not None and draft.start is not None and timedelta(0) < target <= timedelta(days=3650):
            draft.due, draft.own_target = draft.start + target, True
            draft.why += f" Our own target: {target}."


def _closed(base: Clock, at: datetime, due: datetime | None, done: str) -> Clock:
    """A stage that was filed, or done, at that time: late where that is after its deadline, but not after our own target."""
    late = due is not None and at > due and not base.own_target
    text = f"{done}{f', due {said(due)}' if due else ''}. {base.because}"
    return replace(
        base, state="filed_late" if late else "filed", due_at=due, submitted_at=at, expected=None, because=text
    )


def _bounded(clock: Clock, other: Clock) -> Clock:
    """A clock that ends no later than another stage's filing or deadline."""
    limit = other.submitted_at or other.due_at
    if limit is None or clock.state == "not_needed" or (clock.due_at is not None and clock.due_at <= limit):
        return clock
    state: State = clock.state if clock.state in ("to_judge", "held") else "running"
    if clock.submitted_at is not None:
        state = "filed_late" if clock.submitted_at > limit else "filed"
    text = f"{clock.because} No later than '{other.stage}', {said(limit)}."
    return replace(clock, state=state, due_at=limit, own_target=False, because=text)


def _to_judge(needed: Answer, why: str) -> str:
    return " ".join([*(reason.sentence for reason in needed.reasons), why]).strip()


def _words(name: str) -> str:
    return name.replace("_", " ")


def _or(names: Iterable[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _place(calendar: Calendar) -> str:
    return f"{', '.join(calendar.countries) or 'no country'} in {calendar.zone}"
