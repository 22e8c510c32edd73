"""Decompressing and listing with a limit, for content that was made to be too large."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")
MOST_BYTES = 16 << 20
"""Bytes that one compressed piece may grow to."""
MOST_ITEMS = 1000


def inflate(data: bytes, wbits: int = 47, most: int = MOST_BYTES) -> bytes:
    """Decompress zlib or gzip (wbits 47) or bare deflate (-15), as far as it goes and up to `most` bytes.

    Damaged or cut data gives what came out before the damage; nothing at all gives empty bytes.
    """
    engine = zlib.decompressobj(wbits)
    out = bytearray()
    view = memoryview(data)
    for start in range(0, len(data), 1 << 14):
        try:
            out += engine.decompress(view[start : start + (1 << 14)], most - len(out))
        except zlib.error:
            break
        if len(out) >= most or engine.eof:
            break
    return bytes(out)


def first(items: Iterable[Item], most: int = MOST_ITEMS) -> list[Item]:
    """The first items of something that may have no end."""
    return list(islice(items, most))


def listing(items: Iterable[Any], most: int = MOST_ITEMS) -> dict[str, Any]:
    """The first items and whether there were more, as a report shows it."""
    taken = list(islice(items, most + 1))
    return {"items": taken[:most], "more": len(taken) > most}
