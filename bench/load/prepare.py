"""Makes what the load works on: the example incident grown to real size, 200 accounts on it, a session and a key each."""

from __future__ import annotations

import json
import secrets
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from tocsin.cli.boot import boot

PEOPLE, MEMBERS, TASKS, ENTRIES, DETECTIONS, SCOPE = 200, 60, 67, 1000, 5000, 40
BACKEND = "django.contrib.auth.backends.ModelBackend"


def prepare(home: Path) -> Path:
    """Fill a home's database and return the file that tells the load generator who signs in with what."""
    boot(home)
    from tocsin.cli.demo import set_up
    from tocsin.incidents.models import Incident

    set_up()
    rows = Incident.objects.filter(exercise=False).select_related("chain", "organization", "plan_version")
    incident = rows.order_by("number")[0]  # the example's main one is declared first
    people = _people(incident)
    _work(incident, people)
    _detections(incident)
    _count_rows()
    told = home / "load.json"
    told.write_text(json.dumps({
        "number": incident.number,
        "id": str(incident.pk),
        "tasks": list(incident.tasks.values_list("number", flat=True)),
        "people": [_signed_in(incident, person) for person in people],
    }))  # fmt: skip
    return told


def _people(incident: Any) -> list[Any]:
    from tocsin.core.access import Actor
    from tocsin.core.actions import admit
    from tocsin.people.actions import invite

    system, people = Actor.system("Load"), []
    for n in range(PEOPLE):
        role = "responder" if n < MEMBERS else "guest"
        person = invite(
            system, incident.organization, email=f"load{n}@halden.example.org", name=f"Load Person {n}", role=role
        )
        admit(system, incident, user_id=person.pk, role="lead" if n < 3 else "responder")
        people.append(person)
    return people


def _work(incident: Any, people: list[Any]) -> None:
    from tocsin.incidents import actions

    incident.refresh_from_db()
    roles = list(incident.plan_version.plan.roles)
    lead = people[0].actor
    for n in range(TASKS - incident.tasks.count()):
        actions.add_task(
            lead,
            incident,
            title=f"Look through the records of host {n} for the service account",
            role=roles[n % len(roles)],
        )
    for n in range(SCOPE - incident.scope.count()):
        actions.add_scope(
            people[n].actor,
            incident,
            kind="host",
            name=f"HAL-WS-{n:03}.corp.halden.example",
            because="named in the proxy's records",
        )
    incident.chain.refresh_from_db()
    for n in range(ENTRIES - incident.chain.length + 50):
        actions.note(
            people[n % PEOPLE].actor,
            incident,
            text=f"Line {n}: the proxy's records of the branch office show nothing new.",
        )


def _detections(incident: Any) -> None:
    """Copies of what the rules found, written as rows: what is measured is reading them."""
    from tocsin.core.action import inside
    from tocsin.evidence.models import Detection

    found = list(incident.detections.all())
    token = inside.set(True)
    try:
        rows = []
        for n in range(DETECTIONS - len(found)):
            copy = found[n % len(found)]
            copy.pk, copy._state.adding = None, True
            rows.append(
                Detection(
                    **{
                        f.attname: getattr(copy, f.attname)
                        for f in Detection._meta.concrete_fields
                        if f.attname != "id"
                    }
                )
            )
            rows[-1].record_id, rows[-1].host = str(900_000 + n), f"HAL-WS-{n % 300:03}"
            if rows[-1].time:
                rows[-1].time += timedelta(seconds=n)
        Detection.objects.bulk_create(rows, batch_size=500)
    finally:
        inside.reset(token)


def _count_rows() -> None:
    """What PostgreSQL does by itself within some minutes of a database filling up: without it, plans are guesses."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _signed_in(incident: Any, person: Any) -> dict[str, str]:
    from django.contrib.sessions.backends.db import SessionStore

    from tocsin.core.access import Actor
    from tocsin.people.actions import create_token

    session = SessionStore()
    session["_auth_user_id"], session["_auth_user_backend"] = str(person.pk), BACKEND
    session["_auth_user_hash"] = person.get_session_auth_hash()
    session.create()
    key = create_token(Actor.system("Load"), incident.organization, user=person, label="load")
    return {"session": str(session.session_key), "csrf": secrets.token_hex(16), "key": key}


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1])))
