"""Events of one make, side by side: what routing and matching ask of them, without making records of them.

Readers give each event as a key and a row. Events with the same key have the same channel, provider,
event id and field names, so that they can be looked at as columns. A `Record` is made only of an event
that somebody wants to see. What rows say of an event's fields is exactly what its record says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tocsin.lab.record import Record
from tocsin.lab.sources.windows_event import (
    FLAT_NAMES,
    FLAT_SYSTEM,
    XML_SECTIONS,
    attributes_of,
    event_record,
    flat_record,
    xml_system,
)


class Absent:
    """What a column holds where the event has no such field."""


ABSENT = Absent()
MAX_LAYOUTS = 4_096
XML_SYSTEM = ("Level", "Task", "Opcode", "Keywords", "Computer")
"""What Windows says of every event, and that differs between events with the same key."""
XML_PREFIXES = tuple(f"{section}_" for section in XML_SECTIONS)


@dataclass(frozen=True, eq=False)
class Key:
    """What the events of one make have in common; `names` are the fields of a row as it was read.

    Compared by identity, which is quick; `key_of` gives the same key again.
    """

    make: type[Rows]
    channel: str
    provider: str
    event_id: int | None
    names: tuple[str, ...]


@lru_cache(maxsize=MAX_LAYOUTS)
def key_of(make: type[Rows], channel: str, provider: str, event_id: int | None, names: tuple[str, ...]) -> Key:
    """Return a key; mostly the same object for the same arguments."""
    return Key(make, channel, provider, event_id, names)


Event = tuple[Key, Any]
"""An event as a reader gives it: its key, and a row in the form that the key's make understands."""
Column = Sequence[Any]


class Rows:
    """Some events with the same key, which were read as records. A row is the record, all its fields, and the JSON that
    these were taken from (None where that is not at hand, or the fields say something else)."""

    def __init__(self, key: Key, rows: Sequence[Any]) -> None:
        self.key = key
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def constants(self) -> dict[str, Any]:
        """Return fields that have the same value in all events with this key."""
        return {}

    def has(self, name: str) -> bool:
        """Tell whether events with this key can have a field."""
        return name in self.key.names

    def column(self, name: str) -> Column:
        """Return the value of a field that events with this key can have, for each event."""
        return [row[1][name] for row in self.rows]

    def columns(self) -> Iterator[tuple[str, Column]]:
        """Yield each field's name and values; of values that occur more than once some may be left out."""
        return zip(self.key.names, zip(*(row[1].values() for row in self.rows), strict=True), strict=True)

    def lines(self) -> list[bytes] | None:
        """Return the JSON that each event was parsed from, or None where it is not at hand."""
        lines = [row[2] for row in self.rows]
        return None if None in lines else lines

    def fields(self, index: int) -> dict[str, Any]:
        """Return all fields of one event: its own, and what Windows says of it."""
        fields: dict[str, Any] = self.rows[index][1]
        return fields

    def record(self, index: int) -> Record:
        """Return one event as a record."""
        record: Record = self.rows[index][0]
        return record


class LooseRows(Rows):
    """Events of one channel, each with fields of its own: what is no Windows event log. Their key names no fields, so
    that events of many layouts are looked at together."""

    def has(self, name: str) -> bool:  # noqa: ARG002 - which fields there are differs from event to event
        """Tell whether events with this key can have a field: any."""
        return True

    def column(self, name: str) -> Column:
        """Return the value of a field for each event; `ABSENT` where only others have it."""
        return [row[1].get(name, ABSENT) for row in self.rows]

    def columns(self) -> Iterator[tuple[str, Column]]:
        """Yield each field's name and values."""
        found: dict[str, list[Any]] = {}
        for _, fields, _ in self.rows:
            for name, value in fields.items():
                found.setdefault(name, []).append(value)
        return iter(found.items())


