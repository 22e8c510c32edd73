"""Tables and timelines: Plaso and Timesketch, tables of known kinds, and any table that has times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_files import columns, read_text, read_value

from tocsin.lab import Tally
from tocsin.lab.sources import csv_tables
from tocsin.lab.sources.rows import record_of

TIMELINE = (
    "datetime,timestamp_desc,source,source_long,message,parser,display_name,tag\r\n"
    '2026-03-01T03:10:00.123456+00:00,Creation Time,FILE,NTFS,"C:\\a.exe, with a\r\nline",mft,C:\\a.exe,-\r\n'
    "2026-03-01T05:10:00+02:00,Last Visited,WEBHIST,Chrome,x,chrome,y,-\r\n"
    "Not a time,Nothing,LOG,z,x,p,y,-\r\n"
)


def test_a_timeline_as_a_table(tmp_path: Path) -> None:
    records, tally = read_text(tmp_path, TIMELINE)
    assert [record.channel for record in records] == ["plaso/event"] * 3
    assert [record.time for record in records] == ["2026-03-01T03:10:00.123456Z", "2026-03-01T03:10:00Z", ""]
    assert records[0].data["message"] == "C:\\a.exe, with a\r\nline"
    assert records[1].system["time_zone"] == "+02:00"
    assert (tally.read, tally.problems) == (3, [])
    found = columns(tmp_path, records[0])
    assert (found["code"], found["file_name"], found["provider"], found["source"]) == (
        "Creation Time",
        "a.exe",
        "FILE",
        "plaso",
    )


@pytest.mark.parametrize("value", [
    {"__container_type__": "event", "datetime": "2026-03-01T03:10:00+00:00", "timestamp_desc": "Created",
     "message": "m", "data_type": "fs:stat"},
    {"timestamp": 1772334600000000, "timestamp_desc": "Created", "message": "m", "source_short": "FILE"},
    {"datetime": "2026-03-01T03:10:00", "timestamp_desc": "Created", "message": "m", "hostname": "ws1", "extra": {"a": [1, 2]}},
])  # fmt: skip
def test_a_timeline_as_json_lines(tmp_path: Path, value: dict[str, object]) -> None:
    record = read_value(tmp_path, value)
    assert (record.channel, record.time, record.data["message"]) == ("plaso/event", "2026-03-01T03:10:00Z", "m")
    assert record.host == value.get("hostname", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_table_that_has_times(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [["Name", "Event Time", "Source"], ["é", "2026-03-01 03:10:00", ""], ["b", "2026-03-01T04:10:00+01:00", "x"]]
    records, tally = read_text(tmp_path, "\n".join(separator.join(row) for row in rows).encode(encoding))
    assert [(record.channel, record.time, record.data) for record in records] == [
        ("table/row", "2026-03-01T03:10:00Z", {"Name": "é", "Event Time": "2026-03-01 03:10:00"}),
        ("table/row", "2026-03-01T03:10:00Z", {"Name": "b", "Event Time": "2026-03-01T04:10:00+01:00", "Source": "x"}),
    ]
    assert tally.problems == []


@pytest.mark.parametrize("text", [
    "Name,Size\na,1\n",
    "Name,Time\na,soon\n",
    "just a line of text, with a comma\nand another, one\n",
    "time\n2026-03-01T03:10:00Z\n",
    "",
])  # fmt: skip
def test_what_is_no_table_of_events(text: str) -> None:
    assert not csv_tables.sniff(text.encode())


def test_damaged_rows_cost_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "time,what,where\nT,a,b\nT,a,b,c,d\nnever,a,b\nT,cut\nT,a,b\n".replace("T,", "2026-03-01T03:10:00Z,")
    records, tally = read_text(tmp_path, text)
    assert (len(records), tally.read, tally.not_understood) == (3, 3, 2)
    assert [problem.place for problem in tally.problems] == ["line 3", "line 4", "line 5"]
    monkeypatch.setattr(csv_tables, "MAX_CELL", 50)
    records, tally = read_text(tmp_path, f"time,what\n2026-03-01T03:10:00Z,{'x' * 60}\n2026-03-01T03:10:00Z,b\n")
    assert tally.not_understood == 1
    assert "row is not readable" in tally.problems[0].reason


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,"\n\r;\0é1-:TZ'), max_size=30), max_size=6))
def test_any_rows_are_accounted_for(tmp_path: Path, rows: list[str]) -> None:
    path = tmp_path / "evidence"
    path.write_text("time,what\n" + "\n".join(rows), newline="", encoding="utf-8")
    tally = Tally()
    records = [record_of(event) for event in csv_tables.read(path, tally)]
    assert len(records) == tally.read
    if any(row.strip('," \r\n;\t') for row in rows):
        assert tally.read + tally.not_understood


def test_log_analytics_rows_as_a_table(tmp_path: Path) -> None:
    details = json.dumps([{"key": "User-Agent", "value": "x"}]).replace('"', '""')
    header = "TimeGenerated,OperationName,LoggedByService,Type,AdditionalDetails"
    text = f'{header}\n2026-03-01T03:10:00Z,Add user,Core,AuditLogs,"{details}"\n'
    (record,), _ = read_text(tmp_path, text)
    assert record.channel == "azure/auditlogs"
    assert record.data["AdditionalDetails.value"] == ["x"]
