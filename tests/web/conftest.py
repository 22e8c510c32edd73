"""What the page tests start from: somebody who leads an incident, signed in, and others beside them."""

from __future__ import annotations

import pytest
from django.test import Client
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole


@pytest.fixture
def manager(incident: Incident) -> User:
    """The plan's incident manager, who leads the incident and may declare."""
    person = factories.holder(incident.organization, "incident_manager")
    factories.invite(
        factories.SYSTEM, incident.organization, email=person.email, name=person.name, role=OrgRole.RESPONDER
    )
    factories.admit(factories.SYSTEM, incident, user_id=person.id, role=IncidentRole.LEAD)
    return person


@pytest.fixture
def lead(manager: User) -> Client:
    return as_user(manager)


@pytest.fixture
def stranger(incident: Incident) -> Client:
    """Somebody of the same organization who is not on the incident."""
    return as_user(factories.user(incident.organization, OrgRole.RESPONDER))