class XmlRows(Rows):
    """Events as the JSON of their XML, with plain EventData. A row is the event, its EventData, its JSON (None where
    that is not at hand), and the number and time of the record in its file."""

    def constants(self) -> dict[str, Any]:
        """Return what the key says, as far as the event's own fields do not say otherwise."""
        key = self.key
        known = {"EventID": key.event_id, "Channel": key.channel or None, "Provider_Name": key.provider}
        return {name: value for name, value in known.items() if name not in key.names}

    def has(self, name: str) -> bool:
        """Tell whether events with this key can have a field."""
        return name in self.key.names or name in XML_SYSTEM or name.startswith(XML_PREFIXES)

    def column(self, name: str) -> Column:
        """Return the value of a field for each event; `ABSENT` where only others have it."""
        if name in self.key.names:
            return [row[1][name] for row in self.rows]
        if name in XML_SYSTEM:
            return [row[0]["System"].get(name) for row in self.rows]
        return [xml_system(row[0], self.key.event_id).get(name, ABSENT) for row in self.rows]

    def columns(self) -> Iterator[tuple[str, Column]]:
        """Yield each field's name and values."""
        names = self.key.names
        if names:
            yield from zip(names, zip(*(row[1].values() for row in self.rows), strict=True), strict=True)
        yield from ((name, [value]) for name, value in self.constants().items())
        found: dict[str, list[Any]] = {name: [] for name in XML_SYSTEM}
        for row in self.rows:
            system = row[0]["System"]
            for name in XML_SYSTEM:
                found[name].append(system.get(name))
            for section in XML_SECTIONS:
                part = system.get(section)
                if part:
                    for name, value in attributes_of(part).items():
                        found.setdefault(f"{section}_{name}", []).append(value)
        yield from ((name, values) for name, values in found.items() if name not in names)

    def fields(self, index: int) -> dict[str, Any]:
        """Return all fields of one event: its own, and what Windows says of it."""
        event, data, *_ = self.rows[index]
        return {**xml_system(event, self.key.event_id), **data}

    def record(self, index: int) -> Record:
        """Return one event as a record."""
        event, _, _, number, written = self.rows[index]
        return completed(event_record(event), number, written)


class FlatRows(Rows):
    """Events whose fields lie side by side, without spaces in their names. A row is the event and its JSON (None where
    that is not at hand)."""

    def constants(self) -> dict[str, Any]:
        """Return what the key says, as far as the event's own fields do not say otherwise."""
        key = self.key
        originals = originals_of(key.names)
        known = {"EventID": key.event_id, "Channel": key.channel, "Provider_Name": key.provider}
        return {name: value for name, value in known.items() if originals.get(name) in FLAT_SYSTEM}

    def has(self, name: str) -> bool:
        """Tell whether events with this key can have a field."""
        return name in originals_of(self.key.names)

    def column(self, name: str) -> Column:
        """Return the value of a field for each event."""
        original = originals_of(self.key.names)[name]
        return [event[original] for event, _ in self.rows]

    def columns(self) -> Iterator[tuple[str, Column]]:
        """Yield each field's name and values."""
        values = dict(zip(self.key.names, zip(*(event.values() for event, _ in self.rows), strict=True), strict=True))
        return ((name, values[original]) for name, original in originals_of(self.key.names).items())

    def lines(self) -> list[bytes] | None:
        """Return the JSON that each event was parsed from, or None where it is not at hand."""
        lines = [line for _, line in self.rows]
        return None if None in lines else lines

    def fields(self, index: int) -> dict[str, Any]:
        """Return all fields of one event: its own, and what Windows says of it."""
        event, _ = self.rows[index]
        fields = {name: event[original] for name, original in originals_of(self.key.names).items()}
        return {**fields, **self.constants()}

    def record(self, index: int) -> Record:
        """Return one event as a record."""
        return flat_record(self.rows[index][0])


@lru_cache(maxsize=MAX_LAYOUTS)
def originals_of(names: tuple[str, ...]) -> dict[str, str]:
    """Return, for a flat event with some names, each field's name and the name that it has there."""
    originals = {ours: theirs for theirs, ours in FLAT_SYSTEM.items() if theirs in names}
    originals.update((name, name) for name in names if name not in FLAT_NAMES)
    return originals


def row_of(record: Record, line: bytes | None = None) -> Event:
    """Return the row of an event that is a record already."""
    fields = {**record.system, **record.data}
    return key_of(Rows, record.channel, record.provider, record.event_id, tuple(fields)), (record, fields, line)


def completed(record: Record, number: int | None, written: str) -> Record:
    """Return a record with what the file says of it where the event itself does not say it."""
    if record.record_id is None:
        record.record_id = number
    if not record.time:
        record.time = written.replace(" UTC", "Z").replace(" ", "T")
    return record


def record_of(event: Event) -> Record:
    """Return an event that a reader gave as a record."""
    key, row = event
    return key.make(key, [row]).record(0)
