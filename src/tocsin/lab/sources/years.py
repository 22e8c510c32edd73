"""Which year the lines of a log are of that write none.

The rule: a line is of the latest year that puts it no more than a week after the line that follows it, and the last line
no more than a day after the file's own time of modification. So years roll over at new year. A line of 1 January says
nothing of those before it: machines without a clock begin then. A line that does write its year is taken at its word. In
files of more than a megabyte some thousand lines stand for all.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

MonthDay = tuple[int, int, int]
"""Month, day and year; the year is 0 where none is written."""
DateOf = Callable[[bytes], MonthDay | None]
"""Returns the date in the beginning of a line, None where there is none."""
GUESSED = "guessed from the file's own time and the lines that follow"
CLOCKS_APART = timedelta(days=1)
SLACK = timedelta(days=7)
"""How far lines may be out of order."""
FIRST_DAY = (1, 1)
WHOLE = 1024 * 1024
"""Bytes of a file up to which each line is looked at."""
SAMPLES = 4_096
MAX_HEAD = 512
"""Bytes of a line in which its date stands."""
LEAP = 8
"""Years that can lie between two 29ths of February."""


class Years:
    """The years of a file's lines. Raises OSError where it cannot be read."""

    def __init__(self, path: Path, date_of: DateOf) -> None:
        modified = datetime.fromtimestamp(max(0, path.stat().st_mtime), UTC).date()
        self._places: list[int] = []
        self._limits: list[date] = []
        """For each line that was looked at the latest day that it and those before it can be of, the first entry for
        what comes after all of them."""
        self._limits.append(modified + CLOCKS_APART)
        for place, (month, day, year) in reversed(_dates(path, date_of)):
            found = day_of(year, month, day) if year else latest(month, day, self._limits[-1])
            if found is not None and (month, day) != FIRST_DAY:
                self._places.append(-place)
                self._limits.append(min(self._limits[0], _later(found)))
        self._known: dict[MonthDay, int] = {}

    def year(self, place: int, month: int, day: int) -> int:
        """Return the year of a line at some byte of the file that has a month and a day; 0 where there is no such day."""
        # Places are kept from the last to the first, with a minus, so that they rise.
        at = bisect_left(self._places, -place)
        key = (at, month, day)
        year = self._known.get(key)
        if year is None:
            found = latest(month, day, self._limits[at])
            year = self._known[key] = 0 if found is None else found.year
        return year


@lru_cache(maxsize=4_096)
def latest(month: int, day: int, limit: date) -> date | None:
    """Return the last day with a month and a day that is not after `limit`, None where there is none."""
    found = [day_of(year, month, day) for year in range(limit.year, limit.year - LEAP - 1, -1)]
    return next((each for each in found if each is not None and each <= limit), None)


def day_of(year: int, month: int, day: int) -> date | None:
    """Return a day of the calendar, None where there is no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _later(day: date) -> date:
    try:
        return day + SLACK
    except OverflowError:  # at the end of the calendar
        return day


def _dates(path: Path, date_of: DateOf) -> list[tuple[int, MonthDay]]:
    """Return places and dates of all lines of a small file, of some thousand lines of a large one, the last among them."""
    found: list[tuple[int, MonthDay]] = []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        step = 1 if size <= WHOLE else size // SAMPLES
        position = 0
        while position < size:
            file.seek(position)
            if position and step > 1:
                file.readline(WHOLE)
                if size - file.tell() < 2 * step:
                    step = 1  # the end is looked at line by line
            place = file.tell()
            line = file.readline(WHOLE)
            dated = date_of(line[:MAX_HEAD])
            if dated is not None:
                found.append((place, dated))
            position = file.tell() if step == 1 else place + step
    return found
