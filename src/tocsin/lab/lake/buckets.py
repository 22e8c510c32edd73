"""Round lengths of time for histograms. Each divides the next, so counts by one can be summed up to another."""

from __future__ import annotations

MILLISECOND = 1_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
STEPS = (
    *(1, 10, 100, MILLISECOND, 10 * MILLISECOND, 100 * MILLISECOND),
    *(SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND),
    *(MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 7 * DAY, 28 * DAY, 364 * DAY, 3_640 * DAY, 36_400 * DAY),
)
"""In microseconds."""
MAX_COUNTS = 20_000
"""Counts that one question may give."""


def coarse_step(first: int, last: int) -> int:
    """Return the step that divides a span of time into as many counts as one question may give."""
    return step_for(first, last + 1, MAX_COUNTS)


def step_for(first: int, last: int, buckets: int) -> int:
    """Return the smallest step by which the time from `first` to before `last` falls into at most `buckets`."""
    for step in STEPS:
        if (last - 1) // step - first // step < max(1, buckets):
            return step
    return STEPS[-1]


def binned(counts: dict[int, int], step: int) -> list[tuple[int, int]]:
    """Return counts by their time (a multiple of a smaller step) as counts by `step`, with the empty ones between."""
    sums: dict[int, int] = {}
    for at, count in counts.items():
        start = at // step * step
        sums[start] = sums.get(start, 0) + count
    return [(at, sums.get(at, 0)) for at in range(min(sums), max(sums) + 1, step)]
