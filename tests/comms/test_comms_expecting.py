"""Which messages are expected of whom: the next step of each, by seat and rule, and nothing of it for anybody else."""

from __future__ import annotations

import pytest
from comms_cast import Cast, approved, drafted
from django.test import Client

import factories
from tocsin.comms import actions
from tocsin.core.access import OrgRole
from tocsin.incidents.expected import expected_of
from tocsin.incidents.models import Incident
from tocsin.people.models import User

pytestmark = pytest.mark.django_db


def steps(person: User) -> list[str]:
    return [f"{r.label} {r.why}" for r in expected_of(person).words if r.kind == "message"]


def test_each_step_waits_for_who_may_do_it_and_for_nobody_who_did_another(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    people = (cast.writer, cast.lead, cast.counsel, cast.speaker, cast.responder, cast.observer)
    assert all(steps(p) == [] for p in people)
    actions.submit_message(cast.writer.actor, incident, message=message)
    assert steps(cast.writer) == []
    assert steps(cast.lead) == ["M-1 Waits for your review"]
    assert steps(cast.responder) == steps(cast.observer) == []
    actions.review_message(cast.lead.actor, incident, message=message)
    assert steps(cast.counsel) == ["M-1 Waits for your legal approval"]
    assert steps(cast.lead) == steps(cast.speaker) == steps(cast.writer) == []
    actions.approve_legally(cast.counsel.actor, incident, message=message)
    assert steps(cast.speaker) == ["M-1 Approved: waits for you to release it"]
    assert steps(cast.responder) == steps(cast.observer) == steps(cast.counsel) == []


def test_counsel_who_reviewed_it_is_not_asked_to_approve_it_as_well(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    actions.submit_message(cast.writer.actor, incident, message=message)
    assert steps(cast.counsel) == ["M-1 Waits for your review"]
    actions.review_message(cast.counsel.actor, incident, message=message)
    assert steps(cast.counsel) == []


def test_a_page_links_to_the_message_and_tells_nobody_else_its_subject(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast, subject="We lost the warehouse")
    actions.submit_message(cast.writer.actor, incident, message=message)
    rival = factories.user(factories.organization("rival"), OrgRole.ADMINISTRATOR)
    for person in (cast.responder, cast.observer, rival, factories.user(incident.organization)):
        client = Client()
        client.force_login(person)
        assert "We lost the warehouse" not in client.get("/me").content.decode()
    client = Client()
    client.force_login(cast.lead)
    page = client.get("/me").content.decode()
    assert "We lost the warehouse" in page
    assert f"/me/{incident.pk}/communications/messages/1" in page
    assert client.get(f"/me/{incident.pk}/communications/messages/1", follow=True).status_code == 200


def test_what_was_withdrawn_or_recalled_waits_for_nobody(incident: Incident, cast: Cast) -> None:
    message = approved(incident, cast)
    assert steps(cast.speaker)
    actions.withdraw_message(cast.writer.actor, incident, message=message, because="Not needed.")
    assert all(steps(p) == [] for p in (cast.writer, cast.lead, cast.counsel, cast.speaker))
