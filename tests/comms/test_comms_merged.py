"""Communications of an incident that was merged: nothing is dropped, nothing is said twice, each page links the other."""

from __future__ import annotations

import pytest
from comms_cast import Cast, approved, drafted, listed
from django.test import Client

import factories
from tocsin.comms import actions
from tocsin.comms.models import Message
from tocsin.comms.sending import advance_waves, release_alone
from tocsin.incidents import actions as incidents
from tocsin.incidents.expected import expected_of
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def page(person: User, place: Incident, path: str = "communications") -> str:
    client = Client()
    client.force_login(person)
    return client.get(f"/incidents/{place.number}/{path}").content.decode()


@pytest.fixture
def whole(incident: Incident) -> Incident:
    """The incident that the other is merged into."""
    return factories.incident(incident.organization, title="The whole of it", playbook_id=None)


def test_what_waits_is_finished_where_it_was_begun(incident: Incident, whole: Incident, cast: Cast) -> None:
    listed(incident, "press", "paper@example.org")
    waiting = drafted(incident, cast)
    actions.submit_message(cast.writer.actor, incident, message=waiting)
    ready = approved(incident, cast)
    incidents.merge(S, incident, target=whole, reason="One intruder.")
    incident.refresh_from_db()
    assert Message.objects.filter(incident=whole).count() == 0
    assert [r.number for r in expected_of(cast.lead).words if r.kind == "message"] == [waiting.number]
    actions.review_message(cast.lead.actor, incident, message=waiting)
    release_alone(cast.speaker.actor, incident, ready)
    advance_waves()
    ready.refresh_from_db()
    assert ready.state == "released"


def test_each_page_links_the_other_for_who_is_on_both(incident: Incident, whole: Incident, cast: Cast) -> None:
    actions.write_question(cast.lead.actor, incident, question="Is my data safe?", answer="Yes.", audiences=[])
    both = cast.lead
    with factories.preparing():
        whole.chain.grants.create(user=both, role=IncidentRole.LEAD)
    only = factories.on(whole, IncidentRole.LEAD)
    incidents.merge(both.actor, incident, target=whole, reason="One intruder.")
    for path in ("communications", "communications/questions", "obligations"):
        assert f"/me/{incident.pk}/{path}" in page(both, whole, path)
        assert f"/me/{whole.pk}/{path}" in page(both, incident, path)
        assert incident.number not in page(only, whole, path)
    assert "Is my data safe?" in page(both, incident, "communications/questions")
