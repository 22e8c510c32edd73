"""One Parquet part of the lake: blocks of events in memory, and the file made of them.

A field of an event becomes a column of its own (`own_column` says which), so that a question about one field reads
that field only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tocsin.lab.lake.block import Block, Rows, Runs, spread
from tocsin.lab.lake.block import Dense as BlockDense
from tocsin.lab.lake.columns import ARROW, BY_NAME, COLUMNS, INNER
from tocsin.lab.lake.grams import Grams, map_of, write_grams
from tocsin.lab.lake.normalise import columns_of
from tocsin.lab.lake.text import text_array

TEXT = pa.string()
GRAMS = ".grams"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRECISION = {0: "s", 3: "ms", 6: "us", 7: "100ns", 9: "ns"}
WHOLE_SECONDS = len("2026-03-13T06:00:00Z")
LONGEST_TIME = 40
BY_LENGTH = pa.array(
    [None, *(PRECISION.get(max(0, size - WHOLE_SECONDS - 1)) for size in range(1, LONGEST_TIME + 1))], pa.string()
)
"""How finely a time was written, by its length."""
TYPES: dict[str, pa.DataType] = {column.name: ARROW[column.kind] for column in COLUMNS}
TYPES |= {name: ARROW[kind] for name, kind in INNER.items()}
WITH_RANGE = (
    *("time", "seq", "src_key", "dst_key", "src_port", "dst_port", "md5", "sha1", "sha256", "domain"),
    *("host_name", "user_name", "code", "channel", "source", "process_name", "logon_id"),
)
"""Columns whose smallest and largest value in a part help to skip it."""
LOOKED_UP = (
    *("md5", "sha1", "sha256", "src_key", "dst_key", "host_name", "user_name", "domain"),
    *("process_guid", "parent_process_guid", "logon_id", "process_name", "file_name"),
)
"""Columns with a Bloom filter of their values, so that a part without the one that is asked for is skipped."""
WRONGLY = 0.02
"""Of the parts without a value, the share whose filter says that they can have it."""
SAMPLE = 1_024
SAMPLE_DIFFERS = 0.85
REPEATED = 0.5
"""A column whose different values are at most this share of its values is stored as a dictionary."""


@dataclass
class PartInfo:
    """What a part holds: rows, the span of their times in microseconds since 1970, and its own fields."""

    name: str
    start: int
    """The place of its first event in the item."""
    rows: int
    first: int | None
    last: int | None
    untimed: int
    own: dict[str, str]
    """Column of an own field -> the field's name."""
    counts: dict[str, int] = field(default_factory=dict)
    """Column (common, or of an own field) -> how many events have a value in it."""


@dataclass
class Dense:
    """A column without the rows that have no value, over the blocks of a part."""

    arrays: list[pa.Array] = field(default_factory=list)
    runs: Runs = field(default_factory=list)


