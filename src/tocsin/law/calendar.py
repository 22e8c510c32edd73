"""Business days, holidays, months and the ends of local days: how a period of the law ends on a calendar."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays

END_OF_DAY = time(23, 59, 59)


class Length(Protocol):
    """A length of time: elapsed time, business days or calendar months (one of them)."""

    @property
    def elapsed(self) -> timedelta:
        """Time that runs through nights and weekends."""

    @property
    def business_days(self) -> int:
        """Whole business days, or 0."""

    @property
    def months(self) -> int:
        """Calendar months, or 0."""


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

    def business_day_from(self, day: date) -> date:
        """That day, or the first business day after it where it is none."""
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def day_of(self, instant: datetime) -> date:
        """The local day of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def end_of(self, day: date, at: time = END_OF_DAY) -> datetime:
        """The end of a local day, or another local time of it, as UTC."""
        return datetime.combine(day, at, ZoneInfo(self.zone)).astimezone(UTC)

    def business_day_after(self, day: date, count: int) -> date:
        """The `count`-th business day after `day`.

        The day of the event does not count (the rule of EU Regulation 1182/71, Article 3(1), and of US practice).
        """
        while count:
            day += timedelta(days=1)
            count -= self.is_business_day(day)
        return day

    def add_business_days(self, start: datetime, count: int) -> datetime:
        """The end of the `count`-th business day after `start`'s local day, as UTC."""
        return self.end_of(self.business_day_after(self.day_of(start), count))

    def add_months(self, start: datetime, count: int) -> datetime:
        """The end of the same local day `count` months later, or of that month's last day; of the next business day
        where it falls on none (Regulation 1182/71, Article 3(2)(c) and 3(4)). As UTC.
        """
        return self.end_of(self.business_day_from(months_after(self.day_of(start), count)))

    def due(self, anchor: datetime, offset: Length) -> datetime:
        """The deadline `offset` after `anchor`, in UTC. Elapsed hours run through nights and weekends."""
        if offset.business_days:
            return self.add_business_days(anchor, offset.business_days)
        if offset.months:
            return self.add_months(anchor, offset.months)
        return anchor + offset.elapsed


def months_after(day: date, count: int) -> date:
    """The same day `count` months later, or that month's last day."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def calendar_of(zone: str, countries: Iterable[str]) -> Calendar:
    """A calendar for an organization's zone and its first country: the one whose authority it answers to first."""
    return Calendar(zone or "UTC", tuple(countries)[:1])
