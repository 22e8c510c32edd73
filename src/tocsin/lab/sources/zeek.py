"""Zeek's logs, as text with tabs and as JSON: which connections, names, files and logons a sensor saw on the network.

Text has a header that names fields and types; `-` is unset (left out, as JSON leaves it out) and `(empty)` is empty.
https://docs.zeek.org/en/master/log-formats.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.known import MAX_REMEMBERED
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import HEAD_SIZE, Shape, Source, channel, event, flat
from tocsin.lab.sources.text import TEXT_PART, lines
from tocsin.lab.sources.times import from_epoch, from_text

ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
DIRECTIVES = ("separator", "set_separator", "empty_field", "unset_field", "path", "fields", "types", "open", "close")


@dataclass
class Header:
    """What the lines with `#` at the top of a log say of those below."""

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    def take(self, line: str) -> bool:
        """Take a line that begins with `#`; tell whether it is one of a header."""
        if line.startswith("#separator"):
            self.separator = _unescaped(line.removeprefix("#separator").strip(" ")) or "\t"
            return True
        directive, *values = line[1:].split(self.separator)
        if directive not in DIRECTIVES:
            return False
        value = values[0] if values else ""
        match directive:
            case "set_separator":
                self.set_separator = value or ","
            case "empty_field":
                self.empty = value
            case "unset_field":
                self.unset = value
            case "path":
                self.path = value
            case "fields":
                self.names = tuple(values)
            case "types":
                self.types = tuple(values)
        return True

    def columns(self) -> list[tuple[str, Callable[[str], Any] | None]]:
        """Return each field's name and what makes its value of a text (None: the text is the value)."""
        types = (*self.types, *[""] * (len(self.names) - len(self.types)))
        return [(name, self._maker(kind)) for name, kind in zip(self.names, types, strict=False)]

    def _maker(self, kind: str) -> Callable[[str], Any] | None:
        if kind.startswith(("set[", "vector[", "table[")):
            make = SCALARS.get(kind.partition("[")[2].rstrip("]"))
            return lambda text: [
                make(part) if make else part for part in text.split(self.set_separator) if part != self.unset
            ]
        return SCALARS.get(kind)


def _whole(text: str) -> int | str:
    try:
        number = int(text)
    except ValueError:
        return text
    return number if -(2**63) <= number < 2**63 else text


