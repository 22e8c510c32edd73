"""Give records of Linux the names that rules use: those of the audit daemon the names of Sysmon, which rules for
processes and files use, those of sudo its own.

https://github.com/linux-audit/audit-documentation (message types and fields). One thing that happened is several
records there (SYSCALL, EXECVE, PATH, ...); what EXECVE itself does not say its reader has added (see sources/auditd.py).
"""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.record import Record

ARGUMENT = re.compile(r"a(\d{1,4})", re.ASCII)


def auditd_process(record: Record) -> dict[str, Any]:
    """Return a start of a program under the names of Sysmon 1."""
    fields = {**record.system, **record.data}
    if "EXECVE" not in _texts(fields.get("type")):
        return fields
    arguments = sorted((int(found[1]), name) for name in fields if (found := ARGUMENT.fullmatch(name)))
    fields.setdefault("CommandLine", fields.get("cmdline") or " ".join(str(fields[name]) for _, name in arguments))
    names = {"Image": ("exe", "a0"), "ProcessId": ("pid",), "ParentProcessId": ("ppid",), "User": ("UID", "uid")}
    for name, originals in (names | {"CurrentDirectory": ("cwd",)}).items():
        original = next((each for each in originals if each in fields), None)
        if original is not None:
            fields.setdefault(name, fields[original])
    return fields


def auditd_file(record: Record) -> dict[str, Any]:
    """Return the creation of a file under the names of Sysmon 11."""
    fields = {**record.system, **record.data}
    if "CREATE" in _texts(fields.get("nametype")) and "name" in fields:
        fields.setdefault("TargetFilename", fields.get("path") or fields["name"])
        if "exe" in fields:
            fields.setdefault("Image", fields["exe"])
    return fields


def sudo(record: Record) -> dict[str, Any]:
    """Return a message of sudo under the names that sudo itself writes."""
    fields = {**record.system, **record.data}
    for name, original in (("USER", "target_user"), ("COMMAND", "command"), ("PWD", "folder"), ("TTY", "tty")):
        if original in fields:
            fields.setdefault(name, fields[original])
    return fields


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [str(item) for item in values if item is not None]
