"""What is expected of a person: everything that is theirs across incidents, nothing of anybody else's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories
from tocsin.core.access import OrgRole
from tocsin.core.actions import dismiss, set_clock
from tocsin.core.clock import now
from tocsin.incidents import actions
from tocsin.incidents.expected import Expected, expected_count, expected_of, is_expected
from tocsin.incidents.models import Incident, RoleAssignment, Task
from tocsin.people.models import Member, User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
TWO = [{"id": "yes", "label": "Yes", "consequence": ""}, {"id": "no", "label": "No", "consequence": ""}]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(incident: Incident) -> User:
    """The plan's incident manager, seated with an account."""
    person = factories.holder(incident.organization, "incident_manager")
    assert RoleAssignment.objects.filter(incident=incident, user=person, renounced_at=None).exists()
    return person


def titles(found: Expected) -> list[str]:
    return [r.title for r in (*found.late, *found.soon, *found.later)]


def test_a_task_of_my_role_is_mine_and_of_another_role_is_not(incident: Incident, manager: User) -> None:
    before = len(titles(expected_of(manager)))
    actions.add_task(factories.SYSTEM, incident, title="Call the insurer", role="incident_manager")
    actions.add_task(factories.SYSTEM, incident, title="Read the logs", role="log_analyst")
    found = titles(expected_of(manager))
    assert "Call the insurer" in found
    assert "Read the logs" not in found
    assert len(found) == before + 1


def test_a_task_given_to_me_is_mine_whatever_its_role_and_no_longer_when_it_is_given_on(
    incident: Incident, manager: User
) -> None:
    task = actions.add_task(factories.SYSTEM, incident, title="Read the logs", role="log_analyst")
    me = Member.objects.get(user=manager)
    actions.assign_task(factories.SYSTEM, incident, task=task, member=me)
    assert "Read the logs" in titles(expected_of(manager))
    other = Member.objects.exclude(pk=me.pk).filter(organization=incident.organization, active=True).first()
    actions.assign_task(factories.SYSTEM, incident, task=task, member=other)
    assert "Read the logs" not in titles(expected_of(manager))


def test_the_most_pressing_comes_first_across_incidents(incident: Incident, manager: User) -> None:
    other = factories.incident(incident.organization, title="Mail stolen", severity=1, playbook_id=None)
    for place, name, minutes in ((incident, "in ten", 10), (other, "an hour late", -60), (incident, "in a day", 1440)):
        actions.add_task(
            factories.SYSTEM, place, title=name, role="incident_manager", due_at=now() + timedelta(minutes=minutes)
        )
    found = expected_of(manager)
    assert "an hour late" in [r.title for r in found.late]
    assert "in ten" in [r.title for r in found.soon]
    assert "in a day" in [r.title for r in found.later]
    late = [r.due_at - r.now for r in found.late if r.due_at]
    assert late == sorted(late)


def test_a_decision_waits_only_for_who_the_plan_trusts_with_it(incident: Incident, manager: User) -> None:
    actions.open_decision(factories.SYSTEM, incident, question="Cut the line?", options=TWO, role="incident_manager")
    watcher = factories.on(incident, IncidentRole.LEAD)
    assert "Cut the line?" in [r.title for r in expected_of(manager).decisions]
    assert expected_of(watcher).decisions == []
    plan = incident.plan_version.plan
    authority, role = next((a, k) for k, r in plan.roles.items() for a in r.authority if k != "incident_manager")
    actions.open_decision(
        factories.SYSTEM, incident, question="Pay?", options=TWO, role="incident_manager", authority=authority
    )
    trusted = [k for k, r in plan.roles.items() if authority in r.authority]
    assert ("Pay?" in [r.title for r in expected_of(manager).decisions]) == ("incident_manager" in trusted)
    holder = factories.holder(incident.organization, role)
    assert "Pay?" in [r.title for r in expected_of(holder).decisions]


def test_three_attackers_learn_nothing(incident: Incident, manager: User) -> None:
    """A stranger, an administrator of another organization, a responder of the house who is not on the incident."""
    actions.add_task(factories.SYSTEM, incident, title="Secret work", role="incident_manager")
    rival = factories.user(factories.organization("rival"), OrgRole.ADMINISTRATOR)
    for person in (factories.stranger(), rival, factories.user(incident.organization, OrgRole.RESPONDER)):
        assert expected_of(person).nothing
        assert expected_count(person) == 0
        assert not is_expected(person)
    page = browser(factories.user(incident.organization)).get("/me").content.decode()
    assert incident.number not in page
    assert incident.title not in page
    assert "Nothing is expected of you" in page
    task = incident.tasks.get(title="Secret work")
    outsider = browser(rival)
    for act in ("start", "done"):
        assert outsider.post(f"/me/{incident.pk}/tasks/{task.number}/{act}").status_code == 404
    assert outsider.get(f"/me/{incident.pk}/").status_code == 404


def test_who_is_taken_off_is_expected_of_nothing(incident: Incident, manager: User) -> None:
    factories.on(incident, IncidentRole.LEAD)
    me = Member.objects.get(user=manager)
    task = actions.add_task(factories.SYSTEM, incident, title="Read the logs", role="log_analyst")
    actions.assign_task(factories.SYSTEM, incident, task=task, member=me)
    for role in list(incident.chain.grants.filter(user=manager).values_list("role", flat=True)):
        dismiss(factories.SYSTEM, incident, user_id=manager.id, role=role)
    assert expected_of(manager).nothing


