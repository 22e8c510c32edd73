"""The debug log of Netlogon on domain controllers: who authenticated from where, in Netlogon's own words.

Shows password spraying and Zerologon (CVE-2020-1472) where the security log says nothing. Times are the machine's own and
have no year. https://learn.microsoft.com/troubleshoot/windows-client/windows-security/enable-debug-logging-netlogon-service
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.syslog import UTC_ASSUMED
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.years import GUESSED, MonthDay, Years, day_of

LINE = re.compile(
    r"(\d\d)/(\d\d) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) \[([A-Z_0-9]{1,32})\] (?:\[(\d{1,10})\] )?(.*)",
    re.DOTALL | re.ASCII,
)
DATED = re.compile(rb"(\d\d)/(\d\d) ", re.ASCII)
LOGON = re.compile(
    r"SamLogon: (?P<kind>.{1,200}?) logon of (?P<user>.{1,256}?) from (?P<workstation>\S{0,256})"
    r"(?: \(via (?P<via>[^)]{1,256})\))? (?:Returns (?P<status>0x[0-9A-Fa-f]{1,8})|Entered)"
)
ACCOUNT = re.compile(
    r"(?P<call>NetrServer\w{1,64})(?: entered)?: (?:.{0,80}? (?:for|from) )?(?P<workstation>\S{1,256})"
    r"(?: \((?P<src_ip>[^)]{1,64})\))? on account (?P<user>\S{1,256})"
)
SYSTEM = {"time_zone": UTC_ASSUMED, "year": GUESSED}
MAX_TOLD = 2_048
"""Characters of a line that are looked at for what it says."""


def sniff(head: bytes) -> bool:
    """Tell whether most of the first lines are Netlogon's."""
    found = head_lines(head, 20)
    return sum(LINE.match(line) is not None for line in found) * 2 > len(found)


def read_netlogon(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each line."""
    years: Years | None = None
    for place, line in lines(path, tally, start, end):
        found = LINE.match(line)
        if found is not None and years is None:
            years = Years(path, date_of)
        event_found = None if found is None or years is None else _event(found, years, place)
        if event_found is None:
            tally.not_understood += 1
            tally.problem("line is none of Netlogon's log", f"byte {place}")
        else:
            tally.read += 1
            yield event_found


def date_of(line: bytes) -> MonthDay | None:
    """Return the date at the beginning of a line."""
    found = DATED.match(line)
    return None if found is None else (int(found[1]), int(found[2]), 0)


def _event(found: re.Match[str], years: Years, place: int) -> Event | None:
    month, day, clock, category, pid, message = found.groups()
    date = day_of(years.year(place, int(month), int(day)), int(month), int(day))
    if date is None:
        return None
    fields = {"category": category, "message": message}
    if pid:
        fields["pid"] = pid
    text = message[:MAX_TOLD]
    if told := LOGON.search(text) or ACCOUNT.search(text):
        fields |= {name: text for name, text in told.groupdict().items() if text}
    return event("windows/netlogon", fields, time=f"{date.isoformat()}T{clock}Z", provider="Netlogon", system=SYSTEM)


SOURCE = Source("netlogon-log", "a debug log of Netlogon", sniff, read_netlogon, TEXT_PART)
