"""Some thousand events on their way into a part: rows come in, columns in Arrow come out.

Events of one kind lie together. Each field's values become one Arrow array for all kinds that have it, because making
an array costs more than the values of a rare kind in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from tocsin.lab.lake.columns import own_column
from tocsin.lab.lake.gather import NAMES_PER_RECORD, Gathered, Values, gathered
from tocsin.lab.lake.text import KINDS, array_of, json_of, printable, text_array, text_of
from tocsin.lab.record import Record
from tocsin.lab.sources.rows import Event, Key

TEXT = pa.string()
CONSTANT = (str, int)
"""Types of what all events of a group can say about themselves, so that it is kept once."""


class Rows:
    """Events as their reader gives them, by key."""

    def __init__(self) -> None:
        self.groups: dict[Key, tuple[list[Any], list[int]]] = {}
        self.names: set[str] = set()
        """Names of own fields."""
        self.count = 0

    def add(self, event: Event, place: int) -> None:
        """Take one more event, with its place in the evidence."""
        group = self.groups.get(event[0])
        if group is None:
            group = self.groups[event[0]] = ([], [])
            self.names.update(event[0].names)
        record = event[1][0]
        if type(record) is Record:
            self.names.update(islice(record.data, NAMES_PER_RECORD))
        group[0].append(event[1])
        group[1].append(place)
        self.count += 1


class Run:
    """Events of one group within a block: from row `start`, `size` of them."""

    def __init__(self, start: int, told: Gathered) -> None:
        self.start = start
        self.size = len(told.places)
        self.told = told


Runs = list[tuple[int, int, list[int] | None]]
"""Row of the first, number of values, and which rows from there they belong to (None = that many rows)."""


class Pieces:
    """One field's values on their way into an array."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.runs: Runs = []
        self.kinds: set[type] = set()

    def add(self, start: int, values: Values, kinds: set[type]) -> None:
        """Take a group's values."""
        self.values.extend(values.values)
        self.runs.append((start, len(values.values), values.at))
        self.kinds |= kinds


@dataclass(slots=True)
class Dense:
    """A column without the rows that have no value: the values, and where they belong."""

    array: pa.Array
    runs: Runs

    def part(self, start: int, end: int) -> pa.Array:
        """Return the values of some rows, which begin and end with runs; null where there is none."""
        used = 0
        runs: Runs = []
        size = 0
        for at, count, places in self.runs:
            if start <= at < end:
                runs.append((at - start, count, places))
                size += count
            elif at < start:
                used += count
        values = self.array.slice(used, size)
        return values if size == end - start else spread(values, runs, end - start)


def spread(array: pa.Array, runs: Runs, rows: int) -> pa.Array:
    """Return an array over all rows: the values of each run where it belongs, null elsewhere."""
    index = np.zeros(rows, np.int64)
    absent = np.ones(rows, bool)
    used = 0
    for start, size, at in runs:
        where: Any = slice(start, start + size) if at is None else np.array(at) + start
        index[where] = np.arange(used, used + size)
        absent[where] = False
        used += size
    return array.take(pa.array(index, mask=absent))


