"""Real Windows events many times over, each time of other hosts and at other times: a lake as a busy network gives it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab.sources.making_rows import json_row
from tocsin.lab.sources.rows import Event

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 14
TIMES = ("EventTime", "TimeCreated", "SystemTime", "@timestamp", "EventReceivedTime")


def material(paths: list[Path], most: int) -> list[dict[str, Any]]:
    """Return the events of some JSON logs, not more than `most`."""
    gc.disable()
    found: list[dict[str, Any]] = []
    for path in paths:
        for line in path.open("rb"):
            event = orjson.loads(line) if line.strip() else {}
            if "EventID" in event and event.get("Channel") and len(found) < most:
                found.append({name: value for name, value in event.items() if name not in TIMES})
    return found


def repeated(events: list[dict[str, Any]], copy: int) -> Iterator[Event]:
    """Yield events once more, as of the hosts of one department (there are as many as copies), spread over two weeks in
    their order."""
    step = timedelta(days=DAYS) / max(1, len(events))
    for place, event in enumerate(events):
        moment = START + step * place + timedelta(seconds=copy * 7)
        host = f"{str(event.get('Hostname', 'ws')).partition('.')[0].lower()}-{copy:03}.corp.example"
        changed = {
            **event,
            "Hostname": host,
            "TimeCreated": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
        }
        if "RecordNumber" in event:
            changed["RecordNumber"] = copy * len(events) + place
        made = json_row(changed)
        if made is not None:
            yield made
