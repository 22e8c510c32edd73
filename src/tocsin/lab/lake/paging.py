"""Pages of results: cursors, and which parts of the lake a page needs to look through."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import orjson

from tocsin.lab.lake.answers import LakeError
from tocsin.lab.lake.parts import EPOCH, PartInfo
from tocsin.lab.lake.sql import Condition
from tocsin.lab.lake.store import StoredPart

Order = Literal["newest", "oldest"]
FIRST_PARTS = 4
"""Parts that are looked through first for a page of results; twice as many next."""
Place = tuple[int | None, str, int]
"""Time in microseconds since 1970, item and number of an event."""


def cursor_of(time: int | None, item: str, seq: int) -> str:
    """Return the cursor of an event, from which the next page goes on."""
    return base64.urlsafe_b64encode(orjson.dumps([time, item, seq])).decode().rstrip("=")


def by_time(parts: list[StoredPart], order: Order, cursor: Place | None) -> Iterator[list[StoredPart]]:
    """Yield parts in the order of their latest (or earliest) event, a few at first and then more at a time.

    Parts without an event beyond the cursor are left out.
    """
    newest = order == "newest"

    def rank(part: StoredPart) -> tuple[bool, int]:
        end = part.info.last if newest else part.info.first
        return end is None, 0 if end is None else -end if newest else end

    line = sorted((part for part in parts if cursor is None or _is_beyond(part.info, cursor[0], newest)), key=rank)
    at, size = 0, FIRST_PARTS
    while at < len(line):
        yield line[at : at + size]
        at, size = at + size, size * 2


def _is_beyond(info: PartInfo, time: int | None, newest: bool) -> bool:
    """Tell whether a part can hold events after one with some time."""
    if info.untimed or time is None:
        return bool(info.untimed)  # an event without a time comes after all others
    return info.first is not None and info.last is not None and (info.first <= time if newest else info.last >= time)


def is_past(info: PartInfo, time: int | None, order: Order) -> bool:
    """Tell whether all events of a part, and of those after it, come after one with some time."""
    end = info.last if order == "newest" else info.first
    return time is not None and (end is None or (end < time if order == "newest" else end > time))


def order_of(order: Order, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what a row of time, item and number is sorted by."""
    time, item, seq = row
    return time is None, 0 if time is None else -time if order == "newest" else time, item, seq


def place_of(cursor: str) -> Place:
    """Return the place that a cursor names: time, item and number."""
    try:
        time, item, seq = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return None if time is None else int(time), str(item), int(seq)
    except (ValueError, TypeError, OverflowError, binascii.Error):
        raise LakeError("The cursor is damaged: start again from the first page") from None


def after_place(place: Place, order: Order, into: Condition) -> str:
    """Return the condition for events after the one at a place."""
    time, item, seq = place
    try:
        moment = None if time is None else EPOCH + timedelta(microseconds=time)
    except OverflowError:
        raise LakeError("The cursor is damaged: start again from the first page") from None
    at_item, at_seq = into.parameter(item), into.parameter(seq)
    later = f"(item > {at_item} or (item = {at_item} and seq > {at_seq}))"
    if moment is None:
        return f"(time is null and {later})"
    sign = "<" if order == "newest" else ">"
    at_time = into.parameter(moment)
    return f"(time {sign} {at_time} or time is null or (time = {at_time} and {later}))"
