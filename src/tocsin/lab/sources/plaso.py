"""Timelines of Plaso and Timesketch, as tables and as JSON lines: what other tools found, event by event.

https://timesketch.org/guides/user/import-from-json-csv/ and Plaso's dynamic and json_line output.
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, event, flat
from tocsin.lab.sources.times import from_epoch, from_text, moment_of

CHANNEL = "plaso/event"
NO_TIME = ("Not a time", "0000-00-00", "1970-01-01T00:00:00+00:00 ")
"""What Plaso writes where an event has no time."""


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of a row; None where its columns are not those of a timeline."""
    if not ("timestamp_desc" in value or "timestamp_description" in value):
        return None
    fields = flat({name: item for name, item in value.items() if not name.startswith("__")})
    written = str(value.get("datetime") or "")
    time = "" if written.startswith(NO_TIME) else from_text(written)
    stamp = value.get("timestamp")
    if not time and stamp not in (None, "", 0, "0") and not written.startswith(NO_TIME):
        time = from_epoch(stamp, "us") if type(stamp) in (int, float, str) else ""
    system: dict[str, Any] = {}
    moment = moment_of(written) if written else None
    if moment is not None and moment.utcoffset():
        system["time_zone"] = written[-6:]
    host = next((value[name] for name in ("hostname", "host", "computer_name") if type(value.get(name)) is str), "")
    return event(
        CHANNEL,
        fields,
        time=time,
        host="" if host == "-" else host,
        provider=str(value.get("source_short") or value.get("source") or value.get("data_type") or ""),
        system=system,
    )


SHAPES = (
    Shape("plaso", "a Plaso or Timesketch timeline", frozenset({"datetime", "timestamp_desc", "message"}), row),
    Shape("plaso", "a Plaso or Timesketch timeline", frozenset({"timestamp", "timestamp_desc", "message"}), row),
    Shape("plaso", "a Plaso or Timesketch timeline", frozenset({"datetime", "timestamp_desc", "source"}), row),
    Shape("plaso", "a Plaso or Timesketch timeline", frozenset({"__container_type__", "timestamp_desc"}), row),
)
