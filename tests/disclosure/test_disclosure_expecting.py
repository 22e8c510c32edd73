"""What duties and notices expect of a person, on the page across incidents: who sees which line, and who sees none."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.disclosure.actions import confirm_duty, draft_notice, reject_duty
from tocsin.disclosure.models import Duty, DutyClock
from tocsin.incidents import actions
from tocsin.incidents.expected import Row, expected_of
from tocsin.incidents.models import Incident
from tocsin.people.models import Member, User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"


@pytest.fixture
def breach(incident: Incident) -> datetime:
    """Aware two hours ago of a breach of personal data."""
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="detected", at=at - timedelta(hours=3), because="the alert")
    actions.mark_instant(S, incident, anchor="aware", at=at)
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    return at


def asked(person: User, kind: str, regime: str = GDPR) -> list[Row]:
    return [r for r in expected_of(person).words if r.kind == kind and (kind == "notice" or r.page.endswith(regime))]


def test_a_duty_waits_for_counsel_with_its_deadline_until_there_is_a_word(incident: Incident, breach: datetime) -> None:
    counsel, lead = (factories.on(incident, role) for role in (IncidentRole.COUNSEL, IncidentRole.LEAD))
    responder = factories.on(incident, IncidentRole.RESPONDER)
    [row] = asked(counsel, "duty")
    assert row.due_at == breach + timedelta(hours=72)
    assert row.page == f"obligations/{GDPR}"
    client = Client()
    client.force_login(counsel)
    assert f"/me/{incident.pk}/obligations/{GDPR}" in client.get("/me").content.decode()
    assert client.get(f"/me/{incident.pk}/obligations/{GDPR}", follow=True).status_code == 200
    assert not asked(lead, "duty")
    assert not asked(responder, "duty")
    confirm_duty(counsel.actor, incident, regime=GDPR, reason="People are at risk.")
    assert not asked(counsel, "duty")


def test_where_nobody_is_counsel_the_lead_is_asked(incident: Incident, breach: datetime) -> None:
    assert breach
    lead = factories.on(incident, IncidentRole.LEAD)
    incident.chain.grants.filter(role=IncidentRole.COUNSEL).exists()
    with factories.preparing():
        incident.chain.grants.filter(role=IncidentRole.COUNSEL).delete()
    assert len(asked(lead, "duty")) == 1
    reject_duty(lead.actor, incident, regime=GDPR, reason="Encrypted, and the key is safe.")
    assert not asked(lead, "duty")


def test_a_deadline_is_expected_of_who_has_its_task(incident: Incident, breach: datetime) -> None:
    person = factories.holder(incident.organization, "incident_manager")
    other = factories.on(incident, IncidentRole.RESPONDER)
    task = DutyClock.objects.get(duty__incident=incident, duty__regime=GDPR, stage=NOTICE).task
    assert task is not None
    actions.assign_task(S, incident, task=task, member=Member.objects.get(user=person))
    [row] = asked(person, "filing")
    assert row.due_at == breach + timedelta(hours=72)
    assert NOTICE in row.title
    assert not asked(other, "filing")
    actions.complete_task(S, incident, task=task, proof="Sent.")
    assert len(asked(person, "filing")) == 1  # done, and nobody recorded the filing


def test_a_draft_is_expected_of_who_began_it_while_they_may_write(incident: Incident, breach: datetime) -> None:
    assert breach
    writer, other = (factories.on(incident, IncidentRole.RESPONDER) for _ in range(2))
    notice = draft_notice(writer.actor, incident, regime=GDPR, stage=NOTICE)
    [row] = asked(writer, "notice")
    assert (row.number, row.page) == (notice.number, f"obligations/notices/{notice.number}")
    assert row.due_at == breach + timedelta(hours=72)
    assert not asked(other, "notice")
    with factories.preparing():
        incident.chain.grants.filter(user=writer).update(role=IncidentRole.OBSERVER)
    assert not asked(writer, "notice")


def test_nobody_off_the_incident_and_no_observer_is_asked_for_a_duty(incident: Incident, breach: datetime) -> None:
    assert breach
    assert Duty.objects.filter(incident=incident, verdict="may_apply", ruling="").exists()
    watcher = factories.on(incident, IncidentRole.OBSERVER)
    for person in (watcher, factories.stranger(), factories.user(incident.organization, OrgRole.ADMINISTRATOR)):
        assert expected_of(person).words == []
