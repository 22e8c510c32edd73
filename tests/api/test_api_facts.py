"""Facts over the API: stated, changed and taken back by the same actions, with the same consequences."""

from __future__ import annotations

import json
from typing import Any

import pytest
from test_api import BASE, Caller

import factories
from access_arguments import TWO, finding
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, "lead", OrgRole.RESPONDER), incident.organization)


def send(caller: Caller, method: str, incident: Incident, name: str, **given: Any) -> tuple[int, Any]:
    call = getattr(caller.client, method)
    answer = call(f"{BASE}/incidents/{incident.id}/facts/{name}", json.dumps(given), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else None


def test_a_fact_is_stated_changed_and_taken_back(incident: Incident, lead: Caller) -> None:
    assert send(lead, "put", incident, "ransom_demanded", value=True, because="a note") == (
        200, {"name": "ransom_demanded", "value": True},
    )  # fmt: skip
    assert {"name": "ransom_demanded", "value": True} in lead.items(f"/incidents/{incident.id}/facts")
    number = incident.tasks.get(step_id="no-contact").number
    tasks = {t["number"]: t for t in lead.items(f"/incidents/{incident.id}/tasks")}
    assert (tasks[number]["state"], tasks[number]["uncalled"]) == ("open", "")
    status, told = send(lead, "delete", incident, "ransom_demanded", because=" ")
    assert (status, told["field"]) == (422, "because")
    assert send(lead, "delete", incident, "ransom_demanded", because="a test of ours") == (204, None)
    entry = LogEntry.objects.filter(chain_id=incident.chain_id, verb="fact.withdraw").latest("sequence")
    assert (entry.payload["because"], entry.actor["name"]) == ("a test of ours", lead.person.name)
    tasks = {t["number"]: t for t in lead.items(f"/incidents/{incident.id}/tasks")}
    assert tasks[number]["state"] == "waiting"
    assert "was withdrawn" in tasks[number]["uncalled"]
    assert send(lead, "delete", incident, "ransom_demanded", because="again")[0] == 404


def test_who_may_not_does_not_and_who_may_not_know_learns_nothing(incident: Incident, lead: Caller) -> None:
    send(lead, "put", incident, "ransom_demanded", value=True)
    observer = Caller(factories.on(incident, "observer"), incident.organization)
    outsider = Caller(factories.user(incident.organization, OrgRole.ADMINISTRATOR), incident.organization)
    before = LogEntry.objects.count()
    for caller, status in ((observer, 403), (outsider, 404)):
        assert send(caller, "put", incident, "ransom_demanded", value=False)[0] == status
        assert send(caller, "delete", incident, "ransom_demanded", because="x")[0] == status
    assert outsider.get(f"/incidents/{incident.id}/facts")[0] == 404
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize("name", ["Ransom", "x" * 61, "a b", "%00", "decision.pay"])
def test_a_name_that_no_condition_could_ask_for_is_refused(incident: Incident, lead: Caller, name: str) -> None:
    assert send(lead, "put", incident, name, value=True)[0] == 422
    assert send(lead, "delete", incident, name, because="x")[0] == 404


@pytest.mark.parametrize("value", [None, [], {}, 10**19])
def test_a_value_that_is_none_is_refused(incident: Incident, lead: Caller, value: Any) -> None:
    assert send(lead, "put", incident, "ransom_demanded", value=value)[0] == 422


def test_who_judged_a_finding_and_when_is_told(incident: Incident, lead: Caller) -> None:
    actions.suggest_findings(S, incident, suggestions=[finding()], source="a test")
    path = f"/incidents/{incident.id}/findings"
    (suggested,) = lead.items(path, state="suggested")
    assert (suggested["judged_by"], suggested["judged_at"]) == ("", None)
    judged = lead.post(f"{path}/{suggested['number']}/judge", accept=True)[1]
    assert judged["judged_by"] == lead.person.name
    assert judged["judged_at"]


def test_a_withdrawn_question_is_told_as_such_and_the_description_knows_the_state(
    incident: Incident, lead: Caller
) -> None:
    asked = actions.open_decision(S, incident, question="Cut the line?", options=TWO, role="incident_manager")
    actions.withdraw_decision(S, incident, decision=asked, because="there is no line")
    shown = next(d for d in lead.items(f"/incidents/{incident.id}/decisions") if d["number"] == asked.number)
    assert (shown["state"], shown["reason"]) == ("withdrawn", "there is no line")
    described = lead.client.get(f"{BASE}/openapi.json").json()["components"]["schemas"]
    assert set(described["DecisionState"]["enum"]) == {"open", "decided", "withdrawn"}
