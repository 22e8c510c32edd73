"""Decisions over REST: a question with costs, who is for what, the brief now and as it was kept, who may answer."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from test_api import Caller

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import invite
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
QUESTION = {
    "question": "Pay?", "role": "executive_sponsor", "authority": "pay_or_not", "facts": ["backups_usable"],
    "options": [
        {"id": "pay", "label": "Pay", "requires": ["sanctions_checked"],
         "cost": {"currency": "EUR", "low": 200_000, "high": 450_000, "note": "once"}},
        {"id": "refuse", "label": "Refuse"},
    ],
}  # fmt: skip


@pytest.fixture
def sponsor(organization: Organization) -> Caller:
    person = factories.holder(organization, "executive_sponsor")
    invite(factories.SYSTEM, organization, email=person.email, name=person.name, role=OrgRole.RESPONDER)
    return Caller(person, organization)


@pytest.fixture
def place(organization: Organization, sponsor: Caller) -> Incident:
    return factories.incident(organization, playbook_id=None)


@pytest.fixture
def lead(place: Incident) -> Caller:
    return Caller(factories.on(place, IncidentRole.LEAD, OrgRole.RESPONDER), place.organization)


def test_a_question_from_the_asking_to_the_kept_brief(place: Incident, lead: Caller, sponsor: Caller) -> None:
    path = f"/incidents/{place.pk}/decisions"
    status, made = lead.post(path, **QUESTION)
    assert (status, made["rests_on"]) == (201, ["backups_usable", "sanctions_checked"])
    assert made["options"][0]["cost"] == {"currency": "EUR", "low": 200_000, "high": 450_000, "note": "once"}
    assert made["options"][1] == {"id": "refuse", "label": "Refuse", "consequence": "", "cost": None, "requires": []}
    one = f"{path}/{made['number']}"
    status, advised = lead.post(f"{one}/recommend", option="refuse", reason="Backups are good.")
    assert (status, [r["option"] for r in advised["recommendations"]]) == (200, ["refuse"])
    brief = sponsor.get(f"{one}/brief")[1]
    assert (brief["kept"], brief["sha256"]) == ("", "")
    assert [u["fact"] for u in brief["brief"]["unknown"]] == ["backups_usable", "sanctions_checked"]
    status, told = lead.post(one, chosen="refuse", reason="Never.")
    assert status == 403
    assert "Executive sponsor (Henrik Halden)" in told["detail"]
    status, told = sponsor.post(one, chosen="pay", reason="We must.")
    assert (status, told["field"]) == (422, "chosen")
    status, taken = sponsor.post(one, chosen="refuse", reason="Backups are good.")
    assert (status, taken["chosen"], taken["via"]) == (200, "refuse", "")
    brief = sponsor.get(f"{one}/brief")[1]
    assert hashlib.sha256(brief["kept"].encode()).hexdigest() == brief["sha256"] == taken["brief_sha256"]
    actions.set_fact(factories.SYSTEM, place, name="backups_usable", value=False)
    changed = sponsor.get(one)[1]["changed"]
    assert [(c["fact"], c["was"], c["now"]) for c in changed] == [("backups_usable", None, False)]
    status, again = sponsor.post(f"{one}/revisit", reason="The copy is locked too.")
    assert (status, again["before"]) == (201, made["number"])


@pytest.mark.parametrize(
    "wrong",
    [{"authority": "rule_the_world"}, {"due_at": "2020-01-01T00:00:00Z"}, {"facts": ["No Fact"]},
     {"options": [{"id": "a", "label": "A", "cost": {"currency": "EUR", "low": 9, "high": 1}}, {"id": "b", "label": "B"}]},
     {"options": [{"id": "a", "label": "A", "cost": {"currency": "Euro", "low": 9}}, {"id": "b", "label": "B"}]}],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(place: Incident, lead: Caller, wrong: dict[str, Any]) -> None:
    assert lead.post(f"/incidents/{place.pk}/decisions", **(QUESTION | wrong))[0] == 422
    assert not place.decisions.exists()


def test_who_is_not_on_it_learns_nothing(place: Incident, lead: Caller) -> None:
    number = lead.post(f"/incidents/{place.pk}/decisions", **QUESTION)[1]["number"]
    stranger = Caller(factories.user(place.organization, OrgRole.RESPONDER), place.organization)
    one = f"/incidents/{place.pk}/decisions/{number}"
    assert stranger.get(f"{one}/brief")[0] == 404
    assert stranger.post(f"{one}/recommend", option="pay", reason="x")[0] == 404
