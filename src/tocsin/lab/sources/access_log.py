"""Access logs of web servers: Apache, nginx, Tomcat and others in the common and the combined format, and as JSON.

Fields have the names of the W3C's extended format, which Sigma's category `webserver` uses. Formats:
https://httpd.apache.org/docs/2.4/logs.html, https://nginx.org/en/docs/http/ngx_http_log_module.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from math import inf, isfinite
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, Source, event, flat
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_epoch, from_text

CHANNEL = "web/access"
LINE = re.compile(
    r"(?:(?P<vhost>[^\s:]{1,253}):(?P<port>\d{1,5}) )?(?P<ip>\S{1,253}) (?P<ident>\S{1,64}) (?P<user>.{1,256}?)"
    r" \[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
    r' "(?P<request>[^"\\]*(?:\\.[^"\\]*)*)" (?P<status>\d{3}|-) (?P<bytes>\d{1,18}|-)(?!\S)'
    r'(?: "(?P<referer>[^"\\]*(?:\\.[^"\\]*)*)" "(?P<agent>[^"\\]*(?:\\.[^"\\]*)*)")?(?P<rest>.*)', re.DOTALL | re.ASCII
)  # fmt: skip
UNESCAPED = re.compile(LINE.pattern.replace(r'(?P<request>[^"\\]*(?:\\.[^"\\]*)*)', "(?P<request>.*?)"), LINE.flags)
"""Some servers write a quotation mark in a request as it came. Asked only where the usual form does not fit, as it would
let a request pretend to be more than it is."""
REQUEST = re.compile(r"([A-Za-z_-]{1,32}) (\S.*?)(?: (HTTP/\d(?:\.\d)?))?", re.DOTALL)


def sniff(head: bytes) -> bool:
    """Tell whether most of the first lines are requests."""
    found = head_lines(head, 20)
    return sum((LINE.match(line) or UNESCAPED.match(line)) is not None for line in found) * 2 > len(found)


def read_access_log(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each request."""
    for place, line in lines(path, tally, start, end):
        found = LINE.match(line) or UNESCAPED.match(line)
        time = _time(found["time"]) if found else ""
        if found is None or not time:
            tally.not_understood += 1
            tally.problem("line is no request of an access log", f"byte {place}")
            continue
        tally.read += 1
        yield event(CHANNEL, _fields(found), time=time, host=found["vhost"] or "",
                    system={"time_zone": found["time"][-5:]})  # fmt: skip


def _fields(found: re.Match[str]) -> dict[str, Any]:
    ip, user, request, status, size, referer, agent, rest, vhost, port = found.group(
        "ip", "user", "request", "status", "bytes", "referer", "agent", "rest", "vhost", "port"
    )
    fields = {"c-ip": ip, **request_fields(request)}
    if user != "-":
        fields["cs-username"] = user
    if status != "-":
        fields["sc-status"] = int(status)
    if size != "-":
        fields["sc-bytes"] = int(size)
    if referer and referer != "-":
        fields["cs-referer"] = referer
    if agent and agent != "-":
        fields["cs-user-agent"] = agent
    if vhost:
        fields["cs-host"] = vhost
        fields["s-port"] = int(port)
    if rest and not rest.isspace():
        fields["more"] = rest.strip()
    return fields


def request_fields(request: str) -> dict[str, Any]:
    """Return method, path, query and version of a request line; what is no request line stays whole in `request`."""
    found = REQUEST.fullmatch(request)
    if found is None:
        return {"request": request}
    method, uri, version = found.groups()
    stem, mark, query = uri.partition("?")
    fields = {"cs-method": method, "c-uri": uri, "cs-uri-stem": stem}
    if mark:
        fields["cs-uri-query"] = query
    if version:
        fields["cs-version"] = version
    return fields


def _time(text: str) -> str:
    """Return a time such as `31/Jan/2026:10:00:00 +0100`, '' where a text is none."""
    found = WRITTEN.fullmatch(text)
    if found is None:
        return ""
    day, hour, minute, second, zone = found.groups()
    midnight = _midnight(day, zone)
    return "" if midnight is None else from_epoch(midnight + int(hour) * 3600 + int(minute) * 60 + int(second))


