"""What rows say of their events, as lists side by side: the shapes that are usual without making records of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tocsin.lab.record import Record
from tocsin.lab.sources.rows import XML_SYSTEM, FlatRows, Key, XmlRows
from tocsin.lab.sources.windows_event import FLAT_NAMES, FLAT_SYSTEM, XML_SECTIONS, utc

FAST_TROUBLE = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What comes up where rows are not in the usual shape; they are then looked at as records."""
FLAT_TIMES = ("TimeCreated", "SystemTime", "EventTime", "@timestamp")
MAX_ID = 2**63
NAMES_PER_RECORD = 1_000
"""Own fields of one event that get columns; the rest can be read and found by words."""


@dataclass(slots=True)
class Values:
    """A field's values; `at` says for which of the group's events, None = for all of them."""

    values: Sequence[Any]
    at: list[int] | None = None


@dataclass(slots=True)
class Gathered:
    """Events of one channel, provider and code as lists. A field without a value for an event is absent there; a field
    that an event has without a value is None."""

    channel: str
    provider: str
    code: str
    places: list[int]
    """The events' places in the evidence."""
    times: list[str]
    hosts: Sequence[str | None]
    numbers: list[int | None]
    data: dict[str, Values]
    system: dict[str, Values]
    constants: dict[str, Any] = field(default_factory=dict)
    """What all of the events say about themselves."""
    left_over: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Fields beyond `NAMES_PER_RECORD`, by the event's place in the group."""
    host_is: str = ""
    """The name under which the host stands in what the events say about themselves."""


def gathered(key: Key, rows: list[Any], places: list[int]) -> Gathered:
    """Return some rows with the same key as lists."""
    try:
        if key.make is XmlRows and len(key.names) <= NAMES_PER_RECORD:
            return _xml(key, rows, places)
        if key.make is FlatRows and len(key.names) <= NAMES_PER_RECORD:
            return _flat(key, rows, places)
    except FAST_TROUBLE:
        pass  # an unusual shape: its records say what it means
    made = key.make(key, rows)
    return of_records(key, [made.record(index) for index in range(len(rows))], places)


def of_records(key: Key, records: list[Record], places: list[int]) -> Gathered:
    """Return some records as lists."""
    datas = [record.data for record in records]
    left_over: dict[int, dict[str, Any]] = {}
    for place, data in enumerate(datas):
        if len(data) > NAMES_PER_RECORD:
            datas[place] = dict(list(data.items())[:NAMES_PER_RECORD])
            left_over[place] = dict(list(data.items())[NAMES_PER_RECORD:])
    return Gathered(
        key.channel,
        key.provider,
        "" if key.event_id is None else str(key.event_id),
        places,
        [record.time for record in records],
        [record.host for record in records],
        [_number(record.record_id) for record in records],
        _fields(datas),
        _fields([record.system for record in records]),
        left_over=left_over,
    )


def _xml(key: Key, rows: list[Any], places: list[int]) -> Gathered:
    systems = [row[0]["System"] for row in rows]
    layout = tuple(systems[0])
    if any(tuple(system) != layout for system in systems):
        raise ValueError("systems of several layouts")
    told = dict(zip(layout, zip(*(system.values() for system in systems), strict=True), strict=True))
    hosts = told["Computer"]
    if not all(type(host) is str for host in hosts):
        raise TypeError("host")
    nothing = [None] * len(rows)
    system = {name: Values(told.get(name, nothing)) for name in XML_SYSTEM if name != "Computer"}
    for section in XML_SECTIONS:
        parts = told.get(section)
        if parts is not None:
            at = [place for place, part in enumerate(parts) if part]
            found = _fields([parts[place]["#attributes"] for place in at])
            for name, values in found.items():
                where = at if values.at is None else [at[place] for place in values.at]
                system[f"{section}_{name}"] = Values(values.values, None if len(where) == len(rows) else where)
    times = [time["#attributes"]["SystemTime"] for time in told["TimeCreated"]]
    if not all(type(time) is str and time[-1:] == "Z" and time[10:11] == "T" for time in times):
        raise ValueError("times")
    numbers = told["EventRecordID"]
    if not all(type(number) is int and -MAX_ID <= number < MAX_ID for number in numbers):
        raise TypeError("record numbers")
    data: dict[str, Values] = {}
    if key.names:
        columns = zip(*(row[1].values() for row in rows), strict=True)
        data = {name: Values(values) for name, values in zip(key.names, columns, strict=True)}
    constants = {"Provider_Name": key.provider, "EventID": key.event_id, "Channel": key.channel or None}
    return Gathered(
        key.channel, key.provider, str(key.event_id), places, times, hosts, list(numbers), data, system, constants,
        host_is="Computer",
    )  # fmt: skip


def _flat(key: Key, rows: list[Any], places: list[int]) -> Gathered:
    told = dict(zip(key.names, zip(*(row[0].values() for row in rows), strict=True), strict=True))
    system = {ours: Values(told[theirs]) for theirs, ours in FLAT_SYSTEM.items() if theirs in told}
    system.pop("EventID")
    hosts = system.pop("Computer", Values([""] * len(rows))).values
    if not all(type(host) is str for host in hosts):
        raise TypeError("host")
    when = next((told[name] for name in FLAT_TIMES if name in told), ())
    if len(when) != len(rows) or not all(when):
        raise ValueError("times")
    written = system.get("EventRecordID")
    numbers: list[int | None] = [None] * len(rows) if written is None else [_whole(value) for value in written.values]
    return Gathered(
        key.channel,
        key.provider,
        str(key.event_id),
        places,
        [_utc(time) for time in when],
        hosts,
        numbers,
        {name: Values(values) for name, values in told.items() if name not in FLAT_NAMES},
        system,
        {"EventID": key.event_id},
        host_is="Computer" if "Computer" in (FLAT_SYSTEM.get(name) for name in told) else "",
    )


def _fields(datas: list[dict[str, Any]]) -> dict[str, Values]:
    """Return the fields of some events, each with the events that have it."""
    if not datas:
        return {}
    layout = tuple(datas[0])
    if all(tuple(data) == layout for data in datas):
        columns = zip(*(data.values() for data in datas), strict=True)
        return {name: Values(values) for name, values in zip(layout, columns, strict=True)} if layout else {}
    found: dict[str, tuple[list[Any], list[int]]] = {}
    for place, data in enumerate(datas):
        for name, value in data.items():
            column = found.get(name)
            if column is None:
                column = found[name] = ([], [])
            column[0].append(value)
            column[1].append(place)
    return {name: Values(values, at if len(at) < len(datas) else None) for name, (values, at) in found.items()}


@lru_cache(maxsize=16_384)
def _utc(written: Any) -> str:
    return utc(written)


def _whole(value: Any) -> int | None:
    """Return a record's number as flat events write it."""
    if type(value) is int:
        return _number(value)
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 20:
        return _number(int(value))
    if value is None:
        return None
    raise ValueError("record number")


def _number(value: int | None) -> int | None:
    """Return a number if it fits into 64 bits."""
    return value if value is not None and -MAX_ID <= value < MAX_ID else None
