"""Who is on duty at an instant: from a calendar's text, a rotation, and shifts that go before both. Pure functions.

A calendar is a stranger's text. What would make it expensive is refused before it is read (see `_refuse_bombs`), and
it is spelt out once, when it is fetched, for a limited time; pages and calls read the entries that were kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

LARGEST = 1024 * 1024
MOST_EVENTS, MOST_RULES, MOST_ENTRIES = 5000, 100, 2000
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
_FOLD = re.compile(r"\r?\n[ \t]")
_RULE = re.compile(r"^(?:RRULE|EXRULE)[;:](.*)$", re.IGNORECASE | re.MULTILINE)
_BY = re.compile(r"BY(HOUR|MINUTE|SECOND|SETPOS)=([^;]*)", re.IGNORECASE)
_EARLY = re.compile(r"^DTSTART(?:;[^:\n]*)?:(\d{4})", re.IGNORECASE | re.MULTILINE)


class CalendarError(ValueError):
    """A calendar that is not used; the text says why, in words for the person who keeps it."""


@dataclass(frozen=True)
class Entry:
    """One event of a calendar in its time: whom it names, by attendee mail and in its summary."""

    start: datetime
    end: datetime
    mails: tuple[str, ...] = ()
    summary: str = ""

    def kept(self) -> dict[str, Any]:
        """As it is stored."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "mails": list(self.mails),
                "summary": self.summary}  # fmt: skip

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Entry:
        """The entry that `kept` wrote."""
        start, end = (datetime.fromisoformat(kept[k]) for k in ("start", "end"))
        return cls(start, end, tuple(kept["mails"]), kept["summary"])


@dataclass(frozen=True)
class Spelt:
    """A calendar's entries in a time, by start, and what a person should know: events left out, zones guessed."""

    entries: list[Entry]
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Person:
    """Somebody an entry can name: the key in the plan, the name, and mail addresses."""

    key: str
    name: str
    mails: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rotation:
    """Members take turns: each serves `every_days`, and hands over at a local time in a zone."""

    members: tuple[str, ...]
    starts_on: date
    handover: time
    zone: str
    every_days: int = 7


@dataclass(frozen=True)
class Turn:
    """A time in which somebody serves; `source` is calendar, rota or shift. Times in UTC, the end not included."""

    start: datetime
    end: datetime
    who: str
    source: str
    said: str = ""
    shift: int | None = None


@dataclass(frozen=True)
class Slot:
    """A stretch of time and who serves in it; without a turn it is a gap."""

    start: datetime
    end: datetime
    turn: Turn | None = None


# Calendars ------------------------------------------------------------------------------------


def spell_out(text: str, zone: str, start: datetime, end: datetime) -> Spelt:
    """Every event of the calendar that touches the time from `start` to `end`, repetitions included.

    Times without a zone and whole days are meant in `zone`. Raises CalendarError.
    """
    # Late: the two take half a second to load, and only who reads a calendar needs them.
    import recurring_ical_events
    from icalendar import Calendar

    _refuse_bombs(text)
    try:
        calendar = Calendar.from_ical(text)
        events = recurring_ical_events.of(calendar, skip_bad_series=True).between(start, end)
    except Exception as error:  # the two libraries meet hostile text here and raise whatever it makes them raise
        raise CalendarError(f"This is no calendar that can be read ({type(error).__name__}).") from error
    if len(events) > MOST_ENTRIES:
        raise CalendarError(f"The calendar has more than {MOST_ENTRIES} entries in the time that is looked at.")
    strange = {name for event in calendar.walk("VEVENT") if (name := _unknown_zone(event))}
    entries, remarks = [], [f"The zone '{name}' is not known; {zone} is taken for it" for name in sorted(strange)]
    for event in events:
        try:
            entry = _entry(event, ZoneInfo(zone))
        except (ValueError, TypeError, OverflowError, KeyError, AttributeError) as error:
            remarks.append(f"'{_words(event.get('SUMMARY'))}' cannot be read ({type(error).__name__})")
            continue
        if entry and entry.end > start and entry.start < end:
            entries.append(entry)
    entries.sort(key=lambda e: (e.start, e.end, e.summary))
    return Spelt(entries, remarks[:50])


def _refuse_bombs(text: str) -> None:
    """Raises CalendarError for what would cost more to spell out than any rota does."""
    if len(text) > LARGEST:
        raise CalendarError(f"The calendar is larger than {LARGEST // 1024} KiB.")
    plain = _FOLD.sub("", text)
    upper = plain.upper()
    if "BEGIN:VCALENDAR" not in upper:
        raise CalendarError("This is no calendar: it does not begin with BEGIN:VCALENDAR.")
    if upper.count("BEGIN:VEVENT") > MOST_EVENTS:
        raise CalendarError(f"The calendar has more than {MOST_EVENTS} events.")
    rules = _RULE.findall(upper)
    zones = upper.count("BEGIN:VTIMEZONE")
    if len(rules) > MOST_RULES + 4 * min(zones, 50):
        raise CalendarError(f"The calendar has more than {MOST_RULES} repeating events.")
    for rule in rules:
        if any(f"FREQ={often}" in rule.replace(" ", "") for often in TOO_OFTEN):
            raise CalendarError("An event repeats by the hour or more often; no rota does.")
        if any(values.count(",") > (24 if part == "HOUR" else 0) for part, values in _BY.findall(rule)):
            raise CalendarError("An event repeats many times a day; no rota does.")
    for start in _EARLY.findall(_without_zones(plain)):
        if not 1990 <= int(start) <= 2200:
            raise CalendarError(f"An event begins in the year {start}; that cannot be meant.")


