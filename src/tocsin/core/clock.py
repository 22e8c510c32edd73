"""The one clock: real time, an exercise's scaled time, and deadlines that know business days and holidays."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

if TYPE_CHECKING:
    from tocsin.plan.offset import Offset

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


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> frozenset[date]:
    nation, _, region = country.partition("-")
    for part in (region, "") if region else ("",):  # a region without a calendar of its own keeps the nation's
        try:
            return frozenset(holidays.country_holidays(nation, subdiv=part or None, years=year))
        except NotImplementedError:
            continue
    return frozenset()


@dataclass(frozen=True)
class Calendar:
    """Which days are business days: Monday to Friday in a time zone, less the public holidays of the countries."""

    zone: str = "UTC"
    countries: tuple[str, ...] = ()

    def is_business_day(self, day: date) -> bool:
        """Whether people are at work on that day."""
        return day.weekday() < 5 and not any(day in _holidays(c, day.year) for c in self.countries)

    def add_business_days(self, start: datetime, count: int) -> datetime:
        """The end of the `count`-th business day after `start`'s local day, as UTC.

        The day of the event does not count (the rule of EU Regulation 1182/71, Article 3(1), and of US practice).
        """
        day = start.astimezone(ZoneInfo(self.zone)).date()
        while count:
            day += timedelta(days=1)
            count -= self.is_business_day(day)
        return datetime.combine(day, time(23, 59, 59), ZoneInfo(self.zone)).astimezone(UTC)

    def add_months(self, start: datetime, count: int) -> datetime:
        """The end of the same local day `count` months later, or of that month's last day; of the next business day
        where it falls on none (Regulation 1182/71, Article 3(2)(c) and 3(4)). As UTC.
        """
        local = start.astimezone(ZoneInfo(self.zone)).date()
        month = local.month - 1 + count
        year, month = local.year + month // 12, month % 12 + 1
        day = date(year, month, min(local.day, monthrange(year, month)[1]))
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return datetime.combine(day, time(23, 59, 59), ZoneInfo(self.zone)).astimezone(UTC)

    def due(self, anchor: datetime, offset: Offset) -> datetime:
        """The deadline `offset` after `anchor`, in UTC. Elapsed hours run through nights and weekends."""
        if offset.business_days:
            return self.add_business_days(anchor, offset.business_days)
        if offset.months:
            return self.add_months(anchor, offset.months)
        return anchor + offset.elapsed


def calendar_of(zone: str, countries: Iterable[str]) -> Calendar:
    """A calendar for an organization's zone and its first country: the one whose authority it answers to first."""
    return Calendar(zone or "UTC", tuple(countries)[:1])