def _decimal(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


SCALARS: dict[str, Callable[[str], Any]] = {
    "count": _whole,
    "int": _whole,
    "port": _whole,
    "double": _decimal,
    "interval": _decimal,
    "time": _decimal,
    "bool": lambda text: {"T": True, "F": False}.get(text, text),
}


def sniff(head: bytes) -> bool:
    """Tell whether a file begins as a Zeek log in text."""
    return head.removeprefix(b"\xef\xbb\xbf").startswith(b"#separator ") and b"\n#fields" in head


def read(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield the records of a part of a log in text. Raises OSError where it cannot be read."""
    header = Header()
    if start:
        with path.open("rb") as file:
            for line in file.read(HEAD_SIZE).decode("utf-8", "replace").removeprefix("\ufeff").split("\n"):
                if not line.startswith("#"):
                    break
                header.take(line.rstrip("\r"))
    columns = header.columns()
    for place, line in lines(path, tally, start, end):
        if line.startswith("#"):
            if not header.take(line):
                tally.skipped += 1
                tally.problem("comment in a Zeek log", f"byte {place}")
            columns = header.columns()
            continue
        cells = line.split(header.separator)
        if len(cells) != len(columns) or not columns:
            tally.not_understood += 1
            tally.problem(f"{len(cells)} values for the {len(columns)} fields of the header", f"byte {place}")
            continue
        tally.read += 1
        yield _of_cells(header, columns, cells, escaped="\\x" in line)


def _of_cells(
    header: Header, columns: list[tuple[str, Callable[[str], Any] | None]], cells: list[str], *, escaped: bool
) -> Event:
    unset, empty = header.unset, header.empty
    fields: dict[str, Any] = {}
    for (name, make), text in zip(columns, cells, strict=True):
        if text == unset:
            continue
        if text == empty:
            fields[name] = "" if make is None else []
        elif make is not None:
            value = make(text)
            fields[name] = [_unescaped(part) for part in value] if escaped and type(value) is list else value
        else:
            fields[name] = _unescaped(text) if escaped else text
    time = from_epoch(fields["ts"]) if type(fields.get("ts")) is float else from_text(str(fields.get("ts", "")))
    return event(channel("zeek", header.path or _path_of(fields) or "other"), fields, time=time, provider="zeek")


def _unescaped(text: Any) -> Any:
    """Return a text with its escaped bytes (`\\x09`) as the characters they are, where they are some."""
    if type(text) is not str or "\\x" not in text:
        return text
    raw = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


SOURCE = Source("zeek", "a Zeek log", sniff, read, TEXT_PART)

UNDERSCORED = {
    "id_orig_h": "id.orig_h",
    "id_orig_p": "id.orig_p",
    "id_resp_h": "id.resp_h",
    "id_resp_p": "id.resp_p",
}
"""Names that writers which allow no dots give the ends of a connection."""
PATHS = ("_path", "@stream", "@path", "_write_path")
"""Where JSON says which log it is of."""
SENSORS = ("@system", "_system_name", "_node_name", "node")
ABOUT = frozenset({*PATHS, *SENSORS[:-1], "@proc", "_write_ts", "@timestamp", "@version"})
"""Names that say something of the record and not of the network."""
MARKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("conn", ("conn_state",)),
    ("dns", ("qtype_name", "qclass_name", "rcode_name", "query")),
    ("http", ("trans_depth", "request_body_len", "status_msg")),
    ("ssl", ("established", "ssl_history", "cert_chain_fuids", "next_protocol")),
    ("x509", ("certificate.serial", "certificate.subject", "san.dns")),
    ("kerberos", ("request_type", "cipher")),
    ("ntlm", ("domainname", "server_nb_computer_name", "server_dns_computer_name")),
    ("dce_rpc", ("endpoint", "named_pipe")),
    ("smb_mapping", ("share_type", "native_file_system")),
    ("smb_files", ("times.modified", "prev_name")),
    ("rdp", ("security_protocol", "keyboard_layout", "client_build")),
    ("ssh", ("auth_attempts", "hassh", "host_key_alg")),
    ("smtp", ("mailfrom", "rcptto", "helo")),
    ("ftp", ("reply_code", "data_channel.passive")),
    ("dhcp", ("msg_types", "lease_time", "client_fqdn")),
    ("files", ("seen_bytes", "mime_type", "timedout")),
    ("pe", ("is_exe", "section_names")),
    ("notice", ("note", "suppress_for")),
    ("weird", ("addl", "notice")),
    ("software", ("software_type", "unparsed_version")),
    ("tunnel", ("tunnel_type",)),
    ("socks", ("bound.host", "request.host")),
    ("snmp", ("community", "get_requests")),
    ("syslog", ("facility", "severity")),
    ("sip", ("call_id", "request_path")),
    ("radius", ("framed_addr", "connect_info")),
    ("mysql", ("cmd", "rows")),
    ("irc", ("nick",)),
    ("ntp", ("stratum", "root_delay")),
    ("ldap", ("message_id", "diagnostic_message")),
)
"""Fields that only one log has, of JSON that does not say which it is of; asked in this order."""


@dataclass(frozen=True)
class Layout:
    """Where JSON records with some names have what is asked of them, found out once for all of them."""

    path: str
    sensor: str
    system: tuple[str, ...]
    own: tuple[str, ...]
    """The names of the log's own fields, as they are written."""
    ours: tuple[str, ...]
    """The same fields' names as Zeek's documentation has them."""


@lru_cache(maxsize=1_024)
def _layout(names: tuple[str, ...]) -> Layout:
    system = tuple(name for name in names if name in ABOUT)
    own = tuple(name for name in names if name not in ABOUT)
    return Layout(
        next((name for name in PATHS if name in names), ""),
        next((name for name in SENSORS if name in names), ""),
        system,
        own,
        tuple(UNDERSCORED.get(name, name) for name in own),
    )


def json_row(value: dict[str, Any]) -> Event | None:
    """Return the event of a JSON record, whose log it says itself or its fields tell; None where it is none."""
    names = tuple(value)
    layout = _layout(names) if len(names) <= MAX_REMEMBERED else _layout.__wrapped__(names)
    path = value[layout.path] if layout.path else _path_unsaid(value)
    if type(path) is not str or not path:
        return None
    if not layout.path and len(value) == 1 and type(value[path]) is dict:
        return json_row({"_path": path, **value[path]})
    fields = dict(zip(layout.ours, map(value.__getitem__, layout.own), strict=True))
    if dict in set(map(type, fields.values())):
        fields = flat(fields)
    ts = value.get("ts", value.get("_write_ts", ""))
    time = from_text(ts) if type(ts) is str else from_epoch(ts) if type(ts) in (int, float) else ""
    host = value[layout.sensor] if layout.sensor else ""
    system = {name: value[name] for name in layout.system}
    return event(
        f"zeek/{path.lower()}",
        fields,
        time=time,
        host=host if type(host) is str else "",
        provider="zeek",
        system=system,
    )


def _path_unsaid(value: dict[str, Any]) -> str:
    """Return the log of a record that does not say it, '' where it is no record."""
    if len(value) == 1:
        ((path, inner),) = value.items()
        return path if type(inner) is dict and "ts" in inner else ""
    return (_path_of(value) or "other") if type(value.get("ts")) in (int, float, str) else ""


def _path_of(fields: dict[str, Any]) -> str:
    """Return the log that has such fields, '' where that is not clear."""
    found = next((path for path, marks in MARKS if any(mark in fields for mark in marks)), "")
    if not found and "action" in fields and ("name" in fields or "path" in fields):
        return "smb_files"
    return found


TAGGED = (
    "conn",
    "dns",
    "http",
    "ssl",
    "files",
    "x509",
    "weird",
    "notice",
    "smtp",
    "kerberos",
    "ntlm",
    "dce_rpc",
    "rdp",
)
"""Logs whose records are known wrapped in an object of the log's name, as Zeek's Kafka writer makes them."""
SHAPES = (
    *(Shape("zeek", "a Zeek log", frozenset({name, "ts"}), json_row) for name in PATHS),
    Shape("zeek", "a Zeek log", frozenset({"@stream", "@proc"}), json_row),
    Shape("zeek", "a Zeek log", frozenset({"ts", "uid"}), json_row),
    Shape("zeek", "a Zeek log", frozenset({"ts", "fuid"}), json_row),
    Shape("zeek", "a Zeek log", frozenset({"ts", "id.orig_h"}), json_row),
    Shape("zeek", "a Zeek log", frozenset({"ts", "certificate.serial"}), json_row),
    *(Shape("zeek", "a Zeek log", frozenset({name}), json_row) for name in TAGGED),
)
