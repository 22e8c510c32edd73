"""The one clock: real time, an exercise's scaled time, and deadlines that know business days and holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tocsin.law.calendar import Calendar, calendar_of  # business days are counted where the law is read

__all__ = ["EARLIEST", "FASTEST", "LATEST", "Calendar", "Clock", "calendar_of", "now", "sane"]

FASTEST = 600
EARLIEST, LATEST = 1970, 2200


def now() -> datetime:
    """This instant, aware, in UTC. Nothing else in the house reads the machine's clock."""
    return datetime.now(UTC)


def sane(value: datetime) -> datetime:
    """The time itself if it is aware and between 1970 and 2200; else raises ValueError with words for a person.

    What lies outside is a slip or an attack, and computing with it overflows at the edges of the calendar.
    """
    if value.tzinfo is None:
        raise ValueError("this time has no zone; add one, for example +01:00 or Z")
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"the year {value.year} cannot be meant; a time here lies between {EARLIEST} and {LATEST}")
    return value


@dataclass(frozen=True)
class Clock:
    """A clock that left `real` when it showed `shown`, and since then runs `speed` times as fast (0: it stands)."""

    real: datetime
    shown: datetime
    speed: float = 1.0

    def at(self, real: datetime) -> datetime:
        """What this clock shows at a real instant."""
        return self.shown + (real - self.real) * self.speed

    def real_at(self, shown: datetime) -> datetime | None:
        """The real instant at which this clock will show `shown`; None while it stands."""
        return None if self.speed == 0 else self.real + (shown - self.shown) / self.speed

    def changed(self, real: datetime, *, speed: float | None = None, jump_to: datetime | None = None) -> Clock:
        """This clock with another speed (0 to 600) or moved forward to `jump_to`, from `real` on.

        Raises ValueError for a speed out of range or a jump backwards: what the log holds has happened.
        """
        shown = self.at(real)
        if jump_to is not None and jump_to < shown:
            raise ValueError(f"the clock shows {shown:%Y-%m-%d %H:%M:%S} UTC and cannot go back to {jump_to:%H:%M:%S}")
        if speed is not None and not 0 <= speed <= FASTEST:
            raise ValueError(f"a clock runs at 0 (paused) to {FASTEST} times real time, not {speed}")
        return Clock(real, jump_to or shown, self.speed if speed is None else speed)
