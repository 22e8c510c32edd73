"""Canonical JSON (RFC 8785) and its SHA-256: the one form in which anything is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

import rfc8785

LARGEST_EXACT = 2**53 - 1


def instant(value: datetime) -> str:
    """An aware time as RFC 3339 in UTC with microseconds; raises ValueError for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def storable(text: str) -> str:
    """Text that every database and UTF-8 can hold: NUL becomes U+2400, a lone surrogate U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\u2400")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def storable_in(value: Any) -> Any:
    """The same value with every text in it made storable, however deep in lists and mappings."""
    match value:
        case str() if not isinstance(value, Enum):
            return storable(value)
        case list() | tuple() if type(value) in (list, tuple):
            return type(value)(storable_in(v) for v in value)
        case dict():
            return {storable_in(k): storable_in(v) for k, v in value.items()}
    return value


def plain(value: Any) -> Any:
    """The JSON form of a value: times as RFC 3339, ids and paths as text, whole numbers beyond 2^53 as text.

    Raises TypeError for a value that has no agreed form, so that nothing is logged by accident of repr().
    """
    match value:
        case Enum():
            return plain(value.value)
        case str():
            return storable(value)
        case None | bool():
            return value
        case int():
            return value if abs(value) <= LARGEST_EXACT else str(value)
        case float():
            # A database that keeps numbers as decimals gives a large float back as an integer.
            return str(value) if abs(value) > LARGEST_EXACT and value.is_integer() else value
        case datetime():
            return instant(value)
        case date() | UUID() | PurePath():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(plain(k)): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
        case set() | frozenset():
            return sorted(plain(v) for v in value)
    raise TypeError(f"{type(value).__name__} has no canonical JSON form")


def canonical(value: Any) -> bytes:
    """RFC 8785 canonical JSON of a value, UTF-8."""
    return rfc8785.dumps(plain(value))


def digest(value: Any) -> str:
    """SHA-256 (hex) over the canonical JSON of a value."""
    return hashlib.sha256(canonical(value)).hexdigest()
