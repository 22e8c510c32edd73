"""Windows events from Log Analytics and Splunk: rows of tables and results of searches."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from reading_files import check_account, read_text, read_value

XML_DATA = (
    '<EventData xmlns="http://schemas.microsoft.com/win/2004/08/events/event">'
    '\r\n  <Data Name="Application">\\device\\a.exe</Data>\r\n'
    '  <Data Name="DestPort">8080</Data>\r\n</EventData>'
)
ROW = {
    "TenantId": "t", "TimeGenerated": "2026-03-01T03:10:00.21Z", "SourceSystem": "OpsManager", "Computer": "WS1",
    "Type": "SecurityEvent",
    "EventID": 5156, "Channel": "Security", "Task": 1, "Level": "0", "Account": "", "CommandLine": None, "_ResourceId": "/x",
}  # fmt: skip


@pytest.mark.parametrize("data", [
    {"EventData": XML_DATA, "EventSourceName": "Microsoft-Windows-Security-Auditing"},
    {"EventData": f'<DataItem type="System.XmlData" time="x">{XML_DATA}</DataItem>',
     "Source": "Microsoft-Windows-Security-Auditing"},
    {"EventData": '{"Application": "\\\\device\\\\a.exe", "DestPort": "8080"}', "Provider": "Microsoft-Windows-Security-Auditing"},
    {"Application": "\\device\\a.exe", "DestPort": "8080", "EventSourceName": "Microsoft-Windows-Security-Auditing"},
], ids=["XML", "XML of a data item", "JSON", "columns"])  # fmt: skip
def test_rows_of_log_analytics(tmp_path: Path, data: dict[str, Any]) -> None:
    record = read_value(tmp_path, {**ROW, **data})
    assert (record.channel, record.event_id, record.host, record.provider) == (
        "Security",
        5156,
        "WS1",
        "Microsoft-Windows-Security-Auditing",
    )
    assert record.time == "2026-03-01T03:10:00.21Z"
    assert record.data == {"Application": "\\device\\a.exe", "DestPort": "8080"}


def test_results_of_splunk_without_the_original(tmp_path: Path) -> None:
    value = {"preview": False, "result": {
        "EventCode": "4688", "LogName": "Security", "SourceName": "Microsoft-Windows-Security-Auditing",
        "ComputerName": "WS1",
        "NewProcessName": "C:\\a.exe", "_time": "2026-03-01T03:10:00+00:00", "index": "main", "sourcetype": "WinEventLog",
        "_raw": "text",
    }}  # fmt: skip
    record = read_value(tmp_path, value)
    assert (record.channel, record.event_id, record.host, record.time) == (
        "Security",
        4688,
        "WS1",
        "2026-03-01T03:10:00Z",
    )
    assert record.data == {"NewProcessName": "C:\\a.exe"}


@pytest.mark.parametrize("data", ["<EventData><Data", "{", "[1,", 5, {"a": 1}, [[]], "<DataItem>"])
def test_damaged_data_costs_itself(tmp_path: Path, data: object) -> None:
    assert read_value(tmp_path, {**ROW, "EventData": data, "Provider": "x"}).event_id == 5156


@pytest.mark.shared
@pytest.mark.parametrize(("name", "channels"), [
    ("Log4Shell/securityauditing_log4shell_cve2021_44228_java_serialized_object.zip", {"Security": 39}),
    ("Log4Shell/sysmon_log4shell_cve2021_44228_java_serialized_object.zip", {"Microsoft-Windows-Sysmon/Operational": 487}),
    ("GoldenSAMLADFSMailAccess/WindowsEvents.Zip",
     {"Security": 35, "Application": 1, "Microsoft-Windows-Sysmon/Operational": 1, "": 1}),
])  # fmt: skip
def test_real_tables(shared: Path, tmp_path: Path, name: str, channels: dict[str, int]) -> None:
    with zipfile.ZipFile(shared / "otrf/compound" / name) as archive:
        content = archive.read(archive.namelist()[0])
    records, tally = read_text(tmp_path, content)
    check_account(content, records, tally)
    assert Counter(record.channel for record in records) == channels
    assert all(record.time and record.host and record.event_id for record in records)
    assert not any("EventData" in record.data for record in records)
