"""Suricata's EVE log: alerts and what its decoders saw, a channel for each kind of event.

https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
"""

from __future__ import annotations

from typing import Any

from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Shape, channel, event, flat
from tocsin.lab.sources.times import from_text, seconds_between


def row(value: dict[str, Any]) -> Event | None:
    """Return the event of a record; None where it is none. A flow's time is when it began, not when it was written."""
    kind, written = value["event_type"], value["timestamp"]
    if type(kind) is not str or type(written) is not str or not kind:
        return None
    flow = value.get("flow")
    started = flow.get("start") if kind == "flow" and type(flow) is dict else None
    system: dict[str, Any] = {"time_zone": written[26:]} if written[26:27] in ("+", "-") else {}
    fields = flat(value)
    if type(flow) is dict and type(started) is str and type(flow.get("end")) is str:
        system["flow.duration"] = seconds_between(started, flow["end"])
    return event(
        channel("suricata", kind),
        fields,
        time=from_text(started if type(started) is str else written),
        host=str(value.get("host") or value.get("sensor_name") or ""),
        provider="suricata",
        system=system,
    )


SHAPE = Shape("suricata", "Suricata EVE", frozenset({"timestamp", "event_type"}), row)