@dataclass
class Part:
    """Blocks on their way into a part."""

    item: str
    start: int
    blocks: list[tuple[int, dict[str, pa.Array]]] = field(default_factory=list)
    """Rows and full columns of each block."""
    dense: dict[str, Dense] = field(default_factory=dict)
    """Columns that only some rows have, over all blocks."""
    own: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    size: int = 0
    unindexed: int = 0

    def add(self, rows: Rows, files: Sequence[tuple[int, str]]) -> None:
        """Take some events; `files` says from which place in the item on they come from which file."""
        block = Block(rows)
        columns = block.columns | columns_of(block)
        written = [time for run in block.runs for time in run.told.times]
        columns["time"] = times_of(written)
        columns["time_precision"] = precision_of(written)
        columns["item"] = pa.repeat(pa.scalar(self.item, pa.string()), block.rows)
        places = [place for run in block.runs for place in run.told.places]
        columns["seq"] = pa.array(places, pa.int64())
        columns["source_file"] = _files_of(places, files)
        self.blocks.append((block.rows, columns))
        for column, held in block.dense.items():
            for one in held:
                self._keep(column, one)
        for column, name in block.names.items():
            self.own.setdefault(column, name)
        self.rows += block.rows
        self.unindexed += block.unindexed

    def write(self, path: Path) -> PartInfo:
        """Write the part's files. The same events give the same bytes."""
        columns: dict[str, pa.Array] = {}
        dictionaries: list[str] = []
        different: dict[str, int] = {}
        grams: Grams = {}
        for name in [*TYPES, *sorted(self.dense)]:
            kind = TYPES.get(name, TEXT)
            dense = self.dense.get(name)
            array = pa.concat_arrays(dense.arrays) if dense else self._column(name, kind)
            if kind == TEXT and array.null_count < len(array):
                encoded = None if _differ(array) else array.dictionary_encode()
                if name in LOOKED_UP:
                    different[name] = len(array if encoded is None else encoded.dictionary)
                if name in self.own or name in ("host", "rest"):
                    grams[name] = map_of(array if encoded is None else encoded.dictionary)
                if encoded is not None and len(encoded.dictionary) <= REPEATED * len(array):
                    array = encoded
                    dictionaries.append(name)
            columns[name] = _spread(array, dense.runs, self.rows) if dense else array
        pq.write_table(
            pa.table(columns),
            path,
            row_group_size=max(1, self.rows),
            compression="zstd",
            compression_level=1,
            use_dictionary=dictionaries,
            dictionary_pagesize_limit=16 * 1024**2,
            write_statistics=list(WITH_RANGE),
            bloom_filter_options={name: {"ndv": count, "fpp": WRONGLY} for name, count in different.items()} or None,
            store_schema=False,
        )
        write_grams(grams, path.with_suffix(GRAMS))
        return self._info(path.name, columns)

    def _info(self, name: str, columns: dict[str, pa.Array]) -> PartInfo:
        """Return what the part holds."""
        span = pc.min_max(columns["time"].cast(pa.int64()))
        return PartInfo(
            name,
            self.start,
            self.rows,
            span["min"].as_py(),
            span["max"].as_py(),
            columns["time"].null_count,
            dict(sorted(self.own.items())),
            {
                column: len(array) - array.null_count
                for column, array in columns.items()
                if array.null_count < len(array) and (column in BY_NAME or column in self.own)
            },
        )

    def _keep(self, column: str, held: BlockDense) -> None:
        """Take a block's values of a column that only some rows have."""
        dense = self.dense.setdefault(column, Dense())
        dense.arrays.append(held.array)
        dense.runs.extend((start + self.rows, size, at) for start, size, at in held.runs)
        self.size += held.array.nbytes

    def _column(self, name: str, kind: pa.DataType) -> pa.Array:
        chunks = [columns[name] if name in columns else pa.nulls(rows, kind) for rows, columns in self.blocks]
        return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)


def _differ(array: pa.Array) -> bool:
    """Tell whether nearly all values are different, by a sample: a dictionary of those only costs."""
    step = len(array) // SAMPLE
    if step == 0:
        return False
    sample = array.take(pa.array(range(0, SAMPLE * step, step))).drop_null()
    return len(sample.unique()) > SAMPLE_DIFFERS * len(sample)


def _spread(array: pa.Array, runs: Runs, rows: int) -> pa.Array:
    """Return an array over all rows of a part, null where no run is."""
    if array.type == TEXT:
        return spread(array, runs, rows)
    # Of a dictionary only the numbers are moved.
    return pa.DictionaryArray.from_arrays(spread(array.indices, runs, rows), array.dictionary)


def _files_of(places: list[int], files: Sequence[tuple[int, str]]) -> pa.Array:
    """Return for each place in the evidence the file it belongs to; null for one without a name."""
    names = text_array([name or None for _, name in files])
    if len(files) == 1:
        return pa.repeat(names[0], len(places))
    starts = [start for start, _ in files]
    return names.take(pa.array([bisect_right(starts, place) - 1 for place in places], pa.int32()))


def times_of(written: list[str]) -> pa.Array:
    """Return written times (ISO 8601, UTC) as timestamps in microseconds; null where a time cannot be read."""
    try:
        # Nanoseconds first: Windows writes seven digits. Years beyond their range take the slow way.
        array = pa.array(written, pa.string()).cast(pa.timestamp("ns", tz="UTC"))
        return array.cast(ARROW["time"], safe=False) if _is_positive(array) else _each_time(written)
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return _each_time(written)


def precision_of(written: list[str]) -> pa.Array:
    """Return how finely times were written: s, ms, us, 100ns, ns; null where there is none."""
    lengths = pc.utf8_length(text_array(written))
    return BY_LENGTH.take(pc.min_element_wise(lengths, LONGEST_TIME))


def _is_positive(array: pa.Array) -> bool:
    """Tell whether all times are after 1970: cutting nanoseconds off earlier ones would round the other way."""
    smallest = pc.min(array.cast(pa.int64())).as_py()
    return smallest is not None and smallest >= 0


def _each_time(written: list[str]) -> pa.Array:
    values: list[int | None] = []
    for text in written:
        try:
            moment = datetime.fromisoformat(text)
            since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
            values.append((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
        except (ValueError, OverflowError):
            values.append(None)
    return pa.array(values, pa.int64()).cast(ARROW["time"])