class Block:
    """Events of several groups as columns."""

    def __init__(self, rows: Rows) -> None:
        groups = sorted(rows.groups.items(), key=lambda item: _sorting(item[0]))
        self.runs: list[Run] = []
        self.rows = 0
        for key, (members, places) in groups:
            self.runs.append(Run(self.rows, gathered(key, members, places)))
            self.rows += len(members)
        self.unindexed = 0
        self.names: dict[str, str] = {}
        """Own column -> the first field's name that it holds."""
        self.dense: dict[str, list[Dense]] = {}
        """Columns of own fields and of what events say of themselves."""
        self._fields: dict[str, Dense] = {}
        self._left: dict[str, dict[int, dict[str, Any]]] = {"d": {}, "s": {}}
        """Per row, the fields of data and of system that columns do not say exactly."""
        self._rest: dict[int, list[str]] = {}
        self.columns: dict[str, pa.Array] = {}
        self._gather()

    def field(self, name: str, start: int, end: int) -> pa.Array:
        """Return an own field as text for some rows, which begin and end with runs."""
        dense = self._fields.get(name)
        return pa.nulls(end - start, TEXT) if dense is None else dense.part(start, end)

    def system(self, name: str, run: Run) -> pa.Array | None:
        """Return something of what a run's events say about themselves, or None where none says it."""
        values = run.told.system.get(name)
        if values is None:
            constant = run.told.constants.get(name)
            return None if constant is None else pa.repeat(pa.scalar(text_of(constant), TEXT), run.size)
        array = array_of(list(values.values), set(map(type, values.values)))
        return array if values.at is None else spread(array, [(0, len(array), values.at)], run.size)

    def _gather(self) -> None:
        """Make the columns of own fields and of what events say of themselves, and the layouts of both."""
        data: dict[str, Pieces] = {}
        system: dict[str, Pieces] = {}
        layouts: list[str] = []
        for run in self.runs:
            told = run.told
            layout: dict[str, Any] = {"d": self._take(run, "d", told.data, data)}
            for place, fields in told.left_over.items():
                self._left["d"][run.start + place] = dict(fields)
                self._rest[run.start + place] = [text_of(value) or "" for value in fields.values()]
                self.unindexed += len(fields)
            constants = dict(told.constants)
            changing: dict[str, Values] = {}
            for name, values in told.system.items():
                if values.at is None and _is_constant(values.values):
                    constants[name] = values.values[0]
                else:
                    changing[name] = values
            layout["s"] = self._take(run, "s", changing, system)
            layout["c"], layout["h"] = constants, told.host_is
            layouts.append(json_of(layout))
        self.columns["layout"] = self.each_run(layouts)
        self._fields = {name: self._array("d", name, pieces) for name, pieces in data.items()}
        for name, dense in self._fields.items():
            column = own_column(name)
            self.names.setdefault(column, name)
            self.dense.setdefault(column, []).append(dense)
        for name, pieces in system.items():
            self.dense.setdefault(system_column(name), []).append(self._array("s", name, pieces))
        self.columns["fields"] = self._sparse({row: json_of(left) for row, left in self._left["d"].items()})
        self.columns["system"] = self._sparse({row: json_of(left) for row, left in self._left["s"].items()})
        self.columns["rest"] = self._sparse({row: "\n".join(texts) for row, texts in self._rest.items()})

    def _take(self, run: Run, part: str, fields: dict[str, Values], into: dict[str, Pieces]) -> dict[str, str]:
        """Put a run's fields where they belong, and return the layout: name -> kind, in capitals where events can lack
        the field."""
        layout: dict[str, str] = {}
        taken: set[str] = set()
        for name, values in fields.items():
            column = own_column(name)
            if column in taken:
                self._leave(run, part, name, values, all_of_them=True)
                continue
            taken.add(column)
            kinds = set(map(type, values.values))
            some = kinds - {type(None)}
            letter = KINDS.get(next(iter(some)), "") if len(some) == 1 else "s" if not some else ""
            if values.at is not None and type(None) in kinds:
                letter = ""
            if not letter:
                self._leave(run, part, name, values, all_of_them=False)
                letter = "s"
            layout[name] = letter.upper() if values.at is not None else letter
            pieces = into.get(name)
            if pieces is None:
                pieces = into[name] = Pieces()
            pieces.add(run.start, values, kinds)
        return layout

    def _array(self, part: str, name: str, pieces: Pieces) -> Dense:
        """Return a field's array of text, and keep as JSON what no text can be."""
        try:
            array = array_of(pieces.values, pieces.kinds)
        except UnicodeEncodeError:
            array = text_array([printable(value) for value in pieces.values])
            values = iter(pieces.values)
            for start, size, at in pieces.runs:
                for place in range(size) if at is None else at:
                    value = next(values)
                    if type(value) is str and printable(value) != value:
                        self._left[part].setdefault(start + place, {})[name] = value
        return Dense(array, pieces.runs)

    def _leave(self, run: Run, part: str, name: str, values: Values, *, all_of_them: bool) -> None:
        """Keep as JSON what a column of text does not say exactly, and as words what has no column at all."""
        at = range(run.size) if values.at is None else values.at
        left = self._left[part]
        for place, value in zip(at, values.values, strict=True):
            exact = type(value) is str and not all_of_them
            if not exact and (value is not None or all_of_them or values.at is not None):
                left.setdefault(run.start + place, {})[name] = value
            if all_of_them and part == "d":
                self._rest.setdefault(run.start + place, []).append(text_of(value) or "")

    def each_run(self, per_run: Sequence[str | None]) -> pa.Array:
        """Return for all rows what is the same for each run."""
        index = np.repeat(np.arange(len(self.runs)), [run.size for run in self.runs])
        return text_array(per_run).take(pa.array(index))

    def _sparse(self, texts: dict[int, str]) -> pa.Array:
        if not texts:
            return pa.nulls(self.rows, TEXT)
        return text_array([texts.get(row) for row in range(self.rows)])


@lru_cache(maxsize=65_536)
def system_column(name: str) -> str:
    """Return the column of something that events say about themselves."""
    return f"s_{own_column(name)}"


def _is_constant(values: Sequence[Any]) -> bool:
    """Tell whether all values are the same text or whole number."""
    return type(values[0]) in CONSTANT and len(set(values)) == 1 and len(set(map(type, values))) == 1


def _sorting(key: Key) -> tuple[str, str, str]:
    return key.channel, key.provider, "" if key.event_id is None else str(key.event_id)
