"""The time axis of a figure: up to three linear pieces, cut where nothing happened, finer where much did."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

PIECES = 3
_CHANGES = "The axis changes scale at the upright lines"
_SAMPLE = 48  # quantiles looked at when choosing cuts: enough to find a cluster, few enough to try all pairs
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LETTERS = 82  # of a title fit the width of a figure
_STEPS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)  # seconds


@dataclass(frozen=True)
class Tick:
    """A mark on the axis: where (0 at the left of the figure, 1 at the right) and what it says."""

    x: float
    label: str


@dataclass(frozen=True)
class Segment:
    """One linear piece from `start` to `end`, drawn from x0 to x1 (0 to 1). `cut`: time left out before."""

    start: datetime
    end: datetime
    x0: float
    x1: float
    cut: bool
    title: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Axis:
    """The pieces from left to right; never empty."""

    segments: tuple[Segment, ...]

    def x(self, t: datetime) -> float:
        """Return where `t` stands, 0 to 1. A time left out stands at the cut, one beyond at the axis' end."""
        for s in self.segments:
            if t <= s.end:
                share = (max(t, s.start) - s.start) / (s.end - s.start)
                return s.x0 + (s.x1 - s.x0) * share
        return self.segments[-1].x1

    @property
    def note(self) -> str:
        """What a reader must be told of the scale."""
        if len(self.segments) == 1:
            return "The axis has one scale."
        if any(s.cut for s in self.segments):
            return f"{_CHANGES}; at a double line, time with nothing in it is left out."
        return f"{_CHANGES}."


def choose(times: Iterable[datetime], pieces: int = PIECES) -> Axis:
    """Return the axis for `times` (aware; at least one), split where that spreads the times most evenly.

    Raises ValueError when there are no times.
    """
    ordered = sorted(times)
    if not ordered:
        raise ValueError("an axis needs at least one time")
    spans = _spans(_split(sorted(set(ordered)), pieces))
    counts = [sum(a <= t <= b for t in ordered) for a, b, _ in spans]
    return Axis(_placed(spans, counts))


def _split(times: Sequence[datetime], pieces: int) -> list[Sequence[datetime]]:
    """Cut `times` (distinct, in order) into at most `pieces` runs."""
    n = len(times)
    places = sorted({round(i * n / _SAMPLE) for i in range(1, _SAMPLE)} - {0, n})
    # the widest gaps are always candidates: a cluster of two events years before the rest is one quantile
    gaps = sorted(range(1, n), key=lambda i: times[i] - times[i - 1], reverse=True)[:6]
    places = sorted(set(places) | set(gaps))
    stamps = [t.timestamp() for t in times]
    whole = _unevenness(stamps)
    best: tuple[float, tuple[int, ...]] = (whole, ())
    for k in range(1, pieces):
        for cuts in combinations(places, k):
            edges = (0, *cuts, n)
            cost = sum(_unevenness(stamps[a:b]) for a, b in pairwise(edges))
            # each further piece must pay for itself: a reader has to learn one more scale
            if cost + 0.04 * n * k < best[0] + 0.04 * n * len(best[1]) and cost < 0.72 * whole:
                best = (cost, cuts)
    edges = (0, *best[1], n)
    return [times[a:b] for a, b in pairwise(edges)]


