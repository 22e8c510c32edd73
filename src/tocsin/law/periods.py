"""Periods as a regime writes them: '72 hours', '30 days', '4 business days', '1 month'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tocsin.law.calendar import END_OF_DAY, Calendar, months_after

FORMS = "for example '30 minutes', '72 hours', '30 days', '4 business days' or '1 month'"
MOST = {"minute": 5_256_000, "hour": 87_600, "day": 3_650, "business day": 2_600, "month": 120}
"""Ten years; more is a slip."""

_PERIOD = re.compile(r"(\d{1,7}) (minute|hour|day|business day|month)s?")


@dataclass(frozen=True)
class Period:
    """A length of time: elapsed minutes or hours, or days, business days and months that end with a local day."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period; raises ValueError with words for a person."""
        found = _PERIOD.fullmatch(" ".join(text.split()))
        if not found or int(found[1]) == 0:
            raise ValueError(f"'{text}' is no period; write it {FORMS}")
        if int(found[1]) > MOST[found[2]]:
            raise ValueError(f"'{text}' is longer than ten years; a deadline that far away is a slip")
        return cls(int(found[1]), found[2])

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'s' if self.amount > 1 else ''}"

    @property
    def elapses(self) -> bool:
        """Whether it runs through nights and weekends from the instant itself."""
        return self.unit in ("minute", "hour")

    def elapsed(self) -> timedelta:
        """The time that it lasts, where it elapses."""
        return timedelta(minutes=self.amount * (60 if self.unit == "hour" else 1))

    def last_day(self, first: date, calendar: Calendar, eu: bool) -> date:
        """The day on which it ends; the day of the event does not count.

        With `eu` as Regulation 1182/71 says: at least two working days where it has two days or more (Article 3(5));
        where it ends (3(4): on no holiday or weekend) is for the caller to say.
        """
        if self.unit == "business day":
            return calendar.business_day_after(first, self.amount)
        if self.unit == "month":
            return months_after(first, self.amount)
        last = first + timedelta(days=self.amount)
        if eu and 2 <= self.amount <= 10:
            last = max(last, calendar.business_day_after(first, 2))
        return last


def end_of_period(
    start: datetime, period: Period, calendar: Calendar, *, eu: bool = False, at: time = END_OF_DAY
) -> datetime:
    """When a period that began at `start` ends, as UTC; a last day of days or months rolls forward with `eu`."""
    if period.elapses:
        return start + period.elapsed()
    last = period.last_day(calendar.day_of(start), calendar, eu)
    return calendar.end_of(calendar.business_day_from(last) if eu else last, at)
