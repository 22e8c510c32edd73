"""Windows events of the example evidence: hosts, processes, and the field sets that Sysmon and Windows write.

Field names and forms follow what Winlogbeat ships: numbers as text under `winlog.event_data`, hexadecimal
process ids in the Security log, GUIDs in braces. All values are invented.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DOMAIN = "HALDEN"
DNS = "corp.halden.example"
DOMAIN_SID = "S-1-5-21-2093117417-884120553-3310298471"

SECURITY = "Security"
SYSTEM = "System"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
DEFENDER = "Microsoft-Windows-Windows Defender/Operational"
TASKS = "Microsoft-Windows-TaskScheduler/Operational"

PROVIDERS = {
    SECURITY: ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-a5ba-3e3b0328c30d}"),
    SYSTEM: ("Service Control Manager", "{555908d1-a6d7-4695-8e1e-26931d2012f4}"),
    SYSMON: ("Microsoft-Windows-Sysmon", "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"),
    POWERSHELL: ("Microsoft-Windows-PowerShell", "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}"),
    DEFENDER: ("Microsoft-Windows-Windows Defender", "{11cd958a-c507-4ef3-b3f2-5fd9dfbd2c78}"),
    TASKS: ("Microsoft-Windows-TaskScheduler", "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}"),
}
EVENTLOG = ("Microsoft-Windows-Eventlog", "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}")
"""The provider of 'log cleared', whatever the channel."""


@dataclass(frozen=True)
class Account:
    """Who runs a process, and with which integrity."""

    user: str
    integrity: str = "Medium"


AS_SYSTEM = Account("NT AUTHORITY\\SYSTEM", "System")


@dataclass(frozen=True)
class Host:
    """A computer of the example organization."""

    name: str
    address: str
    sysmon: bool = True

    @property
    def fqdn(self) -> str:
        """The full name under which events are written."""
        return f"{self.name}.{DNS}"


@dataclass(frozen=True)
class Event:
    """One event before it has a record number."""

    time: datetime
    host: Host
    channel: str
    event_id: int
    data: dict[str, str]
    provider: tuple[str, str] = ("", "")
    user_data: str = ""


@dataclass(frozen=True)
class Process:
    """A process that ran, so that children and its own deeds can refer to it."""

    image: str
    command_line: str
    account: Account
    pid: int
    guid: str


@dataclass
class Scene:
    """Collects events; random numbers come from one seed, so that the same call gives the same evidence."""

    random: random.Random
    events: list[Event] = field(default_factory=list)

    def add(self, time: datetime, host: Host, channel: str, event_id: int, data: dict[str, str]) -> None:
        """Add one event of the channel's usual provider."""
        self.events.append(Event(time, host, channel, event_id, data))

    def guid(self) -> str:
        """A new process GUID."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{{{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}}}"

    def process(
        self,
        time: datetime,
        host: Host,
        image: str,
        command_line: str,
        account: Account,
        parent: Process | None = None,
        original: str = "",
    ) -> Process:
        """Start a process: Sysmon 1, or Security 4688 without Sysmon. No parent: a service starts it."""
        child = Process(image, command_line, account, self.random.randrange(1200, 14000, 4), self.guid())
        services = "C:\\Windows\\System32\\services.exe"
        parent = parent or Process(services, services, AS_SYSTEM, 688, self.guid())
        if host.sysmon:
            self.add(time, host, SYSMON, 1, self._sysmon_1(time, child, parent, original))
        else:
            self.add(time, host, SECURITY, 4688, _security_4688(child, parent))
        return child

    def _sysmon_1(self, time: datetime, child: Process, parent: Process, original: str) -> dict[str, str]:
        name = child.image.rsplit("\\", 1)[-1]
        return {
            "RuleName": "-",
            "UtcTime": utc_time(time),
            "ProcessGuid": child.guid,
            "ProcessId": str(child.pid),
            "Image": child.image,
            "FileVersion": "10.0.22621.1",
            "Description": name.rsplit(".", 1)[0],
            "Product": "-",
            "Company": "-",
            "OriginalFileName": original or name,
            "CommandLine": child.command_line,
            "CurrentDirectory": "C:\\Windows\\system32\\",
            "User": child.account.user,
            "LogonGuid": self.guid(),
            "LogonId": hex(self.random.randrange(0x30000, 0xFFFFFF)),
            "TerminalSessionId": "0" if child.account == AS_SYSTEM else "1",
            "IntegrityLevel": child.account.integrity,
            "Hashes": f"SHA256={hashlib.sha256(child.image.lower().encode()).hexdigest().upper()}",
            "ParentProcessGuid": parent.guid,
            "ParentProcessId": str(parent.pid),
            "ParentImage": parent.image,
            "ParentCommandLine": parent.command_line,
            "ParentUser": parent.account.user,
        }

    def sysmon(self, time: datetime, host: Host, event_id: int, process: Process, **data: str) -> None:
        """Add a Sysmon event of what a process did (not 1, 8 or 10)."""
        own = {
            "RuleName": "-",
            "UtcTime": utc_time(time),
            "ProcessGuid": process.guid,
            "ProcessId": str(process.pid),
            "Image": process.image,
            "User": process.account.user,
        }
        self.add(time, host, SYSMON, event_id, own | data)

    def file_created(self, time: datetime, host: Host, process: Process, path: str) -> None:
        """Sysmon 11."""
        self.sysmon(time, host, 11, process, TargetFilename=path, CreationUtcTime=utc_time(time))

    def registry_set(self, time: datetime, host: Host, process: Process, key: str, value: str) -> None:
        """Sysmon 13."""
        self.sysmon(time, host, 13, process, EventType="SetValue", TargetObject=key, Details=value)

    def connected(self, time: datetime, host: Host, process: Process, to: str, port: int, name: str = "-") -> None:
        """Sysmon 3, outbound over TCP."""
        self.sysmon(
            time,
            host,
            3,
            process,
            Protocol="tcp",
            Initiated="true",
            SourceIsIpv6="false",
            SourceIp=host.address,
            SourceHostname=host.fqdn,
            SourcePort=str(self.random.randrange(49152, 65535)),
            SourcePortName="-",
            DestinationIsIpv6="false",
            DestinationIp=to,
            DestinationHostname=name,
            DestinationPort=str(port),
            DestinationPortName="-",
        )

    def resolved(self, time: datetime, host: Host, process: Process, name: str, answer: str) -> None:
        """Sysmon 22."""
        self.sysmon(time, host, 22, process, QueryName=name, QueryStatus="0", QueryResults=f"::ffff:{answer};")

    def opened(self, time: datetime, host: Host, source: Process, target: Process, access: str) -> None:
        """Sysmon 10."""
        self.add(time, host, SYSMON, 10, {
            "RuleName": "-", "UtcTime": utc_time(time), "SourceProcessGUID": source.guid,
            "SourceProcessId": str(source.pid),
            "SourceThreadId": str(self.random.randrange(1000, 9000, 4)), "SourceImage": source.image,
            "TargetProcessGUID": target.guid, "TargetProcessId": str(target.pid),
            "TargetImage": target.image, "GrantedAccess": access,
            "CallTrace": "C:\\Windows\\SYSTEM32\\ntdll.dll+9fc24|C:\\Windows\\System32\\KERNELBASE.dll+2e73e",
            "SourceUser": source.account.user, "TargetUser": target.account.user,
        })  # fmt: skip

    def logon(
        self,
        time: datetime,
        host: Host,
        user: str,
        kind: int,
        address: str = "-",
        workstation: str = "-",
        package: str = "Kerberos",
    ) -> str:
        """Security 4624; returns the logon id."""
        logon_id = hex(self.random.randrange(0x100000, 0xFFFFFFF))
        self.add(time, host, SECURITY, 4624, {
            "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-",
            "SubjectLogonId": "0x0", "TargetUserSid": sid_of(user), "TargetUserName": user,
            "TargetDomainName": "NT AUTHORITY" if user == "SYSTEM" else DOMAIN,
            "TargetLogonId": logon_id, "LogonType": str(kind),
            "LogonProcessName": {2: "User32 ", 5: "Advapi  ", 10: "User32 "}.get(kind, package),
            "AuthenticationPackageName": package, "WorkstationName": workstation, "LogonGuid": self.guid(),
            "TransmittedServices": "-", "LmPackageName": "NTLM V2" if package == "NTLM" else "-",
            "KeyLength": "128" if package == "NTLM" else "0", "ProcessId": "0x0", "ProcessName": "-",
            "IpAddress": address,
            "IpPort": "-" if address == "-" else str(self.random.randrange(49152, 65535)),
            "ImpersonationLevel": "%%1833", "RestrictedAdminMode": "-", "TargetOutboundUserName": "-",
            "TargetOutboundDomainName": "-", "VirtualAccount": "%%1843", "TargetLinkedLogonId": "0x0",
            "ElevatedToken": "%%1842",
        })  # fmt: skip
        return logon_id

    def failed_logon(self, time: datetime, host: Host, user: str, address: str, workstation: str) -> None:
        """Security 4625 over the network: the account is right, the password is wrong."""
        self.add(time, host, SECURITY, 4625, {
            "SubjectUserSid": "S-1-0-0", "SubjectUserName": "-", "SubjectDomainName": "-",
            "SubjectLogonId": "0x0", "TargetUserSid": "S-1-0-0", "TargetUserName": user,
            "TargetDomainName": DOMAIN, "Status": "0xc000006d", "FailureReason": "%%2313",
            "SubStatus": "0xc000006a", "LogonType": "3", "LogonProcessName": "NtLmSsp ",
            "AuthenticationPackageName": "NTLM", "WorkstationName": workstation,
            "TransmittedServices": "-", "LmPackageName": "-", "KeyLength": "0", "ProcessId": "0x0",
            "ProcessName": "-", "IpAddress": address, "IpPort": str(self.random.randrange(49152, 65535)),
        })  # fmt: skip

    def ticket(self, time: datetime, host: Host, user: str, service: str, address: str, cipher: str = "0x12") -> None:
        """Security 4769."""
        self.add(time, host, SECURITY, 4769, {
            "TargetUserName": f"{user}@{DNS.upper()}", "TargetDomainName": DNS.upper(),
            "ServiceName": service, "ServiceSid": sid_of(service), "TicketOptions": "0x40810000",
            "TicketEncryptionType": cipher, "IpAddress": f"::ffff:{address}",
            "IpPort": str(self.random.randrange(49152, 65535)), "Status": "0x0", "LogonGuid": self.guid(),
            "TransmittedServices": "-",
        })  # fmt: skip

    def service_installed(self, time: datetime, host: Host, name: str, path: str) -> None:
        """System 7045."""
        self.add(time, host, SYSTEM, 7045, {
            "ServiceName": name, "ImagePath": path, "ServiceType": "user mode service",
            "StartType": "demand start", "AccountName": "LocalSystem",
        })  # fmt: skip

    def script_block(self, time: datetime, host: Host, text: str, path: str = "") -> None:
        """PowerShell 4104."""
        self.add(time, host, POWERSHELL, 4104, {
            "MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": text,
            "ScriptBlockId": self.guid().strip("{}"), "Path": path,
        })  # fmt: skip

    def log_cleared(self, time: datetime, host: Host, channel: str, user: str) -> None:
        """Security 1102 for the Security log, System 104 for any other."""
        data = {
            "SubjectUserSid": sid_of(user),
            "SubjectUserName": user,
            "SubjectDomainName": DOMAIN,
            "SubjectLogonId": hex(self.random.randrange(0x100000, 0xFFFFFFF)),
        }
        if channel == SECURITY:
            self.events.append(Event(time, host, SECURITY, 1102, data, EVENTLOG, "LogFileCleared"))
        else:
            own = {"SubjectUserName": user, "SubjectDomainName": DOMAIN, "Channel": channel, "BackupPath": ""}
            self.events.append(Event(time, host, SYSTEM, 104, own, EVENTLOG, "LogFileCleared"))


def _security_4688(child: Process, parent: Process) -> dict[str, str]:
    domain, _, name = child.account.user.rpartition("\\")
    return {
        "SubjectUserSid": sid_of(name),
        "SubjectUserName": name,
        "SubjectDomainName": domain or DOMAIN,
        "SubjectLogonId": "0x3e7",
        "NewProcessId": hex(child.pid),
        "NewProcessName": child.image,
        "TokenElevationType": "%%1936",
        "ProcessId": hex(parent.pid),
        "CommandLine": child.command_line,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": parent.image,
        "MandatoryLabel": {"Medium": "S-1-16-8192", "High": "S-1-16-12288"}.get(
            child.account.integrity, "S-1-16-16384"
        ),
    }


def sid_of(account: str) -> str:
    """A security identifier that is always the same for an account."""
    if account in ("SYSTEM", "-"):
        return "S-1-5-18"
    return f"{DOMAIN_SID}-{1100 + int(hashlib.sha256(account.lower().encode()).hexdigest()[:6], 16) % 8000}"


def utc_time(time: datetime) -> str:
    """The form in which Sysmon writes times."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def winlogbeat(event: Event, record_id: int) -> dict[str, Any]:
    """The event as Winlogbeat ships it."""
    provider, provider_guid = event.provider if event.provider[0] else PROVIDERS[event.channel]
    stamp = event.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    winlog: dict[str, Any] = {
        "api": "wineventlog",
        "channel": event.channel,
        "computer_name": event.host.fqdn,
        "event_id": str(event.event_id),
        "provider_name": provider,
        "provider_guid": provider_guid,
        "record_id": record_id,
    }
    if event.user_data:
        winlog["user_data"] = event.data | {"xml_name": event.user_data}
    else:
        winlog["event_data"] = event.data
    return {
        "@timestamp": stamp,
        "event": {"code": str(event.event_id), "kind": "event", "provider": provider},
        "host": {"name": event.host.fqdn},
        "agent": {"type": "winlogbeat", "version": "8.15.3"},
        "winlog": winlog,
    }
