"""What the room does when something happens: who is on an incident learns that a copy of it was taken."""

from __future__ import annotations

from uuid import UUID

from tocsin.core.access import Actor
from tocsin.core.action import on
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.reports.actions import record_carried


@on("survival.export")
def tell_incidents(entry: LogEntry) -> None:
    """Write the taking of a copy into the log of each incident that is in it."""
    system = Actor.system("Survival copy", cause=entry)
    for chain in sorted(entry.payload["incidents"]):
        incident = Incident.objects.get(pk=UUID(chain))
        record_carried(system, incident, by=entry.actor["name"], sha256=entry.payload["sha256"])
