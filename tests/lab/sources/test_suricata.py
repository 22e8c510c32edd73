"""Suricata's EVE log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reading_files import columns, read_text, read_value

BASE = {
    "timestamp": "2026-03-01T04:10:00.000001+0100", "flow_id": 1, "in_iface": "eth0", "src_ip": "10.0.0.1",
    "src_port": 50000, "dest_ip": "192.0.2.7", "dest_port": 443, "proto": "TCP", "host": "sensor",
}  # fmt: skip
ALERT = {
    **BASE,
    "event_type": "alert",
    "alert": {"signature_id": 2, "signature": "ET TEST", "action": "blocked", "severity": 1},
}
FLOW = {
    **BASE, "event_type": "flow", "app_proto": "tls",
    "flow": {"start": "2026-03-01T04:00:00.000000+0100", "end": "2026-03-01T04:00:09.250000+0100", "age": 9, "state": "closed",
             "bytes_toserver": 10, "bytes_toclient": 20},
}  # fmt: skip


@pytest.mark.parametrize(("value", "channel", "time", "expected"), [
    (ALERT, "suricata/alert", "2026-03-01T03:10:00.000001Z",
     {"code": "2", "message": "ET TEST", "action": "blocked", "src_address": "10.0.0.1"}),
    (FLOW, "suricata/flow", "2026-03-01T03:00:00Z",
     {"bytes_out": 10, "bytes_in": 20, "duration": 9.25, "status": "closed", "protocol": "tcp"}),
    ({**BASE, "event_type": "dns", "dns": {"rrname": "A.example.", "rrtype": "A",
      "answers": [{"rdata": "192.0.2.1"}, {"rdata": "192.0.2.2"}]}},
     "suricata/dns", "2026-03-01T03:10:00.000001Z", {"domain": "a.example", "message": "192.0.2.1\n192.0.2.2", "code": "A"}),
    ({**BASE, "event_type": "http", "http": {"hostname": "a.example", "url": "/x", "http_user_agent": "curl", "status": 200}},
     "suricata/http", "2026-03-01T03:10:00.000001Z", {"domain": "a.example", "url": "/x", "user_agent": "curl", "status": "200"}),
    ({**BASE, "event_type": "tls", "tls": {"sni": "a.example", "ja3": {"hash": "x"}}},
     "suricata/tls", "2026-03-01T03:10:00.000001Z", {"domain": "a.example"}),
    ({**BASE, "event_type": "fileinfo", "fileinfo": {"filename": "/a/b.exe", "sha256": "A" * 64}},
     "suricata/fileinfo", "2026-03-01T03:10:00.000001Z", {"file_name": "b.exe", "sha256": "a" * 64}),
])  # fmt: skip
def test_each_kind_of_event(
    tmp_path: Path, value: dict[str, Any], channel: str, time: str, expected: dict[str, Any]
) -> None:
    record = read_value(tmp_path, value)
    assert (record.channel, record.time, record.host) == (channel, time, "sensor")
    assert record.system["time_zone"] == "+0100"
    found = columns(tmp_path, record)
    assert {name: found.get(name) for name in expected} == expected


def test_damaged_lines_cost_themselves(tmp_path: Path) -> None:
    lines = [json.dumps(ALERT), json.dumps(ALERT)[:50], json.dumps({**ALERT, "timestamp": 5}), "null", json.dumps(FLOW)]
    records, tally = read_text(tmp_path, "\n".join(lines))
    assert (len(records), tally.read, tally.not_understood) == (2, 2, 3)
    assert tally.problems[0].place == f"byte {len(lines[0]) + 1}"


@pytest.mark.parametrize("damage", ["", 5, None, [], {}, "x"])
def test_values_of_the_wrong_kind_raise_nothing(tmp_path: Path, damage: object) -> None:
    lines = [json.dumps({**FLOW, name: damage}) for name in FLOW]
    records, tally = read_text(tmp_path, "\n".join([json.dumps(FLOW), *lines]))
    assert len(records) == tally.read
    assert tally.read + tally.not_understood == len(lines) + 1
