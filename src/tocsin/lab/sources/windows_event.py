"""Bring the JSON shapes in which Windows events are written to one record.

Three shapes: the event's XML as JSON (`{"Event": {"System": ..., "EventData": ...}}`), Winlogbeat and Elastic
(`{"winlog": {"event_data": ...}}`), and flat objects as NXLog writes them (`{"EventID": ..., "Channel":
...}`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tocsin.lab.record import Record

NOT_AN_EVENT = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""What comes up where something that looks like an event is not one, or is nested without end."""

FLAT_SYSTEM = {
    "EventID": "EventID",
    "Channel": "Channel",
    "Provider": "Provider_Name",
    "ProviderName": "Provider_Name",
    "SourceName": "Provider_Name",
    "ProviderGuid": "Provider_Guid",
    "Computer": "Computer",
    "Hostname": "Computer",
    "RecordID": "EventRecordID",
    "EventRecordID": "EventRecordID",
    "RecordNumber": "EventRecordID",
    "ExecutionProcessID": "Execution_ProcessID",
    "ExecutionThreadID": "Execution_ThreadID",
    "UserID": "Security_UserID",
    "ActivityID": "Correlation_ActivityID",
    "Keywords": "Keywords",
    "Level": "Level",
    "Task": "Task",
    "OpcodeValue": "Opcode",
    "Opcode": "Opcode",
    "Version": "Version",
}
"""Names of flat objects that describe the event and are not its own fields; of two for the same, the later
wins."""

FLAT_ENVELOPE = frozenset({
    "@timestamp", "@version", "TimeCreated", "EventTime", "EventReceivedTime", "SystemTime", "SourceModuleName",
    "SourceModuleType", "host", "port", "tags", "type", "Severity", "SeverityValue",
})  # fmt: skip
"""Names that a shipper adds to a flat object."""

FLAT_NAMES = FLAT_ENVELOPE | set(FLAT_SYSTEM)

XML_SECTIONS = ("Execution", "Security", "Correlation")
"""Parts of what Windows says about an event that are written as attributes."""

NXLOG_EVENT_TYPES = frozenset({"INFO", "ERROR", "WARNING", "AUDIT_SUCCESS", "AUDIT_FAILURE", "VERBOSE", "CRITICAL"})
"""NXLog's own `EventType`, which hides Sysmon's field of that name."""


def event_record(event: dict[str, Any]) -> Record:
    """Return the record of an event written as the JSON of its XML (the value under `Event`).

    Raises KeyError, TypeError or ValueError where it is no Windows event.
    """
    system = event["System"]
    flat = xml_system(event, event_id_of(system["EventID"]))
    data: dict[str, Any] = {}
    for section in ("EventData", "UserData", "ProcessingErrorData"):
        content = event.get(section)
        if content:
            _add_fields(data, content if section == "EventData" else _unwrapped(content))
    rendering = event.get("RenderingInfo")
    if isinstance(rendering, dict) and rendering.get("Message"):
        data.setdefault("Message", rendering["Message"])
    return Record(
        record_id=_whole(_text(system.get("EventRecordID"))),
        time=utc(attributes_of(system.get("TimeCreated")).get("SystemTime")),
        host=_text(flat["Computer"]),
        channel=_text(flat["Channel"]),
        provider=_text(flat["Provider_Name"]),
        event_id=flat["EventID"],
        system=flat,
        data=data,
    )


def xml_system(event: dict[str, Any], event_id: int | None) -> dict[str, Any]:
    """Return what Windows says about an event, under the names that Sigma rules use."""
    system = event["System"]
    provider = attributes_of(system.get("Provider"))
    flat = {
        "Provider_Name": provider.get("Name") or provider.get("EventSourceName"),
        "EventID": event_id,
        "Level": system.get("Level"),
        "Task": system.get("Task"),
        "Opcode": system.get("Opcode"),
        "Keywords": system.get("Keywords"),
        "Channel": system.get("Channel"),
        "Computer": system.get("Computer"),
    }
    for name in XML_SECTIONS:
        attributes = system.get(name)
        if attributes:
            for key, value in attributes_of(attributes).items():
                flat[f"{name}_{key}"] = value
    return flat


def winlog_record(event: dict[str, Any]) -> Record:
    """Return the record of an event as Winlogbeat or Elastic Agent writes it (objects or dotted names)."""
    winlog = event.get("winlog")
    if not isinstance(winlog, dict):
        winlog = _undotted(event, "winlog.") if "winlog.event_id" in event else _old_winlog(event)
    event_id = _whole(winlog.get("event_id"))
    if event_id is None:
        raise ValueError("no event_id")
    flat = {
        "Provider_Name": winlog.get("provider_name"),
        "EventID": event_id,
        "Task": winlog.get("task"),
        "Opcode": winlog.get("opcode"),
        "Keywords": winlog.get("keywords"),
        "Channel": winlog.get("channel"),
        "Computer": winlog.get("computer_name"),
        "Level": _at(event, "log", "level"),
        "Security_UserID": _at(winlog, "user", "identifier"),
        "Execution_ProcessID": _at(winlog, "process", "pid"),
    }
    data: dict[str, Any] = {}
    for section in ("event_data", "user_data"):
        content = winlog.get(section) or _undotted(winlog, f"{section}.")
        if isinstance(content, dict):
            _add_fields(data, content)
    if event.get("message"):
        data.setdefault("Message", event["message"])
    return Record(
        record_id=_whole(winlog.get("record_id")),
        time=utc(winlog.get("time_created") or event.get("@timestamp")),
        host=_text(flat["Computer"]) or _text(_at(event, "host", "name")),
        channel=_text(flat["Channel"]),
        provider=_text(flat["Provider_Name"]),
        event_id=event_id,
        system=flat,
        data=data,
    )


