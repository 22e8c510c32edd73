"""Events as they were read, put together again from their columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from tocsin.lab.lake.answers import Event
from tocsin.lab.lake.block import system_column
from tocsin.lab.lake.columns import COLUMNS, own_column
from tocsin.lab.lake.parts import EPOCH
from tocsin.lab.lake.sql import column_sql
from tocsin.lab.lake.text import value_of

SHOWN = tuple(column.name for column in COLUMNS)
"""The common columns, in the order in which they are shown."""


def columns_of_layouts(layouts: Iterable[dict[str, Any]]) -> list[str]:
    """Return the columns that events with some layouts are put together from."""
    own = {own_column(name) for layout in layouts for name in layout["d"]}
    system = {system_column(name) for layout in layouts for name in layout["s"]}
    return [*SHOWN, "fields", "system", *sorted(own), *sorted(system)]


def whole_event(event_id: str, row: dict[str, Any], layout: dict[str, Any]) -> Event:
    """Return an event with all of its own fields, of its columns (see `columns_of_layouts`) and its layout."""
    # Not orjson, which makes floats of whole numbers beyond 64 bits.
    left = [json.loads(row[name]) if row[name] else {} for name in ("fields", "system")]
    fields = _exact(row, layout["d"], own_column) | left[0]
    says = layout["c"] | _exact(row, layout["s"], system_column) | left[1]
    if layout["h"]:
        says[layout["h"]] = row["host"]
    return Event(event_id, shown(row), fields, says)


def selected(name: str) -> str:
    """Return the SQL for a column of an event."""
    return "epoch_us(time)" if name == "time" else column_sql(name)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return the common columns that have a value."""
    columns = {name: row[name] for name in SHOWN if row[name] is not None}
    if "time" in columns:
        columns["time"] = moment_of(columns["time"])
    return columns


def moment_of(microseconds: int | None) -> datetime | None:
    """Return the time that is some microseconds after 1970."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


def _exact(row: dict[str, Any], kinds: dict[str, str], column: Callable[[str], str]) -> dict[str, Any]:
    """Return fields as they were read, by their kinds; a kind in capitals says that an event can lack the field."""
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        text = row[column(name)]
        if text is not None or kind.islower():
            found[name] = value_of(text, kind.lower())
    return found
