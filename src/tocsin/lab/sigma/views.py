"""Give a record the names that the rules of a category use.

The audit events of the Security channel tell much of what Sysmon tells, under other names. The names are
added at the event once, instead of writing every rule twice. A view never changes the record itself: a
detection shows the event's own fields. Field facts: Microsoft's documentation of events 4688, 4657,
5156, and Sysmon's of its event schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tocsin.lab.record import Record
from tocsin.lab.sigma.views_linux import auditd_file, auditd_process, sudo
from tocsin.lab.sigma.views_network import dns, firewall, web

View = Callable[[Record], dict[str, Any]]

INTEGRITY_LEVELS = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "MediumPlus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
OPERATIONS = {
    # A value that is created is a value that is set in Sysmon's words; the maps of rules call it an addition.
    "%%1904": ("New registry value created", ["CreateKey", "SetValue"]),
    "%%1905": ("Existing registry value modified", ["SetValue"]),
    "%%1906": ("Registry value deleted", ["DeleteValue"]),
}
OPERATION_CODES = {text.lower(): code for code, (text, _) in OPERATIONS.items()}
HIVES = (("\\registry\\machine", "HKLM"), ("\\registry\\user", "HKU"))
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp"}
VOLUME = re.compile(r"^\\device\\harddiskvolume\d+\\", re.IGNORECASE)
ASSIGNMENT = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)


def plain(record: Record) -> dict[str, Any]:
    """Return the record's fields under their own names; the event's own win over what Windows says of it."""
    return {**record.system, **record.data}


def process_creation_audit(record: Record) -> dict[str, Any]:
    """Return a Security 4688 under the names of Sysmon 1."""
    data = record.data
    fields = plain(record)
    _alias(fields, data, Image="NewProcessName", ParentImage="ParentProcessName", LogonId="SubjectLogonId")
    if "NewProcessId" in data:
        fields["ProcessId"] = _decimal(data["NewProcessId"])
        if "ProcessId" in data:
            fields["ParentProcessId"] = _decimal(data["ProcessId"])
    if data.get("SubjectUserName"):
        domain = data.get("SubjectDomainName")
        fields["User"] = f"{domain}\\{data['SubjectUserName']}" if domain else data["SubjectUserName"]
    label = data.get("MandatoryLabel")
    if isinstance(label, str) and label in INTEGRITY_LEVELS:
        fields["IntegrityLevel"] = [INTEGRITY_LEVELS[label], label]
    return fields


def registry_audit(record: Record) -> dict[str, Any]:
    """Return a Security 4657 under the names of Sysmon 12 and 13."""
    data = record.data
    fields = plain(record)
    _alias(fields, data, Image="ProcessName", Details="NewValue")
    key, value = data.get("ObjectName"), data.get("ObjectValueName")
    if isinstance(key, str):
        for prefix, short in HIVES:
            if key.lower().startswith(prefix):
                key = short + key[len(prefix) :]
        fields["TargetObject"] = f"{key}\\{value}" if value else key
    operation = data.get("OperationType")
    if isinstance(operation, str):
        code = OPERATION_CODES.get(operation.lower(), operation)
        if code in OPERATIONS:
            text, event_types = OPERATIONS[code]
            fields["OperationType"] = [code, text]
            fields["EventType"] = event_types
    return fields


def connection_audit(record: Record) -> dict[str, Any]:
    """Return a Security 5156 under the names of Sysmon 3."""
    data = record.data
    fields = plain(record)
    _alias(fields, data, SourceIp="SourceAddress", DestinationIp="DestAddress", DestinationPort="DestPort")
    image = data.get("Application")
    if isinstance(image, str):
        # Which drive letter a volume had is not written; most often it is C:.
        fields["Image"] = VOLUME.sub(lambda _: "C:\\", image)
    protocol = str(data.get("Protocol"))
    fields["Protocol"] = [PROTOCOLS.get(protocol, protocol), protocol]
    direction = data.get("Direction")
    if direction in ("%%14593", "Outbound"):
        fields["Initiated"] = True
    elif direction in ("%%14592", "Inbound"):
        fields["Initiated"] = False
    return fields


def powershell_text(record: Record) -> dict[str, Any]:
    """Return a Windows PowerShell 400, 600 or 800 with the `Name=value` lines of its text as fields."""
    fields = plain(record)
    texts = record.data.get("Data")
    for text in texts if isinstance(texts, list) else [texts]:
        if isinstance(text, str):
            for name, value in ASSIGNMENT.findall(text):
                fields.setdefault(name, value)
    return fields


def defender_as_antivirus(record: Record) -> dict[str, Any]:
    """Return a Windows Defender event under the names of the antivirus rules."""
    fields = plain(record)
    _alias(fields, record.data, Signature="ThreatName", Filename="Path")
    return fields


VIEWS: dict[str, View] = {
    view.__name__: view
    for view in (
        plain,
        process_creation_audit,
        registry_audit,
        connection_audit,
        powershell_text,
        defender_as_antivirus,
        auditd_process,
        auditd_file,
        sudo,
        web,
        dns,
        firewall,
    )
}


def _alias(fields: dict[str, Any], data: dict[str, Any], **names: str) -> None:
    for name, original in names.items():
        if original in data:
            fields[name] = data[original]


def _decimal(value: object) -> object:
    """Return a process id that the Security channel writes in hexadecimal as Sysmon writes it."""
    if isinstance(value, str) and value.lower().startswith("0x"):
        try:
            return int(value, 16)
        except ValueError:
            return value
    return value
