"""Privilege on the pages: counsel writes, admits, sets and lifts; others find nothing to press, and nothing to read."""

from __future__ import annotations

import pytest
from django.test import Client

import factories
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Note
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(incident: Incident) -> User:
    return factories.holder(incident.organization, "legal_counsel")


def as_user(person: User) -> Client:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def counsel(person: User) -> Client:
    return as_user(person)


@pytest.fixture
def lead(incident: Incident) -> Client:
    return as_user(factories.on(incident, IncidentRole.LEAD))


def page(browser: Client, incident: Incident, path: str) -> str:
    answer = browser.get(f"/incidents/{incident.number}/{path}")
    assert answer.status_code == 200, path
    assert len(answer.content) < 150_000
    return answer.content.decode()


def send(browser: Client, incident: Incident, path: str, **form: str) -> int:
    return browser.post(f"/incidents/{incident.number}/{path}", form).status_code


def test_counsel_writes_reads_changes_and_restores_a_privileged_note(
    incident: Incident, counsel: Client, lead: Client
) -> None:
    assert "New privileged note" in page(counsel, incident, "notes")
    editor = page(counsel, incident, "notes/new?privileged=1")
    assert 'name="privileged" value="yes"' in editor
    assert ":new-p" in editor  # what the browser keeps of it is never offered for an open note
    assert "data-upload" not in editor  # a file that is dropped there would be taken into custody for everybody
    assert send(counsel, incident, "notes/create", title="Advice", text="Notify.", privileged="yes", key="k") == 302
    assert "Privileged" in page(counsel, incident, "notes/p1")
    assert send(counsel, incident, "notes/p1/save", title="Advice", text="Notify at once.", base="1", key="k2") == 302
    assert "Notify at once." in page(counsel, incident, "notes/p1")
    assert "Bring revision 1 back" in page(counsel, incident, "notes/p1/history?revision=1")
    assert send(counsel, incident, "notes/p1/restore", number="1", base="2") == 302
    assert Note.kept.get().text == "Notify."
    assert not Note.objects.exists()
    text = page(lead, incident, "notes")
    assert "Advice" not in text
    assert "Privileged" not in text
    for path in (
        "notes/p1",
        "notes/p1/history",
        "notes/p1/edit",
        "notes/p1/now",
        "notes/new?privileged=1",
        "privilege",
    ):
        assert lead.get(f"/incidents/{incident.number}/{path}").status_code == 404, path


def test_counsel_admits_and_ends_it_on_the_page(incident: Incident, counsel: Client, lead: Client) -> None:
    expert = factories.on(incident, IncidentRole.RESPONDER)
    assert str(expert) in page(counsel, incident, "privilege")
    assert send(counsel, incident, "privilege/admit", user=str(expert.pk), because="") == 422
    assert send(counsel, incident, "privilege/admit", user="nobody", because="x") == 422
    assert send(counsel, incident, "privilege/admit", user=str(expert.pk), because="Writes for counsel.") == 302
    theirs = page(as_user(expert), incident, "privilege")
    assert "Writes for counsel." in theirs
    assert "privilege/admit" not in theirs  # who is admitted admits nobody
    assert send(as_user(expert), incident, "privilege/admit", user=str(expert.pk), because="x") == 403
    assert send(counsel, incident, "privilege/dismiss", user=str(expert.pk), because="Done.") == 302
    assert as_user(expert).get(f"/incidents/{incident.number}/privilege").status_code == 404


def test_an_open_note_becomes_privileged_and_open_again(
    incident: Incident, counsel: Client, lead: Client, person: User
) -> None:
    actions.create_note(factories.SYSTEM, incident, title="Interview", text="He was asleep.")
    assert "Make it privileged" in page(counsel, incident, "notes/1")
    assert "Make it privileged" not in page(lead, incident, "notes/1")
    assert send(lead, incident, "notes/1/privilege", because="x") == 403
    assert send(counsel, incident, "notes/1/privilege", because="Led by counsel.") == 302
    assert lead.get(f"/incidents/{incident.number}/notes/1").status_code == 404
    text = page(counsel, incident, "notes/p1")
    assert "Led by counsel." in text
    assert "these could read it" in text
    assert send(lead, incident, "notes/p1/lift", because="x") == 404
    assert send(counsel, incident, "notes/p1/lift", because="Facts only.") == 302
    assert "He was asleep." in page(lead, incident, "notes/1")


def test_the_log_shows_one_quiet_line(incident: Incident, counsel: Client, lead: Client, person: User) -> None:
    actions.create_note(person.actor, incident, title="Advice", privileged=True)
    last = incident.chain.entries.latest("sequence").sequence
    for browser in (lead, counsel):
        text = page(browser, incident, f"log/{last}")
        assert "Something privileged was recorded." in text
        assert str(person) not in text.split("<main")[-1] or browser is counsel
    assert "Something privileged was recorded." in page(lead, incident, "log")
    assert "Something privileged was recorded." not in page(lead, incident, "feed")


def test_somebody_mentioned_finds_it_among_what_is_expected(incident: Incident, counsel: Client, person: User) -> None:
    expert = factories.on(incident, IncidentRole.RESPONDER)
    actions.admit_to_privilege(person.actor, incident, user_id=expert.pk, because="Expert.")
    actions.create_note(person.actor, incident, title="Advice", text=f'@"{expert}" look.', privileged=True)
    assert "PN-1" in as_user(expert).get("/me").content.decode()
    assert send(as_user(expert), incident, "notes/p1/seen") == 302
    assert "PN-1" not in as_user(expert).get("/me").content.decode()
