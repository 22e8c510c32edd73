"""Google Cloud audit log, and Google Workspace's where it is exported to it: who called which method on what.

https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.cloud import named
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_text

CHANNELS = {
    "admin.googleapis.com": "google_workspace/admin",
    "login.googleapis.com": "google_workspace/login",
}
"""Services of Google Workspace that write to the same log; all others are Google Cloud's own."""


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of an entry of the log; None where its payload is no audit record."""
    payload = value["protoPayload"]
    if type(payload) is not dict or not (payload.get("methodName") or payload.get("serviceName")):
        return None
    fields = flat(value)
    service = str(payload.get("serviceName") or "")
    # The names under which Sigma rules ask, which are Elastic's and those of the message that carries an entry.
    system = {f"data.{name}": item for name, item in fields.items() if name.startswith("protoPayload.")}
    system |= {"gcp.audit.method_name": payload.get("methodName"), "gcp.audit.service_name": service}
    if "logName" in value:
        system["data.protoPayload.logName"] = value["logName"]
    system |= _workspace(payload.get("metadata"), service)
    written = value.get("timestamp") or value.get("receiveTimestamp")
    return event(
        CHANNELS.get(service, "gcp/audit"),
        fields,
        time=from_text(written) if type(written) is str else "",
        provider=service,
        system=system,
    )


def _workspace(metadata: Any, service: str) -> dict[str, Any]:
    """Return the name and parameters of what happened in Google Workspace, which is told in a list of one."""
    events = metadata.get("event") if type(metadata) is dict else None
    if type(events) is not list:
        return {}
    known: dict[str, Any] = {"eventService": service}
    for each in events:
        if type(each) is dict:
            known.setdefault("eventName", each.get("eventName"))
            known |= {name.lower(): item for name, item in named(each.get("parameter"), "name", "value").items()}
    return known


SHAPE = Shape("gcp_audit", "Google Cloud audit", frozenset({"protoPayload"}), row)
