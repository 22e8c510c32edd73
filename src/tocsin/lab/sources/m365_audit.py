"""Microsoft 365 unified audit log: what accounts did in Exchange, SharePoint, Teams, Entra ID and the rest.

As the API and `Search-UnifiedAuditLog` give it (the record is the JSON in `AuditData`, see json_wraps.py), and as the
table OfficeActivity. Exports repeat records, which are told by their `Id`.
https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.sources.cloud import named, object_in, with_texts
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_text

CHANNEL = "m365/audit"
TITLE = "Microsoft 365 unified audit"
LISTS = ("Parameters", "OperationProperties", "ExtendedProperties", "DeviceProperties")
"""Lists of names and values; Sigma rules search them as texts and ask for the values by their names."""
TABLE = {
    "OfficeWorkload": "Workload",
    "Client_IPAddress": "ClientIPAddress",
    "OfficeObjectId": "ObjectId",
    "OfficeId": "Id",
    "Logon_Type": "LogonType",
    "Site_Url": "SiteUrl",
    "TimeGenerated": "CreationTime",
}
"""Names of the table's columns, and the log's own."""
WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):([0-9]{1,5})")
SUCCESS = frozenset({"success", "succeeded", "true"})


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of a record; None where it is none."""
    operation, workload = value.get("Operation"), value.get("Workload")
    if type(operation) is not str or not (type(workload) is str or "RecordType" in value):
        return None
    fields = flat(value)
    for name in LISTS:
        fields |= {f"{name}.{inner}": item for inner, item in named(value.get(name), "Name", "Value").items()}
    for inner, item in named(value.get("ExtendedProperties"), "Name", "Value").items():
        fields.setdefault(inner, item)
    with_texts(fields, value, (*LISTS, "ModifiedProperties", "Folders", "AffectedItems", "Item"))
    result = str(value.get("ResultStatus", "success" if operation.startswith("Alert") else ""))
    # The names under which rules for this log ask that were written for Microsoft's cloud app security.
    system = {
        "eventSource": workload,
        "eventName": value.get("Name") if operation.startswith("Alert") else operation,
        "status": "success" if result.lower() in SUCCESS else result,
    }
    system |= _client(value.get("ClientIP") or value.get("ClientIPAddress") or value.get("ActorIpAddress"))
    written = value.get("CreationTime")
    return event(
        CHANNEL,
        fields,
        time=from_text(written) if type(written) is str else "",
        provider=workload if type(workload) is str else "",
        system=system,
    )


def _client(written: Any) -> dict[str, Any]:
    """Return the client's address and port of what some services write with a port: `1.2.3.4:5`, `[2001:db8::1]:5`."""
    found = WITH_PORT.fullmatch(written) if type(written) is str else None
    return {"client_address": found[1] or found[2], "client_port": int(found[3])} if found else {}


def table_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a row of the table OfficeActivity, whose empty columns do not belong to the record."""
    return row({TABLE.get(name, name): object_in(item) for name, item in value.items() if item not in ("", None)})


SHAPES = (
    Shape("m365_audit", TITLE, frozenset({"Operation", "CreationTime", "Id"}), row, identity="Id"),
    Shape("m365_audit", TITLE, frozenset({"Operation", "CreationTime", "RecordType"}), row),
    Shape("m365_audit", TITLE, frozenset({"Operation", "OfficeWorkload", "OfficeId"}), table_row, identity="OfficeId"),
    Shape("m365_audit", TITLE, frozenset({"Operation", "OfficeWorkload"}), table_row),
)
