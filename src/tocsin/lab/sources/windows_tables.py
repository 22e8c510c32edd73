"""Windows events as rows of Azure Log Analytics: the tables SecurityEvent, WindowsEvent and Event.

The event's own fields are columns of their own, or lie in `EventData` as XML or JSON. The result is the event as the
JSON of its XML. https://learn.microsoft.com/azure/azure-monitor/reference/tables/securityevent
"""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.sources.cloud import object_in
from tocsin.lab.sources.windows_xml import fields_of

PLACES = {
    "EventID": "EventID",
    "Channel": "Channel",
    "EventLog": "Channel",
    "Computer": "Computer",
    "Task": "Task",
    "Opcode": "Opcode",
    "Keywords": "Keywords",
    "EventRecordId": "EventRecordID",
    "Version": "Version",
    "EventLevel": "Level",
    "Level": "Level",
}
"""Columns that describe the event, and where they stand in its XML; of two for the same, the first with a value."""
PROVIDERS = ("Provider", "EventSourceName", "Source")
TABLE_ONLY = frozenset({
    "TenantId", "SourceSystem", "TimeGenerated", "MG", "ManagementGroupName", "Type", "_ResourceId", "SourceComputerId",
    "EventOriginId", "TimeCollected", "InstanceId", "AzureDeploymentID", "Role", "EventLevelName", "TimeCreated",
    "EventData", "EventData_dynamic", "UserData", "ParameterXml", "RenderedDescription", "RawEventData", "_TimeReceived",
})  # fmt: skip
"""Columns that say nothing of the event's own."""
XML = re.compile(r"<(EventData|UserData)[\s>].*</\1>", re.DOTALL)


def is_table(value: dict[str, Any]) -> bool:
    """Tell whether a JSON value is a row of such a table."""
    return "TimeGenerated" in value and "EventID" in value and "Computer" in value


def event_of_table(value: dict[str, Any]) -> dict[str, Any]:
    """Return the event of a row. Empty columns belong to other events than this one."""
    filled = {name: item for name, item in value.items() if item not in ("", None)}
    system: dict[str, Any] = {}
    for name, place in PLACES.items():
        if name in filled:
            system.setdefault(place, filled[name])
    provider = next((filled[name] for name in PROVIDERS if name in filled), None)
    system["Provider"] = {"#attributes": {"Name": provider}}
    system["TimeCreated"] = {"#attributes": {"SystemTime": filled.get("TimeCreated") or filled.get("TimeGenerated")}}
    data = {
        name: item
        for name, item in filled.items()
        if name not in TABLE_ONLY and name not in PLACES and name not in PROVIDERS
    }
    if "RenderedDescription" in filled:
        data["Message"] = filled["RenderedDescription"]
    for name in ("EventData", "EventData_dynamic", "UserData"):
        data |= _fields(filled.get(name))
    return {"Event": {"#attributes": {}, "System": system, "EventData": data}}


def _fields(content: Any) -> dict[str, Any]:
    """Return the fields of an event's data, however it is written."""
    found = object_in(content)
    if type(found) is dict:
        return found
    if type(found) is list:
        return {"Data": found}
    xml = XML.search(found) if type(found) is str else None
    return (fields_of(xml[0]) if xml else None) or {}
