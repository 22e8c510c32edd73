"""The HR track: who opens it, who is in it, which steps it has, and that nobody else learns that it exists."""

from __future__ import annotations

import pytest
from django.test import Client

import factories
from tocsin.core import log
from tocsin.core.access import Forbidden, OrgRole, visible
from tocsin.core.action import SEALED, Invalid
from tocsin.core.models import Grant, LogEntry
from tocsin.incidents import actions, together
from tocsin.incidents.models import Incident
from tocsin.incidents.queries.privilege import hr_track_of
from tocsin.incidents.queries.relations import related
from tocsin.people.models import Member, User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
HR_STEPS = {"conversation", "works-council", "decide-outcome"}


@pytest.fixture
def incident(organization) -> Incident:  # type: ignore[no-untyped-def]
    return factories.incident(organization, title="A matter of trust", playbook_id="insider")


@pytest.fixture
def hr(incident: Incident) -> User:
    return factories.holder(incident.organization, "hr_partner")


@pytest.fixture
def counsel(incident: Incident) -> User:
    return factories.holder(incident.organization, "legal_counsel")


@pytest.fixture
def manager(incident: Incident) -> User:
    return factories.holder(incident.organization, "incident_manager")


def as_user(person: User) -> Client:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def steps(place: Incident) -> set[str]:
    return set(place.tasks.values_list("step_id", flat=True))


def test_steps_of_the_track_are_not_in_the_incident_itself(incident: Incident) -> None:
    assert "decide-intervene" in steps(incident)
    assert not steps(incident) & HR_STEPS


def test_it_is_an_incident_of_its_own_with_legal_and_hr_alone(
    incident: Incident, hr: User, counsel: User, manager: User
) -> None:
    actions.set_fact(factories.SYSTEM, incident, name="employee_suspected", value=True)
    child = together.open_hr_track(hr.actor, incident, because="Employment law.")
    assert child.facts["employee_suspected"] is True
    assert (child.track, child.parent_id, child.tlp) == ("hr", incident.pk, "TLP:RED")
    assert steps(child) == HR_STEPS
    functions = {seat.function for seat in child.roles.all()}
    assert functions == {"legal_hr_regulatory"}
    inside = set(Grant.objects.filter(chain=child.chain_id).values_list("user__name", flat=True))
    assert {str(hr), str(counsel)} <= inside
    assert str(manager) not in inside
    assert Grant.objects.filter(chain=child.chain_id, user=hr, role=IncidentRole.LEAD).exists()
    assert log.verify_chain(child.chain).holds
    assert log.verify_chain(incident.chain.__class__.objects.get(pk=incident.chain_id)).holds


def test_whoever_leads_is_let_in_only_where_named(incident: Incident, hr: User, manager: User) -> None:
    child = together.open_hr_track(hr.actor, incident, because="Employment law.", with_lead=True)
    assert Grant.objects.filter(chain=child.chain_id, user=manager, role=IncidentRole.LEAD).exists()
    assert child.roles.filter(role="incident_manager", user=manager).exists()


def test_the_seats_of_others_are_not_let_in_later_either(incident: Incident, hr: User) -> None:
    child = together.open_hr_track(hr.actor, incident, because="Employment law.")
    late = factories.holder(incident.organization, "log_analyst")
    assert not Grant.objects.filter(chain=child.chain_id, user=late).exists()


@pytest.mark.parametrize("role", list(IncidentRole))
def test_nobody_else_learns_that_it_exists(incident: Incident, hr: User, role: str) -> None:
    person = factories.on(incident, role, OrgRole.RESPONDER)
    before = as_user(person).get(f"/incidents/{incident.number}/related").content
    child = together.open_hr_track(hr.actor, incident, because="Employment law of the zebrafish.")
    assert not related(person.actor, incident).children
    assert hr_track_of(person.actor, incident) is None
    assert not visible(person.actor, Incident.objects.filter(pk=child.pk)).exists()
    browser = as_user(person)
    pages = ("/incidents", f"/incidents/{incident.number}/related", f"/incidents/{incident.number}/log",
             f"/incidents/{incident.number}/log.jsonl", f"/incidents/{incident.number}/", "/search?q=track", "/me",
             f"/incidents/{incident.number}/roles", f"/api/v1/incidents/{incident.pk}/related",
             f"/api/v1/incidents/{incident.pk}", "/api/v1/incidents", f"/incidents/{incident.number}/report/html")  # fmt: skip
    for page in pages:
        answer = browser.get(page)
        text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()
        assert [w for w in (child.number, str(child.pk), child.title, "zebrafish") if w in text] == [], page
    assert browser.get(f"/incidents/{child.number}/").status_code == 404
    assert len(before) > 0


