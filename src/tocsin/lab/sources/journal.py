"""The journal of systemd, as `journalctl -o export` and `-o json` write it.

Format: https://systemd.io/JOURNAL_EXPORT_FORMATS. Messages of sshd, sudo, cron and their like go to the logs that these
have on machines without a journal, records of the kernel's audit to those of the audit daemon.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tocsin.lab.record import Tally
from tocsin.lab.sources.auditd import audit_event
from tocsin.lab.sources.linux_messages import message_event
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, Source
from tocsin.lab.sources.syslog import SEVERITIES
from tocsin.lab.sources.times import from_epoch

BEGINNINGS = (b"__CURSOR=", b"__REALTIME_TIMESTAMP=")
NAME = re.compile(rb"[A-Z_][A-Z0-9_]{0,63}")
MAX_FIELD = 1024 * 1024
"""Bytes of one field that are kept."""
MAX_FIELDS = 1_000
"""Fields of one entry that are kept."""
RENAMED = {"_EXE": "exe", "_CMDLINE": "cmdline", "_COMM": "comm", "_UID": "uid", "_SYSTEMD_UNIT": "unit",
           "_AUDIT_LOGINUID": "auid", "UNIT": "about_unit", "SYSLOG_FACILITY": "facility"}  # fmt: skip
"""Fields under the names that these things have in other logs; all others keep theirs."""
SAID_ELSEWHERE = frozenset({"MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "SYSLOG_PID", "SYSLOG_TIMESTAMP", "_PID",
                            "_HOSTNAME", "_SOURCE_REALTIME_TIMESTAMP", "_SOURCE_MONOTONIC_TIMESTAMP"})  # fmt: skip


def sniff(head: bytes) -> bool:
    """Tell whether a file is an export of the journal."""
    return head.startswith(BEGINNINGS)


def read_journal(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield the events of an export."""
    del start, end  # entries can hold blank lines, so there is no telling where one begins
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while True:
            place = file.tell()
            entry, broken = _entry(file, size)
            if broken:
                tally.not_understood += 1
                tally.problem(f"entry is damaged: {broken}", f"byte {place}")
            elif entry:
                found = journal_event(entry)
                if found is None:
                    tally.not_understood += 1
                    tally.problem("entry has no time", f"byte {place}")
                else:
                    tally.read += 1
                    yield found
            elif file.tell() >= size:
                return


def _entry(file: BinaryIO, size: int) -> tuple[dict[str, Any], str]:
    """Return the fields up to the next blank line, or what is wrong with them, in which case what comes up to the next
    blank line is passed over."""
    fields: dict[str, Any] = {}
    while (line := file.readline(MAX_FIELD)) not in (b"", b"\n"):
        name, equals, value = line.rstrip(b"\n").partition(b"=")
        if not NAME.fullmatch(name):
            return {}, _passed_over(file, "a line is no field")
        if not equals:
            place = file.tell()
            length = int.from_bytes(file.read(8), "little")
            if length > size - place:
                file.seek(place)
                return {}, _passed_over(file, "a field is longer than the file")
            value = file.read(min(length, MAX_FIELD))
            file.seek(place + 8 + length)
            if file.read(1) != b"\n":
                return {}, _passed_over(file, "a field has no end")
        elif not line.endswith(b"\n"):
            while (more := file.readline(MAX_FIELD)) and not more.endswith(b"\n"):
                pass
        if len(fields) < MAX_FIELDS:
            fields[name.decode()] = value.decode("utf-8", "replace")
    return fields, ""


def _passed_over(file: BinaryIO, reason: str) -> str:
    while file.readline(MAX_FIELD) not in (b"", b"\n"):
        pass
    return reason


def journal_event(value: dict[str, Any]) -> Event | None:
    """Return the event of an entry, None where it has no time."""
    time = from_epoch(_text(value.get("_SOURCE_REALTIME_TIMESTAMP") or value.get("__REALTIME_TIMESTAMP")), "us")
    if not time:
        return None
    host, message = _text(value.get("_HOSTNAME")), _text(value.get("MESSAGE"))
    if (found := _audit(value, message, host)) is not None:
        return found
    more = {
        RENAMED.get(name, name): _text(item)
        for name, item in value.items()
        if item is not None and name not in SAID_ELSEWHERE and not name.startswith("__")
    }
    priority = _text(value.get("PRIORITY"))
    if priority in PRIORITIES:
        more["severity"] = PRIORITIES[priority]
    return message_event(
        message,
        time=time,
        host=host,
        program=_text(value.get("SYSLOG_IDENTIFIER") or value.get("_COMM")),
        pid=_text(value.get("_PID") or value.get("SYSLOG_PID")),
        system={"time_zone": "UTC"},
        more=more,
    )


PRIORITIES = {str(number): word for number, word in enumerate(SEVERITIES)}


def _audit(value: dict[str, Any], message: str, host: str) -> Event | None:
    """Return the event of a record of the kernel's audit, None where an entry is none."""
    kind, serial = _text(value.get("_AUDIT_TYPE_NAME")), _text(value.get("_AUDIT_ID"))
    moment = _text(value.get("_SOURCE_REALTIME_TIMESTAMP") or value.get("__REALTIME_TIMESTAMP"))
    if value.get("_TRANSPORT") != "audit" or not kind or not moment.isdecimal():
        return None
    words = message.removeprefix(kind).removeprefix(" ")
    return audit_event(f"type={kind} audit({moment[:-6] or 0}.{moment[-6:]:0>6}:{serial}): {words}", host)


def _text(value: Any) -> str:
    """Return a field as text: it may be a list of bytes where it is binary, or of values where there are several."""
    if isinstance(value, list):
        if value and all(type(item) is int and 0 <= item < 256 for item in value):
            return bytes(value).decode("utf-8", "replace")
        return "\n".join(_text(item) if type(item) is not list else "(nested too deeply)" for item in value)
    return "" if value is None else str(value)


SOURCE = Source("journal", "an export of the systemd journal", sniff, read_journal)
SHAPE = Shape("journal", "an entry of the systemd journal", frozenset({"__REALTIME_TIMESTAMP"}), journal_event)
