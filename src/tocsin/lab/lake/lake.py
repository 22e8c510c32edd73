"""Ask the lake: search, facets, histogram, pivots, rare values, first and last times, one event with all its fields.

A `Lake` reads a folder that `write_item` fills; items that are added later are seen by the next question. Every
question is answered exactly, over all events that match.
"""

# ruff: noqa: S608 - SQL is put together of our own names only (see sql.py); values are parameters.

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from tocsin.lab.lake import buckets as steps
from tocsin.lab.lake.answers import Event, Facet, Field, Histogram, LakeError, Page, Seen
from tocsin.lab.lake.columns import BY_NAME, own_column
from tocsin.lab.lake.exact import SHOWN, columns_of_layouts, moment_of, selected, shown, whole_event
from tocsin.lab.lake.paging import Order, after_place, by_time, cursor_of, is_past, order_of, place_of
from tocsin.lab.lake.parts import EPOCH
from tocsin.lab.lake.query import parse
from tocsin.lab.lake.sql import Condition, column_sql, condition_of
from tocsin.lab.lake.store import Parts, Span, StoredPart, connect, quoted, relation, span_of
from tocsin.lab.lake.tree import Node
from tocsin.lab.lake.write import items

MAX_LIMIT = 1_000
MAX_BUCKETS = 1_000
COLUMNS_AT_ONCE = 200  # of one event, read by one question: a reader keeps about 250 kB for each
MICROSECOND = timedelta(microseconds=1)
PARAMETER = re.compile(r"\$(\w+)")


