"""Many events in order of time without holding them all: for timelines and exports, and what happened around an event."""

# ruff: noqa: S608 - SQL is put together of our own names only (see sql.py); values are parameters.

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from tocsin.lab.lake.answers import Around, Event
from tocsin.lab.lake.buckets import coarse_step
from tocsin.lab.lake.exact import columns_of_layouts, moment_of, selected, whole_event
from tocsin.lab.lake.lake import Asked, Lake
from tocsin.lab.lake.paging import Order
from tocsin.lab.lake.store import Span, StoredPart, relation

WINDOW = 20_000
"""Events that are held at a time."""


def stream(lake: Lake, query: str = "", order: Order = "oldest") -> Iterator[Event]:
    """Yield all matching events with all of their fields in order of time, those without a time last.

    However many there are, some ten thousand are held at a time. Raises QueryError, LakeError.

    Example: `for event in stream(lake, "host:ws-017 code:4688"): print(event.columns["time"], event.fields)`
    """
    asked = lake.asked(query)
    grain = coarse_step(*lake.extent(asked))
    counts, untimed = lake.counts(asked, grain, None)
    windows = list(_windows(lake, asked, counts, grain))
    for window in windows if order == "oldest" else reversed(windows):
        found = [event for part in asked.parts if _overlaps(part, window) for event in _read(lake, asked, part, window)]
        # Among events of the same time, item and number count upwards in either order.
        found.sort(key=_place)
        if order == "newest":
            found.sort(key=lambda event: event.columns["time"], reverse=True)
        yield from found
    if untimed:
        for part in sorted(asked.parts, key=lambda part: (part.item, part.info.start)):
            if part.info.untimed:
                yield from sorted(_read(lake, asked, part, None), key=_number)


def around(lake: Lake, event_id: str, *, within: timedelta = timedelta(minutes=5), most: int = 50) -> Around | None:
    """Return what the same host wrote around an event: up to `most` events on each side, `within` some time.

    None where there is no such event. An event without a time or host stands alone. Raises LakeError.

    Example: `around(lake, "ws-017.4711", within=timedelta(minutes=1)).after`
    """
    event = lake.event(event_id)
    if event is None:
        return None
    time, host = event.columns.get("time"), event.columns.get("host")
    if time is None or host is None:
        return Around([], event, [])
    same = f'host:"{host.replace(chr(34), chr(34) * 2)}"'
    before, after = (_written(time + sign * within) for sign in (-1, 1))
    now = _written(time)
    earlier = lake.search(f"{same} time:[{before} TO {now}}}", limit=most).events[::-1]
    later = lake.search(f"{same} time:{{{now} TO {after}]", limit=most, order="oldest").events
    # Many events can have the very same time: their order is that in which they were read.
    at_once = lake.search(f"{same} time:[{now} TO {now}]", limit=1_000, order="oldest").events
    earlier += [other for other in at_once if _place(other) < _place(event)]
    later = [other for other in at_once if _place(other) > _place(event)] + later
    return Around(earlier[-most:], event, later[:most])


def _windows(lake: Lake, asked: Asked, counts: dict[int, int], grain: int) -> Iterator[Span]:
    """Yield spans of time that follow each other and hold not much more than `WINDOW` events each, where they can."""
    first: int | None = None
    held = 0
    for at in sorted(counts):
        if first is not None and held + counts[at] > WINDOW:
            yield first, at
            first, held = None, 0
        if counts[at] > WINDOW and grain > 1:
            finer = coarse_step(at, at + grain - 1)
            inner, _ = lake.counts(asked, finer, (at, at + grain))
            yield from _windows(lake, asked, inner, finer)
            continue
        first = at if first is None else first
        held += counts[at]
        last = at + grain
    if first is not None:
        yield first, last


def _read(lake: Lake, asked: Asked, part: StoredPart, window: Span | None) -> list[Event]:
    """Return the matching events of a part in a window of time, or those without a time."""
    where, values = f"({asked.condition.sql}) and time is null", asked.values
    if window is not None:
        where = f"({asked.condition.sql}) and time >= $first and time < $last"
        values = values | {"first": moment_of(window[0]), "last": moment_of(window[1])}
    condition = asked.condition
    source = relation([part], sorted({*condition.columns, "layout", "time"}), condition.own, condition.words)
    layouts = {
        text: json.loads(text) for (text,) in lake.rows(f"select distinct layout from {source} where {where}", values)
    }
    if not layouts:
        return []
    names = columns_of_layouts(layouts.values())
    own = sorted(condition.own - set(names))
    wanted = list(dict.fromkeys([*names, "layout", "seq", *sorted(condition.columns - set(names))]))
    source = relation([part], [name for name in wanted if name not in condition.own], condition.own, condition.words)
    listed = ", ".join(selected(name) for name in wanted if name not in own)
    found = []
    for values_of in lake.rows(f"select {listed} from {source} where {where}", values):
        row = dict(zip([name for name in wanted if name not in own], values_of, strict=True))
        found.append(whole_event(f"{part.item}.{row['seq']}", row, layouts[row["layout"]]))
    return found


def _overlaps(part: StoredPart, window: Span) -> bool:
    first, last = window
    if part.info.first is None or part.info.last is None or first is None or last is None:
        return False
    return part.info.first < last and part.info.last >= first


def _number(event: Event) -> int:
    return int(event.id.rpartition(".")[2])


def _place(event: Event) -> tuple[datetime, str, int]:
    return event.columns["time"], event.columns["item"], _number(event)


def _written(time: datetime) -> str:
    """Return a time as the search language writes it, to the microsecond."""
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}Z"
