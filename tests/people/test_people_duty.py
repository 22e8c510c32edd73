"""On call: calendars and rotations as pure functions, with clocks that change, and what hostile calendars cost."""

from __future__ import annotations

import itertools
import time as machine
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.people.duty import (
    CalendarError,
    Entry,
    Person,
    Rotation,
    Turn,
    serving,
    slots,
    spell_out,
    turns_of,
    turns_of_rotation,
)

STOCKHOLM = "Europe/Stockholm"
ANNEKE = Person("anneke-de-vries", "Anneke de Vries", frozenset({"anneke@halden.example"}))
PRIYA = Person("priya-raman", "Priya Raman", frozenset({"priya@halden.example"}))
TOM = Person("tom", "Tom", frozenset())
TOMASZ = Person("tomasz-z", "Tom Zielinski", frozenset())
PEOPLE = [ANNEKE, PRIYA, TOM, TOMASZ]
ZONES = ["Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def calendar(*events: str, head: str = "") -> str:
    blocks = "".join(f"BEGIN:VEVENT\n{e}\nEND:VEVENT\n" for e in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n{head}{blocks}END:VCALENDAR\n".replace("\n", "\r\n")


def spelt(text: str) -> list[Entry]:
    return spell_out(text, STOCKHOLM, utc(2026, 10, 1), utc(2026, 12, 1)).entries


WEEKLY = (
    "UID:1\nDTSTART;TZID=Europe/Stockholm:20261019T080000\nDTEND;TZID=Europe/Stockholm:20261026T080000\n"
    "RRULE:FREQ=WEEKLY;INTERVAL=2\nSUMMARY:On call"
)


def test_a_weekly_event_keeps_its_local_hour_when_the_clocks_change() -> None:
    found = spelt(calendar(WEEKLY + "\nATTENDEE;CN=A:mailto:Anneke@halden.example"))
    assert [(e.start, e.end) for e in found[:2]] == [
        (utc(2026, 10, 19, 6), utc(2026, 10, 26, 7)),  # summer time ends on 25 October
        (utc(2026, 11, 2, 7), utc(2026, 11, 9, 7)),
    ]
    turns, unknown = turns_of(found, PEOPLE)
    assert {t.who for t in turns} == {"anneke-de-vries"}
    assert unknown == []


def test_whole_days_and_floating_times_are_meant_in_the_organizations_zone() -> None:
    days = "UID:2\nDTSTART;VALUE=DATE:20261124\nDTEND;VALUE=DATE:20261126\nSUMMARY:Priya Raman"
    one_day = "UID:3\nDTSTART;VALUE=DATE:20261127\nSUMMARY:Priya Raman"
    floating = "UID:4\nDTSTART:20261128T080000\nDTEND:20261128T200000\nSUMMARY:Priya Raman"
    assert [(e.start, e.end) for e in spelt(calendar(days, one_day, floating))] == [
        (utc(2026, 11, 23, 23), utc(2026, 11, 25, 23)),
        (utc(2026, 11, 26, 23), utc(2026, 11, 27, 23)),
        (utc(2026, 11, 28, 7), utc(2026, 11, 28, 19)),
    ]


def test_a_moved_and_a_cancelled_occurrence() -> None:
    moved = (
        "UID:1\nRECURRENCE-ID;TZID=Europe/Stockholm:20261102T080000\nDTSTART;TZID=Europe/Stockholm:20261103T080000\n"
        "DTEND;TZID=Europe/Stockholm:20261109T080000\nSUMMARY:Priya Raman"
    )
    cancelled = (
        "UID:1\nRECURRENCE-ID;TZID=Europe/Stockholm:20261116T080000\nDTSTART;TZID=Europe/Stockholm:20261116T080000\n"
        "DTEND;TZID=Europe/Stockholm:20261123T080000\nSTATUS:CANCELLED\nSUMMARY:On call"
    )
    found = spelt(calendar(WEEKLY, moved, cancelled))
    assert [e.start.day for e in found] == [19, 3, 30]
    assert found[1].summary == "Priya Raman"


def test_a_zone_that_nobody_knows_is_said() -> None:
    text = calendar(
        "UID:5\nDTSTART;TZID=Nowhere/Land:20261125T080000\nDTEND;TZID=Nowhere/Land:20261125T100000\nSUMMARY:x"
    )
    found = spell_out(text, STOCKHOLM, utc(2026, 11, 1), utc(2026, 12, 1))
    assert found.entries[0].start == utc(2026, 11, 25, 7)
    assert "Nowhere/Land" in found.remarks[0]


@pytest.mark.parametrize(
    ("summary", "who"),
    [
        ("On call: anneke-de-vries", "anneke-de-vries"),
        ("Anneke de Vries (week 48)", "anneke-de-vries"),
        ("PRIYA RAMAN", "priya-raman"),
        ("Tom Zielinski", "tomasz-z"),  # the longer name, not Tom
        ("Tom", "tom"),
        ("Tomorrow: nobody", ""),
        ("", ""),
    ],
)
def test_whom_a_summary_names(summary: str, who: str) -> None:
    entry = Entry(utc(2026, 11, 1), utc(2026, 11, 2), (), summary)
    turns, unknown = turns_of([entry], PEOPLE)
    assert [t.who for t in turns] == ([who] if who else [])
    assert unknown == ([] if who else [entry]), "what names nobody is shown, not swallowed"


def test_an_attendee_goes_before_the_summary_and_strangers_are_passed_over() -> None:
    mails = ("board@halden.example", "priya@halden.example", "anneke@halden.example")
    turns, _unknown = turns_of([Entry(utc(2026, 11, 1), utc(2026, 11, 2), mails, "Anneke de Vries")], PEOPLE)
    assert [t.who for t in turns] == ["priya-raman"]


def test_of_two_events_at_once_the_one_that_began_last_counts_then_the_shorter() -> None:
    week = Entry(utc(2026, 11, 2), utc(2026, 11, 9), (), "anneke-de-vries")
    swap = Entry(utc(2026, 11, 4), utc(2026, 11, 5), (), "priya-raman")
    day = Entry(utc(2026, 11, 2), utc(2026, 11, 3), (), "tom")
    turns, _unknown = turns_of([swap, week, day], PEOPLE)
    assert [getattr(serving(turns, utc(2026, 11, d, 12)), "who", None) for d in (2, 3, 4, 5, 9)] == [
        "tom", "anneke-de-vries", "priya-raman", "anneke-de-vries", None,
    ]  # fmt: skip


BOMBS = {
    "by the second": calendar("UID:1\nDTSTART:19950101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\nSUMMARY:x"),
    "folded": calendar("UID:1\nDTSTART:19950101T000000Z\nRRULE:FREQ=SEC\n ONDLY\nSUMMARY:x"),
    "with spaces": calendar("UID:1\nDTSTART:19950101T000000Z\nRRULE:FREQ= MINUTELY\nSUMMARY:x"),
    "many times a day": calendar(
        "UID:1\nDTSTART:19950101T000000Z\nRRULE:FREQ=DAILY;BYMINUTE=0,1,2,3;BYSECOND=1,2,3\nSUMMARY:x"
    ),
    "in a zone": calendar(
        "UID:1\nDTSTART;TZID=Evil:20261101T000000\nSUMMARY:x",
        head="BEGIN:VTIMEZONE\nTZID:Evil\nBEGIN:STANDARD\nDTSTART:19700101T000000\nRRULE:FREQ=SECONDLY\n"
        "TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n",
    ),
    "many events": calendar(*[f"UID:{n}\nDTSTART:20261101T000000Z\nSUMMARY:x" for n in range(5001)]),
    "many rules": calendar(*[f"UID:{n}\nDTSTART:20261101T000000Z\nRRULE:FREQ=DAILY\nSUMMARY:x" for n in range(101)]),
    "from the year 1": calendar("UID:1\nDTSTART:00010101T000000Z\nRRULE:FREQ=DAILY\nSUMMARY:x"),
    "too large": calendar("UID:1\nDTSTART:20261101T000000Z\nSUMMARY:" + "x" * 1_100_000),
    "a web page": "<html>Please sign in</html>",
    "nothing": "",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_calendar_that_no_rota_is_like_is_refused_at_once(name: str) -> None:
    began = machine.process_time()
    with pytest.raises(CalendarError):
        spelt(BOMBS[name])
    assert machine.process_time() - began < 5


def test_the_worst_calendar_that_is_taken_costs_seconds() -> None:
    rules = [f"UID:{n}\nDTSTART:19900101T0{n % 10}0000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nSUMMARY:x" for n in range(16)]
    singles = [f"UID:s{n}\nDTSTART:20261101T000000Z\nDURATION:PT1H\nSUMMARY:x" for n in range(500)]
    began = machine.process_time()
    spelt(calendar(*rules, *singles))
    assert machine.process_time() - began < 30


@settings(max_examples=150)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for given_text in (text, calendar(text), calendar(f"UID:1\nDTSTART:20261101T000000Z\n{text}")):
        with suppress(CalendarError):
            assert all(e.start < e.end for e in spelt(given_text))


# Rotations ------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(
    zone=st.sampled_from(ZONES),
    handover=st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None)),
    starts=st.dates(date(2025, 1, 1), date(2027, 6, 1)),
    days=st.integers(1, 14),
    people=st.integers(1, 5),
    ask=st.integers(0, 1_500_000).map(lambda n: utc(2025, 1, 1) + timedelta(minutes=n)),
)
def test_a_rotation_has_no_hole_and_no_double_over_clock_changes(
    zone: str, handover: time, starts: date, days: int, people: int, ask: datetime
) -> None:
    members = tuple(f"m{n}" for n in range(people))
    rotation = Rotation(members, starts, handover, zone, days)
    turns = turns_of_rotation(rotation, ask, ask + timedelta(days=60))
    began = datetime.combine(starts, handover, ZoneInfo(zone)).astimezone(UTC)
    on = [t for t in turns if t.start <= ask < t.end]
    assert len(on) == (1 if ask >= began else 0)
    for before, after in itertools.pairwise(turns):
        assert before.end == after.start
        assert members.index(after.who) == (members.index(before.who) + 1) % people
    for turn in turns:
        local = turn.start.astimezone(ZoneInfo(zone))
        noon_shift = abs((turn.end - turn.start) - timedelta(days=days))
        assert noon_shift <= timedelta(hours=2), "a turn is as long as its days, but for changes of the clocks"
        assert (local.hour, local.minute) == (handover.hour, handover.minute) or _skipped(turn.start, zone, handover)
    if on:
        # The count of hand-overs since the beginning says whose turn it is, whatever the clocks did.
        local_days = (on[0].start.astimezone(ZoneInfo(zone)).date() - starts).days
        assert on[0].who == members[round(local_days / days) % people]


