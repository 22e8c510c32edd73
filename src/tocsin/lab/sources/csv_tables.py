"""Tables as comma-separated text: exports of Plaso and Timesketch, Microsoft 365, Log Analytics, Athena, and others.

A row is taken as a JSON value with a text for each column (see json_values.py), so that every kind of value that comes
as JSON is known as a table too. A table of no known kind is read where one of its columns plainly holds times: table/row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from tocsin.lab.record import Tally
from tocsin.lab.sources.json_values import Values
from tocsin.lab.sources.json_wraps import TEXTS
from tocsin.lab.sources.known import shapes_of
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.text import MARKS, decoded
from tocsin.lab.sources.times import from_text

MAX_CELL = 16 * 1024 * 1024
"""Characters of one cell."""
MAX_COLUMNS = 2_000
SEPARATORS = ",;\t"
TIME_NAME = re.compile(r"time|date|created|modified|when", re.IGNORECASE)


def sniff(head: bytes) -> bool:
    """Tell whether a file begins with the header of a table whose rows are of a known kind."""
    text = decoded(head)
    if text is None:
        return False
    names, separator = _header(text)
    if not names:
        return False
    if shapes_of(names) or any(name in names for name in TEXTS[:3]):
        return True
    try:
        first = next(csv.reader(io.StringIO(text.partition("\n")[2]), delimiter=separator), [])
    except csv.Error:
        return False
    return len(first) == len(names) and _plain(dict(zip(names, first, strict=True))) is not None


def _plain(row: dict[str, str]) -> Event | None:
    """Return the event of a row of a table of no known kind: its time is in the first column that is named for one and
    holds one. None where there is none."""
    for name, cell in row.items():
        if TIME_NAME.search(name) and (time := from_text(cell)):
            fields = {name: item for name, item in row.items() if item}
            return event("table/row", fields, time=time)
    return None


def read(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:  # noqa: ARG001 - read whole
    """Yield the events of a table. Raises OSError where it cannot be read."""
    csv.field_size_limit(MAX_CELL)
    with path.open("rb") as file:
        mark = file.read(3)
    encoding = next((name for sign, name in MARKS.items() if mark.startswith(sign)), "utf-8")
    values = Values(tally)
    with path.open(encoding="utf-16" if encoding != "utf-8" else "utf-8-sig", errors="replace", newline="") as file:
        names, separator = _header(file.readline(MAX_CELL))
        known = bool(shapes_of(names)) or any(name in names for name in TEXTS[:3])
        rows = csv.reader(file, delimiter=separator)
        while True:
            try:
                cells = next(rows, None)
            except csv.Error as error:
                tally.not_understood += 1
                tally.problem(f"row is not readable: {error}", f"line {rows.line_num + 1}")
                continue
            if cells is None:
                return
            if not any(cells):
                continue
            place = f"line {rows.line_num + 1}"
            if len(cells) > len(names):
                tally.not_understood += 1
                tally.problem(f"{len(cells)} values for the {len(names)} columns of the header", place)
                continue
            if len(cells) < len(names):
                tally.problem(f"row is cut off: {len(cells)} of {len(names)} values are there", place)
            row = dict(zip(names, cells, strict=False))
            plain = None if known else _plain(row)
            if plain is None:
                yield from values.events(row, place)
            else:
                tally.read += 1
                yield plain


def _header(text: str) -> tuple[tuple[str, ...], str]:
    """Return the names of the columns and what separates them; none where the first line is no header."""
    first = text.split("\n", 1)[0].strip("\r\ufeff")
    if first.startswith("#TYPE"):  # as PowerShell writes above a table
        first = text.split("\n", 2)[1].strip("\r") if text.count("\n") > 1 else ""
    separator = max(SEPARATORS, key=first.count)
    try:
        names = next(csv.reader(io.StringIO(first), delimiter=separator), [])
    except csv.Error:
        return (), separator
    if not 1 < len(names) <= MAX_COLUMNS or len(set(names)) < len(names) or any(len(name) > 200 for name in names):
        return (), separator
    return tuple(name.strip() for name in names), separator


SOURCE = Source("csv", "a table", sniff, read)
