"""Small helpers for what LIEF gives back and for numbers in bytes."""

from __future__ import annotations

import struct
from typing import Any

from tocsin.lab.triage.model import clean


def word(value: Any) -> str:
    """The name of one of LIEF's enumerated values; an unknown number as it is."""
    return str(getattr(value, "name", None) or value).rsplit(".", 1)[-1]


def name_of(item: Any) -> str:
    """The name of a section, library or symbol as clean text; LIEF gives bytes where it is not UTF-8."""
    name = item.name
    text = name if isinstance(name, str) else bytes(name).decode("latin-1")
    return clean(text.rstrip("\0"), 500)


def unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    """Numbers at an offset. Raises ValueError where the data ends before."""
    size = struct.calcsize(layout)
    if offset < 0 or offset + size > len(data):
        raise ValueError(f"data ends before offset {offset + size}")
    return struct.unpack_from(layout, data, offset)
