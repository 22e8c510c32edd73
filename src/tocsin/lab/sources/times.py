"""Times as evidence writes them, to ISO 8601 in UTC with a Z; '' where there is no readable time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FILETIME = datetime(1601, 1, 1, tzinfo=UTC)
"""Where Windows begins to count."""
UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}


def iso(moment: datetime) -> str:
    """Return an aware time as text, in UTC, with as many digits of a second as it has (none or six)."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_epoch(value: float | str, unit: str = "s") -> str:
    """Return a count since 1970 as a time; `unit` is s, ms or us. Takes text as logs write it (`1697712345.123456`)."""
    try:
        second, rest = divmod(round(float(value) * UNITS[unit]), 1_000_000)
        return f"{_second(second)}.{rest:06}Z" if rest else _second(second) + "Z"
    except (ValueError, OverflowError, TypeError):
        return ""


@lru_cache(maxsize=4_096)
def _second(count: int) -> str:
    """Return a second since 1970 as text. Events come in the order of time, so most ask for one that was just asked."""
    return (EPOCH + timedelta(seconds=count)).isoformat().removesuffix("+00:00")


def from_filetime(ticks: int) -> str:
    """Return a Windows FILETIME, counted in 100 ns since 1601, as a time; 0 is no time."""
    if ticks <= 0:
        return ""
    try:
        return iso(FILETIME + timedelta(microseconds=ticks // 10))
    except OverflowError:
        return ""


def from_text(text: str, zone: timezone = UTC) -> str:
    """Return a time that is written in any form of ISO 8601; `zone` is that of times which name none."""
    usual = USUAL.fullmatch(text)
    if usual is None:
        moment = moment_of(text, zone)
        return "" if moment is None else _safe_iso(moment)
    day, clock, digits, written_zone = usual.groups()
    if (written_zone == "Z" or (written_zone is None and zone is UTC)) and _is_day(day) and CLOCK.fullmatch(clock):
        start = f"{day}T{clock}"
    else:
        start = _usual_second(f"{day} {clock}", written_zone, zone)
    if digits is None or not start or not int(digits[:6]):
        return start and start + "Z"
    return f"{start}.{digits[:6]:0<6}Z"


USUAL = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")


@lru_cache(maxsize=4_096)
def _is_day(text: str) -> bool:
    """Tell whether a text is a day of the calendar."""
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


@lru_cache(maxsize=4_096)
def _usual_second(second: str, written_zone: str | None, zone: timezone) -> str:
    """Return a whole second in UTC without its Z, '' where it is none."""
    moment = moment_of(second + (written_zone or ""), zone)
    return "" if moment is None else _safe_iso(moment).removesuffix("Z")


def _safe_iso(moment: datetime) -> str:
    try:
        return iso(moment)
    except OverflowError:  # in the first or last hours of the calendar
        return ""


def moment_of(text: str, zone: timezone = UTC) -> datetime | None:
    """Return the aware time that is written in any form of ISO 8601, None where it is none."""
    try:
        moment = datetime.fromisoformat(_shortened(text.strip().removesuffix(" UTC")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def seconds_between(start: str, end: str) -> float | None:
    """Return how many seconds lie between two written times, None where one is not readable."""
    began, ended = moment_of(start), moment_of(end)
    return None if began is None or ended is None else (ended - began).total_seconds()


def _shortened(text: str) -> str:
    """Return a time with no more than six digits of a second, which is what a datetime holds."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}"
