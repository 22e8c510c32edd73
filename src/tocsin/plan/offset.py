"""Lengths of time as a plan writes them: '15 min', '4 h', '3 d', '2 business days', '1 month'."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_OFFSET_FORMS = "for example '15 min', '4 h', '3 d', '2 business days' or '1 month'"
MOST = {"m": 5_256_000, "h": 87_600, "d": 3_650, "b": 2_600, "months": 120}
"""Ten years in minutes, hours, days, business days and months."""
_OFFSET = re.compile(r"^(\d{1,5})\s*(min|m|h|d|business days?|bd|months?)$")


class Offset(BaseModel):
    """A length of time after an anchor: elapsed time, business days or calendar months (one of them)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    elapsed: timedelta = timedelta(0)
    business_days: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Offset:
        """Read '15 min', '4 h', '3 d', '2 business days' or '1 month'; else raises ValueError."""
        found = _OFFSET.match(text.strip())
        if not found:
            raise ValueError(f"'{text}' is no length of time; write it {_OFFSET_FORMS}")
        count, unit = int(found[1]), found[2]
        if count > MOST["months" if unit.startswith("month") else unit[0]]:
            raise ValueError(f"'{text}' is longer than ten years; a deadline that far away is a slip")
        if unit in ("min", "m"):
            return cls(elapsed=timedelta(minutes=count))
        if unit == "h":
            return cls(elapsed=timedelta(hours=count))
        if unit == "d":
            return cls(elapsed=timedelta(days=count))
        return cls(months=count) if unit.startswith("month") else cls(business_days=count)

    def __str__(self) -> str:
        if self.business_days:
            return f"{self.business_days} business day{'s' if self.business_days > 1 else ''}"
        if self.months:
            return f"{self.months} month{'s' if self.months > 1 else ''}"
        minutes = int(self.elapsed.total_seconds() // 60)
        if minutes and minutes % 1440 == 0:
            return f"{minutes // 1440} d"
        return f"{minutes // 60} h" if minutes and minutes % 60 == 0 else f"{minutes} min"


def _offset(value: Any) -> Offset:
    if isinstance(value, Offset):
        return value
    if not isinstance(value, str):
        raise ValueError(f"'{value}' is no length of time; write it {_OFFSET_FORMS}")  # noqa: TRY004
    return Offset.parse(value)


OffsetText = Annotated[
    Offset,
    BeforeValidator(_offset),
    PlainSerializer(str, return_type=str),
]
