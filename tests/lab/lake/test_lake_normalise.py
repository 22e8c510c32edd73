"""Windows events under the common columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tocsin.lab.lake import Lake, normalise, write_item
from tocsin.lab.record import Record

SYSMON = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon")
SECURITY = ("Security", "Microsoft-Windows-Security-Auditing")
MD5, SHA256 = "A" * 32, "B" * 64
CMD = "C:\\Windows\\System32\\cmd.exe"


def columns_of(
    tmp_path: Path, where: tuple[str, str], code: int, data: dict[str, Any], **system: Any
) -> dict[str, Any]:
    write_item(
        tmp_path, "one", [Record(7, "2026-03-13T06:00:00Z", "WS1.corp.example", *where, code, system, data, "a.evtx")]
    )
    with Lake(tmp_path) as lake:
        return lake.search("").events[0].columns


@pytest.mark.parametrize(
    ("where", "code", "data", "columns"),
    [
        (
            SYSMON,
            1,
            {
                "Image": CMD,
                "CommandLine": "cmd /c x",
                "User": "CORP\\Ann",
                "ParentImage": "C:\\a\\B.EXE",
                "Hashes": f"MD5={MD5},SHA256={SHA256}",
            },
            {
                "process": CMD,
                "process_name": "cmd.exe",
                "parent_name": "b.exe",
                "command_line": "cmd /c x",
                "user": "CORP\\Ann",
                "user_name": "ann",
                "md5": MD5.lower(),
                "sha256": SHA256.lower(),
            },
        ),
        (
            SYSMON,
            3,
            {
                "SourceIp": "::ffff:10.0.0.1",
                "SourcePort": 50000,
                "DestinationIp": "2001:DB8::1",
                "DestinationPort": "443",
                "DestinationHostname": "X.Example.com.",
            },
            {
                "src_address": "10.0.0.1",
                "src_port": 50000,
                "dst_address": "2001:db8::1",
                "dst_port": 443,
                "domain": "x.example.com",
            },
        ),
        (
            SYSMON,
            10,
            {"SourceImage": CMD, "TargetImage": "C:\\lsass.exe", "SourceUser": "A\\b"},
            {"process": CMD, "path": "C:\\lsass.exe", "user": "A\\b"},
        ),
        (SYSMON, 13, {"TargetObject": "HKLM\\Run\\x"}, {"path": "HKLM\\Run\\x", "file_name": "x"}),
        (
            SYSMON,
            22,
            {"QueryName": "A.example", "QueryResults": "10.0.0.1"},
            {"domain": "a.example", "message": "10.0.0.1"},
        ),
        (
            SECURITY,
            4688,
            {"NewProcessName": CMD, "ProcessName": "no", "SubjectUserName": "ann", "SubjectDomainName": "CORP"},
            {"process": CMD, "user": "CORP\\ann"},
        ),
        (
            SECURITY,
            4624,
            {
                "SubjectUserName": "-",
                "TargetUserName": "Ann",
                "TargetDomainName": "CORP",
                "IpAddress": "-",
                "IpPort": "-",
            },
            {"user": "CORP\\Ann"},
        ),
        (
            SECURITY,
            4769,
            {"TargetUserName": "ann@CORP.EXAMPLE", "ServiceName": "FS1$", "IpAddress": "::ffff:10.0.0.2"},
            {"user_name": "ann", "path": "FS1$", "src_address": "10.0.0.2"},
        ),
        (
            ("System", "Service Control Manager"),
            7045,
            {"ServiceName": "Evil", "ImagePath": "cmd.exe /c x"},
            {"path": "Evil", "command_line": "cmd.exe /c x"},
        ),
        (
            ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
            4104,
            {"ScriptBlockText": "whoami"},
            {"message": "whoami"},
        ),
        (
            SYSMON,
            1,
            {"ProcessId": 812, "ProcessGuid": "{AB-1}", "ParentProcessId": "4", "LogonId": "0x3E7"},
            {
                "process_id": 812,
                "process_guid": "{ab-1}",
                "parent_process_id": 4,
                "logon_id": "0x3e7",
                "action": "create",
            },
        ),
        (
            SECURITY,
            4688,
            {"NewProcessId": "0x1a4", "ProcessId": "0x10", "SubjectLogonId": "0x3e7", "TargetUserName": "Bob"},
            {"process_id": 420, "parent_process_id": 16, "logon_id": "0x3e7", "target_user_name": "bob"},
        ),
        (
            SECURITY,
            4624,
            {"TargetLogonId": "0x51", "SubjectLogonId": "0x3e7", "LogonType": 3, "ProcessId": "0x0"},
            {"logon_id": "0x51", "logon_type": "3", "action": "logon", "status": "success"},
        ),
        (
            SECURITY,
            4625,
            {"SubjectLogonId": "0x0", "Status": "0xc000006d", "TargetUserName": "ann"},
            {"action": "logon-failed", "status": "0xc000006d", "user": "ann"},
        ),
        (
            SECURITY,
            4648,
            {"SubjectUserName": "ann", "SubjectDomainName": "C", "TargetUserName": "bob", "TargetDomainName": "D"},
            {"user": "C\\ann", "target_user": "D\\bob", "target_user_name": "bob"},
        ),
        (
            SECURITY,
            5156,
            {"ProcessID": "1200", "Protocol": "6", "SourceAddress": "10.0.0.1", "DestPort": "443"},
            {"process_id": 1200, "protocol": "tcp", "action": "allow", "dst_port": 443},
        ),
        (("Windows PowerShell", "PowerShell"), 800, {"Data": ["a", "b"]}, {"message": "a\nb"}),
        (("Unheard/Of", "Nobody"), 1, {"Image": CMD}, {"process": CMD}),
    ],
)
def test_fields_become_columns(
    tmp_path: Path, where: tuple[str, str], code: int, data: dict[str, Any], columns: dict[str, Any]
) -> None:
    found = columns_of(tmp_path, where, code, data)
    common = {
        "host": "WS1.corp.example",
        "host_name": "ws1",
        "source": "windows",
        "code": str(code),
        "record_id": 7,
        "time_zone": "UTC",
        "source_file": "a.evtx",
        "item": "one",
    }
    assert {name: found.get(name) for name in columns | common} == columns | common


def test_what_says_nothing_is_no_value(tmp_path: Path) -> None:
    found = columns_of(
        tmp_path,
        SECURITY,
        4624,
        {"TargetUserName": "-", "TargetDomainName": "", "IpAddress": "-", "IpPort": "0xg", "CommandLine": ""},
    )
    assert {"user", "user_name", "src_address", "src_port", "command_line"}.isdisjoint(found)


def test_a_forwarded_event_is_known_by_its_provider(tmp_path: Path) -> None:
    found = columns_of(tmp_path, ("ForwardedEvents", "Microsoft-Windows-Sysmon"), 22, {"QueryName": "a.example"})
    assert found["domain"] == "a.example"


def test_the_account_of_the_record_is_the_last_resort(tmp_path: Path) -> None:
    assert columns_of(tmp_path, ("System", "X"), 1, {}, Security_UserID="S-1-5-18")["user"] == "S-1-5-18"


def test_a_channel_without_a_mapping_is_told_by_its_product(tmp_path: Path) -> None:
    found = columns_of(tmp_path, ("nothing/known", "daemon"), 1, {"Image": CMD})
    assert (found["source"], "process" in found) == ("nothing", False)


def test_a_mapping_may_name_channels_by_how_they_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = {
        "source": "flows",
        "events": [
            {"channel": "flows/*", "columns": {"duration": {"field": "ms", "per": 1000}, "bytes_out": "sent"}},
            {"channel": "flows/odd", "columns": {"duration": "seconds"}},
        ],
    }
    monkeypatch.setattr(normalise, "_mappings", lambda: [normalise.prepared(mapping)])
    normalise.shape_of.cache_clear()
    found = columns_of(tmp_path / "a", ("flows/any", ""), 0, {"ms": 1234, "sent": "17"})
    odd = columns_of(tmp_path / "b", ("flows/odd", ""), 0, {"ms": 5, "seconds": "0.25"})
    normalise.shape_of.cache_clear()
    assert (found["source"], found["duration"], found["bytes_out"], odd["duration"]) == ("flows", 1.234, 17, 0.25)


@pytest.mark.parametrize(
    ("query", "found"),
    [("duration:>1", [1, 2]), ("duration:>=0.5", [0, 1, 2]), ("duration:[0.5 TO 2}", [0, 1]), ("duration:1.5", [1])],
)
def test_durations_are_compared_as_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, found: list[int]
) -> None:
    mapping = {"source": "flows", "events": [{"channel": "flows/*", "columns": {"duration": "seconds"}}]}
    monkeypatch.setattr(normalise, "_mappings", lambda: [normalise.prepared(mapping)])
    normalise.shape_of.cache_clear()
    times = ["0.5", 1.5, 2, "soon", "1e999"]
    write_item(
        tmp_path, "one", [Record(n, "", "h", "flows/x", "", None, {}, {"seconds": t}) for n, t in enumerate(times)]
    )
    normalise.shape_of.cache_clear()
    with Lake(tmp_path) as lake:
        assert sorted(event.columns["record_id"] for event in lake.search(query).events) == found
