"""The access log of the proxy Squid in its own format: who fetched what from where, and whether it was let through.

https://wiki.squid-cache.org/Features/LogFormat. Fields have the names of Sigma's category `proxy`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_epoch

LINE = re.compile(
    r"(\d{9,11}\.\d{3})\s+(-?\d{1,18}) (\S{1,255}) ([A-Z_]{1,64})/(\d{3}) (\d{1,18}) (\S{1,64}) (\S+) (\S{1,255})"
    r" ([A-Z_]{1,64})/(\S{1,255})(?: (\S{1,255})(.*))?",
    re.DOTALL | re.ASCII,
)
HOST = re.compile(r"(?:[a-z]{1,16}://)?(?:[^/@]{0,256}@)?(\[[^\]]{1,64}\]|[^/:]{1,255})", re.IGNORECASE)


def sniff(head: bytes) -> bool:
    """Tell whether most of the first lines are Squid's."""
    found = head_lines(head, 20)
    return sum(LINE.match(line) is not None for line in found) * 2 > len(found)


def read_squid(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each request."""
    for place, line in lines(path, tally, start, end):
        found = LINE.match(line)
        if found is None:
            tally.not_understood += 1
            tally.problem("line is none of Squid's access log", f"byte {place}")
            continue
        tally.read += 1
        yield event("web/proxy", _fields(found), time=from_epoch(found[1]), system={"time_zone": "UTC"})


def _fields(found: re.Match[str]) -> dict[str, Any]:
    _, taken, ip, result, status, size, method, uri, user, hierarchy, peer, kind, _ = found.groups()
    host = HOST.match(uri)
    fields: dict[str, Any] = {
        "c-ip": ip, "cs-method": method, "c-uri": uri, "cs-host": host[1] if host else "", "sc-status": int(status),
        "sc-bytes": int(size), "time-taken": int(taken), "s-action": result, "hierarchy": hierarchy,
    }  # fmt: skip
    if kind and kind != "-":
        fields["content-type"] = kind
    if user != "-":
        fields["cs-username"] = user
    if peer != "-":
        fields["r-ip"] = peer
    return fields


SOURCE = Source("squid-log", "an access log of the proxy Squid", sniff, read_squid, TEXT_PART)
