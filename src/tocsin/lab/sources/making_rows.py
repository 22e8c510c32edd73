"""Make rows of what was parsed: the usual shapes as they are, everything else by way of a record."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from tocsin.lab.sources.rows import MAX_LAYOUTS, Event, FlatRows, Key, XmlRows, completed, key_of, row_of
from tocsin.lab.sources.windows_event import (
    FLAT_SYSTEM,
    NOT_AN_EVENT,
    NXLOG_EVENT_TYPES,
    event_id_of,
    event_record,
    windows_record,
)


def xml_row(event: dict[str, Any], raw: bytes | None = None, number: int | None = None, written: str = "") -> Event:
    """Return the row of an event written as the JSON of its XML (the value under `Event`).

    `raw` is the JSON that it was parsed from,
    `number` and `written` are the record's number and time in its file. Raises one of `NOT_AN_EVENT`
    where it is no Windows event.
    """
    system = event["System"]
    event_id = system["EventID"]
    if type(event_id) is not int:
        event_id = event_id_of(event_id)
    data = event.get("EventData", "")
    if len(event) == 3 and "#attributes" in event and (data is None or type(data) is dict):
        data = data or {}
        try:
            key = _xml_key(system["Provider"]["#attributes"]["Name"], system["Channel"], event_id, tuple(data))
        except (KeyError, TypeError):
            key = None  # not where they usually are, or not text
        if key is not None and dict not in map(type, data.values()):
            return key, (event, data, raw, number, written)
    return row_of(completed(event_record(event), number, written), raw)


def json_row(value: Any, line: bytes | None = None) -> Event | None:
    """Return the row of one JSON value, or None where it is no Windows event in a known shape.

    `line` is what it was parsed from, if it stands on a line of its own.
    """
    if type(value) is not dict:
        return None
    try:
        if "EventID" in value and "Channel" in value and not SHAPED_OTHERWISE & value.keys():
            row = _flat_row(value, line)
        else:
            event = value.get("Event")
            row = xml_row(event, line) if type(event) is dict else None
    except NOT_AN_EVENT:
        return None
    if row is not None:
        return row
    if WINDOWS_NAMES.isdisjoint(value):
        return None
    record = windows_record(value)
    return None if record is None else row_of(record, line)


PROVIDER_NAMES = [theirs for theirs, ours in FLAT_SYSTEM.items() if ours == "Provider_Name"]
SHAPED_OTHERWISE = frozenset({"Event", "winlog", "winlog.event_id", "log_name", "TimeGenerated"})
"""Names that only events in other shapes than the flat one have."""

WINDOWS_NAMES = frozenset({"EventID", "Event", "System", "winlog", "winlog.event_id", "log_name"})
"""Names of which every Windows event has one."""


def _flat_row(event: dict[str, Any], line: bytes | None) -> Event | None:
    """Return the row of a flat event, or None where something about it is unusual."""
    event_type = event.get("EventType")
    if type(event_type) is str and event_type in NXLOG_EVENT_TYPES:
        del event["EventType"]
    names = tuple(event)
    provider = _provider_name(names)
    event_id = event["EventID"]
    if type(event_id) is not int:
        event_id = event_id_of(event_id)
    key = _flat_key(event[provider] if provider else None, event["Channel"], event_id, names)
    return None if key is None or dict in map(type, event.values()) else (key, (event, line))


@lru_cache(maxsize=MAX_LAYOUTS)
def _xml_key(provider: Any, channel: Any, event_id: int, names: tuple[str, ...]) -> Key | None:
    """Return the key of events that say this of themselves, or None where they say it in an unusual way."""
    if not provider or type(provider) is not str or not _is_name(channel) or not _is_plain(names):
        return None
    return key_of(XmlRows, channel or "", provider, event_id, names)


@lru_cache(maxsize=MAX_LAYOUTS)
def _flat_key(provider: Any, channel: Any, event_id: int, names: tuple[str, ...]) -> Key | None:
    """Return the key of flat events that say this of themselves, or None where they say it in an unusual way."""
    if channel is None or not _is_name(channel) or not _is_name(provider) or not _is_plain(names):
        return None
    return key_of(FlatRows, channel, provider or "", event_id, names)


def _is_name(value: Any) -> bool:
    """Tell whether a value is a name or null; an empty text is neither."""
    return value is None or (type(value) is str and bool(value))


def _is_plain(names: tuple[str, ...]) -> bool:
    return not any(" " in name for name in names)


@lru_cache(maxsize=MAX_LAYOUTS)
def _provider_name(names: tuple[str, ...]) -> str:
    """Return under which name a flat event has its provider, '' where under none."""
    return next((name for name in reversed(PROVIDER_NAMES) if name in names), "")