def flat_record(event: dict[str, Any]) -> Record:
    """Return the record of an event whose fields lie side by side, as NXLog writes them."""
    event_id = event_id_of(event["EventID"])
    flat = {ours: event[theirs] for theirs, ours in FLAT_SYSTEM.items() if theirs in event}
    data = {name: value for name, value in event.items() if name not in FLAT_NAMES}
    if any(type(value) is not str or " " in name for name, value in data.items()):
        named, data = data, {}
        _add_fields(data, named)
    if isinstance(data.get("EventType"), str) and data["EventType"] in NXLOG_EVENT_TYPES:
        del data["EventType"]
    flat["EventID"] = event_id
    time = event.get("TimeCreated") or event.get("SystemTime") or event.get("EventTime") or event.get("@timestamp")
    return Record(
        record_id=_whole(flat.get("EventRecordID")),
        time=utc(time),
        host=_text(flat.get("Computer")),
        channel=_text(flat.get("Channel")),
        provider=_text(flat.get("Provider_Name")),
        event_id=event_id,
        system=flat,
        data=data,
    )


def windows_record(event: object) -> Record | None:
    """Return the record of one JSON value, or None where it is no Windows event in a known shape."""
    if not isinstance(event, dict):
        return None
    try:
        if isinstance(event.get("Event"), dict):
            return event_record(event["Event"])
        if isinstance(event.get("winlog"), dict) or "winlog.event_id" in event or "log_name" in event:
            return winlog_record(event)
        named = "Channel" in event or "SourceName" in event or "ProviderName" in event
        if named and "EventID" in event and "TimeGenerated" not in event:  # a table's row is no flat event
            return flat_record(event)
        if isinstance(event.get("System"), dict):
            return event_record(event)
    except NOT_AN_EVENT:
        return None
    return None


def utc(value: object) -> str:
    """Return a time as ISO 8601 in UTC with a Z, or '' where it cannot be read; one without a zone is UTC."""
    if isinstance(value, dict):
        value = value.get("SystemTime") or attributes_of(value).get("SystemTime")
    if isinstance(value, str):
        if value.endswith("Z") and value[10:11] == "T":
            return value
        try:
            moment = datetime.fromisoformat(value.replace(" UTC", "+00:00"))
        except ValueError:
            return ""
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        except (OverflowError, OSError, ValueError):
            return ""
    else:
        return ""
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # in the first or last hours of the calendar
        return ""
    return moment.isoformat().replace("+00:00", "Z")


def attributes_of(node: object) -> dict[str, Any]:
    """Return the XML attributes of a node, whether marked as such or laid beside its content."""
    if not isinstance(node, dict):
        return {} if not isinstance(node, str) else {"Name": node, "SystemTime": node}
    attributes = node.get("#attributes")
    return attributes if isinstance(attributes, dict) else node


def event_id_of(value: object) -> int:
    """Return an event id written as a number, as text or with attributes. Raises ValueError where it is none."""
    if isinstance(value, dict):
        value = value.get("#text")
    number = _whole(value)
    if number is None:
        raise ValueError("no event id")
    return number


def _whole(value: object) -> int | None:
    """Return a whole number written as a number or as decimal text, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _at(node: object, *path: str) -> object:
    for name in path:
        if not isinstance(node, dict):
            return None
        node = node.get(name)
    return node


def _unwrapped(content: Any) -> Any:
    """Take the single element off that UserData wraps its fields in, such as `LogFileCleared`."""
    if isinstance(content, dict):
        inner = [name for name in content if name != "#attributes"]
        if len(inner) == 1 and isinstance(content[inner[0]], dict):
            return content[inner[0]]
    return content


def _add_fields(fields: dict[str, Any], content: Any) -> None:
    """Add an event's own fields: names without spaces, one level, the first of two of the same name stays."""
    if not isinstance(content, dict):
        fields.setdefault("Data", content)
        return
    for name, value in content.items():
        key = name if " " not in name else name.replace(" ", "")
        kind = type(value)
        if kind is str or value is None:
            fields.setdefault(key, value)
        elif kind is dict:
            if name == "#attributes":
                continue
            if "#text" in value:
                fields.setdefault(key, value["#text"])
            else:
                _add_fields(fields, value)
        else:
            fields.setdefault(key, value)


def _undotted(event: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name[len(prefix) :]: value for name, value in event.items() if name.startswith(prefix)}


def _old_winlog(event: dict[str, Any]) -> dict[str, Any]:
    """Return the `winlog` object of an event written before Winlogbeat 7, when its names lay at the top."""
    return {
        "event_id": event.get("event_id"),
        "channel": event.get("log_name"),
        "provider_name": event.get("source_name"),
        "computer_name": event.get("computer_name"),
        "record_id": event.get("record_number"),
        "event_data": event.get("event_data"),
        "user_data": event.get("user_data"),
    }
