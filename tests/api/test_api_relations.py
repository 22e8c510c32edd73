"""Over REST: what is expected of me, and how incidents end and belong together."""

from __future__ import annotations

import pytest
from test_api import Caller

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(incident: Incident) -> Incident:
    return factories.incident(incident.organization, title="The same intruder", playbook_id=None)


@pytest.fixture
def caller(incident: Incident, other: Incident) -> Caller:
    """Somebody who leads both."""
    person = factories.on(incident, IncidentRole.LEAD, OrgRole.RESPONDER)
    factories.admit(factories.SYSTEM, other, user_id=person.id, role=IncidentRole.LEAD)
    return Caller(person, incident.organization)


def test_what_is_expected_of_me(incident: Incident) -> None:
    manager = factories.holder(incident.organization, "incident_manager")
    actions.add_task(factories.SYSTEM, incident, title="Call the insurer", role="incident_manager")
    status, told = Caller(manager, incident.organization).get("/me/expected")
    assert status == 200
    mine = next(i for i in told["items"] if i["title"] == "Call the insurer")
    assert (mine["kind"], mine["incident"], mine["near"]) == ("task", str(incident.pk), "")
    assert told["count"] == sum(i["kind"] in ("task", "decision") for i in told["items"])
    assert any(i["kind"] == "seat" for i in told["items"])
    outsider = Caller(factories.user(incident.organization), incident.organization)
    assert outsider.get("/me/expected")[1] == {"count": 0, "calls": [], "items": [], "others": []}


def test_parent_and_child(caller: Caller, incident: Incident, other: Incident) -> None:
    assert caller.send("put", f"/incidents/{other.pk}/parent", {"parent": str(incident.pk)})[0] == 200
    assert caller.get(f"/incidents/{other.pk}/relations")[1]["parent"] == str(incident.pk)
    assert caller.get(f"/incidents/{incident.pk}/relations")[1]["children"] == [str(other.pk)]
    below = Caller(factories.on(other, IncidentRole.LEAD), incident.organization)
    assert below.get(f"/incidents/{other.pk}/relations")[1] == {
        "parent": None, "children": [], "merged_into": None, "absorbed": [],
    }  # fmt: skip
    assert below.post(f"/incidents/{other.pk}/release")[0] == 422
    assert below.send("put", f"/incidents/{other.pk}/parent", {"parent": str(incident.pk)})[0] == 404
    assert caller.post(f"/incidents/{other.pk}/release")[0] == 200
    assert caller.get(f"/incidents/{incident.pk}/relations")[1]["children"] == []


def test_merge_and_part(caller: Caller, incident: Incident, other: Incident) -> None:
    status, told = caller.post(f"/incidents/{incident.pk}/merge", into=str(other.pk), reason="same")
    assert (status, told["phase"], told["outcome"]) == (200, "closed", "merged")
    assert caller.get(f"/incidents/{incident.pk}/relations")[1]["merged_into"] == str(other.pk)
    assert caller.post(f"/incidents/{incident.pk}/merge", into=str(other.pk), reason="same")[0] == 422
    status, told = caller.post(f"/incidents/{incident.pk}/reopen", reason="two after all")
    assert (status, told["phase"], told["outcome"]) == (200, "declared", "")
    half = Caller(factories.on(incident, IncidentRole.LEAD), incident.organization)
    assert half.post(f"/incidents/{incident.pk}/merge", into=str(other.pk), reason="same")[0] == 404


def test_close_says_what_is_open(caller: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.pk}/close"
    status, told = caller.post(path, outcome="near_miss", reason="held")
    assert (status, told["field"]) == (422, "left_open")
    status, told = caller.post(path, outcome="near_miss", reason="held", left_open="the day shift")
    assert (status, told["outcome"]) == (200, "near_miss")


def test_split(caller: Caller, incident: Incident) -> None:
    actions.add_scope(factories.SYSTEM, incident, kind="host", name="SRV-03", because="seen")
    given = {"title": "An insider", "severity": 1, "reason": "personnel", "scope": [1], "key": "k"}
    status, made = caller.post(f"/incidents/{incident.pk}/split", **given)
    assert status == 201
    assert caller.post(f"/incidents/{incident.pk}/split", **given)[1]["id"] == made["id"]
    assert [s["name"] for s in caller.items(f"/incidents/{made['id']}/scope")] == ["SRV-03"]
    assert caller.get(f"/incidents/{made['id']}/relations")[1]["parent"] == str(incident.pk)
    assert caller.post(f"/incidents/{incident.pk}/split", title="x", severity=9, reason="x")[0] == 422
