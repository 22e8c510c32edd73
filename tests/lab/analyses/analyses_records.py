"""Windows records made in tests, with times in seconds from a start, and lakes of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab_events import record

from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
NO_GUID = "{00000000-0000-0000-0000-000000000000}"


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def windows(log: tuple[str, str], code: int, at: float, host: str, number: int = 7, **data: Any) -> Record:
    """Return an event of a log (channel, provider), some seconds after the start, on a host."""
    time = {"#attributes": {"SystemTime": after(at).isoformat(timespec="microseconds").replace("+00:00", "Z")}}
    fqdn = f"{host.upper()}.corp.example"
    return record(log[0], code, data, provider=log[1], TimeCreated=time, Computer=fqdn, EventRecordID=number)


def logon(at: float, target: str, user: str, source: str, kind: int = 3, code: int = 4624, **more: Any) -> Record:
    """Return a logon (4624) or failed logon (4625) of CORP\\user on a target, from an address."""
    data = {
        "TargetUserName": user,
        "TargetDomainName": "CORP",
        "LogonType": str(kind),
        "IpAddress": source,
        "IpPort": "50000",
        "AuthenticationPackageName": "Kerberos",
        "LogonProcessName": "Kerberos",
        "KeyLength": "0",
        "WorkstationName": "-",
        "TargetLogonId": "0x1234",
        "LogonGuid": NO_GUID,
    }
    return windows(SECURITY, code, at, target, **(data | more))


def own_address(host: str, address: str, at: float = 0) -> Record:
    """Return the event by which a host's address becomes known: it logs its own connection."""
    ends = {"SourceIp": address, "SourcePort": "49999", "DestinationIp": "10.9.9.9", "DestinationPort": "80"}
    return windows(SYSMON, 3, at, host, Initiated="true", Protocol="tcp", **ends)


def lake_of(folder: Path, records: Iterable[Record]) -> Lake:
    write_item(folder, "E1", records)
    return Lake(folder)
