"""Logs in the W3C's extended format: IIS, CloudFront, proxies that write it, and the firewall of Windows.

A line `#Fields:` says which columns follow, and may change in the middle of a file. Times of IIS are UTC, those of the
firewall the machine's own. https://www.w3.org/TR/WD-logfile.html.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.syslog import UTC_ASSUMED
from tocsin.lab.sources.text import MAX_LINE, TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_text

HEADER = re.compile(r"cs\(([A-Za-z-]+)\)")
CELL = re.compile(r'"([^"]*)"|(\S+)')
DIRECTIVES = (b"#Date:", b"#Time Format:", b"#Fields:")
"""What is said of the lines below; what is said last counts."""
FIREWALL = {"src-ip": "src_ip", "dst-ip": "dst_ip", "src-port": "src_port", "dst-port": "dst_port"}
"""Sigma's names of what the firewall writes."""
PROXY = frozenset({"s-action", "cs-categories", "sc-filter-result", "rs-content-type", "r-ip", "r-host"})
EDGE = "x-edge-location"
"""A column that only CloudFront has."""
PLUS_FOR_BLANK = ("cs-user-agent", "cs-cookie")
NONE = ("-", "")
MAX_COLUMNS = 200


class Columns:
    """What the lines with `#` say of those below."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.day = ""
        self.is_local = False
        self.channel = "web/iis"

    def take(self, line: str) -> None:
        """Take a line that begins with `#`."""
        directive, _, text = line.partition(":")
        if directive == "#Fields":
            self.names = [_name(name) for name in text.split()[:MAX_COLUMNS]]
            self.channel = _channel(self.names)
        elif directive == "#Date":
            self.day = (text.split() or [""])[0]
        elif directive == "#Time Format":
            self.is_local = "local" in text.lower()


def sniff(head: bytes) -> bool:
    """Tell whether a file begins as the format asks, with columns apart by blanks or tabs."""
    found = head_lines(head, 20)
    columns = next((line for line in found if line.startswith("#Fields:")), "")
    return bool(columns) and found[0].lstrip("\ufeff").startswith("#") and "," not in columns


def read_w3c(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each line under the columns that were named last."""
    columns = _columns_before(path, start) if start else Columns()
    for place, line in lines(path, tally, start, end):
        if line.startswith("#"):
            columns.take(line)
            tally.skipped += 1
            continue
        values = _cells(line, len(columns.names))
        if len(values) != len(columns.names) or not values:
            tally.not_understood += 1
            tally.problem(f"line has {len(values)} columns, {len(columns.names)} were named", f"byte {place}")
            continue
        tally.read += 1
        yield _event(columns, values)


def _columns_before(path: Path, start: int) -> Columns:
    """Return what the lines before a byte say of those after it."""
    columns = Columns()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for directive in DIRECTIVES:
            at = content.rfind(b"\n" + directive, 0, start + len(directive)) + 1
            if at or content[: len(directive)] == directive:
                columns.take(content[at : at + MAX_LINE].split(b"\n", 1)[0].decode("utf-8", "replace").rstrip("\r"))
    return columns


def _cells(line: str, expected: int) -> list[str]:
    values = line.split(" ")
    if len(values) == expected:
        return values
    if "\t" in line:
        return line.split("\t")
    if '"' in line:
        return [quoted or plain for quoted, plain in CELL.findall(line)]
    return line.split()


def _name(name: str) -> str:
    """Return a column's name as Sigma's rules write it: `cs(User-Agent)` is `cs-user-agent`."""
    found = HEADER.fullmatch(name)
    return f"cs-{found[1].lower()}" if found else name


def _channel(names: list[str]) -> str:
    if "src-ip" in names or ("action" in names and "protocol" in names):
        return "windows/firewall"
    if EDGE in names:
        return "web/access"
    return "web/iis" if PROXY.isdisjoint(names) else "web/proxy"


def _event(columns: Columns, values: list[str]) -> Event:
    row = dict(zip(columns.names, values, strict=True))
    fields: dict[str, Any] = {name: value for name, value in row.items() if value not in NONE}
    time = from_text(f"{row.get('date') or columns.day} {row.get('time', '')}")
    system = {"time_zone": UTC_ASSUMED if columns.is_local else "UTC"}
    if columns.channel == "windows/firewall":
        fields |= {ours: fields[theirs] for theirs, ours in FIREWALL.items() if theirs in fields}
        return event("windows/firewall", fields, time=time, system=system)
    if columns.channel == "web/iis":
        for name in PLUS_FOR_BLANK:
            if name in fields:
                fields[name] = fields[name].replace("+", " ")
    if "cs-uri-stem" in fields:
        query = fields.get("cs-uri-query")
        fields.setdefault("c-uri", fields["cs-uri-stem"] + (f"?{query}" if query else ""))
    return event(columns.channel, fields, time=time, host=fields.get("s-computername", ""), system=system)


SOURCE = Source("w3c-log", "a log in the W3C's extended format (IIS)", sniff, read_w3c, TEXT_PART)
