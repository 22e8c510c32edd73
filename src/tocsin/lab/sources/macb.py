"""The times of a file as events: one for each different moment, marked as in a body file which times it is.

The marks are those of The Sleuth Kit's timelines: m modified, a accessed, c metadata changed, b born.
"""

from __future__ import annotations

from collections.abc import Mapping

LETTERS = "macb"


def moments(times: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each moment with its marks, in the order of time: `("2026-01-02T03:04:05Z", "m..b")`.

    `times` holds a time (ISO 8601, '' for none) under each letter of `LETTERS` that is known. Where none is known,
    there is one moment without a time, since the file itself is a fact.
    """
    by_time: dict[str, set[str]] = {}
    for letter, time in times.items():
        if time:
            by_time.setdefault(time, set()).add(letter)
    if not by_time:
        return [("", "....")]
    return [
        (time, "".join(letter if letter in by_time[time] else "." for letter in LETTERS)) for time in sorted(by_time)
    ]
