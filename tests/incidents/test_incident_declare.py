"""Declaring: numbers, the drill flag, repeated declarations, people seated, the playbook started."""

from __future__ import annotations

from datetime import timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.access import Hidden, OrgRole, visible
from tocsin.core.action import Invalid
from tocsin.core.actions import admit, dismiss, set_clock
from tocsin.core.models import Grant, LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def test_numbers_count_up_by_kind(organization: Organization) -> None:
    year = clock.now().year
    given = [False, True, False, True, False]
    numbers = [factories.incident(organization, playbook_id=None, exercise=e).number for e in given]
    assert numbers == [f"INC-{year}-001", f"EX-{year}-001", f"INC-{year}-002", f"EX-{year}-002", f"INC-{year}-003"]
    rival = factories.organization("rival")
    assert factories.incident(rival, playbook_id=None).number == f"INC-{year}-001"


def test_a_declared_incident_is_under_way(organization: Organization) -> None:
    made = factories.incident(organization)
    assert factories.verbs(made)[:4] == ["incident.open", "roles.fill", "playbook.start", "tasks.advance"]
    assert made.playbook is not None
    assert made.tasks.count() == len(made.playbook.steps)
    assert made.tasks.get(step_id="open-bridge").state == "open"
    assert made.tasks.get(step_id="decide-isolate").state == "waiting"
    assert made.plan_version.version == organization.plan_versions.get().version


def test_the_same_key_is_the_same_incident(organization: Organization) -> None:
    person = factories.user(organization)
    first = factories.incident(organization, person.actor, key="alert-1")
    entries = made_entries(first)
    again = factories.incident(organization, person.actor, key="alert-1", title="Other words")
    assert again.pk == first.pk
    assert made_entries(first) == entries
    assert factories.verbs(organization).count("incident.declare") == 2
    assert factories.incident(organization, person.actor, key="alert-2").pk != first.pk


def made_entries(place: Incident) -> int:
    return LogEntry.objects.filter(chain=place.chain).count()


def test_a_key_does_not_open_somebody_elses_incident(organization: Organization) -> None:
    first, second = factories.user(organization), factories.user(organization)
    theirs = factories.incident(organization, first.actor, key="alert-1")
    own = factories.incident(organization, second.actor, key="alert-1")
    assert own != theirs, "nor does it say that somebody else used it"
    assert factories.incident(organization, second.actor, key="alert-1") == own
    admit(S, own, user_id=first.id, role="lead")
    dismiss(S, own, user_id=second.id, role="lead")
    with pytest.raises(Invalid) as told:
        factories.incident(organization, second.actor, key="alert-1")
    assert told.value.field == "key"


def test_the_organizations_log_names_it_by_its_id_alone(organization: Organization) -> None:
    made = factories.incident(organization, title="Salary file on a forum")
    entry = LogEntry.objects.get(chain_id=organization.chain_id, verb="incident.declare")
    assert entry.object_id == str(made.id)
    assert "Salary" not in str(entry.body())


def test_who_declares_leads_and_nobody_else_sees_it(organization: Organization) -> None:
    person, administrator = factories.user(organization), factories.user(organization, OrgRole.ADMINISTRATOR)
    made = factories.incident(organization, person.actor)
    assert list(visible(person.actor, Incident.objects.all())) == [made]
    assert list(visible(administrator.actor, Incident.objects.all())) == []
    with pytest.raises(Hidden):
        actions.note(administrator.actor, made, text="I only look")


def test_a_plan_has_to_be_there(db: None) -> None:
    bare = factories.organization("bare", plan=False)
    with pytest.raises(Invalid, match="There is no plan yet"):
        factories.incident(bare)


def test_the_plan_is_pinned(incident: Incident) -> None:
    files = dict(factories.plan_files())
    files["plan.yaml"] = files["plan.yaml"].replace("title: Incident manager", "title: Commander")
    newer = factories.import_plan(S, incident.organization, files=files)
    incident.refresh_from_db()
    assert incident.plan_version != newer
    assert incident.plan_version.plan.roles["incident_manager"].title == "Incident manager"
    assert factories.incident(incident.organization).plan_version == newer


def test_an_exercises_clock_drives_its_deadlines(organization: Organization) -> None:
    drill = factories.incident(organization, exercise=True)
    set_clock(S, drill, speed=0.0, jump_to=clock.now() + timedelta(days=3))
    drill.chain.refresh_from_db()
    actions.note(S, drill, text="three days later")
    entry = LogEntry.objects.get(chain=drill.chain, verb="note.write")
    assert entry.clock_time is not None
    assert entry.clock_time - entry.time > timedelta(days=2, hours=23)
    assert entry.shown_time == entry.clock_time
    with pytest.raises(Invalid, match="this incident is real"):
        set_clock(S, factories.incident(organization), speed=2.0)


def test_seats_are_filled_holder_before_backups(organization: Organization) -> None:
    files = dict(factories.plan_files())
    files["plan.yaml"] = files["plan.yaml"].replace("    holder: oksana-melnyk\n", "")
    factories.import_plan(S, organization, files=files)
    made = factories.incident(organization)
    scribe, manager = made.roles.get(role="scribe"), made.roles.get(role="incident_manager")
    assert (manager.member.key, manager.because) == ("anneke-de-vries", "holder in the plan")  # type: ignore[union-attr]
    assert (scribe.member.key, scribe.because) == ("jakob-lund", "backup 1 in the plan")  # type: ignore[union-attr]


def test_who_has_an_account_and_a_seat_is_let_in(organization: Organization) -> None:
    manager, counsel = (
        factories.holder(organization, "incident_manager"),
        factories.holder(organization, "legal_counsel"),
    )
    made = factories.incident(organization)
    grants = set(Grant.objects.filter(chain=made.chain).values_list("user", "role"))
    assert grants == {(manager.id, "lead"), (counsel.id, "counsel")}