def _unevenness(times: Sequence[float]) -> float:
    """Return how far the times are from evenly spread on their span: 0 is even, n/2 is all at one end."""
    n = len(times)
    if n < 3:
        return 0.0
    first, span = times[0], times[-1] - times[0]
    step = max(1, n // _SAMPLE)
    picked = range(0, n, step)
    far = sum(abs((times[i] - first) / span - i / (n - 1)) for i in picked)
    return far * n / len(picked)


def _spans(groups: list[Sequence[datetime]]) -> list[tuple[datetime, datetime, bool]]:
    """Give each run a span with a little air, at least a minute; close small gaps, mark large ones as cut."""
    floor, ceiling = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    out: list[tuple[datetime, datetime, bool]] = []
    for i, times in enumerate(groups):
        air = max((times[-1] - times[0]) * 0.03, timedelta(seconds=30))
        # half the way to the neighbour at most, so that no two pieces show the same time
        left = min(air, (times[0] - (groups[i - 1][-1] if i else floor)) / 2)
        right = min(air, ((groups[i + 1][0] if i + 1 < len(groups) else ceiling) - times[-1]) / 2)
        start, end = times[0] - left, times[-1] + right
        if not out:
            out.append((start, end, False))
            continue
        before, until, cut = out[-1]
        small = start - until <= max(until - before, end - start) * 0.2
        if small:
            out[-1] = (before, start, cut)
        out.append((start, end, not small))
    return out


def _placed(spans: list[tuple[datetime, datetime, bool]], counts: list[int]) -> tuple[Segment, ...]:
    """Give each piece a width by the root of its events, none less than a fifth."""
    roots = [max(1, n) ** 0.5 for n in counts]
    shares = [max(0.2, r / sum(roots)) for r in roots]
    x = 0.0
    out: list[Segment] = []
    for (start, end, cut), share in zip(spans, shares, strict=True):
        x1 = 1.0 if len(out) == len(spans) - 1 else x + share / sum(shares)
        step, unit = _step(end - start, x1 - x)
        ticks = _ticks(start, end, (x, x1), step, unit)
        out.append(Segment(start, end, x, x1, cut, _title(start, end, unit, x1 - x), ticks))
        x = x1
    return tuple(out)


def _step(span: timedelta, width: float) -> tuple[float, str]:
    """Return the distance of ticks in seconds (months and years: nominal) and their unit."""
    wanted = span.total_seconds() / max(2, round(width * 12))
    for step in _STEPS:
        if step >= wanted:
            return (
                step,
                "second" if step < 60 else "minute" if step < 3600 else "hour" if step < 86400 else "day",
            )
    months = wanted / (30.44 * 86400)
    for n in (1, 3, 6):
        if n >= months:
            return n, "month"
    years = months / 12
    return next((n for n in (1, 2, 5, 10, 20, 50, 100, 500, 1000, 5000) if n >= years), 5000), "year"


def _ticks(start: datetime, end: datetime, xs: tuple[float, float], step: float, unit: str) -> tuple[Tick, ...]:
    out = []
    for t in _moments(start, end, int(step), unit):
        x = xs[0] + (xs[1] - xs[0]) * ((t - start) / (end - start))
        if xs[0] + 0.015 < x < xs[1] - 0.02:  # a label at a cut would sit on two scales
            out.append(Tick(x, _label(t, unit)))
    return tuple(out)


def _moments(start: datetime, end: datetime, step: int, unit: str) -> list[datetime]:
    """Return the round times from `start` to `end`."""
    if unit in ("month", "year"):
        months = step if unit == "month" else step * 12
        count = start.year * 12 + start.month - 1
        firsts = range(-(-count // months) * months, end.year * 12 + end.month, months)
        dates = [datetime(m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in firsts if 1 <= m // 12 <= 9999]
        return [t for t in dates if start <= t <= end]
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    first = -(-(start - midnight).total_seconds() // step)
    count = int((end - midnight).total_seconds() // step)
    return [midnight + timedelta(seconds=step * i) for i in range(int(first), count + 1)]


def _label(t: datetime, unit: str) -> str:
    short = MONTHS[t.month - 1][:3]
    if unit == "year":
        return str(t.year)
    if unit == "month":
        return f"{short} {t.year}" if t.month == 1 else short
    if unit == "day":
        return f"1 {short}" if t.day == 1 else str(t.day)
    return f"{t:%H:%M:%S}" if unit == "second" else f"{t:%H:%M}"


def _title(start: datetime, end: datetime, unit: str, width: float) -> str:
    """Say which time a piece covers and in what steps, as there is room: '3 to 13 March 2026, by day'."""
    head = _cover(start, end, unit)
    room = width * _LETTERS
    if len(head) + len(unit) + 5 <= room:
        return f"{head}, by {unit}"
    for month in MONTHS:
        head = head.replace(month, month[:3])
    years = str(start.year) if start.year == end.year else f"{start.year} to {end.year}"
    return next((words for words in (head, years) if len(words) <= room), str(start.year))


def _cover(start: datetime, end: datetime, unit: str) -> str:
    if unit in ("month", "year"):
        head = f"{MONTHS[start.month - 1]} {start.year} to {MONTHS[end.month - 1]} {end.year}"
        if (start.year, start.month) == (end.year, end.month):
            head = f"{MONTHS[start.month - 1]} {start.year}"
    elif start.date() == end.date():
        head = f"{start.day} {MONTHS[start.month - 1]} {start.year}"
    else:
        left = str(start.day)
        if start.month != end.month or start.year != end.year:
            left += f" {MONTHS[start.month - 1][:3]}" + (f" {start.year}" if start.year != end.year else "")
        month = MONTHS[end.month - 1]
        head = f"{left} to {end.day} {month if left.isdigit() else month[:3]} {end.year}"
    return head


def bins(axis: Axis, times: Iterable[datetime], n: int) -> list[int]:
    """Count `times` in `n` equal parts of the figure's width."""
    edges = [i / n for i in range(1, n)]
    out = [0] * n
    for t in times:
        out[bisect_left(edges, axis.x(t))] += 1
    return out