@pytest.mark.parametrize("role", [OrgRole.ADMINISTRATOR, OrgRole.AUDITOR])
def test_the_organizations_log_does_not_tell_it(incident: Incident, hr: User, role: str) -> None:
    before = LogEntry.objects.filter(chain=incident.organization_id).count()
    child = together.open_hr_track(hr.actor, incident, because="Employment law.")
    assert LogEntry.objects.filter(chain=incident.organization_id).count() == before
    answer = as_user(factories.user(incident.organization, role)).get("/log")
    assert child.number not in answer.content.decode()
    assert str(child.pk) not in answer.content.decode()


def test_the_incidents_log_says_that_something_privileged_was_recorded(incident: Incident, hr: User) -> None:
    together.open_hr_track(hr.actor, incident, because="Employment law.")
    entry = LogEntry.objects.filter(chain=incident.chain_id).latest("sequence")
    assert (entry.verb, entry.actor["id"]) == (SEALED, "")


def test_it_is_opened_by_who_sits_in_a_legal_or_hr_seat_by_the_plan(
    incident: Incident, hr: User, manager: User
) -> None:
    with pytest.raises(Forbidden, match="legal or HR seat"):
        together.open_hr_track(manager.actor, incident, because="I lead.")
    with factories.preparing():
        member = Member.objects.create(organization=incident.organization, key="mate", name="A mate", user=manager)
    actions.assign_role(manager.actor, incident, role="privacy_officer", member=member, because="For the night.")
    with pytest.raises(Forbidden, match="legal or HR seat"):
        together.open_hr_track(manager.actor, incident, because="I sit there now.")
    assert not Incident.objects.filter(track="hr").exists()


def test_there_is_one_track_with_a_reason_where_the_playbook_has_one(incident: Incident, hr: User) -> None:
    with pytest.raises(Invalid, match="reason"):
        together.open_hr_track(hr.actor, incident, because=" ")
    child = together.open_hr_track(hr.actor, incident, because="Employment law.")
    with pytest.raises(Invalid, match="open already"):
        together.open_hr_track(hr.actor, incident, because="Again.")
    with pytest.raises(Invalid, match="open already"):
        together.open_hr_track(factories.SYSTEM, child, because="Deeper.")
    other = factories.incident(incident.organization)
    with pytest.raises(Invalid, match="no step of an HR track"):
        together.open_hr_track(hr.actor, other, because="Employment law.")


def test_an_exercise_has_an_exercise_for_a_track_on_the_same_clock(organization) -> None:  # type: ignore[no-untyped-def]
    drill = factories.incident(organization, playbook_id="insider", exercise=True)
    child = together.open_hr_track(factories.SYSTEM, drill, because="To practise.")
    assert child.exercise
    assert child.number.startswith("EX-")
    assert child.chain.exercise


def test_hr_opens_it_on_the_page_of_what_belongs_together(incident: Incident, hr: User, manager: User) -> None:
    page = f"/incidents/{incident.number}/related"
    assert "HR track" in as_user(hr).get(page).content.decode()
    assert "HR track" not in as_user(manager).get(page).content.decode()
    answer = as_user(hr).post(f"/incidents/{incident.number}/related/hr-track", {"because": "Employment law."})
    child = Incident.objects.get(track="hr")
    assert answer.status_code == 302
    assert answer["Location"] == f"/incidents/{child.number}/"
    assert child.number in as_user(hr).get(page).content.decode()
    refused = as_user(manager).post(f"/incidents/{incident.number}/related/hr-track", {"because": "I lead."})
    assert refused.status_code == 404
