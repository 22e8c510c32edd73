"""The time axis: where it is cut, that it keeps order, and what it says of itself."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.reports import axis

START = datetime(2024, 2, 28, 23, 0, tzinfo=UTC)
TIMES = st.lists(
    st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    min_size=1,
    max_size=80,
)


def minutes(*values: float) -> list[datetime]:
    return [START + timedelta(minutes=value) for value in values]


def test_no_times_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one time"):
        axis.choose([])


def test_one_time_has_one_piece_around_it() -> None:
    a = axis.choose([START])
    assert len(a.segments) == 1
    assert a.x(START) == pytest.approx(0.5)
    assert a.note == "The axis has one scale."


def test_even_times_are_left_on_one_scale() -> None:
    assert len(axis.choose(minutes(*range(0, 600, 10))).segments) == 1


def test_two_clusters_years_apart_are_cut() -> None:
    a = axis.choose(minutes(*range(10)) + [t + timedelta(days=1500) for t in minutes(*range(0, 300, 20))])
    assert len(a.segments) == 2
    assert a.segments[1].cut
    assert "left out" in a.note
    assert a.segments[0].title == "28 February 2024, by minute"
    assert a.segments[1].title == "7 to 8 April 2028, by hour"


def test_a_dense_night_after_quiet_days_gets_a_finer_scale() -> None:
    days = minutes(*(day * 1440 for day in range(10)))
    night = minutes(*(10 * 1440 + m for m in range(0, 180, 4)))
    a = axis.choose(days + night)
    assert len(a.segments) > 1
    width = a.x(night[-1]) - a.x(night[0])
    assert width > 0.35, "three hours of forty events must not be a line at the edge of ten days"


@given(TIMES)
def test_order_is_kept_and_all_is_inside(times: list[datetime]) -> None:
    a = axis.choose(times)
    assert 1 <= len(a.segments) <= axis.PIECES
    places = [a.x(t) for t in sorted(times)]
    assert all(0 <= x <= 1 for x in places)
    assert all(x <= y + 1e-12 for x, y in itertools.pairwise(places))
    assert a.segments[0].x0 == 0
    assert a.segments[-1].x1 == 1
    for one, two in zip(a.segments, a.segments[1:], strict=False):
        assert one.end <= two.start
        assert one.x1 == two.x0
    assert all(s.x0 < tick.x < s.x1 for s in a.segments for tick in s.ticks)


@given(TIMES)
def test_ticks_do_not_crowd(times: list[datetime]) -> None:
    for s in axis.choose(times).segments:
        places = [tick.x for tick in s.ticks]
        assert all(y - x > 0.03 for x, y in itertools.pairwise(places)), s


def test_bins_count_every_time_once() -> None:
    times = minutes(0, 1, 1, 2, 500)
    assert sum(axis.bins(axis.choose(times), times, 20)) == 5
