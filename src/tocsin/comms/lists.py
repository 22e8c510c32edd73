"""A pasted or uploaded list of recipients: every line is read, told apart, or named with what is wrong with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import apprise

MOST, LARGEST, LONGEST_LINE = 20_000, 4_000_000, 2_000
"""Recipients of one list, bytes of its file, characters of one of its lines."""
_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
_NAMED = re.compile(r"^\s*\"?([^\"<>]*?)\"?\s*<([^<>\s]+)>\s*$")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
_HEADS = {
    "name": "name", "full name": "name", "contact": "name", "address": "address", "email": "address", "mail": "address",
    "e-mail": "address", "email address": "address", "url": "address", "language": "language", "lang": "language",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One recipient: `address` begins with mailto: or an allowed Apprise scheme."""

    name: str
    address: str
    language: str = ""


@dataclass(frozen=True)
class Fault:
    """A line that is no recipient: its number from 1, what it says, and what is wrong."""

    line: int
    text: str
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what} ({self.text[:80]})"


@dataclass
class Listed:
    """What a list holds: recipients, lines with a fault, and lines that repeat an address (line, the first line)."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)


def read_list(text: str, channels: Collection[str] = ()) -> Listed:
    """Read lines of `name, address, language` (comma, semicolon or tab; a heading may say the order), of
    `Name <address>`, or of bare addresses. `channels` are the Apprise schemes allowed beside mail.
    """
    found = Listed()
    seen: dict[str, int] = {}
    content = text.removeprefix("\ufeff").replace("\x00", "").encode(errors="replace")  # half a character is none
    text = content.decode()
    if len(content) > LARGEST:
        found.faults.append(Fault(1, "", f"the list is larger than {LARGEST // 1_000_000} MB; split it"))
        return found
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    order: list[str] | None = None
    comma = ""
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if order is None:
            order = _order(line, _separator(line))
            if order:
                comma = _separator(line)
                continue
        read = _read(line, order or [], comma or _separator(line), channels)
        if isinstance(read, str):
            found.faults.append(Fault(number, line.strip()[:200], read))
        elif first := seen.get(read.address.lower()):
            found.repeated.append((number, first))
        elif len(found.rows) >= MOST:
            found.faults.append(Fault(number, line.strip()[:200], f"a list holds {MOST:,} recipients; split it"))
        else:
            seen[read.address.lower()] = number
            found.rows.append(read)
    return found


def _separator(line: str) -> str:
    return max(("\t", ";", ","), key=line.count)


def _order(line: str, comma: str) -> list[str]:
    """What a heading says of the columns; empty for a line that is none."""
    heads = [_HEADS.get(cell.strip().strip('"').lower(), "") for cell in line.split(comma)]
    return heads if "address" in heads else []


def _read(line: str, order: list[str], comma: str, channels: Collection[str]) -> Row | str:
    if len(line) > LONGEST_LINE:
        return f"the line is longer than {LONGEST_LINE} characters"
    if named := _NAMED.match(line):
        return _row(named[1], named[2], "", channels)
    if line.count('"') % 2:
        return "a quotation mark is not closed"
    try:
        [cells] = csv.reader(io.StringIO(line), delimiter=comma)
    except (csv.Error, ValueError):
        return "it cannot be read as columns"
    cells = [cell.strip() for cell in cells]
    if order:
        if len(cells) > len(order):
            return f"it has {len(cells)} columns, the heading has {len(order)}"
        by = {head: cell for head, cell in zip(order, cells, strict=False) if head}
        return _row(by.get("name", ""), by.get("address", ""), by.get("language", ""), channels)
    if len(cells) > 3:
        return "more than three columns: write name, address, language"
    if len(cells) == 1:
        return _row("", cells[0], "", channels)
    if "@" in cells[0] and "@" not in cells[1] and "://" not in cells[1]:  # address first
        rest = cells[1:]
        return _row("" if _LANGUAGE.fullmatch(rest[0]) and len(rest) == 1 else rest[0], cells[0],
                    rest[0] if _LANGUAGE.fullmatch(rest[0]) and len(rest) == 1 else (rest[1] if rest[1:] else ""),
                    channels)  # fmt: skip
    return _row(cells[0], cells[1], cells[2] if cells[2:] else "", channels)


def _row(name: str, address: str, language: str, channels: Collection[str]) -> Row | str:
    name, address, language = " ".join(name.split()), address.strip(), language.strip().replace("_", "-")
    if not address:
        return "there is no address"
    if language and not _LANGUAGE.fullmatch(language.lower()):
        return f"'{language[:20]}' is no language; write en, de, fr …"
    if len(name) > 200:
        return "the name is longer than 200 characters"
    checked = _address(address, channels)
    return Row(name, checked, language.lower()) if checked.startswith(_known(channels)) else checked


def _known(channels: Collection[str]) -> tuple[str, ...]:
    return ("mailto:", *(f"{scheme}://" for scheme in channels))


def _address(address: str, channels: Collection[str]) -> str:
    """The address as the outbox takes it, or what is wrong with it."""
    if len(address) > 480:
        return "the address is longer than 480 characters"
    bare = address[7:] if address.lower().startswith("mailto:") else address
    if "://" not in bare:
        if not _MAIL.fullmatch(bare) or ".." in bare:
            return "this is no mail address"
        local, _at, domain = bare.rpartition("@")
        return f"mailto:{local}@{domain.lower()}"
    scheme = urlsplit(bare).scheme.lower()
    if scheme not in channels:
        allowed = ", ".join(sorted(channels))
        return f"'{scheme}:' is not allowed in a list" + (f"; beside mail: {allowed}" if allowed else "; mail is")
    known = apprise.Apprise().add(bare)
    return f"{scheme}://{bare.partition('://')[2]}" if known else f"this is no address that '{scheme}:' understands"
