"""Logs whose JSON needs no more than to be recognised: Okta, GitHub, Bitbucket, OpenCanary, Defender, and the like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from tocsin.lab.sources.cloud import object_in
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_epoch, from_text


@dataclass(frozen=True)
class Service:
    """A log: its channel, the keys that tell it, and under which keys it has its time, host, program, own name."""

    channel: str
    title: str
    keys: tuple[str, ...]
    times: tuple[str, ...]
    host: str = ""
    provider: str = ""
    identity: str = ""
    table: bool = False
    """Whether it is a table, of which empty columns do not belong to the record and objects are texts."""


SERVICES = (
    # https://developer.okta.com/docs/reference/api/system-log/
    Service("okta/system", "Okta System Log", ("eventType", "published", "outcome"), ("published",), identity="uuid"),
    # https://docs.github.com/en/enterprise-cloud@latest/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
    Service("github/audit", "GitHub audit", ("action", "actor", "_document_id"), ("@timestamp", "created_at")),
    Service("github/audit", "GitHub audit", ("action", "actor", "created_at"), ("created_at", "@timestamp")),
    Service(
        "bitbucket/audit", "Bitbucket audit", ("auditType", "author"), ("timestamp", "createdDate"), provider="node"
    ),
    # https://opencanary.readthedocs.io/en/latest/
    Service(
        "opencanary/events",
        "OpenCanary",
        ("logtype", "logdata", "node_id"),
        ("utc_time", "local_time_adjusted", "local_time"),
        host="node_id",
    ),
    # https://learn.microsoft.com/defender-xdr/advanced-hunting-schema-tables
    Service(
        "defender/event",
        "Microsoft Defender advanced hunting",
        ("ActionType", "Timestamp"),
        ("Timestamp",),
        host="DeviceName",
        provider="Application",
        table=True,
    ),
    Service(
        "defender/event",
        "Microsoft Defender advanced hunting",
        ("ActionType", "TimeGenerated", "ReportId"),
        ("Timestamp", "TimeGenerated"),
        host="DeviceName",
        provider="Type",
        table=True,
    ),
    # https://learn.microsoft.com/azure/azure-monitor/reference/tables/vmconnection
    Service(
        "azure/vmconnection",
        "Azure VM insights connections",
        ("TimeGenerated", "SourceIp", "DestinationIp", "Direction"),
        ("TimeGenerated",),
        host="Computer",
        provider="ProcessName",
        table=True,
    ),
)
"""The logs, in the order in which they are asked."""


def row(service: Service, value: dict[str, Any]) -> Event | None:
    """Return the event of a record of a service."""
    if service.table:
        value = {name: object_in(item) for name, item in value.items() if item not in ("", None)}
    fields = flat(value)
    return event(
        service.channel,
        fields,
        time=next((time for name in service.times if (time := _time(value.get(name)))), ""),
        host=_text(value.get(service.host)),
        provider=_text(value.get(service.provider)),
    )


def _time(value: Any) -> str:
    if type(value) in (int, float):
        return from_epoch(value, "ms" if value > 1e11 else "s")
    if type(value) is dict:  # Bitbucket: {"epochSecond": ..., "nano": ...}
        return _time(value.get("epochSecond"))
    return from_text(value) if type(value) is str else ""


def _text(value: Any) -> str:
    return value if type(value) is str else ""


SHAPES = tuple(
    Shape(
        service.channel.partition("/")[0],
        service.title,
        frozenset(service.keys),
        partial(row, service),
        service.identity,
    )
    for service in SERVICES
)
