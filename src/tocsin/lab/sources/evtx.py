"""Windows event log files (EVTX): read the records, and say which ones the file promises and does not give.

An EVTX file is a header of 4,096 bytes and chunks of 65,536 bytes, each on its own. A chunk's header
carries the first and last number of the records in it, so a damaged chunk that yields fewer, without any
error, is noticed. Layout:
https://github.com/libyal/libevtx/blob/main/documentation/Windows%20XML%20Event%20Log%20(EVTX).asciidoc
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab.record import Tally
from tocsin.lab.sources.making_rows import xml_row
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.windows_event import NOT_AN_EVENT

MAGIC = b"ElfFile\0"
HEADER_SIZE = 4096
CHUNK_SIZE = 65536
CHUNK_MAGIC = b"ElfChnk\0"
CHUNK_NUMBERS = struct.Struct("<8sQQQQ")
FILE_COUNTS = struct.Struct("<42xH")
EMPTY_CHUNK = 2**63
"""A chunk without records writes all ones as its last record number."""
MAX_ERRORS = 10_000
"""A parser that keeps failing without coming further is stopped here."""


@dataclass(frozen=True)
class Chunk:
    """What a chunk's header says of its records: numbers (counted in this file) and ids (counted in the
    channel)."""

    place: str
    count: int
    first_id: int
    last_id: int


def read_evtx(path: Path, tally: Tally, start: int = HEADER_SIZE, end: int | None = None) -> Iterator[Event]:
    """Yield the records of the chunks from byte `start` to byte `end`, and note in `tally` what is missing.

    `start` and `end` lie on chunk borders. Raises OSError where the file cannot be read.
    """
    # Late, so that a scan of JSON does not load the parser.
    from evtx import PyEvtxParser

    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        header = file.read(HEADER_SIZE)
        if len(header) < HEADER_SIZE:
            tally.not_understood += 1
            tally.problem("EVTX file is cut off within its header", f"byte {len(header)}")
            return
        if start == HEADER_SIZE:
            _note_missing_end(header, size, tally)
        stop = size if end is None else min(end, size)
        chunks = _chunks(file.fileno(), start, stop, tally)
        # The parser reads a file itself somewhat sooner; it takes names only in Unicode.
        whole = start == HEADER_SIZE and stop == size and str(path).isascii()
        # The header's chunk count covers the whole file; the parser goes by the bytes it is given.
        content = str(path) if whole else io.BytesIO(header + os.pread(file.fileno(), stop - start, start))
    counts = [0] * len(chunks)
    try:
        parser = PyEvtxParser(content, number_of_threads=1)
    except (RuntimeError, OSError, ValueError) as error:
        tally.not_understood += 1
        tally.problem(f"EVTX header is not readable: {error}", "byte 0")
        return
    current = 0
    for raw in _rows(parser.records_json(), tally):
        number = raw["event_record_id"]
        current = _chunk_of(number, chunks, current)
        if current >= 0:
            counts[current] += 1
        try:
            text = raw["data"].encode()
            event = xml_row(orjson.loads(text)["Event"], text, number, raw["timestamp"])
        except NOT_AN_EVENT as error:
            tally.not_understood += 1
            tally.problem(f"record is not a readable Windows event: {error!r}", f"record {number}")
            continue
        tally.read += 1
        yield event
    _note_losses(chunks, counts, tally)


def _rows(iterator: Any, tally: Tally) -> Iterator[dict[str, Any]]:
    """Yield what the parser gives; a record it stumbles over is noted and the next one is tried."""
    errors = 0
    while errors < MAX_ERRORS:
        try:
            yield next(iterator)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError) as error:
            errors += 1
            tally.problem(f"EVTX parser: {error}", f"after record {tally.read} of this part")


def _chunks(file: int, start: int, stop: int, tally: Tally) -> list[Chunk]:
    """Return the chunks in a part of an open file; note those that are damaged or cut off, and the records lost with
    them."""
    chunks: list[Chunk] = []
    damaged = ""
    next_number = 0
    for offset in range(start, stop, CHUNK_SIZE):
        size = min(CHUNK_SIZE, stop - offset)
        head = os.pread(file, CHUNK_NUMBERS.size, offset)
        place = f"chunk {(offset - HEADER_SIZE) // CHUNK_SIZE} at byte {offset}"
        if len(head) < CHUNK_NUMBERS.size or not head.startswith(CHUNK_MAGIC):
            if _holds_something(os.pread(file, size, offset)):
                tally.not_understood += 1
                tally.problem("no chunk signature where a chunk should begin", place)
                damaged = damaged or place
            continue
        if size < CHUNK_SIZE:
            tally.problem(f"file is cut off: {size} of {CHUNK_SIZE} bytes of the chunk are there", place)
        _, first, last, first_id, last_id = CHUNK_NUMBERS.unpack(head)
        if last >= EMPTY_CHUNK or not first <= last <= first + CHUNK_SIZE:
            continue
        if damaged and 0 < next_number < first:
            tally.lost += first - next_number
            tally.problem(f"records {next_number} to {first - 1} are lost with the damaged chunk", damaged)
        damaged = ""
        next_number = last + 1
        chunks.append(Chunk(place, last - first + 1, first_id, last_id))
    return chunks


def _holds_something(content: bytes) -> bool:
    return content.count(0) < len(content)


def _note_missing_end(header: bytes, size: int, tally: Tally) -> None:
    """Note a file that holds fewer chunks than its header says."""
    promised = FILE_COUNTS.unpack_from(header)[0]
    present = -(-(size - HEADER_SIZE) // CHUNK_SIZE)
    if present < promised:
        tally.problem(f"file is cut off: its header speaks of {promised} chunks, {present} are there", f"byte {size}")


def _chunk_of(record_id: int, chunks: list[Chunk], current: int) -> int:
    """Return the index of the chunk that holds a record, looking first where the last one was; -1 for none."""
    if 0 <= current < len(chunks) and chunks[current].first_id <= record_id <= chunks[current].last_id:
        return current
    for index, chunk in enumerate(chunks):
        if chunk.first_id <= record_id <= chunk.last_id:
            return index
    return -1


def _note_losses(chunks: list[Chunk], counts: list[int], tally: Tally) -> None:
    for chunk, count in zip(chunks, counts, strict=True):
        if count < chunk.count:
            tally.lost += chunk.count - count
            tally.problem(
                f"{chunk.count - count} of {chunk.count} records of the chunk could not be recovered", chunk.place
            )
