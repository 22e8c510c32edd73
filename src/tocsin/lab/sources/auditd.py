"""The log of the Linux audit daemon: system calls, programs that were started, files, accounts, in records that belong
together.

Each record becomes an event of its own, since rules ask for records (type, a0, name ...). The record of a program's
start (EXECVE) and those of files (PATH) also get what the call's other records say of them: exe, pid, uid, cwd.
Format: https://github.com/linux-audit/audit-documentation.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.audit_fields import Arguments, argument_fields, record_fields
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_epoch

CHANNEL = "linux/auditd"
LINE = re.compile(
    r"(?:node=(\S{1,255}) )?type=([A-Z0-9_]{1,64}(?:\[\d{1,10}\])?) (?:msg=)?audit\((\d{1,12}\.\d{1,9}):(\d{1,20})\):"
    r"[ ]?(.*)", re.DOTALL | re.ASCII
)  # fmt: skip
BETWEEN = "----"
"""What ausearch writes between happenings."""
OF_THE_CALL = ("exe", "comm", "pid", "ppid", "uid", "auid", "euid", "gid", "tty", "ses", "success", "user", "UID", "AUID",
               "EUID", "GID")  # fmt: skip
"""What the record of a system call says of the program that it started and the files that it touched."""
MAX_OPEN = 64
"""Happenings whose records are held back at a time: records of two may be mixed."""
MAX_RECORDS = 200
"""Records of one happening that are held back."""
LAST = frozenset({"EOE", "PROCTITLE"})
"""Types of which a happening has one, at its end."""
OVERLAP = 64 * 1024
"""Bytes before and after a part in which records may stand that belong to its happenings."""


@dataclass(slots=True)
class AuditRecord:
    """One record on its way to an event. `is_own` tells whether it lies in the part that is read."""

    kind: str
    fields: dict[str, Any]
    arguments: Arguments
    time: str
    node: str
    is_own: bool


Happening = list[AuditRecord]


def sniff(head: bytes) -> bool:
    """Tell whether a file is an audit log."""
    found = [line for line in head_lines(head, 20) if not line.startswith(BETWEEN) and not line.startswith("time->")]
    return bool(found) and sum(LINE.match(line) is not None for line in found) * 2 > len(found)


def read_auditd(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each record; those of one happening together, in the order in which happenings end."""
    waiting: dict[tuple[str, str], Happening] = {}
    for key, record in _records(path, tally, start, end):
        happening = waiting.setdefault(key, [])
        happening.append(record)
        if record.kind in LAST or len(happening) >= MAX_RECORDS:
            yield from _events(waiting.pop(key))
        elif len(waiting) > MAX_OPEN:
            yield from _events(waiting.pop(next(iter(waiting))))
    for happening in waiting.values():
        yield from _events(happening)


def _records(path: Path, tally: Tally, start: int, end: int | None) -> Iterator[tuple[tuple[str, str], AuditRecord]]:
    """Yield each record of a part and those around it, with what names its happening."""
    around = Tally()
    ranges = [(start, end, tally)]
    if start:
        ranges.insert(0, (max(0, start - OVERLAP), start, around))
    if end is not None:
        ranges.append((end, end + OVERLAP, around))
    for first, last, account in ranges:
        for place, line in lines(path, account, first, last):
            found = LINE.match(line)
            if found is not None:
                account.read += 1
                node, kind, time, serial, rest = found.groups()
                fields, arguments = record_fields(kind, rest)
                fields = {"type": kind, "serial": serial} | fields
                yield (time, serial), AuditRecord(kind, fields, arguments, time, node or "", account is tally)
            elif line.startswith((BETWEEN, "time->")):
                account.skipped += 1
            else:
                account.not_understood += 1
                account.problem("line is no audit record", f"byte {place}")


def audit_event(line: str, host: str = "") -> Event | None:
    """Return the event of a single audit record, as collectors send them; None where a text is none."""
    found = LINE.match(line)
    if found is None:
        return None
    node, kind, time, serial, rest = found.groups()
    fields, arguments = record_fields(kind, rest)
    fields = {"type": kind, "serial": serial} | fields
    if arguments:
        fields |= argument_fields(arguments)
    return event(CHANNEL, fields, time=from_epoch(time), host=node or fields.get("node") or host, provider="auditd")


def _events(happening: Happening) -> Iterator[Event]:
    """Yield the events of a happening's records."""
    if len(happening) > 1:
        _complete(happening)
    time = from_epoch(happening[0].time)
    for record in happening:
        if record.arguments:
            record.fields |= argument_fields(record.arguments)
        if record.is_own:
            host = record.node or record.fields.get("node", "")
            yield event(CHANNEL, record.fields, time=time, host=host, provider="auditd")


def _complete(happening: Happening) -> None:
    """Add to the records of programs and files what the happening's other records say."""
    call = next((record.fields for record in happening if record.kind == "SYSCALL"), {})
    folder = next((record.fields.get("cwd", "") for record in happening if record.kind == "CWD"), "")
    shared = {name: call[name] for name in OF_THE_CALL if name in call}
    if folder:
        shared["cwd"] = folder
    first: AuditRecord | None = None
    for record in happening:
        if record.kind == "EXECVE":
            record.fields = {**shared, **record.fields}
            if first is None:
                first = record
            else:  # the arguments of a long command line go on in further records
                for number, pieces in record.arguments.items():
                    first.arguments.setdefault(number, []).extend(pieces)
        elif record.kind == "PATH":
            record.fields = {**shared, **record.fields}
            name = record.fields.get("name", "")
            if name and folder:
                record.fields["path"] = posixpath.normpath(posixpath.join(folder, name))


SOURCE = Source("auditd", "a log of the Linux audit daemon", sniff, read_auditd, TEXT_PART)