def _skipped(start: datetime, zone: str, handover: time) -> bool:
    """Whether the hand-over's local time does not exist on that day."""
    local = start.astimezone(ZoneInfo(zone))
    meant = datetime.combine(local.date(), handover, ZoneInfo(zone))
    return meant.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != meant.replace(tzinfo=None)


def test_the_night_the_clocks_go_forward_belongs_to_one_person() -> None:
    rotation = Rotation(("a", "b"), date(2027, 3, 27), time(2, 30), STOCKHOLM, 1)
    turns = turns_of_rotation(rotation, utc(2027, 3, 27), utc(2027, 3, 30))
    assert [(t.start, t.who) for t in turns[:3]] == [
        (utc(2027, 3, 27, 1, 30), "a"),
        (utc(2027, 3, 28, 1, 30), "b"),  # 02:30 does not exist; it is 03:30 summer time
        (utc(2027, 3, 29, 0, 30), "a"),
    ]


@settings(max_examples=200)
@given(st.data())
def test_slots_cover_the_time_and_the_last_layer_wins(data: st.DataObject) -> None:
    start, hour = utc(2026, 11, 1), timedelta(hours=1)
    spans = data.draw(st.lists(st.tuples(st.integers(-5, 60), st.integers(1, 30)), max_size=8))
    layers = [Turn(start + a * hour, start + (a + n) * hour, f"m{i}", "shift") for i, (a, n) in enumerate(spans)]
    end = start + 48 * hour
    found = slots(layers, start, end)
    assert (found[0].start, found[-1].end) == (start, end)
    assert all(a.end == b.start and a.turn != b.turn for a, b in itertools.pairwise(found))
    for step in range(96):
        at = start + step * hour / 2
        slot = next(s for s in found if s.start <= at < s.end)
        assert slot.turn == serving(layers, at)
