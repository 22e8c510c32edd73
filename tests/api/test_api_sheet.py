"""The fact sheet over the API: read as a whole, changed part by part by the same actions as on the page."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from test_api import BASE, Caller

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.core.canonical import instant
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, "lead", OrgRole.RESPONDER), incident.organization)


def send(caller: Caller, method: str, incident: Incident, path: str, **given: Any) -> tuple[int, Any]:
    call = getattr(caller.client, method)
    answer = call(f"{BASE}/incidents/{incident.id}/{path}", json.dumps(given), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def test_the_sheet_is_read_as_a_whole(incident: Incident, lead: Caller) -> None:
    early = instant(clock.now() - timedelta(days=30))
    assert send(lead, "put", incident, "sheet/instants/contained", at=early, because="x", zone="Asia/Tokyo")[0] == 200
    assert send(lead, "put", incident, "sheet/data/health", affected=True, because="in the dump")[0] == 200
    assert send(lead, "put", incident, "facts/ransomware", value=True, because="the note says so")[0] == 200
    people = {"kind": "data_subjects", "name": "Customers", "because": "rows", "region": "us-ca", "count_low": 5}
    status, entry = send(lead, "post", incident, "scope", **people)
    assert (status, entry["region"], entry["confidence"]) == (201, "US-CA", "")
    status, told = lead.get(f"/incidents/{incident.id}/sheet")
    assert status == 200
    contained = next(i for i in told["instants"] if i["name"] == "contained")
    assert (contained["source"]["by"], contained["source"]["zone"]) == (lead.person.name, "Asia/Tokyo")
    assert [(d["name"], d["value"]) for d in told["data"]] == [("health", True)]
    assert [(f["name"], f["value"]) for f in told["flags"]] == [("ransomware", True)]
    assert told["affected"] == [
        {"region": "US-CA", "low": 5, "high": None, "confidence": "", "entries": [entry["number"]]}
    ]
    assert (told["total"]["low"], told["total"]["high"]) == (5, None)
    assert told["contradictions"][0]["about"] == ["instant.detected", "instant.contained"]
    assert next(r for r in told["roles"] if r["name"] == "controller")["source"] is None


def test_an_instant_is_set_corrected_and_taken_back(incident: Incident, lead: Caller) -> None:
    at = "sheet/instants/aware"
    assert lead.get(f"/incidents/{incident.id}/{at}")[0] == 404
    first, later = (instant(clock.now() - timedelta(hours=h)) for h in (5, 3))
    status, told = send(lead, "put", incident, at, at=first)
    assert (status, told["name"]) == (200, "aware")
    status, told = send(lead, "put", incident, at, at=later)
    assert (status, told["field"]) == (422, "because")
    assert send(lead, "put", incident, at, at=later, because="it was later")[0] == 200
    assert send(lead, "put", incident, at, at=instant(clock.now() + timedelta(hours=1)), because="x")[0] == 422
    assert send(lead, "put", incident, at, at="2026-11-01T10:00:00", because="x")[0] == 422  # without a zone
    assert send(lead, "put", incident, "sheet/instants/yesterday", at=first)[0] == 404
    assert send(lead, "delete", incident, at, because="another matter") == (204, None)
    assert send(lead, "delete", incident, at, because="again")[0] == 404


def test_roles_data_and_numbers_are_said_and_taken_back(incident: Incident, lead: Caller) -> None:
    role, data, why = "sheet/roles/us_bank", "sheet/data/gov_id", {"because": "says counsel"}
    assert lead.get(f"/incidents/{incident.id}/{role}")[1] == {"name": "us_bank", "held": None, "source": None}
    assert send(lead, "put", incident, role, held=True, **why)[1]["source"]["because"] == "says counsel"
    assert send(lead, "put", incident, role, held=None, **why)[1]["held"] is None
    assert send(lead, "put", incident, data, affected=False, **why)[1]["affected"] is False
    status, told = send(lead, "put", incident, data, affected=True, because=" ")
    assert (status, told["field"]) == (422, "because")
    for path in ("sheet/roles/wizard", "sheet/data/gossip"):
        assert lead.get(f"/incidents/{incident.id}/{path}")[0] == 404
        assert send(lead, "put", incident, path, held=True, affected=True, **why)[0] in (404, 422)
    people = {"kind": "data_subjects", "name": "Customers", "because": "rows"}
    number = send(lead, "post", incident, "scope", **people)[1]["number"]
    counted = {"region": "DE", "count_low": 5, "count_high": 9, "confidence": "low", **why}
    status, told = send(lead, "put", incident, f"scope/{number}/count", **counted)
    assert (status, told["region"], told["count_high"], told["confidence"]) == (200, "DE", 9, "low")
    status, told = send(lead, "put", incident, f"scope/{number}/count", **counted | {"region": "Atlantis"})
    assert (status, told["field"]) == (422, "region")
    changes = lead.items(f"/incidents/{incident.id}/scope/{number}/changes")
    assert [(c["region"], c["count_low"]) for c in changes] == [("", None), ("DE", 5)]


def test_who_may_not_does_not_and_who_may_not_know_learns_nothing(incident: Incident, lead: Caller) -> None:
    observer = Caller(factories.on(incident, "observer"), incident.organization)
    outsider = Caller(factories.user(incident.organization, OrgRole.ADMINISTRATOR), incident.organization)
    assert observer.get(f"/incidents/{incident.id}/sheet")[0] == 200
    assert outsider.get(f"/incidents/{incident.id}/sheet")[0] == 404
    before = LogEntry.objects.count()
    for caller, status in ((observer, 403), (outsider, 404)):
        assert send(caller, "put", incident, "sheet/roles/us_bank", held=True, because="x")[0] == status
        assert send(caller, "put", incident, "sheet/data/health", affected=True, because="x")[0] == status
        given = {"at": instant(clock.now()), "because": "x"}
        assert send(caller, "put", incident, "sheet/instants/aware", **given)[0] == status
        assert send(caller, "delete", incident, "sheet/instants/detected", because="x")[0] == status
    assert LogEntry.objects.count() == before
    assert lead.get(f"/incidents/{incident.id}/sheet")[0] == 200
