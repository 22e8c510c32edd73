"""What a kind of evidence is to the lab: how it is recognised, how it is read, and what its events look like.

A source is one module with a `SOURCE` (a kind of file) or a `SHAPE` (a kind of JSON value); `known.py` lists
them. Events of every source but Windows event logs have a channel `<product>/<service>`, and their own fields
one level deep under the names that Sigma rules use for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.lab.record import Record, Tally
from tocsin.lab.sources.rows import Event, LooseRows, key_of

HEAD_SIZE = 64 * 1024
"""Bytes from the beginning of a file by which its kind is told."""
MAX_NAMES = 2_000
"""Fields that one event can have; the rest is counted in the field `more_fields`."""
MAX_DEPTH = 24
"""How deep values may be nested; what lies deeper is left out as `(nested too deeply)`."""
SERVICE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
"""What evidence can name a service."""

Sniff = Callable[[bytes], bool]
"""Tells from the first `HEAD_SIZE` bytes whether a file is of a kind. Never by its name; raises nothing."""
Read = Callable[[Path, Tally, int, int | None], Iterator[Event]]
"""Yields the events of the pieces (lines, records) of a file that begin from byte `start` up to byte `end`, and
accounts in the tally for everything that it does not yield. Raises OSError only."""


@dataclass(frozen=True)
class Source:
    """A kind of file. `title` says what it is in words; files are read in parts of `part` bytes (0: as a whole)."""

    name: str
    title: str
    sniff: Sniff
    read: Read
    part: int = 0


@dataclass(frozen=True)
class Shape:
    """A kind of JSON value: those with all of `keys` at their top level are given to `row`, which returns its event,
    or None where it is none of this kind after all. Rows of tables (CSV) are asked for in the same way.

    `identity` is the key under which an event has a name of its own, if exports repeat events: a second one of the
    same name in a file is skipped.
    """

    name: str
    title: str
    keys: frozenset[str]
    row: Callable[[dict[str, Any]], Event | None]
    identity: str = ""


def event(
    channel: str,
    fields: dict[str, Any],
    *,
    time: str = "",
    host: str = "",
    provider: str = "",
    event_id: int | None = None,
    record_id: int | None = None,
    system: dict[str, Any] | None = None,
    line: bytes | None = None,
) -> Event:
    """Return an event of any source but Windows event logs.

    `time` is ISO 8601 in UTC with a Z (see `times.py`), '' where it is not known; `fields` are the event's own,
    one level deep (see `flat`); `system` is what the source says of the record itself, such as `time_zone`, the
    zone that its times were written in. `line` is the JSON that exactly these fields were taken from, if any.
    """
    record = Record(record_id, time, host, channel, provider, event_id, system or {}, fields)
    everything = {**record.system, **fields} if system else fields
    return key_of(LooseRows, channel, provider, event_id, ()), (record, everything, line)


def channel(product: str, service: str) -> str:
    """Return a channel of a product whose service the evidence names; `other` where that is no name."""
    return f"{product}/{service.lower()}" if SERVICE.fullmatch(service) else f"{product}/other"


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """Return nested values one level deep, with dotted names: `{"a": {"b": 1}}` is `{"a.b": 1}`.

    Values of objects within a list come together in a list under the object's names, since Sigma rules ask for
    any of them.
    """
    found: dict[str, Any] = {}
    _enter("", value, found, MAX_DEPTH)
    if len(found) > MAX_NAMES:
        found = {}
        left = _flatten("", value, found, MAX_DEPTH, inside=False)
        if left:
            found["more_fields"] = left
    return found


def _enter(prefix: str, value: dict[str, Any], found: dict[str, Any], depth: int) -> None:
    """Enter all values of an object: the quick way, which does not look how many there are."""
    for key, item in value.items():
        kind = type(item)
        if kind is dict and depth > 1:
            _enter(f"{prefix}{key}.", item, found, depth - 1)
        elif kind is dict or (kind is list and (dict in (kinds := set(map(type, item))) or list in kinds)):
            _flatten(prefix + key, item, found, depth - 1, inside=False)
        else:
            found[prefix + key] = item


def _flatten(name: str, value: Any, found: dict[str, Any], depth: int, *, inside: bool) -> int:
    """Enter a value; return how many were left out for want of room. `inside` tells that it stands in a list."""
    kind = type(value)
    if depth == 0 and kind in (dict, list):
        value = "(nested too deeply)"
    elif kind is dict:
        prefix = f"{name}." if name else ""
        left = 0
        for key, item in value.items():
            if inside or type(item) in (dict, list) or len(found) >= MAX_NAMES:
                left += _flatten(prefix + key, item, found, depth - 1, inside=inside)
            else:
                found[prefix + key] = item
        return left
    elif kind is list and (dict in (kinds := set(map(type, value))) or list in kinds):
        return sum(_flatten(name, item, found, depth - 1, inside=True) for item in value)
    if name not in found and len(found) >= MAX_NAMES:
        return 1
    if inside:
        values = value if type(value) is list else [value]
        there = found.get(name)
        if type(there) is list:
            there.extend(values)
        else:
            found[name] = [*([] if name not in found else [there]), *values]
    else:
        found[name] = value
    return 0
