"""The change journal of NTFS ($UsnJrnl:$J): what was made, written, renamed and deleted, in order.

Shows that a file was there although it is gone, and its old names. Records after Microsoft's USN_RECORD_V2 and _V3.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_filetime

V2 = struct.Struct("<IHHQQQQIIIIHH")
V3 = struct.Struct("<IHH16s16sQQIIIIHH")
MAX_RECORD = 4_096
BLOCK = 1024 * 1024
REASONS = {
    0x1: "data overwritten",
    0x2: "data extended",
    0x4: "data truncated",
    0x10: "stream overwritten",
    0x20: "stream extended",
    0x40: "stream truncated",
    0x100: "created",
    0x200: "deleted",
    0x400: "attributes changed (EA)",
    0x800: "security changed",
    0x1000: "renamed from",
    0x2000: "renamed to",
    0x4000: "indexing changed",
    0x8000: "basic information changed",
    0x10000: "hard link changed",
    0x20000: "compression changed",
    0x40000: "encryption changed",
    0x80000: "object id changed",
    0x100000: "reparse point changed",
    0x200000: "stream changed",
    0x400000: "transacted change",
    0x800000: "integrity changed",
    0x80000000: "closed",
}


def sniff(head: bytes) -> bool:
    """Tell whether a file begins with a record of a change journal; zeros before it were skipped."""
    return _record(head[:MAX_RECORD], 0) is not None


def read_usn(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each record; what lies between records and is neither zero nor one is counted as lost."""
    del start, end  # records follow each other without marks from which to begin
    with path.open("rb") as file:
        place = _next_data(file, 0)
        while place is not None:
            file.seek(place)
            block = file.read(BLOCK)
            used = yield from _block(block, place, tally, last=len(block) < BLOCK)
            if not used:
                return
            place = _next_data(file, place + used)


def _block(block: bytes, place: int, tally: Tally, *, last: bool) -> Generator[Event, None, int]:
    """Yield the events of a block of the file and return how many bytes of it are done with."""
    at = 0
    while at + 8 <= len(block) and (last or at + MAX_RECORD <= len(block)):
        if block[at : at + 8] == b"\0" * 8:
            at += 8
            continue
        found = _record(block, at)
        if found is None:
            after = _resume(block, at + 8)
            tally.lost += 1
            tally.problem("no change record can be read here", f"byte {place + at}")
            at = after
            continue
        length, record = found
        tally.read += 1
        yield record
        at += (length + 7) // 8 * 8
    return len(block) if last else at


def _resume(block: bytes, at: int) -> int:
    """Return where the next record or the end of the block is."""
    while at + 8 <= len(block):
        if _record(block, at) is not None:
            return at
        at += 8
    return len(block)


def _record(block: bytes, at: int) -> tuple[int, Event] | None:
    """Return the length and the event of the record at a place, None where there is none."""
    if at + 8 > len(block):
        return None
    length, major, minor = struct.unpack_from("<IHH", block, at)
    layout = {2: V2, 3: V3}.get(major)
    if layout is None or minor or not layout.size <= length <= MAX_RECORD or at + length > len(block):
        return None
    _, _, _, own, parent, usn, time, reason, source, _, attributes, size, offset = layout.unpack_from(block, at)
    if offset < layout.size or offset + size > length or size % 2:
        return None
    name = block[at + offset : at + offset + size].decode("utf-16-le", "replace")
    fields = {
        "name": name,
        "entry": _entry(own),
        "sequence": _sequence(own),
        "parent_entry": _entry(parent),
        "usn": usn,
        "reason": [words for bit, words in REASONS.items() if reason & bit],
        "source_info": source,
        "attributes": attributes,
        "directory": bool(attributes & 0x10),
    }
    return length, event("ntfs/usn", fields, time=from_filetime(time), record_id=usn if usn < 1 << 63 else None)


def _entry(reference: int | bytes) -> int:
    number = reference if isinstance(reference, int) else int.from_bytes(reference[:8], "little")
    return number & 0xFFFF_FFFF_FFFF


def _sequence(reference: int | bytes) -> int:
    number = reference if isinstance(reference, int) else int.from_bytes(reference[:8], "little")
    return number >> 48


def _next_data(file: BinaryIO, place: int) -> int | None:
    """Return the first byte from a place on that is not in a hole or a run of zeros, at a multiple of 8."""
    while True:
        try:
            data = os.lseek(file.fileno(), place, os.SEEK_DATA)
        except OSError:
            return None  # nothing but a hole up to the end
        file.seek(data)
        block = file.read(BLOCK)
        if not block:
            return None
        zeros = len(block) - len(block.lstrip(b"\0"))
        if zeros < len(block):
            return (data + zeros) // 8 * 8 if data + zeros // 8 * 8 >= place else place
        place = data + len(block)


SOURCE = Source("usn", "a change journal of NTFS ($J)", sniff, read_usn)