def _without_zones(text: str) -> str:
    """The calendar without its definitions of zones, which rightly begin long ago."""
    pieces = re.split(r"(?i)BEGIN:VTIMEZONE", text)
    return pieces[0] + "".join(re.split(r"(?i)END:VTIMEZONE", p, maxsplit=1)[-1] for p in pieces[1:])


def _entry(event: Any, zone: ZoneInfo) -> Entry | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    start, end = event.start, event.end
    whole_day = not isinstance(start, datetime)
    begins, ends = _instant(start, zone), _instant(end, zone)
    if whole_day and ends <= begins:  # a whole day without an end lasts that day
        ends = _instant(start + timedelta(days=1), zone)
    if ends <= begins:
        raise ValueError("it ends before it begins")
    asked = event.get("ATTENDEE") or []
    attendees = asked if isinstance(asked, list) else [asked]
    mails = tuple(str(a)[7:].strip().lower() for a in attendees if str(a).lower().startswith("mailto:"))
    return Entry(begins, ends, mails[:20], _words(event.get("SUMMARY")))


def _unknown_zone(event: Any) -> str:
    began = event.get("DTSTART")
    named = str(began.params.get("TZID", ""))[:60] if began is not None else ""
    return named if named and isinstance(began.dt, datetime) and began.dt.tzinfo is None else ""


def _instant(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0), zone)
    elif value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    return value.astimezone(UTC)


def _words(value: Any) -> str:
    return " ".join(str(value or "").split())[:200]


def turns_of(entries: Iterable[Entry], people: Sequence[Person]) -> tuple[list[Turn], list[Entry]]:
    """The entries as turns of people, and those that name nobody.

    An entry names people by attendee mail, else by a contact key or a name in its summary; the first one serves.
    """
    by_mail = {mail.lower(): p.key for p in people for mail in p.mails}
    by_key = {p.key: p.key for p in people}
    names = [(_plain(p.name), p.key) for p in people if _plain(p.name)]
    turns, unknown = [], []
    for entry in entries:
        who = next((by_mail[m] for m in entry.mails if m in by_mail), "") or _named(entry.summary, by_key, names)
        if who:
            turns.append(Turn(entry.start, entry.end, who, "calendar", entry.summary))
        else:
            unknown.append(entry)
    turns.sort(key=lambda t: (t.start, -t.end.timestamp()))
    return turns, unknown


def _named(summary: str, keys: Mapping[str, str], names: Sequence[tuple[str, str]]) -> str:
    words = re.findall(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", summary.lower())
    padded = f" {_plain(summary)} "
    found = [(w, keys[w]) for w in words if w in keys] + [n for n in names if f" {n[0]} " in padded]
    # The longest: who is called 'Anna Berg Lund' is not 'Anna Berg', and has not the key 'anna'.
    return max(found, key=lambda f: len(f[0]), default=("", ""))[1]


def _plain(name: str) -> str:
    return " ".join(re.findall(r"\w+", name.casefold()))


# Rotations ------------------------------------------------------------------------------------


def turns_of_rotation(rotation: Rotation, start: datetime, end: datetime) -> list[Turn]:
    """The turns that touch the time from `start` to `end`. One ends where the next begins, whatever the clocks do."""
    if not rotation.members or rotation.every_days < 1:
        return []
    began = _handover(rotation, 0)
    first = max(0, (start - began).days // rotation.every_days - 1)
    turns, number = [], first
    begins = _handover(rotation, number)
    while begins < end:
        ends = _handover(rotation, number + 1)
        if ends > start:
            who = rotation.members[number % len(rotation.members)]
            turns.append(Turn(begins, ends, who, "rota"))
        number, begins = number + 1, ends
    return turns


def _handover(rotation: Rotation, number: int) -> datetime:
    """When turn `number` begins. A local time that the clocks skip is the instant as far behind it on the old clock."""
    day = rotation.starts_on + timedelta(days=number * rotation.every_days)
    return datetime.combine(day, rotation.handover, ZoneInfo(rotation.zone)).astimezone(UTC)


# Both, with shifts ----------------------------------------------------------------------------


def slots(layers: Sequence[Turn], start: datetime, end: datetime) -> list[Slot]:
    """The time from `start` to `end` in stretches, in order, without holes: of turns that overlap the last one serves."""
    edges = {start, end}
    for turn in layers:
        edges |= {t for t in (turn.start, turn.end) if start < t < end}
    found: list[Slot] = []
    marks = sorted(edges)
    for begins, ends in pairwise(marks):
        on = next((t for t in reversed(layers) if t.start <= begins and t.end >= ends), None)
        if found and found[-1].turn == on:
            found[-1] = replace(found[-1], end=ends)
        else:
            found.append(Slot(begins, ends, on))
    return found


def serving(layers: Sequence[Turn], at: datetime) -> Turn | None:
    """Who serves at an instant."""
    return next((t for t in reversed(layers) if t.start <= at < t.end), None)