class Lake:
    """A folder of loaded evidence, ready for questions.

    `memory_limit` (for DuckDB, such as '300MB') and `threads` bound what a question may use; nothing is written.
    Not for use by several threads at a time, except for `interrupt`.
    """

    def __init__(self, folder: Path, *, memory_limit: str = "300MB", threads: int = 2) -> None:
        """Open a lake. Raises ValueError where an item is damaged or of another format."""
        self.folder = folder
        self._parts = Parts(folder)
        self._connection = connect(folder, memory_limit, threads)

    def __enter__(self) -> Lake:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and files."""
        self._connection.close()

    def interrupt(self) -> None:
        """Stop the question that another thread is asking: it gets a LakeError."""
        self._connection.interrupt()

    def items(self) -> dict[str, int]:
        """Return the items of the lake and how many events each has."""
        return {name: manifest.rows for name, manifest in self._current().manifests.items()}

    def search(self, query: str, *, after: str | None = None, limit: int = 100, order: Order = "newest") -> Page:
        """Return the next matching events in order of time, those without a time last.

        `after` is a page's `next` cursor; it stays right while items are added. Raises QueryError, LakeError.
        """
        limit = max(1, min(limit, MAX_LIMIT))
        asked = self.asked(query)
        down = "desc" if order == "newest" else "asc"
        where = asked.condition.sql
        cursor = None if after is None else place_of(after)
        if cursor is not None:
            where = f"({where}) and {after_place(cursor, order, asked.condition)}"
        sql = f"where {where} order by time {down} nulls last, item, seq limit {limit + 1}"
        rows: list[tuple[Any, ...]] = []
        for parts in by_time(asked.parts, order, cursor):
            if len(rows) > limit and is_past(parts[0].info, rows[-1][0], order):
                break
            source = asked.source("time", "item", "seq", parts=parts)
            found = self.rows(f"select epoch_us(time), item, seq from {source} {sql}", asked.values)
            rows = sorted(rows + found, key=partial(order_of, order))[: limit + 1]
        page = rows[:limit]
        more = cursor_of(*page[-1]) if len(rows) > limit else None
        return Page(self._fetch([(item, seq) for _, item, seq in page]), more)

    def count(self, query: str) -> int:
        """Return how many events match. Raises QueryError, LakeError."""
        asked = self.asked(query)
        return int(self.rows(f"select count(*) from {asked.source()} where {asked.condition.sql}", asked.values)[0][0])

    def facets(self, query: str, columns: Sequence[str], top: int = 10) -> dict[str, Facet]:
        """Return the most frequent values of each of some columns (or own fields, as `fields.NAME`).

        Raises QueryError, LakeError.
        """
        names = list(dict.fromkeys(columns))
        if not names:
            return {}
        asked = self.asked(query, names)
        keys = [self._column(name) for name in names]
        # One pass over the events for all columns: grouping() has a bit for each column that a group is not by.
        groups = [2 ** len(keys) - 1 - 2 ** (len(keys) - 1 - place) for place in range(len(keys))]
        value = " ".join(f"when {group} then {key}::varchar" for group, key in zip(groups, keys, strict=True))
        grouped = ", ".join(f"({key})" for key in keys)
        source = asked.source(*(column for name in names for column in _common(name)))
        rows = self.rows(
            f"select g, v, n, total from (select g, v, n, sum(n) over (partition by g) as total, row_number() over "
            f"(partition by g order by v is null desc, n desc, v) as place from (select grouping({', '.join(keys)}) as g, "
            f"case grouping({', '.join(keys)}) {value} end as v, count(*) as n from {source} where {asked.condition.sql} "
            f"group by grouping sets ({grouped}))) where place <= {max(0, int(top)) + 1} order by g, place",
            asked.values,
        )
        return {
            name: _facet([row[1:] for row in rows if row[0] == group], top)
            for name, group in zip(names, groups, strict=True)
        }

    def histogram(self, query: str, buckets: int = 60) -> Histogram:
        """Return how many events match over time, in at most `buckets` spans of a round length.

        Raises QueryError, LakeError.
        """
        asked = self.asked(query)
        buckets = max(1, min(buckets, MAX_BUCKETS))
        grain = steps.coarse_step(*self.extent(asked))
        counts, untimed = self.counts(asked, grain, None)
        while counts:
            first, last = min(counts), max(counts) + grain
            step = steps.step_for(first, last, buckets)
            if step >= grain:
                binned = steps.binned(counts, step)
                return Histogram(
                    timedelta(microseconds=step), [(EPOCH + at * MICROSECOND, n) for at, n in binned], untimed
                )
            # All matches lie close together: count again, finer, where they are.
            grain = steps.coarse_step(first, last)
            counts, _ = self.counts(asked, grain, (first, last))
        return Histogram(timedelta(microseconds=grain), [], untimed)

    def pivot(self, query: str, by: Sequence[str], limit: int = 100) -> list[Seen]:
        """Return the most frequent combinations of some columns' values. Raises QueryError, LakeError."""
        return self._seen(query, by, "n desc, hosts desc", limit, all_there=False)

    def stack(self, name: str, query: str = "", limit: int = 100) -> list[Seen]:
        """Return the rarest values of a column or own field: those on the fewest hosts first, then the fewest events.

        Raises QueryError, LakeError.
        """
        return self._seen(query, [name], "hosts, n", limit, all_there=True)

    def first_last(self, name: str, query: str = "", limit: int = 100) -> list[Seen]:
        """Return when each value of a column or own field was first and last seen, the newest arrivals first.

        Raises QueryError, LakeError.
        """
        return self._seen(query, [name], "first desc nulls last", limit, all_there=True)

    def select(
        self,
        sql: str,
        columns: Sequence[str],
        *,
        fields: Mapping[str, str] | None = None,
        query: str = "",
        values: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Answer SQL of an analysis, which finds the events that match a query as the table `events`.

        `events` has some common or inner columns, and own fields (name -> the column's name in `events`). SQL and names
        are the analysis's own words; a person's or the evidence's go into `values` ($name; not p0 ...). Raises as `count`.
        """
        asked = self.asked(query)
        listed = [column_sql(name) for name in columns]
        for name, alias in (fields or {}).items():
            asked.condition.own.add(own_column(name))
            listed.append(f"{column_sql(own_column(name))} as {column_sql(alias)}")
        source = f"select {', '.join(listed)} from {asked.source(*columns)} where {asked.condition.sql}"
        return self.rows(f"with events as not materialized ({source}) {sql}", {**asked.values, **(values or {})})

    def event(self, event_id: str) -> Event | None:
        """Return an event with all of its own fields, or None where the lake has no such event. Raises LakeError."""
        item, _, number = event_id.rpartition(".")
        seq = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else -1
        part = self._current().holding(item, seq)
        if part is None:
            return None
        told = json.loads(self._one(part, seq, ["layout"])["layout"])
        return whole_event(event_id, self._one(part, seq, columns_of_layouts([told])), told)

    def _one(self, part: StoredPart, seq: int, names: Sequence[str]) -> dict[str, Any]:
        """Return some columns of one event, a few hundred at a time: DuckDB holds a buffer for each that it reads."""
        wanted, found = list(dict.fromkeys(names)), dict[str, Any]()
        for start in range(0, len(wanted), COLUMNS_AT_ONCE):
            chosen = wanted[start : start + COLUMNS_AT_ONCE]
            rows = self.rows(
                f"select {', '.join(map(selected, chosen))} from read_parquet({quoted(str(part.path))}, "
                "hive_partitioning = false) where seq = $seq",
                {"seq": seq},
            )
            if not rows:
                raise LakeError(f"{part.path} does not hold what its manifest says: load item {part.item} again")
            found.update(zip(chosen, rows[0], strict=True))
        return found

    def seen(self, name: str, value: str) -> Seen:
        """Return how often a value of a column (or own field) is seen, on how many hosts, and when first and last.

        Raises QueryError, LakeError. Example: `lake.seen("process_name", "psexec.exe").first`
        """
        quoted_value = value.replace('"', '""')
        asked = self.asked(f'{name}:"{quoted_value}"')
        ((count, hosts, first, last),) = self.rows(
            "select count(*), count(distinct host_name), epoch_us(min(time)), epoch_us(max(time)) "
            f"from {asked.source('time', 'host_name')} where {asked.condition.sql}",
            asked.values,
        )
        return Seen((value,), count, hosts, moment_of(first), moment_of(last))

    def fields(self) -> list[Field]:
        """Return all common columns and own fields that any event has, with how many have it, the most frequent first.

        Example: `[field.name for field in lake.fields() if field.own]`
        """
        current = self._current()
        counts: dict[str, int] = {}
        own: dict[str, str] = {}
        for manifest in current.manifests.values():
            for part in manifest.parts:
                own = part.own | own
                for column, count in part.counts.items():
                    counts[column] = counts.get(column, 0) + count
        events = sum(manifest.rows for manifest in current.manifests.values())
        found = [
            Field(f"fields.{own[name]}" if name in own else name, name in own, count, count / events)
            for name, count in counts.items()
        ]
        return sorted(found, key=lambda each: (-each.events, each.name))

    def _seen(self, query: str, by: Sequence[str], order: str, limit: int, *, all_there: bool) -> list[Seen]:
        if not by:
            raise LakeError("Name at least one column to count by")
        asked = self.asked(query, by)
        keys = [self._column(name) for name in by]
        common = [column for name in by for column in _common(name)]
        source = asked.source("time", "host_name", *common)
        where = asked.condition.sql
        if all_there:
            where = f"({where}) and " + " and ".join(f"{key} is not null" for key in keys)
        listed = ", ".join(f"{key}::varchar" for key in keys)
        places = ", ".join(str(place + 1) for place in range(len(keys)))
        rows = self.rows(
            f"select {listed}, count(*) as n, count(distinct host_name) as hosts, epoch_us(min(time)) as first, "
            f"epoch_us(max(time)) as last from {source} where {where} group by {places} "
            f"order by {order}, {places} limit {max(1, int(limit))}",
            asked.values,
        )
        return [Seen(row[:-4], row[-4], row[-3], moment_of(row[-2]), moment_of(row[-1])) for row in rows]

    def counts(self, asked: Asked, step: int, span: Span | None) -> tuple[dict[int, int], int]:
        """Return how many events there are in each step of time, by its start, and how many have no time."""
        where, values = asked.condition.sql, asked.values
        if span is not None:
            where = f"({where}) and time >= $first and time < $last"
            values = values | {"first": moment_of(span[0]), "last": moment_of(span[1])}
        rows = self.rows(
            f"select epoch_us(time) // {step}, count(*) from {asked.source('time')} where {where} group by 1",
            values,
        )
        return {int(at) * step: count for at, count in rows if at is not None}, sum(n for at, n in rows if at is None)

    def extent(self, asked: Asked) -> tuple[int, int]:
        """Return the span of time in which matching events can be."""
        firsts = [part.info.first for part in asked.parts if part.info.first is not None]
        lasts = [part.info.last for part in asked.parts if part.info.last is not None]
        start, end = asked.span
        first, last = min(firsts, default=0), max(lasts, default=0)
        return max(first, start) if start is not None else first, min(last, end) if end is not None else last

    def _fetch(self, wanted: list[tuple[str, int]]) -> list[Event]:
        """Return events in the given order, reading only the parts that they are in."""
        if not wanted:
            return []
        parts = self._current()
        holding = {part.path: part for item, seq in wanted if (part := parts.holding(item, seq)) is not None}
        listed = ", ".join(selected(name) for name in SHOWN)
        rows = self.rows(
            f"select seq, {listed} from {relation(holding.values(), [*SHOWN, 'seq'])} where seq in (select unnest($seqs))",
            {"seqs": [seq for _, seq in wanted]},
        )
        found = {}
        for row in rows:
            columns = dict(zip(SHOWN, row[1:], strict=True))
            found[columns["item"], row[0]] = columns
        return [Event(f"{item}.{seq}", shown(found[item, seq])) for item, seq in wanted]

    def asked(self, query: str, columns: Sequence[str] = ()) -> Asked:
        """Return a query as it goes to DuckDB, with the own fields among some columns. Raises QueryError."""
        tree = parse(query)
        condition = condition_of(tree)
        for name in columns:
            if _is_own(name):
                condition.own.add(own_column(name.partition(".")[2]))
        span = span_of(tree)
        parts = self._current()
        return Asked(tree, condition, span, parts.within(span))

    def _column(self, name: str) -> str:
        if _is_own(name):
            return column_sql(own_column(name.partition(".")[2]))
        if name not in BY_NAME:
            raise LakeError(f"There is no column {name!r}: use one of {', '.join(BY_NAME)}, or fields.NAME")
        return column_sql(name)

    def _current(self) -> Parts:
        """Return the parts as they are now."""
        if items(self.folder) != self._parts.names:
            self._parts = Parts(self.folder)
        return self._parts

    def rows(self, sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return the answer to SQL of the lake's own modules. Raises LakeError."""
        # DuckDB refuses values that the SQL does not name, such as a word that no part can have.
        named = {name: values[name] for name in PARAMETER.findall(sql) if name in values}
        with _explained():
            return self._connection.execute(sql, named).fetchall()


@dataclass
class Asked:
    """A query on its way to DuckDB."""

    tree: Node
    condition: Condition
    span: Span
    parts: list[StoredPart]

    @property
    def values(self) -> dict[str, Any]:
        """The parameters that the condition names."""
        return self.condition.parameters

    def source(self, *columns: str, parts: Sequence[StoredPart] | None = None) -> str:
        """Return SQL for the rows in question, with the columns that the condition needs and some more."""
        wanted = sorted({*self.condition.columns, *columns})
        among = self.parts if parts is None else parts
        return relation(among, wanted, self.condition.own, self.condition.words)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what DuckDB raises into words for the person who asked."""
    try:
        yield
    except duckdb.InterruptException:
        raise LakeError("The question was stopped before it was answered") from None
    except duckdb.OutOfMemoryException as error:
        raise LakeError(
            f"The question needs more memory than it may use: narrow it by time or host ({error})"
        ) from error
    except duckdb.Error as error:
        raise LakeError(f"The lake could not be read: {error}") from error


def _facet(rows: list[tuple[Any, ...]], top: int) -> Facet:
    """Return a facet of (value, count, all events) by falling count, the missing value first."""
    missing = sum(count for value, count, _ in rows if value is None)
    values = [(value, count) for value, count, _ in rows if value is not None][: max(0, top)]
    total = int(rows[0][2]) if rows else 0
    return Facet(values, total - missing - sum(count for _, count in values), missing)


def _is_own(name: str) -> bool:
    return name.startswith("fields.")


def _common(name: str) -> list[str]:
    return [] if _is_own(name) else [name]
