"""The common columns: what every event can be asked for, whatever source it comes from.

An event keeps its own fields beside these. Names that are missing in an event are null, never ''. Comparison
ignores case everywhere; columns marked `folded` are already stored in lower case.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import pyarrow as pa

Kind = Literal["time", "text", "number", "decimal", "address"]
"""`number` is a whole number, `decimal` one that may have a fraction."""


@dataclass(frozen=True, slots=True)
class Column:
    """One common column: its name, what it holds and what it means."""

    name: str
    kind: Kind
    meaning: str
    folded: bool = False
    short: str = ""
    """The column of the value's telling part, which a value without a separator is looked up in."""
    separators: str = ""
    """Characters that a whole value has and its telling part has not."""


COLUMNS = (
    Column("time", "time", "When it happened, in UTC, to the microsecond; null where the record has no readable time"),
    Column("time_precision", "text", "How fine the source wrote the time: s, ms, us, 100ns, ns"),
    Column("time_zone", "text", "The zone in which the source wrote the time, as it wrote it"),
    Column("host", "text", "The computer that the event is about, as the source names it", False, "host_name", "."),
    Column("host_name", "text", "The host's first label, lower case", True),
    Column(
        "user", "text", "The account that acted or was used, with its domain where known", False, "user_name", "\\@"
    ),
    Column("user_name", "text", "The account without its domain, lower case", True),
    Column(
        "target_user",
        "text",
        "The account that was acted on, where that is another than the one that acted",
        False,
        "target_user_name",
        "\\@",
    ),
    Column("target_user_name", "text", "That account without its domain, lower case", True),
    Column("logon_id", "text", "The session in which it happened, as the source numbers sessions", True),
    Column("logon_type", "text", "How the account logged on: for Windows its number, such as 3 for network"),
    Column("source", "text", "The kind of source: windows, linux, zeek ...", True),
    Column("channel", "text", "The log within the source"),
    Column("provider", "text", "The program or component that wrote the event"),
    Column("code", "text", "What kind of event it is in its log: an event id or an operation's name"),
    Column("action", "text", "What was done or decided: allow, deny, logon, create, delete ...", True),
    Column("status", "text", "How it ended: success, failure, or the source's own code"),
    Column("process", "text", "The program that acted, with its path where known", False, "process_name", "\\/"),
    Column("process_name", "text", "The program's file name, lower case", True),
    Column("process_id", "number", "The number of the process that acted"),
    Column("process_guid", "text", "What names that process uniquely, where the source has it", True),
    Column("parent_process", "text", "The program that started the process", False, "parent_name", "\\/"),
    Column("parent_name", "text", "The parent program's file name, lower case", True),
    Column("parent_process_id", "number", "The number of the parent process"),
    Column("parent_process_guid", "text", "What names the parent process uniquely, where the source has it", True),
    Column("command_line", "text", "The command line of the process, or the command that was run"),
    Column("path", "text", "The file, key, share, task or pipe that was acted on", False, "file_name", "\\/"),
    Column("file_name", "text", "The last part of the path, lower case", True),
    Column("md5", "text", "MD5 of the file or program, lower-case hexadecimal", True),
    Column("sha1", "text", "SHA-1 of the file or program, lower-case hexadecimal", True),
    Column("sha256", "text", "SHA-256 of the file or program, lower-case hexadecimal", True),
    Column("src_address", "address", "The IP address from which a connection or logon came", True),
    Column("src_port", "number", "The port from which a connection came"),
    Column("dst_address", "address", "The IP address to which a connection went", True),
    Column("dst_port", "number", "The port to which a connection went"),
    Column("protocol", "text", "The protocol of a connection or request: tcp, udp, http ...", True),
    Column("bytes_out", "number", "Bytes that the source of a connection sent"),
    Column("bytes_in", "number", "Bytes that the source of a connection got"),
    Column("duration", "decimal", "How long a connection or request took, in seconds"),
    Column("domain", "text", "The domain name that was asked for or connected to, lower case, no final dot", True),
    Column("url", "text", "The URL that was asked for"),
    Column("user_agent", "text", "What the client says it is"),
    Column("message", "text", "The source's own words, or the text of a script"),
    Column("record_id", "number", "The record's number in its log"),
    Column("item", "text", "The evidence item that the event was read from"),
    Column("source_file", "text", "The file within the evidence item"),
)
"""All common columns, in the order in which they are shown."""

BY_NAME = {column.name: column for column in COLUMNS}

GROUPS = {
    "hash": ("md5", "sha1", "sha256"),
    "address": ("src_address", "dst_address"),
    "port": ("src_port", "dst_port"),
}
"""Names in the search language that stand for any of several columns."""

INNER = {
    "seq": "number",
    "src_key": "text",
    "dst_key": "text",
    "layout": "text",
    "fields": "text",
    "system": "text",
    "rest": "text",
}
"""Columns that the lake keeps for itself: the event's place in its item, addresses in a form that sorts, which fields
the event has (JSON), its own fields and those about itself as far as columns of text do not say them exactly (JSON),
and the text of fields that have no column."""

KEYS = {"src_address": "src_key", "dst_address": "dst_key"}

ARROW = {
    "time": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "number": pa.int64(),
    "decimal": pa.float64(),
    "address": pa.string(),
}


PLAIN_NAME = re.compile(r"[a-z0-9_]{1,60}")


@lru_cache(maxsize=65_536)
def own_column(name: str) -> str:
    """Return the column of an own field: `f_` and its name in lower case, or a digest where that is not plain.

    So names of columns never contain what an attacker could write.
    """
    folded = fold(name)
    if PLAIN_NAME.fullmatch(folded):
        return f"f_{folded}"
    return f"x_{hashlib.sha256(folded.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"


def fold(text: str) -> str:
    """Return text in lower case, character by character, as DuckDB's `lower` does it.

    Python's own `lower` differs for two letters only: it makes two characters of the Turkish dotted I, and looks at
    the neighbours of the Greek Sigma.
    """
    if text.isascii():
        return text.lower()
    return text.replace("\u0130", "i").replace("\u03a3", "\u03c3").lower()


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a text is, IPv4 within IPv6 as IPv4; None where it is none."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def address_key(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """Return an address as text of fixed length that sorts as the addresses do, IPv4 before IPv6."""
    return f"{address.version}{address.packed.hex()}"
