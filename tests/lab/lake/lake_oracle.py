"""What a query should find, worked out in plain Python over records: no SQL, no Parquet columns of own fields."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tocsin.lab.lake.columns import fold
from tocsin.lab.lake.text import text_of
from tocsin.lab.lake.tree import (
    And,
    Between,
    Common,
    Everything,
    Exists,
    Match,
    Node,
    Not,
    Or,
    Own,
    Pattern,
    When,
    Wild,
    Within,
    Word,
)
from tocsin.lab.record import Record


@dataclass
class Row:
    """A record and the common columns that the lake gave it."""

    record: Record
    columns: dict[str, Any]


def holds(node: Node, row: Row) -> bool:
    """Tell whether a row is what a query asks for."""
    match node:
        case Everything():
            return True
        case And(parts):
            return all(holds(part, row) for part in parts)
        case Or(parts):
            return any(holds(part, row) for part in parts)
        case Not(part):
            return not holds(part, row)
        case Word(pattern):
            whole = regex(pattern)
            return whole in ("", ".*") or any(re.search(whole, text, re.DOTALL) for text in words(row))
        case Match(field, pattern):
            value = text_in(field, row)
            return value is not None and re.fullmatch(regex(pattern), fold(value), re.DOTALL) is not None
        case Exists(field):
            return text_in(field, row) is not None
        case Between(field, low, high):
            value = text_in(field, row)
            if value is None or not re.fullmatch(r"-?[0-9]{1,18}", value):
                return False
            return (low is None or int(value) >= low) and (high is None or int(value) <= high)
        case When(start, end):
            time = moment(row.record.time)
            return time is not None and (start is None or time >= start) and (end is None or time < end)
        case Within(column, network):
            return in_network(row.columns.get(column), network)
    raise AssertionError(node)


def regex(pattern: Pattern) -> str:
    """Return a pattern as a regular expression."""
    return "".join({Wild.ANY: ".*", Wild.ONE: "."}[p] if isinstance(p, Wild) else re.escape(p) for p in pattern.pieces)


def words(row: Row) -> list[str]:
    """Return the texts in which words are looked for."""
    values = [row.columns.get("host"), *row.record.data.values()]
    return [fold(text_of(value) or "") for value in values if value is not None]


def text_in(field: Common | Own, row: Row) -> str | None:
    """Return a field's value as text."""
    if isinstance(field, Common):
        value = row.columns.get(field.name)
        return None if value is None else str(value)
    named = (value for name, value in row.record.data.items() if fold(name) == fold(field.name))
    return next((text_of(value) for value in named if value is not None), None)


def moment(text: str) -> datetime | None:
    """Return a written time."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def in_network(value: str | None, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Tell whether a text is an address in a network."""
    try:
        return value is not None and ipaddress.ip_address(value) in network
    except ValueError:
        return False


def found(node: Node, rows: Iterable[Row]) -> list[int]:
    """Return the places of the rows that a query asks for."""
    return [place for place, row in enumerate(rows) if holds(node, row)]
