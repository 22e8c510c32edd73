"""Every action against every role: who may, may and leaves one entry; who may not is refused and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

import factories
from access_arguments import ARGUMENTS, BY_ANOTHER
from tocsin.core.access import Actor, Forbidden, Hidden, OrgRole
from tocsin.core.action import ACTIONS, SEALED
from tocsin.core.actions import admit
from tocsin.core.models import Grant, LogEntry, Organization
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

MATRIX: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("access_matrix.yaml").read_text())
pytestmark = pytest.mark.django_db


def test_every_action_has_a_line_and_every_line_an_action() -> None:
    rooms = {verb for verb, do in ACTIONS.items() if do.__module__.startswith("tocsin.")}
    assert rooms == set(MATRIX)
    assert rooms == set(ARGUMENTS)


def test_the_matrix_names_only_roles_that_exist() -> None:
    known = {"organization": set(OrgRole), "incident": set(IncidentRole)}
    for verb, line in MATRIX.items():
        assert set(line["may"]) <= known[line["in"]], verb


def _cast(place: Organization | Incident) -> Iterator[tuple[str, User]]:
    """Everybody who could try: each role where the action happens, and outsiders of every kind."""
    yield "a stranger", factories.stranger()
    elsewhere = factories.organization("rival")
    yield "administrator of another organization", factories.user(elsewhere, OrgRole.ADMINISTRATOR)
    home = place if isinstance(place, Organization) else place.organization
    beside = factories.incident(home, title="Another incident", playbook_id=None)
    if isinstance(place, Organization):
        for role in OrgRole:
            yield role, factories.user(home, role)
        only_incident = factories.stranger()
        admit(factories.SYSTEM, beside, user_id=only_incident.id, role=IncidentRole.LEAD)
        yield "lead of an incident without a role in the organization", only_incident
        return
    for role in OrgRole:
        yield f"{role} of the organization who is not on the incident", factories.user(home, role)
    yield "lead of another incident", factories.on(beside, IncidentRole.LEAD, OrgRole.RESPONDER)
    for incident_role in IncidentRole:
        yield incident_role, factories.on(place, incident_role)


@pytest.mark.parametrize("where", ["organization", "incident"])
def test_every_action_against_every_role(where: str, incident: Incident, subtests: pytest.Subtests) -> None:
    place = incident if where == "incident" else incident.organization
    cast, sees = list(_cast(place)), {*OrgRole, *IncidentRole}
    another = factories.user(incident.organization)
    for verb, line in MATRIX.items():
        if line["in"] != where:
            continue
        with subtests.test(verb=verb):
            assert {who for who, _ in cast} > set(line["may"])
            for who, person in cast:
                refusal = None if who in line["may"] else Forbidden if who in sees else Hidden
                _try(verb, place, person, person.actor, refusal)
            _try(verb, place, another, BY_ANOTHER.get(verb, factories.SYSTEM), None)


def _try(
    verb: str, place: Organization | Incident, person: User, actor: Actor, refusal: type[Exception] | None
) -> None:
    with transaction.atomic():
        arguments = ARGUMENTS[verb](place, person)
        where = arguments["message"] if verb == "message.settle" else place
        entries = LogEntry.objects.filter(chain_id=place.chain_id, verb__in=(verb, SEALED))
        # Setting up may have let the person in (a decision's seat does): the role that is tried stays the only one.
        before, all_before = entries.count(), LogEntry.objects.count()
        if refusal is None:
            ACTIONS[verb](actor, where, **arguments)
            assert entries.count() == before + 1, f"{verb} as {actor.name}"
        else:
            with (
                CaptureQueriesContext(
                    connection,
                ) as queries,
                pytest.raises(refusal),
            ):
                ACTIONS[verb](actor, where, **arguments)
            assert LogEntry.objects.count() == all_before
            assert [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
        transaction.set_rollback(True)


def test_a_role_in_the_organization_opens_no_incident(incident: Incident) -> None:
    """The administrator cannot grant a way in for themselves, whatever place they name."""
    administrator = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    with pytest.raises(Hidden):
        ACTIONS["access.grant"](administrator.actor, incident, user_id=administrator.id, role="administrator")
    assert not Grant.objects.filter(chain=incident.chain, user=administrator).exists()
