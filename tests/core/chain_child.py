"""A process of its own that acts on one incident as fast as it can, for the concurrency test."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import django

django.setup()

from tocsin.core import log  # noqa: E402  Django first
from tocsin.core.access import Actor  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402
from tocsin.example import example_plan_files  # noqa: E402
from tocsin.incidents import actions  # noqa: E402
from tocsin.incidents.models import Incident  # noqa: E402
from tocsin.people.actions import import_plan  # noqa: E402

S = Actor.system()


def set_up() -> None:
    place = new_organization("halden", "Halden Foods")
    import_plan(S, place, files=example_plan_files())
    print(actions.declare(S, place, title="Files encrypted", severity=2).id)


def work(incident_id: str, name: str, count: int, start: Path) -> None:
    """Notes, facts and added tasks, all from one object that grows stale."""
    incident = Incident.objects.get(pk=incident_id)
    start.with_name(f"ready-{name}").touch()
    while not start.exists():
        time.sleep(0.01)
    for n in range(count):
        actions.note(S, incident, text=f"{name} {n}")
        actions.set_fact(S, incident, name=f"seen_{name}_{n}", value=True)
        actions.add_task(S, incident, title=f"{name} {n}", role="scribe")


def look(incident_id: str) -> None:
    incident = Incident.objects.get(pk=incident_id)
    entries = incident.chain.entries.order_by("sequence")
    print(
        json.dumps(
            {
                "fault": str(log.verify_database().fault or ""),
                "sequences": list(entries.values_list("sequence", flat=True)),
                "notes": [e.payload["text"] for e in entries.filter(verb="note.write")],
                "facts": sorted(incident.facts),
                "tasks": list(incident.tasks.values_list("number", flat=True)),
                "length": incident.chain.length,
            }
        )
    )


match sys.argv[1:]:
    case ["set-up"]:
        set_up()
    case ["work", incident_id, name, count, start]:
        work(incident_id, name, int(count), Path(start))
    case ["look", incident_id]:
        look(incident_id)
