"""The lake's files for DuckDB: which parts there are, and a connection that can read them and nothing else."""

# ruff: noqa: S608 - SQL is put together of our own names and quoted paths only; values are parameters.

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from tocsin.lab.lake.grams import Grams, columns_for, read_grams
from tocsin.lab.lake.parts import EPOCH, GRAMS, TYPES, PartInfo
from tocsin.lab.lake.sql import AskedWord, column_sql, word_sql
from tocsin.lab.lake.tree import And, Node, When
from tocsin.lab.lake.write import Manifest, items, read_manifest

SQL_TYPES = {"string": "varchar", "int64": "bigint", "double": "double", "timestamp[us, tz=UTC]": "timestamptz"}
Span = tuple[int | None, int | None]
"""Times in microseconds since 1970, from the first to before the second; None is an open end."""


@dataclass
class StoredPart:
    """A part on disk, with the place of its first record in its item."""

    item: str
    path: Path
    info: PartInfo
    _grams: Grams | None = None

    def grams(self) -> Grams:
        """Return what the part's columns can hold; read once. Raises OSError or ValueError where that is missing."""
        if self._grams is None:
            self._grams = read_grams(self.path.with_suffix(GRAMS))
        return self._grams


class Parts:
    """All parts of a lake at one time, the newest first."""

    def __init__(self, folder: Path) -> None:
        self.names = items(folder)
        self.manifests = {name: read_manifest(folder / name) for name in self.names}
        self._by_item = {name: _stored(folder / name, manifest) for name, manifest in self.manifests.items()}
        everything = [part for parts in self._by_item.values() for part in parts]
        self._newest_first = sorted(everything, key=lambda part: (-_last(part.info), str(part.path)))

    def within(self, span: Span) -> list[StoredPart]:
        """Return the parts that can hold events of a span of time."""
        start, end = span
        if start is None and end is None:
            return self._newest_first
        return [part for part in self._newest_first if _overlaps(part.info, start, end)]

    def holding(self, item: str, seq: int) -> StoredPart | None:
        """Return the part that holds an event."""
        parts = self._by_item.get(item, [])
        place = bisect_right([part.info.start for part in parts], seq) - 1
        return parts[place] if place >= 0 and seq < parts[place].info.start + parts[place].info.rows else None


def connect(folder: Path, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Return a connection that can read files in a folder and none outside, for good."""
    connection = duckdb.connect(":memory:")
    # No spilling: a question that needs more memory than allowed is refused, nothing is written anywhere.
    for setting, value in (
        ("memory_limit", memory_limit),
        ("threads", str(threads)),
        ("temp_directory", ""),
        ("TimeZone", "UTC"),
        ("parquet_metadata_cache", "true"),
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
        ("allow_community_extensions", "false"),
        ("preserve_insertion_order", "false"),
    ):
        connection.execute(f"set {setting} = {quoted(value)}")
    connection.execute(f"set allowed_directories = [{quoted(str(folder.resolve()) + '/')}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def relation(
    parts: Iterable[StoredPart],
    columns: Iterable[str],
    own: Iterable[str] = (),
    words: Mapping[str, AskedWord] | None = None,
) -> str:
    """Return SQL for all rows of some parts: common (or inner) columns, own fields' columns (null in parts that lack
    them), and whether the row has each of some words."""
    asked = words or {}
    wanted = sorted(own)
    groups: dict[tuple[str, ...], list[StoredPart]] = {}
    for part in parts:
        computed = [column_sql(name) if name in part.info.own else "null::varchar" for name in wanted]
        computed += [word_sql(word, columns_for(word.pieces, part.grams())) for word in asked.values()]
        groups.setdefault(tuple(computed), []).append(part)
    chosen = list(columns)
    names = [column_sql(name) for name in [*wanted, *asked]]
    if not groups:
        nulls = [f"null::{_sql_type(name)} as {column_sql(name)}" for name in [*chosen, *wanted]]
        nulls += [f"false as {column_sql(name)}" for name in asked]
        return f"(select {', '.join(nulls) or '1'} where false)"
    selects: list[str] = []
    for computed_here, members in groups.items():
        listed = [column_sql(name) for name in chosen]
        listed += [f"{sql} as {name}" for sql, name in zip(computed_here, names, strict=True)]
        files = ", ".join(quoted(str(part.path)) for part in members)
        selects.append(f"select {', '.join(listed) or '1'} from read_parquet([{files}], hive_partitioning = false)")
    return "(" + " union all ".join(selects) + ")"


def span_of(node: Node) -> Span:
    """Return the span of time outside of which a query has no answer."""
    start: int | None = None
    end: int | None = None
    for part in node.parts if isinstance(node, And) else (node,):
        if isinstance(part, When):
            if part.start is not None:
                start = max(microseconds(part.start), start if start is not None else -(2**63))
            if part.end is not None:
                end = min(microseconds(part.end), end if end is not None else 2**63)
    return start, end


def microseconds(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _stored(folder: Path, manifest: Manifest) -> list[StoredPart]:
    return [StoredPart(manifest.item, folder.resolve() / info.name, info) for info in manifest.parts]


def _last(info: PartInfo) -> int:
    return info.last if info.last is not None else -(2**63)


def _overlaps(info: PartInfo, start: int | None, end: int | None) -> bool:
    if info.first is None or info.last is None:
        return False
    return (start is None or info.last >= start) and (end is None or info.first < end)


def _sql_type(name: str) -> str:
    return SQL_TYPES[str(TYPES[name])] if name in TYPES else "varchar"


def quoted(text: str) -> str:
    """Return text as an SQL string of our own making: a path or a setting."""
    return "'" + text.replace("'", "''") + "'"
