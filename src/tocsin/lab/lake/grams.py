"""Which columns of a part can hold a text: for each column a small map of the four-letter pieces in its values.

Whatever holds a text also holds all its pieces of four bytes. A search for a word therefore reads only the columns in
whose maps all of the word's pieces are, in most parts none. A map is a Bloom filter with one hash: it can say that a
text may be there when it is not, never the opposite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

SIZE = 4
"""Bytes of a piece."""
BITS = 20
"""Most places of a map, as a power of two."""
LEAST_BITS = 6
FULL = 0.12
"""A map has places enough that no more than this share of them is taken, if it can."""
TOGETHER = 1 << 18
"""Pieces that are looked at together."""
FACTOR = 2_654_435_761
"""Knuth's multiplicative hash: 2^32 divided by the golden ratio."""

Grams = dict[str, bytes]
"""Column -> its map."""


def map_of(distinct: pa.Array) -> bytes:
    """Return the map of a column's different values; b'' where they have no piece."""
    lower = pc.utf8_lower(distinct.drop_null())
    if not len(lower):
        return b""
    offsets = np.frombuffer(lower.buffers()[1], np.int32, len(lower) + 1, lower.offset * 4)
    first, last = int(offsets[0]), int(offsets[-1])
    if last - first < SIZE:
        return b""
    # A view of each byte with the three after it, as one number.
    pieces = np.ndarray((last - first - SIZE + 1,), "<u4", lower.buffers()[2], first, (1,))
    most = min(BITS, max(LEAST_BITS, len(pieces).bit_length() + 3))
    taken = np.zeros(1 << most, bool)
    for at in range(0, len(pieces), TOGETHER):
        taken[(pieces[at : at + TOGETHER] * np.uint32(FACTOR)) >> np.uint32(32 - most)] = True
    places = np.flatnonzero(taken)
    bits = min(most, max(LEAST_BITS, int(len(places) / FULL).bit_length()))
    small = np.zeros(1 << bits, bool)
    small[places >> (most - bits)] = True
    return np.packbits(small, bitorder="little").tobytes()


def pieces_of(text: str) -> list[int]:
    """Return the hashes of the pieces of a text in lower case. Those with other letters than ASCII are left out: how
    these are written in lower case is not the same everywhere."""
    data = text.encode("utf-8", "replace")
    pieces = {data[at : at + SIZE] for at in range(len(data) - SIZE + 1)}
    return [int.from_bytes(piece, "little") * FACTOR & 0xFFFF_FFFF for piece in sorted(pieces) if piece.isascii()]


def columns_for(pieces: Iterable[int], grams: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the columns that can hold a text with some pieces."""
    return tuple(name for name, held in grams.items() if _may_hold(pieces, held))


def write_grams(grams: Grams, path: Path) -> None:
    """Write a part's maps."""
    sizes = {name: len(held) for name, held in grams.items()}
    header = orjson.dumps(sizes)
    path.write_bytes(b"%d\n%b" % (len(header), header) + b"".join(grams.values()))


def read_grams(path: Path) -> Grams:
    """Return a part's maps. Raises OSError or ValueError where they cannot be read."""
    length, _, rest = path.read_bytes().partition(b"\n")
    sizes = orjson.loads(rest[: int(length)])
    grams: Grams = {}
    at = int(length)
    for name, size in sizes.items():
        grams[name] = rest[at : at + size]
        at += size
    return grams


def _may_hold(pieces: Iterable[int], held: bytes) -> bool:
    bits = len(held) * 8
    shift = 32 - (bits.bit_length() - 1)
    for piece in pieces:
        place = piece >> shift if bits else 0
        if not bits or not held[place >> 3] >> (place & 7) & 1:
            return False
    return True
