"""How Tocsin says a length of time on a page; assets/src/time.ts says it alike (a test compares them)."""

from __future__ import annotations

MINUTE, HOUR, DAY = 60, 3600, 86400


def say_duration(seconds: float) -> str:
    """Seconds as people read them at a glance: 45 s, 3 min 20 s, 31 min, 1 h 09 min, 71 h 12 min, 5 d 03 h.

    The sign is dropped: whether it is late or left is said beside it. Hours run up to four days, because
    deadlines of 24, 72 and 96 hours are spoken of in hours.
    """
    s = int(abs(seconds))
    if s < MINUTE:
        return f"{s} s"
    if s < 5 * MINUTE:
        return f"{s // MINUTE} min {s % MINUTE:02d} s"
    if s < HOUR:
        return f"{s // MINUTE} min"
    if s < 4 * DAY:
        return f"{s // HOUR} h {s % HOUR // MINUTE:02d} min"
    return f"{s // DAY} d {s % DAY // HOUR:02d} h"
