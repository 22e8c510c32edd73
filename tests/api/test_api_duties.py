"""Duties over the API: listed with reasons, ruled on, filed, held back; the register and the law library."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from test_api import BASE, Caller

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.incidents import actions
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"


@pytest.fixture
def breach(incident: Incident) -> Incident:
    actions.mark_instant(S, incident, anchor="aware", at=clock.now() - timedelta(hours=2))
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    return incident


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, "lead", OrgRole.RESPONDER), incident.organization)


def post(caller: Caller, incident: Incident, regime: str, verb: str, **given: Any) -> tuple[int, Any]:
    address = f"{BASE}/incidents/{incident.id}/duties/{regime}/{verb}"
    answer = caller.client.post(address, json.dumps(given), content_type="application/json")
    return answer.status_code, answer.json()


def test_every_regime_is_listed_with_its_verdict_and_why(breach: Incident, lead: Caller) -> None:
    found = {d["regime"]: d for d in lead.items(f"/incidents/{breach.id}/duties", limit=1000)}
    assert len(found) >= 117
    assert all(d["reasons"] for d in found.values())
    gdpr = found[GDPR]
    assert (gdpr["verdict"], gdpr["stages"][0]["state"]) == ("may_apply", "running")
    assert gdpr["stages"][0]["task"] == breach.tasks.get(step_id="gdpr-authority").number
    assert "personal_data_breach" not in gdpr["missing"]
    may = lead.items(f"/incidents/{breach.id}/duties?verdict=may_apply")
    assert {d["regime"] for d in may} == {d["regime"] for d in found.values() if d["verdict"] == "may_apply"}


def test_counsel_rules_a_notice_is_filed_and_what_cannot_be_is_refused(breach: Incident, lead: Caller) -> None:
    status, told = post(lead, breach, GDPR, "confirm", reason="Names left the house.")
    assert (status, told["ruling"], told["rule"]["confidence"]) == (200, "confirmed", "verified")
    at = (clock.now() - timedelta(minutes=5)).isoformat()
    status, told = post(lead, breach, GDPR, "file", stage=NOTICE, at=at, channel="portal", reference="DPA-17")
    assert (status, told["stages"][0]["state"], told["filings"][0]["reference"]) == (201, "filed", "DPA-17")
    until = (clock.now() + timedelta(days=3)).isoformat()
    status, told = post(lead, breach, GDPR, "delay", until=until, asked_by="Police", reference="7")
    assert (status, told["field"]) == (422, "regime")
    assert post(lead, breach, "eu-nothing-1", "confirm", reason="x")[0] == 404
    assert post(lead, breach, GDPR, "file", stage="another", at=at, channel="portal")[0] == 422
    held = post(lead, breach, "us-ca-breach", "delay", until=until, asked_by="Police", reference="7")
    assert (held[0], held[1]["delays"][0]["asked_by"]) == (201, "Police")


def test_the_register_and_the_library_are_answered(breach: Incident, lead: Caller) -> None:
    post(lead, breach, "insurer-notice", "reject", reason="Below the deductible.")
    line = lead.items("/breaches")[0]
    assert (line["number"], line["not_notified"][0]["because"]) == (breach.number, "Below the deductible.")
    assert len(lead.items("/law", limit=1000)) >= 117


def test_who_may_not_does_not_and_who_may_not_know_learns_nothing(breach: Incident) -> None:
    observer = Caller(factories.on(breach, "observer"), breach.organization)
    outsider = Caller(factories.user(breach.organization, OrgRole.ADMINISTRATOR), breach.organization)
    for caller, status in ((observer, 403), (outsider, 404)):
        assert post(caller, breach, GDPR, "confirm", reason="x")[0] == status
    assert outsider.get(f"/incidents/{breach.id}/duties")[0] == 404
    assert outsider.items("/breaches") == []
