"""Windows events as JSON, in every shape in which they come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lab_events import event

from tocsin.lab import Tally, read
from tocsin.lab.sources.json_values import read_json
from tocsin.lab.sources.windows_event import utc

EVENT = event("Microsoft-Windows-Sysmon/Operational", 1, {"Image": "C:\\a.exe", "ProcessId": 12})
NXLOG = {
    "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "SourceName": "Microsoft-Windows-Sysmon",
    "Hostname": "ws1",
    "@timestamp": "2026-03-01T04:10:00.000+01:00", "Image": "C:\\a.exe", "EventType": "INFO", "host": "collector",
}  # fmt: skip
WINLOGBEAT = {
    "@timestamp": "2026-03-01T03:10:00.000Z",
    "host": {"name": "ws1"},
    "winlog": {"event_id": "1", "channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Sysmon",
               "computer_name": "ws1", "record_id": 7, "event_data": {"Image": "C:\\a.exe"}},
}  # fmt: skip
DOTTED = {
    "@timestamp": "2026-03-01T03:10:00.000Z", "winlog.event_id": 1,
    "winlog.channel": "Microsoft-Windows-Sysmon/Operational",
    "winlog.computer_name": "ws1", "winlog.event_data.Image": "C:\\a.exe",
}  # fmt: skip
OLD_WINLOGBEAT = {
    "@timestamp": "2026-03-01T03:10:00.000Z", "event_id": 1, "log_name": "Microsoft-Windows-Sysmon/Operational",
    "computer_name": "ws1", "event_data": {"Image": "C:\\a.exe"},
}  # fmt: skip


def written(folder: Path, content: bytes | str) -> Path:
    path = folder / "events"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("shape", [EVENT, NXLOG, WINLOGBEAT, DOTTED, OLD_WINLOGBEAT])
def test_shapes(tmp_path: Path, shape: dict[str, Any]) -> None:
    tally = Tally()
    (each,) = read(written(tmp_path, json.dumps(shape)), tally)
    assert (each.event_id, each.channel, each.data["Image"]) == (1, "Microsoft-Windows-Sysmon/Operational", "C:\\a.exe")
    assert each.host in ("ws1", "ws1.example.org")
    assert each.time[:19] + each.time[-1] == "2026-03-01T03:10:00Z"
    assert "EventType" not in each.data
    assert (tally.read, tally.not_understood) == (1, 0)


LAYOUTS = {
    "lines": lambda events: "\n".join(json.dumps(each) for each in events) + "\n",
    "no end of line": lambda events: "\n".join(json.dumps(each) for each in events),
    "empty lines": lambda events: "\r\n\r\n".join(json.dumps(each) for each in events),
    "array": json.dumps,
    "printed array": lambda events: json.dumps(events, indent=2),
    "printed objects": lambda events: "\n".join(json.dumps(each, indent=2) for each in events),
    "byte order mark": lambda events: "\ufeff" + "\n".join(json.dumps(each) for each in events),
    "UTF-16": lambda events: json.dumps(events).encode("utf-16"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path: Path, layout: str) -> None:
    tally = Tally()
    found = list(read(written(tmp_path, LAYOUTS[layout]([EVENT, NXLOG, WINLOGBEAT])), tally))
    assert len(found) == tally.read == 3
    assert tally.problems == []


def test_parts_give_each_line_once(tmp_path: Path) -> None:
    events = [event("Security", number, {"Text": "x" * (number * 7 % 90)}) for number in range(60)]
    path = written(tmp_path, "\n".join(json.dumps(each) for each in events))
    size = path.stat().st_size
    for part in (1, 100, 333, 1000, size):
        found = [
            key.event_id for start in range(0, size, part) for key, _ in read_json(path, Tally(), start, start + part)
        ]
        assert found == list(range(60)), part


def test_what_is_not_an_event_is_counted_with_its_place(tmp_path: Path) -> None:
    lines = [json.dumps(EVENT), "{broken", json.dumps({"eventName": "ConsoleLogin"}), json.dumps(EVENT)]
    tally = Tally()
    assert len(list(read(written(tmp_path, "\n".join(lines)), tally))) == 2
    assert tally.not_understood == 2
    assert [problem.place for problem in tally.problems] == [f"byte {len(lines[0]) + 1}", f"byte {len(lines[0]) + 9}"]


def test_a_cut_off_array_gives_what_is_there(tmp_path: Path) -> None:
    tally = Tally()
    found = list(read(written(tmp_path, json.dumps([EVENT, EVENT, EVENT], indent=1)[:-200]), tally))
    assert len(found) == 2
    assert tally.not_understood == 1
    assert "not readable as JSON from here on" in tally.problems[0].reason


def test_deep_nesting_costs_one_line(tmp_path: Path) -> None:
    tally = Tally()
    lines = [json.dumps(EVENT), "[" * 200_000, json.dumps(EVENT)]
    assert len(list(read(written(tmp_path, "\n".join(lines)), tally))) == 2
    assert tally.not_understood == 1


def test_lone_surrogates_and_huge_numbers_can_be_stored_again(tmp_path: Path) -> None:
    line = json.dumps(EVENT).replace('"C:\\\\a.exe"', '"\\ud800x"').replace("12}", f"{10**30}}}")
    (each,) = read(written(tmp_path, line))
    assert each.data["Image"].encode()


@pytest.mark.parametrize(("written_as", "expected"), [
    ("2026-03-01T03:10:00.1234567Z", "2026-03-01T03:10:00.1234567Z"),
    ("2026-03-01 03:10:00", "2026-03-01T03:10:00Z"),
    ("2026-03-01T04:10:00+01:00", "2026-03-01T03:10:00Z"),
    (1772334600, "2026-03-01T03:10:00Z"),
    (1772334600000, "2026-03-01T03:10:00Z"),
    ({"#attributes": {"SystemTime": "2026-03-01T03:10:00Z"}}, "2026-03-01T03:10:00Z"),
    ("yesterday", ""),
    (None, ""),
])  # fmt: skip
def test_times(written_as: object, expected: str) -> None:
    assert utc(written_as) == expected
