"""The one clock: scaled time, business days, holidays, months and summer time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core import clock
from tocsin.core.clock import FASTEST, Calendar, Clock, calendar_of
from tocsin.plan.offset import Offset

START = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)
speeds = st.floats(min_value=0.5, max_value=FASTEST)
seconds = st.integers(min_value=0, max_value=10 * 24 * 3600)


@given(speed=speeds, first=seconds, second=seconds)
def test_a_scaled_clock_runs_forward_at_its_speed(speed: float, first: int, second: int) -> None:
    clock = Clock(START, START, speed)
    a, b = clock.at(START + timedelta(seconds=first)), clock.at(START + timedelta(seconds=first + second))
    assert b >= a
    assert abs((b - a).total_seconds() - second * speed) < 0.01


@given(speed=speeds, shown_after=seconds)
def test_real_at_is_the_opposite_of_at(speed: float, shown_after: int) -> None:
    clock = Clock(START, START, speed)
    shown = START + timedelta(seconds=shown_after)
    real = clock.real_at(shown)
    assert real is not None
    assert abs((clock.at(real) - shown).total_seconds()) < 0.01


@given(speed=speeds, new_speed=st.floats(min_value=0, max_value=FASTEST), after=seconds, later=seconds)
def test_a_change_of_speed_changes_no_past(speed: float, new_speed: float, after: int, later: int) -> None:
    clock, change = Clock(START, START, speed), START + timedelta(seconds=after)
    changed = clock.changed(change, speed=new_speed)
    assert changed.at(change) == clock.at(change)
    gone = (changed.at(change + timedelta(seconds=later)) - changed.at(change)).total_seconds()
    assert abs(gone - later * new_speed) < 0.01


def test_a_paused_clock_stands_and_can_jump_forward() -> None:
    paused = Clock(START, START, 60).changed(START + timedelta(minutes=1), speed=0)
    assert paused.at(START + timedelta(days=1)) == START + timedelta(hours=1)
    assert paused.real_at(START + timedelta(days=2)) is None
    jumped = paused.changed(START + timedelta(days=1), jump_to=START + timedelta(hours=5))
    assert jumped.at(START + timedelta(days=3)) == START + timedelta(hours=5)


@pytest.mark.parametrize("speed", [-1, 601, float("nan")])
def test_a_clock_has_limits(speed: float) -> None:
    with pytest.raises(ValueError, match="0 \\(paused\\) to 600"):
        Clock(START, START).changed(START, speed=speed)


def test_a_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        Clock(START, START).changed(START + timedelta(hours=1), jump_to=START)


def _due(zone: str, country: str, start: str, days: int) -> date:
    local = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    return calendar_of(zone, [country]).add_business_days(local, days).astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("zone", "country", "start", "days", "end"),
    [
        # Plain weeks: Friday plus one is Monday.
        ("Europe/Stockholm", "SE", "2026-03-20T09:00", 1, date(2026, 3, 23)),
        # Easter 2026 is 5 April: Good Friday and Easter Monday are no business days in Sweden and Germany.
        ("Europe/Stockholm", "SE", "2026-04-01T09:00", 2, date(2026, 4, 7)),
        ("Europe/Berlin", "DE", "2026-04-01T09:00", 2, date(2026, 4, 7)),
        # The United States work on Easter Monday.
        ("America/New_York", "US", "2026-04-03T09:00", 1, date(2026, 4, 6)),
        # Germany, 3 October: a Saturday in 2026, a Friday in 2025.
        ("Europe/Berlin", "DE", "2025-10-02T09:00", 1, date(2025, 10, 6)),
        # Cesar Chavez Day, 31 March, is California's own.
        ("America/Los_Angeles", "US-CA", "2026-03-30T09:00", 1, date(2026, 4, 1)),
        ("America/New_York", "US", "2026-03-30T09:00", 1, date(2026, 3, 31)),
        # Swedish National Day, 6 June 2025, is a Friday.
        ("Europe/Stockholm", "SE", "2025-06-05T09:00", 1, date(2025, 6, 9)),
        # A region without a calendar of its own keeps the nation's: Independence Day 2025 is a Friday.
        ("America/New_York", "US-XX", "2025-07-03T09:00", 1, date(2025, 7, 7)),
        # A country without a calendar still has week-ends.
        ("UTC", "XX", "2026-03-20T09:00", 1, date(2026, 3, 23)),
    ],
)
def test_business_days_know_the_countries_holidays(zone: str, country: str, start: str, days: int, end: date) -> None:
    assert _due(zone, country, start, days) == end


def test_the_last_business_day_ends_at_local_midnight() -> None:
    due = calendar_of("Europe/Stockholm", ["SE"]).add_business_days(datetime(2026, 3, 27, 9, tzinfo=UTC), 1)
    # Monday 30 March is the first day of summer time that is a business day: 23:59:59 is 21:59:59 UTC.
    assert due == datetime(2026, 3, 30, 21, 59, 59, tzinfo=UTC)


def test_the_local_day_of_the_event_does_not_count() -> None:
    """23:30 UTC on Sunday is Monday already in Stockholm, so the first day is Tuesday."""
    start = datetime(2026, 3, 22, 23, 30, tzinfo=UTC)
    assert calendar_of("Europe/Stockholm", ["SE"]).add_business_days(start, 1).date() == date(2026, 3, 24)
    assert calendar_of("UTC", ["SE"]).add_business_days(start, 1).date() == date(2026, 3, 23)


@given(start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), count=st.integers(1, 30))  # noqa: DTZ001  hypothesis wants them naive
def test_business_days_are_counted_one_by_one(start: datetime, count: int) -> None:
    calendar = Calendar("Europe/Berlin", ("DE",))
    due = calendar.add_business_days(start, count).astimezone(ZoneInfo("Europe/Berlin")).date()
    first = start.astimezone(ZoneInfo("Europe/Berlin")).date()
    between = [first + timedelta(days=n) for n in range(1, (due - first).days + 1)]
    assert sum(calendar.is_business_day(day) for day in between) == count
    assert calendar.is_business_day(due)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-30T10:00", 1, "2026-03-02"),  # 28 February is a Saturday: the Monday after it
        ("2028-01-31T10:00", 1, "2028-02-29"),
        ("2026-03-31T10:00", 1, "2026-04-30"),
        ("2026-11-30T10:00", 3, "2027-03-01"),  # 28 February is a Sunday
        ("2026-12-15T10:00", 1, "2027-01-15"),
        ("2026-03-15T10:00", 1, "2026-04-15"),
        ("2026-04-01T10:00", 1, "2026-05-04"),  # 1 May is a holiday, then comes a weekend
    ],
)
def test_months_end_with_the_last_hour_of_a_working_day(start: str, months: int, end: str) -> None:
    """Worked out by hand from Regulation 1182/71, Article 3(2)(c) and 3(4)."""
    zone = ZoneInfo("Europe/Stockholm")
    begun = datetime.fromisoformat(start).replace(tzinfo=zone)
    due = Calendar("Europe/Stockholm", ("SE",)).add_months(begun, months)
    assert due.astimezone(zone).replace(tzinfo=None) == datetime.fromisoformat(f"{end}T23:59:59")
    assert due.tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["0500-05-05T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "2201-01-01T00:00:00+00:00"]
)
def test_times_at_the_edge_of_the_calendar_are_refused_in_words(value: str) -> None:
    with pytest.raises(ValueError, match="cannot be meant"):
        clock.sane(datetime.fromisoformat(value))
    with pytest.raises(ValueError, match="no zone"):
        clock.sane(datetime(2026, 1, 1))  # noqa: DTZ001


def test_elapsed_hours_run_through_summer_time() -> None:
    """72 hours are 72 hours, though the clocks go forward in the night to 29 March 2026."""
    begun = datetime(2026, 3, 28, 10, 0, tzinfo=ZoneInfo("Europe/Stockholm"))
    due = Calendar("Europe/Stockholm", ("SE",)).due(begun.astimezone(UTC), Offset.parse("72 h"))
    assert due.astimezone(ZoneInfo("Europe/Stockholm")).hour == 11


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("15 min", datetime(2026, 3, 27, 12, 15, tzinfo=UTC)),
        ("3 d", datetime(2026, 3, 30, 12, 0, tzinfo=UTC)),
        ("1 month", datetime(2026, 4, 27, 23, 59, 59, tzinfo=UTC)),
        ("2 business days", datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_offsets_of_the_plan(text: str, end: datetime) -> None:
    assert Calendar().due(START, Offset.parse(text)) == end
