"""The situation over REST: reports, hand-over notes, the board, who is here; nothing of it for who is not on it."""

from __future__ import annotations

import pytest
from test_api import BASE, Caller

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents import actions, presence
from tocsin.incidents.models import Incident
from tocsin.people.models import Member
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
SAID = {"conditions": "VPN closed.", "actions": "Accounts are reset.", "needs": "A decision."}


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, IncidentRole.LEAD, OrgRole.RESPONDER), incident.organization)


@pytest.fixture
def outsider(incident: Incident) -> Caller:
    return Caller(factories.user(incident.organization, OrgRole.RESPONDER), incident.organization)


def test_reports_are_written_listed_and_refused_on_top_of_anothers(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.pk}/situation"
    status, made = lead.post(path, **SAID, seen=0)
    assert (status, made["number"], made["kind"], made["role"]) == (201, 1, "report", None)
    assert lead.post(path, **(SAID | {"needs": "Other"}), seen=0)[0] == 422
    assert lead.post(path, **(SAID | {"needs": "Other"}), seen=1)[0] == 201
    assert [r["number"] for r in lead.items(path)] == [2, 1]
    assert lead.items(path, kind="handover") == []
    assert lead.get(f"{path}/1")[1]["needs"] == "A decision."
    assert lead.get(f"{path}/9")[0] == 404
    assert lead.post(path, **(SAID | {"conditions": "x" * 1201}))[0] == 422


def test_a_note_is_written_and_acknowledged_by_who_takes_over(incident: Incident, lead: Caller) -> None:
    after = factories.holder(incident.organization, "log_analyst")
    factories.invite(factories.SYSTEM, incident.organization, email=after.email, name=after.name, role="responder")
    factories.admit(factories.SYSTEM, incident, user_id=after.pk, role=IncidentRole.RESPONDER)
    member = Member.objects.get(organization=incident.organization, user=after)
    actions.assign_role(factories.SYSTEM, incident, role="incident_manager", member=member)
    path = f"/incidents/{incident.pk}/situation"
    assert lead.post(f"{path}/hand-over", role="no_such_role", conditions="Quiet.")[0] == 404
    status, note = lead.post(f"{path}/hand-over", role="incident_manager", conditions="Quiet.", open_work="T-4")
    assert (status, note["handed_to"], note["role"], note["actions"]) == (201, after.name, "incident_manager", "T-4")
    assert lead.post(f"{path}/{note['number']}/acknowledge")[0] == 422
    status, taken = Caller(after, incident.organization).post(f"{path}/{note['number']}/acknowledge")
    assert (status, taken["acknowledged_by"]) == (200, after.name)


def test_the_board_and_who_is_here(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.pk}"
    windows = lead.items(f"{path}/board")
    assert len(windows) == 8
    assert sum(w["total"] for w in windows) == incident.tasks.count()
    assert windows[0]["cards"][0].keys() >= {"number", "title", "who", "revision"}
    assert {w["key"] for w in lead.items(f"{path}/board", by="time")} >= {"late", "hour", "ended"}
    assert lead.get(f"{path}/board", by="mood")[0] == 422
    assert lead.items(f"{path}/presence") == []
    presence.publish("web", {incident.pk: {lead.person.pk: (True, presence.stamp())}})
    [face] = lead.items(f"{path}/presence")
    assert (face["user"], face["here"]) == (str(lead.person.pk), True)


@pytest.mark.parametrize("path", ["situation", "situation/1", "board", "presence"])
def test_who_is_not_on_it_learns_nothing(incident: Incident, outsider: Caller, path: str) -> None:
    actions.write_report(factories.SYSTEM, incident, **SAID)
    assert outsider.get(f"/incidents/{incident.pk}/{path}")[0] == 404
    assert outsider.post(f"/incidents/{incident.pk}/situation", **SAID)[0] == 404
    assert outsider.client.get(f"{BASE}/incidents/{incident.pk}/{path}").headers.get("ETag") is None
