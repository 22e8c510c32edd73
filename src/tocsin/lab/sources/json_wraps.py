"""What exports put around events: envelopes with a list of them, and records that carry the event as a text."""

from __future__ import annotations

from typing import Any

import orjson

from tocsin.lab.sources.windows_tables import event_of_table, is_table
from tocsin.lab.sources.windows_xml import event_of

MAX_WRAPS = 4
"""How many wraps may lie around each other: an envelope, a hit of a search, a message, and one to spare."""
LISTS = ("Records", "value", "records", "events", "Events", "logEvents", "entries", "hits", "items", "results", "rows")
"""Names under which exports hold a list of events."""
OBJECTS = ("_source", "result", "hits", "data")
"""Names under which searches (Elastic, Splunk) and messages hold an event or what leads to it."""
TEXTS = ("_raw", "CloudTrailEvent", "AuditData", "message", "Message", "log", "line", "body")
"""Names under which collectors hold an event as it was written: Splunk, CloudTrail's lookup, the search of Microsoft
365's audit, CloudWatch and Filebeat, Docker, Loki, and OpenTelemetry."""


def unwrapped(value: dict[str, Any]) -> Any:
    """Return what a JSON value wraps: a list of events, an event, or an event that is text; None where nothing."""
    if is_table(value):
        return event_of_table(value)
    for name in LISTS:
        found = value.get(name)
        if type(found) is list and found:
            return found
    for name in OBJECTS:
        found = value.get(name)
        if type(found) is dict and found:
            return found
    event = value.get("event")
    texts = [event.get("original")] if type(event) is dict else [value.get("event.original")]
    for text in (*texts, *map(value.get, TEXTS)):
        if type(text) is str and (found := event_in(text)) is not None:
            return found
    return _splunk(value) if "EventCode" in value and "EventID" not in value else None


def event_in(text: str) -> dict[str, Any] | None:
    """Return the event that a text is, as JSON or as the XML of a Windows event; None where it is neither."""
    text = text.strip()
    if text.startswith("<Event"):
        return event_of(text)
    if not text.startswith("{"):
        return None
    try:
        found = orjson.loads(text)
    except ValueError:
        return None
    return found if type(found) is dict else None


def _splunk(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return a flat Windows event of what Splunk's add-on made of one: its names in the places of Windows' own."""
    channel = value.get("Channel") or value.get("LogName")
    if not channel:
        return None
    own = {name: item for name, item in value.items() if not name.startswith("_") and name not in SPLUNK_NAMES}
    system = {
        "EventID": value["EventCode"],
        "Channel": channel,
        "ProviderName": value.get("SourceName") or value.get("Name"),
        "Computer": value.get("ComputerName") or value.get("Computer"),
        "RecordNumber": value.get("RecordNumber") or value.get("EventRecordID"),
        "@timestamp": value.get("SystemTime") or value.get("_time"),
    }
    return own | {name: item for name, item in system.items() if item is not None}


SPLUNK_NAMES = frozenset({
    "EventCode", "Channel", "LogName", "SourceName", "Name", "ComputerName", "Computer", "RecordNumber", "EventRecordID",
    "SystemTime", "host", "index", "source", "sourcetype", "linecount", "punct", "splunk_server", "eventtype", "tag",
    "timestartpos", "timeendpos", "dvc", "vendor_product", "signature_id",
})  # fmt: skip
"""Fields that Splunk adds to an event, and those that go to Windows' own names."""
