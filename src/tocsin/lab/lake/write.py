"""Load events into the lake: one folder for each evidence item, Parquet parts within, all or nothing.

An item is written beside the lake's items and takes its place by a rename when it is complete, so a reader never
sees half of one and a stopped load starts over. Each part holds the next events in their order (65,536, or fewer
where they are large), so memory does not grow with the item; within a part events of one kind lie together, because
they compress and answer best so. The same events give the same bytes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab.lake.block import Rows
from tocsin.lab.lake.parts import Part, PartInfo
from tocsin.lab.record import Record
from tocsin.lab.sources.rows import Event, LooseRows, key_of

MANIFEST = "manifest.json"
FORMAT = 2
"""Number of the layout that this code writes; a reader refuses others."""
ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
PART_ROWS = 65_536
PART_SIZE = 36 * 1024**2
"""Bytes of own fields after which a part is closed."""
PART_NAMES = 4_000
"""Different field names after which a part is closed."""
BLOCK_ROWS = 16_384
BLOCK_SIZE = 6 * 1024**2
"""Events, and bytes that they were read from, that are held as objects before they become columns."""
OVERHEAD = 256
"""Bytes that are reckoned for what an event says about itself, where the JSON that it was read from is not at hand."""

Progress = Callable[[int], None]
"""Called with the number of records written so far, after each part."""


@dataclass
class Manifest:
    """What the lake holds of one evidence item."""

    item: str
    rows: int = 0
    unindexed: int = 0
    """Own fields that can be read and found by words, but not by name: their records have too many."""
    parts: list[PartInfo] = field(default_factory=list)
    format: int = FORMAT


def write_item(
    folder: Path, item: str, records: Iterable[Record], progress: Progress | None = None, *, part_rows: int = PART_ROWS
) -> Manifest:
    """Load the records of an evidence item and return what the lake then holds of it.

    An item that is already complete is left as it is, and its manifest returned without taking a record: a stopped
    run over many items can simply be repeated. `item` is up to 100 letters, digits, `_` and `-`.
    Raises ValueError for another name, BlockingIOError where another process is loading the same item, OSError where
    the folder cannot be written, and whatever the records raise; nothing is left behind then.
    """
    with new_item(folder, item) as partial:
        if partial is None:
            return read_manifest(folder / item)
        manifest = Manifest(item)
        writer = Writer(partial.folder, item, part_rows=part_rows)
        for record in records:
            writer.add(loose(record), record.source_file)
            if progress is not None and len(writer.parts) > len(manifest.parts):
                manifest.parts.append(writer.parts[-1])
                progress(sum(part.rows for part in writer.parts))
        manifest.parts, manifest.unindexed = writer.finish(), writer.unindexed
        manifest.rows = sum(part.rows for part in manifest.parts)
        if progress is not None:
            progress(manifest.rows)
        partial.complete(manifest)
        return manifest


@dataclass(frozen=True)
class NewItem:
    """An item that is being written: the folder for its parts, which takes its place when it is complete."""

    folder: Path
    place: Path

    def complete(self, manifest: Manifest) -> None:
        """Put the item in its place."""
        _write_manifest(self.folder, manifest)
        self.folder.rename(self.place)
        _sync(self.place.parent)


@contextmanager
def new_item(folder: Path, item: str) -> Iterator[NewItem | None]:
    """Give a folder for a new item of a lake, None where the item is there already; others are kept from it meanwhile.

    What is not complete in the end is removed. Raises ValueError for a name that is none of an item, BlockingIOError
    where another process is loading the same item, OSError where the folder cannot be written.
    """
    if not ITEM.fullmatch(item):
        raise ValueError(f"{item!r} cannot name an item of the lake: use up to 100 letters, digits, '_' and '-'")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, item):
        if (folder / item / MANIFEST).exists():
            yield None
            return
        partial = folder / f".partial-{item}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        try:
            yield NewItem(partial, folder / item)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def items(folder: Path) -> list[str]:
    """Return the names of the items that a lake holds, sorted; none where the folder is not there."""
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(folder) if ITEM.fullmatch(entry.name) and entry.is_dir())


def read_manifest(item_folder: Path) -> Manifest:
    """Return an item's manifest. Raises ValueError where it is of another format or broken, OSError where missing."""
    try:
        content = orjson.loads((item_folder / MANIFEST).read_bytes())
        if content["format"] != FORMAT:
            raise ValueError(f"{item_folder} was written in format {content['format']}, this version reads {FORMAT}")
        content["parts"] = [PartInfo(**part) for part in content["parts"]]
        return Manifest(**content)
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"{item_folder / MANIFEST} is damaged ({error}): load the item again") from error


@contextmanager
def _alone(folder: Path, item: str) -> Iterator[None]:
    """Hold the lock of an item; the empty file stays, because removing it would let two hold it."""
    with (folder / f".lock-{item}").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(f"item {item} is being loaded by another process: wait for it") from None
        yield


def loose(record: Record) -> Event:
    """Return a record as a reader would give it."""
    return key_of(LooseRows, record.channel, record.provider, record.event_id, ()), (record, record.data, None)


class Writer:
    """Writes events into parts in a folder, one after the other; the events' places count from `start`."""

    def __init__(
        self, folder: Path, item: str, *, start: int = 0, prefix: str = "part-", part_rows: int = PART_ROWS
    ) -> None:
        self.parts: list[PartInfo] = []
        self.unindexed = 0
        self._folder = folder
        self._item = item
        self._prefix = prefix
        self._part_rows = part_rows
        self._block_rows = min(BLOCK_ROWS, part_rows)
        self._next = start
        self._part = Part(item, start)
        self._rows = Rows()
        self._size = 0
        self._files: list[tuple[int, str]] = []

    def add(self, event: Event, file: str) -> None:
        """Take one more event of a file."""
        if not self._files or self._files[-1][1] != file:
            self._files.append((self._next, file))
        self._rows.add(event, self._next)
        self._next += 1
        self._size += _size(event[1])
        names = len(self._rows.names) + len(self._part.own)
        if self._rows.count >= self._block_rows or self._size >= BLOCK_SIZE or names >= PART_NAMES:
            self._close_block()

    def finish(self) -> list[PartInfo]:
        """Write what is left and return what the parts hold."""
        self._close_block()
        self._close_part()
        return self.parts

    def _close_block(self) -> None:
        if not self._rows.count:
            return
        names = len(self._rows.names) + len(self._part.own)
        self._part.add(self._rows, self._files)
        self._rows, self._size, self._files = Rows(), 0, self._files[-1:]
        part = self._part
        full = part.rows + self._block_rows > self._part_rows
        if full or part.size >= PART_SIZE or names >= PART_NAMES:
            self._close_part()

    def _close_part(self) -> None:
        if self._part.rows:
            self.parts.append(self._part.write(self._folder / f"{self._prefix}{len(self.parts):05}.parquet"))
            self.unindexed += self._part.unindexed
            self._part = Part(self._item, self._next)


def _size(row: Any) -> int:
    """Return roughly the bytes that a row was read from."""
    for part in row[1:3]:
        if type(part) is bytes:
            return len(part)
    fields = row[0].data if type(row[0]) is Record else row[1] if type(row[1]) is dict else row[0]
    return OVERHEAD + sum(len(value) if type(value) is str else 16 for value in fields.values())


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    with (folder / MANIFEST).open("wb") as file:
        file.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
