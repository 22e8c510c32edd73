"""The REST door to what the evidence tells together: for who is on the incident, as plain data, wrong questions told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import Organization
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.analysis import run_analysis
from tocsin.evidence.intake import take_in
from tocsin.example.generate import write_evidence
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
PATHS = ("steps", "matrix", "network", "logons", "processes?host=a", "proposals")


@pytest.fixture
def place(organization: Organization) -> Incident:
    return factories.incident(organization, playbook_id=None)


def caller(place: Incident, person: User) -> Client:
    secret = create_token(S, place.organization, user=person, label="test")
    return Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)


def ask(client: Client, place: Incident, path: str) -> tuple[int, Any]:
    answer = client.get(f"/api/v1/incidents/{place.pk}/{path}")
    return answer.status_code, json.loads(answer.content)


def test_only_who_is_on_the_incident_is_answered(place: Incident) -> None:
    observer = caller(place, factories.on(place, IncidentRole.OBSERVER))
    outsider = caller(place, factories.user(place.organization, OrgRole.ADMINISTRATOR))
    for path in PATHS:
        assert ask(outsider, place, path)[0] == 404
        status, told = ask(observer, place, path)
        if path == "steps":
            assert (status, told) == (200, {"items": [], "next": None})
        elif path == "matrix":
            assert status == 200
            assert not any(column["cells"] for column in told)
        else:
            assert status == 422
            assert "no events yet" in told["detail"]


def test_what_the_evidence_tells(place: Incident, tmp_path: Path) -> None:
    write_evidence(tmp_path / "example", datetime(2026, 3, 13, 6, tzinfo=UTC))
    take_in(S, place, [tmp_path / "example"])
    assert run_analysis(request_analysis(S, place), jobs=1).state == "done"
    client = caller(place, factories.on(place, IncidentRole.RESPONDER))
    steps = ask(client, place, "steps")[1]["items"]
    assert steps
    assert all(step["sentence"] and step["lines"] and not step["is_noise"] for step in steps)
    times = [step["first"] for step in steps if step["first"]]
    assert times == sorted(times)
    assert len(ask(client, place, "steps?limit=1")[1]["items"]) == 1
    columns = [column for column in ask(client, place, "matrix")[1] if column["cells"]]
    assert {cell["technique"][0] for column in columns for cell in column["cells"]} == {"T"}
    assert set(ask(client, place, "network")[1]) == {"beacons", "tunnels", "uploads", "long", "rare", "conversations"}
    logons = ask(client, place, "logons")[1]
    edge = logons["edges"]["found"][0]
    assert edge["count"] >= 1
    status, event = ask(client, place, f"events/{edge['proof']['events'][0]}")
    assert (status, event["id"]) == (200, edge["proof"]["events"][0])
    account = edge["account"]
    assert {one["account"] for one in ask(client, place, f"logons?account={account}")[1]["edges"]["found"]} >= {account}
    facets = ask(client, place, "events/facets?column=host_name")[1]
    host = facets["host_name"]["values"][0]["value"]
    tree = ask(client, place, f"processes?host={host}&limit=5")[1]
    assert tree["total"] >= len(tree["found"]) > 0
    assert {process["host"] for process in tree["found"]} == {host}
    assert isinstance(ask(client, place, "proposals")[1]["found"], list)
    status, told = ask(client, place, "events?q=code:4624 (")
    assert (status, told["field"], told["place"]) == (422, "q", 11)
    assert ask(client, place, "processes")[0] == 422
    assert ask(client, place, "steps?limit=0")[0] == 422
