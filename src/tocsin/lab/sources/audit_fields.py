"""The fields of one record of the Linux audit daemon, as the daemon writes them and as Microsoft's agent auoms does.

Text that could break a line is written in hexadecimal, anything else in quotes; what the daemon adds in words (names of
accounts and system calls, in capitals) stands behind a sign of its own.
https://github.com/linux-audit/audit-documentation, https://github.com/microsoft/OMS-Auditd-Plugin.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

import yaml

PAIR = re.compile(r"""(?<![\w-])([A-Za-z_][\w-]{0,63}(?:\[\d{1,6}\])?)=(?:"([^"]*)"?|'([^']*)'?|(\S*))""", re.ASCII)
"""A name, and its value in quotes, as further pairs in single quotes, or bare."""
AUOMS_PAIR = re.compile(
    r"""(?<!\w)([A-Za-z_]\w{0,63})=("(?:[^"\\]|\\.)*"(?=\s|$)|".{0,65536}?"(?=\s+[A-Za-z_]\w{0,63}=|\s*$)|\[[^\]]*\]|"""
    r"""\S*(?:[ ](?![A-Za-z_]\w{0,63}=)\S*)*)""", re.ASCII | re.DOTALL
)  # fmt: skip
"""Values are in quotes or not, also where they have quotes or blanks in them themselves."""
HEXADECIMAL = re.compile(r"(?:[0-9A-F]{2})+", re.ASCII)
CODED = frozenset({"proctitle", "name", "exe", "comm", "cwd", "acct", "cmd", "data", "path", "key"})
"""Fields that are hexadecimal where they stand without quotes."""
ARGUMENT = re.compile(r"a(\d{1,6})", re.ASCII)
ARGUMENT_LENGTH = re.compile(r"a\d{1,6}_len", re.ASCII)
ENRICHED = re.compile("\x1d|#035")
"""Stands before what the daemon adds in words; syslog writes it as an octal number."""
MAX_FIELDS = 1_000
"""Fields of one record; the rest is counted in `more_fields`."""
UNKNOWN = frozenset({"(null)", "?"})
Arguments = dict[int, list[bytes]]
"""Arguments of a program by number, each with its pieces: long ones are cut, also within a letter."""


def record_fields(kind: str, text: str) -> tuple[dict[str, Any], Arguments]:
    """Return the fields that a record of some type lists, and for an EXECVE its arguments, which are no fields yet."""
    fields: dict[str, Any] = {}
    if kind.startswith("AUOMS_"):
        return _auoms_fields(kind, text), {}
    arguments: Arguments = {}
    split = ENRICHED.search(text)
    own, added = (text[: split.start()], text[split.end() :]) if split else (text, "")
    for name, quoted, pairs, bare in PAIR.findall(own):
        if kind == "EXECVE" and name[0] == "a" and _take_argument(name, bare, quoted, arguments):
            continue
        if pairs:
            for inner, inner_quoted, _, inner_bare in PAIR.findall(pairs):
                fields.setdefault(inner, inner_quoted or _bare(inner, inner_bare))
        elif name not in fields:
            fields[name] = quoted or _bare(name, bare)
    if added:
        for name, quoted, _, bare in PAIR.findall(added):
            fields.setdefault(name, quoted or bare)
    return bounded(_interpreted(fields)), arguments


def _interpreted(fields: dict[str, Any]) -> dict[str, Any]:
    """Add in words what the daemon itself did not: the account, where that is root or was said, and the system call."""
    if fields.get("uid") == "0":
        fields.setdefault("UID", "root")
    if "UID" in fields:
        fields.setdefault("user", fields["UID"])
    if "syscall" not in fields:
        return fields
    name = fields.get("SYSCALL") or call_name(fields.get("arch", ""), fields["syscall"])
    return {"SYSCALL": name} | fields if name else fields


def _take_argument(name: str, bare: str, quoted: str, arguments: Arguments) -> bool:
    """Take a field of an EXECVE that is an argument or a piece of one; tell whether it was."""
    whole, bracket, _ = name.partition("[")
    found = ARGUMENT.fullmatch(whole)
    if found is None:
        return ARGUMENT_LENGTH.fullmatch(name) is not None
    pieces = arguments.setdefault(int(found[1]), [])
    if bracket or not pieces:
        pieces.append(
            bytes.fromhex(bare) if HEXADECIMAL.fullmatch(bare) else (quoted or bare).encode("utf-8", "replace")
        )
    return True


def argument_fields(arguments: Arguments) -> dict[str, Any]:
    """Return a program's arguments as the fields a0, a1 ..., and together as `cmdline`."""
    texts = [(number, b"".join(arguments[number]).decode("utf-8", "replace")) for number in sorted(arguments)]
    return {f"a{number}": text for number, text in texts[:MAX_FIELDS]} | {"cmdline": " ".join(t for _, t in texts)}


def bounded(fields: dict[str, Any]) -> dict[str, Any]:
    """Return no more fields than an event should have."""
    if len(fields) <= MAX_FIELDS:
        return fields
    kept = dict(list(fields.items())[:MAX_FIELDS])
    return kept | {"more_fields": len(fields) - MAX_FIELDS}


def _bare(name: str, value: str) -> str:
    if name in CODED and HEXADECIMAL.fullmatch(value):
        return bytes.fromhex(value).rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")
    return "" if value in UNKNOWN else value


def _auoms_fields(kind: str, text: str) -> dict[str, Any]:
    """Return the fields of a record of auoms, which is several of the daemon's in one: it has the types of both, and the
    words of the command line as arguments where a program was started."""
    fields: dict[str, Any] = {}
    for found in islice(AUOMS_PAIR.finditer(text), MAX_FIELDS):
        name, value = found.groups()
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        fields.setdefault(name, value[1:-1].replace('\\"', '"') if quoted else value.strip())
    inner = kind.removeprefix("AUOMS_")
    fields["type"] = [kind, inner]
    if fields.get("syscall"):
        fields.setdefault("SYSCALL", fields["syscall"])
    if inner == "EXECVE" and (fields.get("success") == "no" or "cmdline" not in fields):
        fields["type"] = [kind, "SYSCALL"]  # nothing was started
    elif inner == "EXECVE":
        for name in [name for name in fields if ARGUMENT.fullmatch(name)]:
            fields[f"syscall_{name}"] = fields.pop(name)
        words = _words(fields["cmdline"])
        fields |= {f"a{number}": word for number, word in enumerate(words[:MAX_FIELDS])}
    if "user" in fields:
        fields.setdefault("UID", fields["user"])
    return bounded(fields)


def _words(command_line: str) -> list[str]:
    try:
        return shlex.split(command_line)
    except ValueError:  # quotes that do not close
        return command_line.split()


@cache
def _calls() -> dict[str, dict[str, str]]:
    """Return the names of system calls by their numbers, for each architecture."""
    text = files(__package__).joinpath("audit_syscalls.yaml").read_text(encoding="utf-8")
    calls: dict[str, dict[str, str]] = {}
    for architecture, names in yaml.safe_load(text).items():
        number = -1
        for word in names.split():
            anew, colon, name = word.rpartition(":")
            number = int(anew) if colon else number + 1
            calls.setdefault(str(architecture), {})[str(number)] = name
    return calls


def call_name(architecture: str, call: str) -> str:
    """Return the name of a system call that a record has by its number or its name; '' where it is not known."""
    if call.isascii() and call.isdecimal():
        return _calls().get(architecture, {}).get(call, "")
    return call
