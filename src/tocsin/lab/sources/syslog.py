"""Syslog: lines of RFC 5424, of RFC 3164 (no year, no zone) and of rsyslog with ISO times; and rows of tables of them.

A line without a year gets one by the rule in years.py, and its event says that it is a guess. A line without a zone is
taken as UTC, and its event says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.linux_messages import message_event
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, Source
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_text
from tocsin.lab.sources.years import GUESSED, MonthDay, Years, day_of

MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}  # fmt: skip
PRIORITY = r"(?:<(\d{1,3})>)?"
TAG = r"(\S{0,254}[^\s:]) ([^\s:\[]{1,128})(?:\[([^\]]{1,64})\])?:? ?(.*)"
DATE = r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2})(?: (\d{4}))?"
RFC3164 = re.compile(
    rf"{PRIORITY}{DATE} ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{{1,9}})?:? {TAG}", re.DOTALL | re.ASCII
)
ISO = re.compile(
    rf"{PRIORITY}(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?(Z|[+-]\d\d:?\d\d)) {TAG}", re.DOTALL | re.ASCII
)
"""Only with a T and a zone: many other logs begin with a date, a time and a word."""
RFC5424 = re.compile(
    r"<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,128}) (.*)", re.DOTALL | re.ASCII
)
ELEMENT = re.compile(r"\[([^\s\]=\"]{1,64})((?: [^\s\]=\"]{1,64}=\"[^\"\\\]]*(?:\\.[^\"\\\]]*)*\")*)\]", re.DOTALL)
PARAMETER = re.compile(r" ([^\s=]+)=\"([^\"\\\]]*(?:\\.[^\"\\\]]*)*)\"", re.DOTALL)
ESCAPED = re.compile(r"\\([\"\\\]])")
DATED = re.compile(rf"{PRIORITY}(?:{DATE} |(?:1 )?(\d{{4}})-(\d\d)-(\d\d)T)".encode(), re.ASCII)
ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)$", re.ASCII)
MAX_PARAMETERS = 1_000
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
FACILITIES = ("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
              "audit", "console", "clock", *(f"local{number}" for number in range(8)))  # fmt: skip
UTC_ASSUMED = "not said, taken as UTC"
BYTE_ORDER_MARK = "\ufeff"
"""May stand before a message of RFC 5424, to say that it is UTF-8."""


def sniff(head: bytes) -> bool:
    """Tell whether most of the first lines are syslog."""
    found = head_lines(head, 20)
    fitting = sum(any(form.match(line) for form in (RFC3164, ISO, RFC5424)) for line in found)
    return fitting * 2 > len(found)


def read_syslog(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each line; a line that begins with a blank goes on with the one before and is skipped."""
    years: Years | None = None
    for place, line in lines(path, tally, start, end):
        found = RFC3164.match(line)
        if found is None:
            event = line_event(line)
        else:
            if years is None and not found[4]:
                years = Years(path, date_of)
            event = _without_year(found, years, place)
        if event is not None:
            tally.read += 1
            yield event
        elif line[0] in " \t":
            tally.skipped += 1
        else:
            tally.not_understood += 1
            tally.problem("line is no syslog message", f"byte {place}")


def date_of(line: bytes) -> MonthDay | None:
    """Return the date at the beginning of a line."""
    found = DATED.match(line)
    if found is None:
        return None
    _, name, day, year, iso_year, iso_month, iso_day = found.groups()
    if name is None:
        return int(iso_month), int(iso_day), int(iso_year)
    return MONTHS[name.decode()], int(day), int(year or 0)


def line_event(line: str) -> Event | None:
    """Return the event of a line that writes its year, None where it is none."""
    found = RFC5424.match(line)
    if found is not None:
        return _structured(found)
    found = ISO.match(line)
    if found is None:
        return None
    priority, written, zone, host, program, pid, message = found.groups()
    time = from_text(written.replace(",", "."))
    if not time:
        return None
    more, system = _priority(priority), {"time_zone": zone}
    return message_event(message, time=time, host=host, program=program, pid=pid or "", system=system, more=more)


def _without_year(found: re.Match[str], years: Years | None, place: int) -> Event | None:
    priority, name, day, year, clock, fraction, host, program, pid, message = found.groups()
    system = {"time_zone": UTC_ASSUMED}
    if not year and years is not None:
        system["year"] = GUESSED
        year = years.year(place, MONTHS[name], int(day))
    date = _date(int(year or 0), MONTHS[name], int(day))
    if not date:
        return None
    time, more = f"{date}T{clock}{fraction or ''}Z", _priority(priority)
    return message_event(message, time=time, host=host, program=program, pid=pid or "", system=system, more=more)


@lru_cache(maxsize=4_096)
def _date(year: int, month: int, day: int) -> str:
    found = day_of(year, month, day)
    return "" if found is None else found.isoformat()


def _structured(found: re.Match[str]) -> Event | None:
    priority, written, host, program, pid, message_id, rest = (
        "" if text == "-" and place < 7 else text for place, text in enumerate(found.groups(), 1)
    )
    time = from_text(written)
    if written and not time:
        return None
    more = _priority(priority)
    if message_id:
        more["msgid"] = message_id
    at = 1 if rest.startswith("-") else 0
    while element := ELEMENT.match(rest, at):
        for name, value in PARAMETER.findall(element[2]):
            if len(more) < MAX_PARAMETERS:
                more[f"{element[1]}.{name}"] = ESCAPED.sub(r"\1", value)
        at = element.end()
    message = rest[at:].removeprefix(" ").removeprefix(BYTE_ORDER_MARK)
    zone = ZONE.search(written)
    system = {"time_zone": zone[0] if zone else UTC_ASSUMED} if written else {}
    return message_event(message, time=time, host=host, program=program, pid=pid, system=system, more=more)


@lru_cache(maxsize=1_024)
def _words(text: str) -> tuple[str, str] | None:
    number = int(text)
    if number >= 8 * len(FACILITIES):
        return None
    return FACILITIES[number // 8], SEVERITIES[number % 8]


def _priority(text: str | None) -> dict[str, Any]:
    """Return facility and severity in words (RFC 5424 section 6.2.1)."""
    words = _words(text) if text else None
    return {"facility": words[0], "severity": words[1]} if words else {}


def table_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a row of Log Analytics' table Syslog; None where it is none."""
    message = value["SyslogMessage"]
    if type(message) is not str:
        return None
    time = from_text(str(value.get("EventTime") or value.get("TimeGenerated") or ""))
    more = {name: value[name] for name in ("Facility", "SeverityLevel", "HostIP") if value.get(name)}
    return message_event(
        message,
        time=time,
        host=str(value.get("HostName") or value.get("Computer") or ""),
        program=str(value.get("ProcessName") or ""),
        pid=str(value.get("ProcessID") or ""),
        system={"time_zone": "UTC"},
        more=more,
    )


SOURCE = Source("syslog", "syslog", sniff, read_syslog, TEXT_PART)
SHAPE = Shape("syslog", "a row of Log Analytics' table Syslog", frozenset({"SyslogMessage"}), table_row)
