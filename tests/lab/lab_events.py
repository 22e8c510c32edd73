"""Windows events made in tests, in the shape in which the EVTX parser gives them."""

from __future__ import annotations

from typing import Any

from tocsin.lab.record import Record
from tocsin.lab.sources.windows_event import windows_record


def event(channel: str, event_id: Any, data: dict[str, Any] | None = None, **system: Any) -> dict[str, Any]:
    """Return a Windows event as the EVTX parser gives it."""
    return {
        "Event": {
            "System": {
                "Provider": {"#attributes": {"Name": system.pop("provider", "Test-Provider")}},
                "EventID": event_id,
                "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T03:10:00.000000Z"}},
                "EventRecordID": 7,
                "Channel": channel,
                "Computer": "ws1.example.org",
            }
            | system,
            "EventData": data,
        }
    }


def record(channel: str, event_id: Any, data: dict[str, Any] | None = None, **system: Any) -> Record:
    """Return the record of such an event."""
    made = windows_record(event(channel, event_id, data, **system))
    assert made is not None
    return made