def test_a_closed_incident_asks_for_its_duties_alone(incident: Incident, manager: User) -> None:
    duty = incident.tasks.filter(kind="notification").first()
    assert duty is not None
    me = Member.objects.get(user=manager)
    actions.assign_task(factories.SYSTEM, incident, task=duty, member=me)
    actions.start_task(factories.SYSTEM, incident, task=Task.objects.get(pk=duty.pk))
    actions.close(factories.SYSTEM, incident, outcome="true_positive", reason="over", left_open="the regulator waits")
    found = expected_of(manager)
    assert titles(found) == [duty.title]
    assert found.seats == []
    assert found.decisions == []


def test_an_exercise_counts_on_its_own_clock_and_is_marked(organization: object, incident: Incident) -> None:
    drill = factories.incident(incident.organization, title="Rehearsal", exercise=True, playbook_id=None)
    manager = factories.holder(incident.organization, "incident_manager")
    actions.add_task(
        factories.SYSTEM, drill, title="Rehearse", role="incident_manager", due_at=now() + timedelta(hours=2)
    )
    set_clock(factories.SYSTEM, drill, jump_to=now() + timedelta(hours=5))
    found = expected_of(manager)
    assert "Rehearse" in [r.title for r in found.late]
    assert 'class="t-drillmark"' in browser(manager).get("/me").content.decode()


def test_the_bar_says_the_same_number_as_the_page(incident: Incident, manager: User) -> None:
    actions.open_decision(factories.SYSTEM, incident, question="Cut the line?", options=TWO, role="incident_manager")
    found = expected_of(manager)
    assert found.count == expected_count(manager) > 0
    for path in ("/me", "/incidents", f"/incidents/{incident.number}/"):
        assert f'<span class="t-badge">{found.count}</span>' in browser(manager).get(path).content.decode()


def test_acts_are_one_tap_and_a_second_tap_says_that_it_is_done(incident: Incident, manager: User) -> None:
    task = actions.add_task(factories.SYSTEM, incident, title="Call the insurer", role="incident_manager")
    me, path = browser(manager), f"/me/{incident.pk}/tasks/{task.number}"
    assert me.post(f"{path}/start", {"revision": "0"}).status_code == 302
    assert me.post(f"{path}/done", {"revision": "0"}).status_code == 422  # a stale form
    assert me.post(f"{path}/done", {"revision": "1", "proof": "They know."}).status_code == 302
    again = me.post(f"{path}/done", {"revision": "1", "proof": "They know."})
    assert again.status_code == 422
    assert "already" in again.content.decode()
    task.refresh_from_db()
    assert (task.state, task.proof) == ("done", "They know.")


def test_one_lands_on_what_is_expected_or_on_the_incidents(incident: Incident, manager: User) -> None:
    assert browser(manager).get("/")["Location"] == "/me"
    assert browser(factories.user(incident.organization)).get("/")["Location"] == "/incidents"
    assert Client().get("/")["Location"].startswith("/sign-in")


def test_two_organizations_with_the_same_number_are_not_confused(incident: Incident, manager: User) -> None:
    """The page acts by the incident's id: the number alone would mean the organization that one looks at."""
    elsewhere = factories.incident(factories.organization("rival"), title="Theirs", playbook_id=None)
    assert elsewhere.number == incident.number
    factories.admit(factories.SYSTEM, elsewhere, user_id=manager.id, role=IncidentRole.RESPONDER)
    client = browser(manager)
    answer = client.get(f"/me/{elsewhere.pk}/tasks")
    assert answer["Location"] == f"/incidents/{elsewhere.number}/tasks"
    assert "Theirs" in client.get(answer["Location"]).content.decode()


def test_the_mark_changes_when_something_happens(incident: Incident, manager: User) -> None:
    client = browser(manager)
    first = client.get("/me/mark").json()
    assert client.get("/me/mark").json() == first
    actions.note(factories.SYSTEM, incident, text="News.")
    assert client.get("/me/mark").json() != first


def test_three_hundred_tasks_stay_light_and_ask_as_much_as_three(incident: Incident, manager: User) -> None:
    me = Member.objects.get(user=manager)
    client = browser(manager)
    client.get("/me")
    with CaptureQueriesContext(connection) as few:
        client.get("/me")
    others = [
        factories.incident(incident.organization, title=f"Another incident {n}", playbook_id=None) for n in range(5)
    ]
    with factories.preparing():
        Task.objects.bulk_create(
            Task(incident=others[n % 5], number=1000 + n, title=f"Look at server {n} in the northern hall", role="log_analyst",
                 function="technical_analysis", member=me, opened_at=now(), state="open", done_when="It was looked at.",
                 due_at=now() + timedelta(minutes=n - 30))
            for n in range(300)
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        answer = client.get("/me")
    page = answer.content.decode()
    assert len(page) < 150_000
    assert len(many) <= len(few) + 4
    assert len(many) <= 30
    assert "more tasks" in page
    assert "Look at server 299" in client.get("/me?from=280").content.decode()
    assert client.get("/me?from=99999").status_code == 200
