"""Logs of Linux in what is hard about them: years that nobody wrote, records that belong together, names that lie."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_files import columns, read_text, read_value

from tocsin.lab import RuleSet, Tally, read, scan
from tocsin.lab.analyses.processes import process_tree
from tocsin.lab.detections import Detection
from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record
from tocsin.lab.sources import auditd, syslog
from tocsin.lab.sources.audit_fields import call_name, record_fields
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.linux_messages import forms, message_event, told
from tocsin.lab.sources.linux_sysmon import CUT_OFF, USUAL, _parsed, sysmon_event
from tocsin.lab.sources.rows import record_of
from tocsin.lab.sources.windows_xml import event_of
from tocsin.lab.sources.years import GUESSED

LOG4SHELL = "otrf/compound/Log4Shell/{}_log4shell_cve2021_44228_jndi_reference.zip"


def dated(path: Path, content: str, *written: int) -> Path:
    """Write a file that was last changed on a day."""
    path.write_text(content)
    moment = datetime(*written, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]
    os.utime(path, (moment, moment))
    return path


def read_source(name: str, path: Path, cuts: int = 0) -> list[Record]:
    """Read a file as a whole, or in parts of some bytes."""
    size = path.stat().st_size
    edges = [*range(0, size, cuts), None] if cuts else [0, None]
    tally = Tally()
    found = [event for a, b in pairwise(edges) for event in sources()[name].read(path, tally, a or 0, b)]
    assert tally.read == len(found)
    return [record_of(event) for event in found]


@pytest.mark.parametrize(("days", "written", "years"), [
    (["Nov  3", "Dec 31", "Jan  1", "Feb  2"], (2026, 2, 3), [2025, 2025, 2026, 2026]),
    (["Mar  1", "Dec  1", "Mar  1", "Nov  1", "Feb  1"], (2026, 3, 1), [2024, 2024, 2025, 2025, 2026]),
    (["Jan  1", "Dec 31", "Jan  1"], (2026, 1, 2), [2026, 2025, 2026]),  # one line came late
    (["Mar  5", "Jan  1", "Mar  6"], (2026, 3, 7), [2026, 2026, 2026]),  # began without a clock
    (["Dec  5", "Jan  1", "Dec  6"], (2025, 12, 7), [2025, 2025, 2025]),
    ([f"Jan {day:2}" for day in range(30, 0, -1)] + ["Dec 31"], (2026, 2, 1), [2026] * 30 + [2025]),  # the newest first
    (["Mar  8"], (2026, 3, 7), [2026]),  # clocks apart
    (["Mar  9"], (2026, 3, 7), [2025]),
    (["Feb 29", "Mar  1"], (2025, 6, 1), [2024, 2025]),
    (["2019-12-30T10:00:00Z", "Dec 31", "Jan  1", "2020-01-02T10:00:00Z"], (2026, 6, 1), [2019, 2019, 2020, 2020]),
])  # fmt: skip
def test_years_roll_over_at_new_year(
    tmp_path: Path, days: list[str], written: tuple[int, ...], years: list[int]
) -> None:
    times = [day if "T" in day else f"{day} 10:00:00" for day in days]
    path = dated(tmp_path / "log", "".join(f"{time} h a[1]: b\n" for time in times), *written)
    found = read_source("syslog", path)
    assert [int(record.time[:4]) for record in found] == years
    for record, day in zip(found, days, strict=True):
        assert record.system.get("year") == (None if "T" in day else GUESSED)
    for cuts in (9, 30, 64):
        assert read_source("syslog", path, cuts) == found


def test_years_of_a_large_file_are_those_of_its_lines(tmp_path: Path) -> None:
    days = [datetime(2023, 5, 1, tzinfo=UTC).timestamp() + hour * 3_600 for hour in range(24_500)]
    times = [datetime.fromtimestamp(day, UTC) for day in days]
    path = dated(
        tmp_path / "log", "".join(f"{t:%b} {t.day:2} {t:%H:%M:%S} host a: {'x' * 60}\n" for t in times), 2026, 2, 20
    )
    assert path.stat().st_size > 1024 * 1024
    assert [record.time for record in read_source("syslog", path)] == [f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in times]


@pytest.mark.parametrize("kind", ["zip", "tar", "gz"])
def test_years_of_packed_logs_go_by_the_time_of_the_log(tmp_path: Path, kind: str) -> None:
    log = dated(tmp_path / "auth.log", "Dec 31 10:00:00 h a: b\n", 2019, 1, 2)
    packed = tmp_path / f"log.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(log, "auth.log")
    elif kind == "tar":
        with tarfile.open(packed, "w") as tar:
            tar.add(log, "auth.log")
    else:
        packed.write_bytes(gzip.compress(log.read_bytes()))
        os.utime(packed, (log.stat().st_mtime, log.stat().st_mtime))
    assert [record.time for record in read(packed)] == ["2018-12-31T10:00:00Z"]


def test_digits_of_a_second_stay(tmp_path: Path) -> None:
    records, _ = read_text(tmp_path, "2026-01-02T03:04:05.25+02:00 h a: b\nJan  2 03:04:05.250 h a: b\n")
    assert records[0].time == "2026-01-02T01:04:05.250000Z"
    assert records[1].time.endswith("01-02T03:04:05.250Z")


def test_logs_of_programs_are_no_syslog(tmp_path: Path) -> None:
    lines = ["2026-01-02 03:04:05 INFO main: started", "2026-01-02 03:04:06,250 - WARN - slow"] * 5
    records, tally = read_text(tmp_path, "\n".join(lines))
    assert (records, tally.not_understood) == ([], 1)


@pytest.mark.parametrize(("program", "message", "expected"), [
    ("sshd", "Failed password for invalid user x from 192.0.2.1 port 22 ssh2 from 203.0.113.9 port 4000 ssh2",
     {"user": "x from 192.0.2.1 port 22 ssh2", "src_ip": "203.0.113.9", "status": "failure"}),
    ("sshd", "Invalid user a from 192.0.2.1 from 203.0.113.9 port 4000", {"src_ip": "203.0.113.9", "user": "a from 192.0.2.1"}),
    ("sshd", "Failed password for invalid user Accepted password for root from 192.0.2.1 port 1 from 203.0.113.9 port 4000 ssh2",
     {"status": "failure", "src_ip": "203.0.113.9"}),
    ("nginx", "Accepted password for root from 192.0.2.1 port 1 ssh2", {"status": None}),
    ("sshd", "error: maximum authentication attempts exceeded for root from 203.0.113.9 port 5 ssh2 [preauth]",
     {"user": "root", "status": "failure", "src_port": "5"}),
    ("sudo", "ann : user NOT in sudoers ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
     {"status": "failure", "reason": "user NOT in sudoers", "command": "/bin/sh", "user": "ann"}),
    ("su", "FAILED SU (to root) ann on pts/1", {"status": "failure", "target_user": "root", "user": "ann"}),
    ("su", "(to root) ann on pts/1", {"status": "success", "target_user": "root"}),
    ("login", "FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", {"user": "root", "tty": "/dev/tty1"}),
    ("passwd", "pam_unix(passwd:chauthtok): password changed for ann", {"target_user": "ann", "action": "password changed"}),
    ("systemd-logind", "New session 5 of user ann.", {"session": "5", "user": "ann"}),
    ("pkexec", "ann: Executing command [USER=root] [TTY=unknown] [CWD=/home/ann] [COMMAND=/usr/lib/x]",
     {"command": "/usr/lib/x", "target_user": "root"}),
    ("dropbear", "Bad password attempt for 'root' from 203.0.113.9:5022", {"user": "root", "src_port": "5022"}),
    ("vsftpd", '[ann] FAIL LOGIN: Client "203.0.113.9"', {"user": "ann", "status": "failure"}),
    ("CRON", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", {"user": "root"}),
    ("crontab", "(ann) REPLACE (ann)", {"action": "crontab changed"}),
])  # fmt: skip
def test_what_messages_say(program: str, message: str, expected: dict[str, Any]) -> None:
    record = record_of(message_event(message, time="", program=program))
    assert {name: record.data.get(name) for name in expected} == expected
    assert record.data["message"] == message


@settings(max_examples=200, deadline=None)
@given(message=st.text(max_size=300))
@pytest.mark.parametrize("program", ["sshd", "sudo", "useradd", "cron", "kernel", "sysmon", "auoms"])
def test_any_message_is_an_event(program: str, message: str) -> None:
    record = record_of(message_event(message, time="", program=program))
    assert record.channel.startswith("linux/")


def test_forms_take_no_time_over_what_they_cannot_read() -> None:
    for program in forms():
        for piece in ("from ", "pam_x(a:auth): ", "a : b ; TTY=c ; PWD=", "user ", "'", " "):
            told(program, "Failed password for " + piece * 2_000)


PACKET = ("[1.5] [UFW BLOCK] IN=eth0 OUT= MAC=52:54 SRC=203.0.113.9 DST=10.0.0.5 LEN=60 TTL=51 PROTO=TCP SPT=4000 DPT=22"
          " WINDOW=1 SYN URGP=0")  # fmt: skip


def test_packets_that_the_firewall_wrote_of(tmp_path: Path) -> None:
    record = record_of(message_event(PACKET, time="2026-01-01T00:00:00Z", program="kernel"))
    assert record.channel == "linux/firewall"
    found = columns(tmp_path, record)
    assert (found["src_address"], found["dst_port"], found["protocol"], found["action"]) == (
        "203.0.113.9",
        22,
        "tcp",
        "block",
    )


CALL = ('type=SYSCALL msg=audit(1700000000.123:{n}): arch=c000003e syscall=59 success=yes exit=0 a0=55 a1=56 ppid=7 pid={n}'
        ' auid=1000 uid=0 tty=pts0 comm="sh" exe="/bin/sh" key="k"')  # fmt: skip
RECORDS = (
    CALL,
    'type=EXECVE msg=audit(1700000000.123:{n}): argc=3 a0="sh" a1="-c" a2=6964203B20C3A4',
    'type=CWD msg=audit(1700000000.123:{n}): cwd="/etc/cron.d"',
    'type=PATH msg=audit(1700000000.123:{n}): item=0 name="evil" inode=1 nametype=CREATE',
    "type=PROCTITLE msg=audit(1700000000.123:{n}): proctitle=6964",
)


def test_audit_records_keep_their_type_and_know_of_each_other(tmp_path: Path) -> None:
    records, tally = read_text(tmp_path, "\n".join(record.format(n=1) for record in RECORDS))
    call, start, _, file, title = (record.data for record in records)
    assert (call["SYSCALL"], call["a0"], call["key"], call["UID"]) == ("execve", "55", "k", "root")
    assert (start["a0"], start["a2"], start["cmdline"]) == ("sh", "id ; ä", "sh -c id ; ä")
    assert (start["exe"], start["pid"], start["ppid"], start["cwd"]) == ("/bin/sh", "1", "7", "/etc/cron.d")
    assert "key" not in start
    assert (file["name"], file["path"], file["exe"]) == ("evil", "/etc/cron.d/evil", "/bin/sh")
    assert title["proctitle"] == "id"  # digits only, and nevertheless hexadecimal
    assert tally.problems == []
    found = columns(tmp_path, records[1])
    assert (found["process_name"], found["command_line"], found["user"]) == ("sh", "sh -c id ; ä", "root")


def test_a_program_that_started_is_one_process(tmp_path: Path) -> None:
    lines = "\n".join(f"node=web1 {record.format(n=n)}" for n in (8, 9) for record in RECORDS)
    records, _ = read_text(tmp_path, lines.replace("ppid=7 pid=9", "ppid=8 pid=9"))
    write_item(tmp_path / "lake", "E1", records)
    with Lake(tmp_path / "lake") as lake:
        found = [each for each in process_tree(lake, "web1").found if not each.is_made]
    assert [(each.pid, each.program, each.command_line, each.user) for each in found] == [
        (pid, "/bin/sh", "sh -c id ; ä", "root") for pid in (8, 9)
    ]
    assert found[1].parent == found[0].id


def test_audit_parts_are_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_text("\n".join(record.format(n=n) for n in range(60) for record in RECORDS))
    whole = read_source("auditd", path)
    for cuts in (333, 1_000, 5_001):
        parts = read_source("auditd", path, cuts)
        assert sorted(map(repr, parts)) == sorted(map(repr, whole))


def test_long_arguments_go_on_in_further_records(tmp_path: Path) -> None:
    lines = ['type=EXECVE msg=audit(1700000000.1:1): argc=2 a0="sh" a1_len=6 a1[0]=C3',
             'type=EXECVE msg=audit(1700000000.1:1): a1[1]=A462 a2="x"']  # fmt: skip
    records, _ = read_text(tmp_path, "\n".join(lines))
    assert (records[0].data["a1"], records[0].data["cmdline"]) == ("äb", "sh äb x")


@pytest.mark.parametrize(("architecture", "call", "name"), [
    ("c000003e", "59", "execve"), ("c000003e", "41", "socket"), ("c000003e", "435", "clone3"), ("40000003", "11", "execve"),
    ("c00000b7", "221", "execve"), ("c000003e", "99999", ""), ("x86_64", "execve", "execve"), ("", "59", ""),
])  # fmt: skip
def test_system_calls_by_number(architecture: str, call: str, name: str) -> None:
    assert call_name(architecture, call) == name


def test_audit_records_within_syslog(tmp_path: Path) -> None:
    lines = [
        'Jan  2 03:04:05 h audispd: node=web1 type=SYSCALL msg=audit(1700000000.123:4): syscall=59 uid=0#035UID="ann"',
        'Jan  2 03:04:05 h kernel: [  1.5] audit: type=1400 audit(1700000000.123:5): apparmor="DENIED" name="/etc/x"',
    ]
    (call, denied), _ = read_text(tmp_path, "\n".join(lines))
    assert (call.channel, call.host, call.data["UID"]) == ("linux/auditd", "web1", "ann")
    assert (denied.channel, denied.host, denied.data["apparmor"]) == ("linux/auditd", "h", "DENIED")


def test_a_command_line_with_quotes_in_quotes() -> None:
    fields, _ = record_fields(
        "AUOMS_EXECVE", 'success=yes exe="/bin/sh" cmdline="sh -c "a b=c|{d,-e}"" user=ann redactors= x='
    )
    assert (fields["cmdline"], fields["user"], fields["redactors"], fields["exe"]) == (
        'sh -c "a b=c|{d,-e}"', "ann", "", "/bin/sh"
    )  # fmt: skip
    assert (fields["type"], fields["a1"]) == (["AUOMS_EXECVE", "EXECVE"], "-c")


def test_audit_lines_take_no_time_over_what_they_cannot_read() -> None:
    for piece in ("a", 'a="', "a=", "-a", "a='", "a[1", "a=[", '\\"'):
        for kind in ("SYSCALL", "EXECVE", "AUOMS_EXECVE"):
            record_fields(kind, piece * (200_000 // len(piece)))


def messages(shared: Path, name: str) -> list[str]:
    with zipfile.ZipFile(shared / LOG4SHELL.format(name)) as archive:
        content = archive.read(archive.namelist()[0]).decode()
    return [json.loads(line)["SyslogMessage"] for line in content.splitlines()]


def test_sysmon_is_read_by_its_looks_as_the_parser_reads_it(shared: Path) -> None:
    texts = messages(shared, "syslog_sysmon")
    usual = [text for text in texts if USUAL.fullmatch(text)]
    assert len(usual) == len(texts) - 1
    for text in usual:
        event = sysmon_event(text)
        if "&" not in text:
            other = _parsed(text)
            assert event is not None
            assert other is not None
            assert record_of(event) == record_of(other)


def test_sysmon_with_broken_entities_and_ends(shared: Path) -> None:
    records = [record_of(event) for text in messages(shared, "syslog_sysmon") if (event := sysmon_event(text))]
    assert len(records) == 93
    assert sum(record.data.get("Image") == "<unknown process>" for record in records) == 14
    (cut,) = [record for record in records if record.system.get(CUT_OFF)]
    assert (cut.event_id, cut.data["ParentProcessId"]) == (1, "1340")


def test_rules_fire_on_real_logs_and_not_on_foreign_ones(shared: Path, sigmahq: RuleSet) -> None:
    found: list[Detection] = []
    scan([shared / LOG4SHELL.format("syslog_auoms_auditd"), shared / LOG4SHELL.format("syslog_sysmon"),
          shared / "otrf/atomic/linux"], sigmahq, jobs=1, sink=found.extend)  # fmt: skip
    titles = {(each.channel, each.title) for each in found}
    assert {
        ("linux/auditd", "System Owner or User Discovery - Linux"), ("linux/auditd", "Linux Remote System Discovery"),
        ("linux/auditd", "Binary Padding - Linux"), ("linux/sysmon", "Linux Reverse Shell Indicator"),
    } <= titles  # fmt: skip
    assert {channel for channel, _ in titles} == {"linux/auditd", "linux/sysmon"}
    foreign = scan([shared / "evtx-attack-samples/Other/netlogon_log_CVE-2020-1472_ZeroLogon.txt"], sigmahq, jobs=1)
    assert (foreign.detections, foreign.records) == (0, 37_130)


def test_a_row_of_log_analytics(tmp_path: Path) -> None:
    value = {"TimeGenerated": "2022-05-11T18:10:21.997Z", "Computer": "web1",
             "SyslogMessage": "Invalid user x from 203.0.113.9 port 1",
             "ProcessName": "sshd", "ProcessID": 5, "SeverityLevel": "info"}  # fmt: skip
    record = read_value(tmp_path, value)
    assert (record.channel, record.host, record.data["src_ip"]) == ("linux/auth", "web1", "203.0.113.9")
    found = columns(tmp_path, record)
    assert (found["user"], found["status"], found["src_port"], found["process_id"]) == ("x", "failure", 1, 5)


Reader = Callable[..., Any]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=400))
@pytest.mark.parametrize("reader", [syslog.read_syslog, auditd.read_auditd, *(
    sources()[name].read for name in ("journal", "access-log", "w3c-log", "squid-log", "netlogon-log")
)])  # fmt: skip
def test_random_bytes_raise_nothing(reader: Reader, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "random"
    path.write_bytes(content)
    tally = Tally()
    assert len(list(reader(path, tally, 0, None))) == tally.read
    middle = len(content) // 2
    parts = Tally()
    for start, end in ((0, middle), (middle, None)):
        assert sum(1 for _ in reader(path, parts, start, end)) >= 0


def test_sysmon_for_linux_as_files_of_its_own(shared: Path, sigmahq: RuleSet, tmp_path: Path) -> None:
    values = [event_of(text) for text in messages(shared, "syslog_sysmon")]
    (tmp_path / "events").write_text("\n".join(json.dumps(value) for value in values if value))
    found: list[Detection] = []
    scan([tmp_path / "events"], sigmahq, jobs=1, sink=found.extend)
    assert "Linux Reverse Shell Indicator" in {each.title for each in found}
