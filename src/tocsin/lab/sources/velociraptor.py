"""Results of Velociraptor's artifacts: one JSON object a line, as what they are where the lab knows it.

What is no event of a known kind becomes one of the channel `velociraptor/<artifact>`, so that nothing that was
collected is lost to search. (docs.velociraptor.app, "Offline collector")
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.json_values import lines_in, parsed
from tocsin.lab.sources.known import shapes_of
from tocsin.lab.sources.making_rows import json_row
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import event, flat

TIMES = ("_ts", "EventTime", "Timestamp", "timestamp", "Time", "Mtime", "ModTime", "LastWriteTime", "CreateTime")
"""Fields that say when what a row tells happened, the plainest first."""
HOSTS = ("Computer", "Hostname", "Fqdn", "ComputerName")


def read_result(artifact: str, path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield the events of the lines that begin from byte `start` up to byte `end`. Raises OSError."""
    channel = f"velociraptor/{artifact.lower()}"
    with path.open("rb") as file:
        for position, text in lines_in(file, start, end):
            value = parsed(text)
            if type(value) is dict:
                tally.read += 1
                yield _event(channel, value, text)
            else:
                tally.not_understood += 1
                tally.problem("line is no JSON object", f"byte {position}")


def _event(channel: str, value: dict[str, Any], line: bytes) -> Event:
    known = json_row(value, line) or json_row(_as_logged(value))
    if known is not None:
        return known
    for shape in shapes_of(tuple(value)):
        known = shape.row(value)
        if known is not None:
            return known
    time = next((written for name in TIMES if (written := _time(value.get(name)))), "")
    host = next((str(value[name]) for name in HOSTS if isinstance(value.get(name), str)), "")
    return event(channel, flat(value), time=time, host=host)


def _as_logged(value: dict[str, Any]) -> Any:
    """Return a row of `parse_evtx` in the form in which the log's own reader gives an event."""
    system = value.get("System")
    if not isinstance(system, dict) or not isinstance(value.get("EventData", {}), (dict, type(None))):
        return None
    provider, number, created = (system.get(name) for name in ("Provider", "EventID", "TimeCreated"))
    seconds = created.get("SystemTime") if isinstance(created, dict) else None
    return {
        "Event": {
            "System": {
                **system,
                "Provider": {"#attributes": provider if isinstance(provider, dict) else {}},
                "EventID": number.get("Value") if isinstance(number, dict) else number,
                "TimeCreated": {"#attributes": {"SystemTime": _time(seconds)}},
            },
            "EventData": value.get("EventData"),
            **({"UserData": value["UserData"]} if isinstance(value.get("UserData"), dict) else {}),
        }
    }


def _time(value: Any) -> str:
    """Return a time as ISO 8601 in UTC: from seconds, milli-, micro- or nanoseconds since 1970, or from text."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        for scale in (1, 10**3, 10**6, 10**9):
            if value / scale < 1 << 33:
                return _written(datetime.fromtimestamp(value / scale, UTC))
    if isinstance(value, str) and len(value) >= 19:
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            return ""
        return _written(found.astimezone(UTC)) if found.tzinfo else ""
    return ""


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
