"""Who writes, reviews, approves and releases in the tests of communications, each in the seat that the plan names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

import factories
from tocsin.comms import actions
from tocsin.comms.lists import Row
from tocsin.comms.models import Message
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

LIST = [
    Row("Ada", "mailto:ada@example.org"),
    Row("", "mailto:bo@example.org"),
    Row("Čenda", "mailto:c@example.org", "cs"),
]


@dataclass(frozen=True)
class Cast:
    """The people of one incident."""

    writer: User
    lead: User
    counsel: User
    speaker: User
    responder: User
    observer: User


def seated(place: Incident, role: str, access: str) -> User:
    """Somebody with an access and a seat of the plan."""
    person = factories.on(place, access)
    with factories.preparing():
        RoleAssignment.objects.filter(incident=place, role=role, renounced_at=None).update(user=person)
    return person


@pytest.fixture
def cast(incident: Incident) -> Cast:
    return Cast(
        writer=seated(incident, "communications_lead", IncidentRole.RESPONDER),
        lead=factories.on(incident, IncidentRole.LEAD),
        counsel=factories.on(incident, IncidentRole.COUNSEL),
        speaker=seated(incident, "executive_sponsor", IncidentRole.DECIDER),
        responder=factories.on(incident, IncidentRole.RESPONDER),
        observer=factories.on(incident, IncidentRole.OBSERVER),
    )


def drafted(incident: Incident, cast: Cast, audience: str = "press", **given: Any) -> Message:
    """A message by the writer in free words."""
    words = {"subject": "About the outage", "body": "Our shop at {{ organization }} is closed."}
    return actions.draft_message(cast.writer.actor, incident, audience=audience, **(words | given))


def approved(incident: Incident, cast: Cast, audience: str = "press", **given: Any) -> Message:
    """A message through all its approvals."""
    message = drafted(incident, cast, audience, **given)
    actions.submit_message(cast.writer.actor, incident, message=message)
    actions.review_message(cast.lead.actor, incident, message=message)
    message.refresh_from_db()
    if message.state == "legal":
        actions.approve_legally(cast.counsel.actor, incident, message=message)
    message.refresh_from_db()
    return message


def listed(incident: Incident, audience: str, *addresses: str) -> None:
    """Give an audience a list in place of the plan's people, who stay."""
    rows = [Row(f"Reader {n}", a if ":" in a else f"mailto:{a}") for n, a in enumerate(addresses, 1)]
    actions.fill_audience(factories.SYSTEM, incident, audience=audience, rows=rows)