@lru_cache(maxsize=4_096)
def _midnight(day: str, zone: str) -> int | None:
    """Return when a day begins in a zone, in seconds since 1970; None where there is no such day or zone."""
    try:
        return int(datetime.strptime(f"{day} {zone}", "%d/%b/%Y %z").timestamp())
    except (ValueError, OverflowError):
        return None


WRITTEN = re.compile(r"([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}):([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]) ([+-][0-9]{4})")


NAMES = {
    "c-ip": (
        "remote_addr",
        "remote_ip",
        "client_ip",
        "clientip",
        "ClientHost",
        "request.remote_ip",
        "request.client_ip",
    ),
    "cs-username": ("remote_user", "ClientUsername", "user", "user_id"),
    "cs-method": ("request_method", "method", "RequestMethod", "request.method", "verb"),
    "c-uri": ("request_uri", "uri", "RequestPath", "request.uri", "path"),
    "cs-host": ("host", "http_host", "server_name", "RequestHost", "request.host"),
    "cs-version": ("server_protocol", "RequestProtocol", "request.proto", "httpversion"),
    "cs-referer": ("http_referer", "referer", "referrer", "request_Referer", "request.headers.Referer"),
    "cs-user-agent": ("http_user_agent", "user_agent", "agent", "request_User-Agent", "request.headers.User-Agent"),
    "sc-status": ("status", "DownstreamStatus", "response", "status_code"),
    "sc-bytes": ("body_bytes_sent", "bytes_sent", "DownstreamContentSize", "size", "bytes"),
}
"""Names of W3C's format, and those of nginx's variables, Traefik, Caddy and Logstash's Apache pattern for the same."""
DURATIONS = {"request_time": 1.0, "duration": 1.0, "Duration": 1e9}
"""Names of how long a request took (nginx, Caddy, Traefik), and how many of their units a second has."""
TIMES = ("time_iso8601", "timestamp", "time", "@timestamp", "StartUTC", "ts", "time_local", "msec")


def json_request(value: dict[str, Any]) -> Event | None:
    """Return the event of a request that a web server wrote as JSON, None where the value is none."""
    own = flat(value)
    fields = dict(own)
    for ours, theirs in NAMES.items():
        found = next((own[name] for name in theirs if own.get(name) not in (None, "", "-")), None)
        if found is not None:
            fields[ours] = found[0] if isinstance(found, list) and len(found) == 1 else found
    request = own.get("request")
    if isinstance(request, str):
        fields |= request_fields(request)
    elif isinstance(fields.get("c-uri"), str):
        stem, mark, query = fields["c-uri"].partition("?")
        fields |= {"cs-uri-stem": stem, **({"cs-uri-query": query} if mark else {})}
    if "c-ip" not in fields or not ("cs-method" in fields or "request" in fields):
        return None
    status = str(fields.get("sc-status", ""))
    if not (status.isdecimal() and len(status) == 3):
        return None
    for name, per in DURATIONS.items():
        if name in own and (seconds := _decimal(own[name])) is not None:
            fields["time-taken"] = seconds / per
    time = next((time for name in TIMES if (time := _json_time(own.get(name)))), "")
    return event(CHANNEL, fields, time=time, host=str(fields.get("cs-host") or ""))


def _decimal(value: Any) -> float | None:
    """Return a number, also one that is written as text; None where it is none, or one that cannot be stored."""
    try:
        number = float(value) if type(value) in (int, float, str) else inf
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _json_time(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return from_epoch(value)
    if not isinstance(value, str):
        return ""
    return from_text(value) or _time(value) or (from_epoch(value) if value.replace(".", "", 1).isdecimal() else "")


SOURCE = Source("access-log", "an access log of a web server", sniff, read_access_log, TEXT_PART)
SHAPES = tuple(
    Shape("access-log", "a request that a web server wrote as JSON", frozenset(keys), json_request)
    for keys in (
        ("remote_addr", "status"),
        ("remote_ip", "status"),
        ("request", "status"),
        ("ClientHost", "DownstreamStatus"),
        ("clientip", "verb", "response"),
        ("request_method", "status"),
    )
)
