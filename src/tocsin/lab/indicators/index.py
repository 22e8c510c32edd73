"""The compiled form of a set of indicators: one file, mapped into memory, so that opening it takes no time however
many there are, and all processes share its pages.

Layout: magic; length of the head; head (JSON); then four sections, each beginning at a multiple of 8:
- `slots`: u32 for each slot and one more: where the slot's entries begin. A key's slot is the top bits of its CRC.
- `checks`: u32 CRC of each entry's key, in order of slots.
- `rows`: u32 row of each entry.
- `starts`: u64 for each row and one more: where the row begins in `texts`.
- `texts`: the rows, JSON arrays in the order of the fields of `Indicator`, without what is empty at the end.
A CRC only says where to look; what is found there is compared.
"""

from __future__ import annotations

import mmap
import struct
import sys
from array import array
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import orjson

from tocsin.lab.indicators.model import Indicator

MAGIC = b"TOCSINI1"
HEAD = struct.Struct("<8sQ")
SECTIONS = ("slots", "checks", "rows", "starts", "texts")
WIDTHS = {"slots": "I", "checks": "I", "rows": "I", "starts": "Q"}
FIELDS = tuple(Indicator.__dataclass_fields__)
TAGS = FIELDS.index("tags")
VALUES = attrgetter(*FIELDS)
EMPTY_ROW = [None if name == "confidence" else "literal" if name == "form" else "" for name in FIELDS]


class BrokenIndexError(ValueError):
    """The file is not a whole set of compiled indicators."""


def row_text(indicator: Indicator) -> bytes:
    """Return an indicator as it is kept."""
    row: list[Any] = list(VALUES(indicator))
    row[2] = "" if row[2] == row[1] else row[2]
    row[TAGS] = row[TAGS] or ""
    while row[-1] == EMPTY_ROW[len(row) - 1]:
        row.pop()
    return orjson.dumps(row)


def indicator_of(text: bytes) -> Indicator:
    """Return an indicator from the form in which it is kept."""
    row = orjson.loads(text)
    row += EMPTY_ROW[len(row) :]
    row[2] = row[2] or row[1]
    row[TAGS] = tuple(row[TAGS])
    return Indicator(*row)


class Index:
    """A set of compiled indicators, open for looking up."""

    def __init__(self, path: Path) -> None:
        """Map a file. Raises OSError where it cannot be read, ValueError where it is no whole index."""
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size < HEAD.size:
                raise BrokenIndexError(f"{path} holds no compiled indicators")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, length = HEAD.unpack_from(self._map)
        if magic != MAGIC or length > size - HEAD.size or sys.byteorder != "little":
            raise BrokenIndexError(f"{path} holds no compiled indicators of this version")
        self.head: dict[str, Any] = orjson.loads(self._map[HEAD.size : HEAD.size + length])
        if self.head["size"] != size:
            raise BrokenIndexError(f"{path} is cut off: {size} of {self.head['size']} bytes are there")
        view = memoryview(self._map)
        sections = {name: view[slice(*self.head["sections"][name])] for name in SECTIONS}
        self.slots = sections["slots"].cast("I")
        self._checks = sections["checks"].cast("I")
        self._rows = sections["rows"].cast("I")
        self._starts = sections["starts"].cast("Q")
        self._texts = sections["texts"]
        self.shift: int = self.head["shift"]
        self.count: int = self.head["count"]

    def has(self, key: bytes) -> bool:
        """Tell whether anything may be filed under a key (rarely: whether another key has its CRC)."""
        check = crc32(key)
        slot = check >> self.shift
        begin, end = self.slots[slot], self.slots[slot + 1]
        return begin != end and check in self._checks[begin:end]

    def rows(self, key: bytes) -> list[int]:
        """Return the rows that may be filed under a key, in order."""
        check = crc32(key)
        slot = check >> self.shift
        return [
            self._rows[place] for place in range(self.slots[slot], self.slots[slot + 1]) if self._checks[place] == check
        ]

    def indicator(self, row: int) -> Indicator:
        """Return the indicator of a row."""
        return indicator_of(bytes(self._texts[self._starts[row] : self._starts[row + 1]]))


def write(file: BinaryIO, head: dict[str, Any], entries: array[int], starts: array[int], texts: Path) -> None:
    """Write an index. `entries` holds CRC and row of each key in one number (CRC << 32 | row); the rows' texts come
    from a file."""
    ordered = sorted(entries)
    bits = max(8, min(24, (2 * len(ordered)).bit_length()))
    shift = 32 - bits
    checks = array("I", (entry >> 32 for entry in ordered))
    sections = {
        "slots": _slots(checks, bits).tobytes(),
        "checks": checks.tobytes(),
        "rows": array("I", (entry & 0xFFFFFFFF for entry in ordered)).tobytes(),
        "starts": starts.tobytes(),
    }
    lengths = {**{name: len(content) for name, content in sections.items()}, "texts": texts.stat().st_size}
    head = {**head, "shift": shift, "count": len(starts) - 1}
    start, content = _head(head, lengths)
    file.write(content.ljust(start, b"\0"))
    file.writelines(section.ljust(-(-len(section) // 8) * 8, b"\0") for section in sections.values())
    with texts.open("rb") as rows:
        while block := rows.read(1 << 20):
            file.write(block)


def _slots(checks: array[int], bits: int) -> array[int]:
    counts = array("I", bytes(4 * (2**bits + 1)))
    shift = 32 - bits
    for check in checks:
        counts[(check >> shift) + 1] += 1
    total = 0
    for slot, count in enumerate(counts):
        total += count
        counts[slot] = total
    return counts


def _head(head: dict[str, Any], lengths: dict[str, int]) -> tuple[int, bytes]:
    """Return where the sections begin, and the bytes before them."""
    # The head names places behind itself, so its own length is settled first.
    room = len(orjson.dumps(head)) + 600
    start = -(-(HEAD.size + room) // 8) * 8
    place, sections = start, {}
    for name, length in lengths.items():
        sections[name] = [place, place + length]
        place += -(-length // 8) * 8 if name != "texts" else length
    text = orjson.dumps({**head, "sections": sections, "size": place})
    return start, HEAD.pack(MAGIC, len(text)) + text
