"""The notebook's pages: who sees what, sending twice, sending late, sending too much, and nothing drawn that runs."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

import factories
from tocsin.core.access import OrgRole
from tocsin.core.actions import dismiss
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Note
from tocsin.incidents.notes import LARGEST, PART
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
EDITOR = {"X-Editor": "1", "HX-Request": "true", "Accept": "application/json"}


def as_user(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def mei(incident: Incident) -> User:
    return factories.on(incident, IncidentRole.RESPONDER, OrgRole.RESPONDER)


@pytest.fixture
def page(mei: User) -> Client:
    return as_user(mei)


@pytest.fixture
def note(incident: Incident, mei: User) -> Note:
    return actions.create_note(mei.actor, incident, title="Leads", text="- [ ] gateway\n- [ ] mail")


def at(incident: Incident, rest: str = "") -> str:
    return f"/incidents/{incident.number}/notes{rest}"


def said(answer: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


class _Drawn(HTMLParser):
    """The tags that a browser would make of a text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {k: v or "" for k, v in attrs}))


def test_who_is_not_on_the_incident_finds_no_note(incident: Incident, note: Note) -> None:
    elsewhere = factories.organization("other")
    outsiders = [
        factories.user(incident.organization, OrgRole.ADMINISTRATOR), factories.user(incident.organization, OrgRole.GUEST),
        factories.user(elsewhere, OrgRole.RESPONDER),
    ]  # fmt: skip
    for person in outsiders:
        browser = as_user(person)
        for address in ("", "/1", "/1/edit", "/1/history", "/1/now", "/new"):
            answer = browser.get(at(incident, address))
            assert answer.status_code == 404, (person, address)
            assert b"Leads" not in answer.content
        for address in ("/create", "/1/save", "/1/restore", "/1/archive", "/1/seen"):
            assert browser.post(at(incident, address), {"title": "x", "text": "x", "base": 1}).status_code == 404
    assert incident.notes.count() == 1
    answer = Client().post(at(incident, "/1/save"), {"text": "x", "base": 1})
    assert answer.status_code == 302, "who is not signed in is led to the sign-in"


def test_an_observer_reads_and_does_not_write(incident: Incident, note: Note) -> None:
    browser = as_user(factories.on(incident, IncidentRole.OBSERVER))
    answer = browser.get(at(incident, "/1"))
    assert "gateway" in answer.content.decode()
    assert f"{at(incident, '/1/edit')}" not in answer.content.decode()
    refused = browser.post(at(incident, "/1/save"), {"text": "x", "base": 1}, headers=EDITOR)
    assert refused.status_code == 403


def test_a_plain_form_makes_one_note_however_often_it_is_sent(incident: Incident, page: Client) -> None:
    form = {"title": "", "text": "# Bridge\r\n\r\n+1 555", "key": "one"}
    for _twice in range(2):
        answer = page.post(at(incident, "/create"), form)
        assert answer.headers["Location"] == at(incident, "/1")
    assert [(n.title, n.text, n.revision) for n in incident.notes.all()] == [("Bridge", "# Bridge\n\n+1 555", 1)]


def test_what_was_written_on_after_a_lost_answer_becomes_the_second_revision(incident: Incident, page: Client) -> None:
    page.post(at(incident, "/create"), {"title": "A", "text": "one", "key": "k"}, headers=EDITOR)
    answer = page.post(at(incident, "/create"), {"title": "A", "text": "one\ntwo", "key": "k"}, headers=EDITOR)
    assert (said(answer)["revision"], said(answer)["text"]) == (2, "one\ntwo")
    assert incident.notes.count() == 1


def test_a_merge_says_what_came_in(incident: Incident, page: Client, note: Note) -> None:
    other = factories.on(incident, IncidentRole.RESPONDER)
    actions.edit_note(other.actor, incident, note=note, text="- [x] gateway\n- [ ] mail", base=1)
    form = {"title": "Leads", "text": "- [ ] gateway\n- [ ] mail\n- [ ] vpn", "base": "1", "key": "e"}
    answer = said(page.post(at(incident, "/1/save"), form, headers=EDITOR))
    assert answer["text"] == "- [x] gateway\n- [ ] mail\n- [ ] vpn"
    assert answer["revision"] == 3
    assert "- [x] gateway" in answer["html"]


def test_a_clash_gives_both_back_and_stores_nothing(incident: Incident, page: Client, note: Note) -> None:
    other = factories.on(incident, IncidentRole.RESPONDER)
    actions.edit_note(other.actor, incident, note=note, text="- [x] gateway <b>clean</b>\n- [ ] mail", base=1)
    form = {"title": "Leads", "text": "- [ ] gateway is owned\n- [ ] mail", "base": "1", "key": "e"}
    answer = page.post(at(incident, "/1/save"), form, headers=EDITOR)
    assert answer.status_code == 422
    assert said(answer)["text"] == "- [x] gateway <b>clean</b>\n- [ ] gateway is owned\n- [ ] mail"
    assert "&lt;b&gt;clean" in said(answer)["html"]
    plain = page.post(at(incident, "/1/save"), form)
    assert plain.status_code == 422
    html = plain.content.decode()
    assert "gateway is owned" in html
    assert 'name="base" value="2"' in html
    assert note.revisions.count() == 2


@pytest.mark.parametrize("headers", [{}, EDITOR])
def test_too_much_is_refused_and_what_was_sent_comes_back(
    incident: Incident, page: Client, note: Note, headers: dict[str, str]
) -> None:
    answer = page.post(at(incident, "/1/save"), {"text": "x" * (LARGEST + 1), "base": 1}, headers=headers)
    assert answer.status_code == 422
    assert b"holds 200 kB" in answer.content
    if not headers:
        assert b"x" * LARGEST in answer.content
    assert note.revisions.count() == 1


def test_nothing_in_a_note_runs_or_reaches_out(incident: Incident, page: Client, mei: User) -> None:
    actions.create_note(
        mei.actor, incident, title="<script>alert(1)</script>",
        text='<script>alert(2)</script> <img src=x onerror=alert(3)>\n\n![pixel](https://evil.example/p.png)\n\n'
             '[click](javascript:alert(4)) [data](data:text/html,x) <a href="javascript:alert(5)">a</a>\n\n'
             '@"<img src=x>" T-1" onmouseover="alert(6)',
    )  # fmt: skip
    html = page.get(at(incident, "/1")).content.decode()
    body = html[html.index("t-md") :]
    assert "<script>alert" not in html
    drawn = _Drawn()
    drawn.feed(body[: body.index("</div>")])
    assert {tag for tag, _a in drawn.tags} <= {"p", "a", "span"}
    assert {name for _t, attributes in drawn.tags for name in attributes} <= {"href", "class", "title", "rel"}
    links = [attributes["href"] for tag, attributes in drawn.tags if tag == "a"]
    assert links == ["https://evil.example/p.png", f"/incidents/{incident.number}/tasks/1"]


def test_a_large_note_is_shown_in_parts(incident: Incident, page: Client, mei: User) -> None:
    actions.create_note(mei.actor, incident, title="Long", text="\n".join(f"- [ ] host {n}" for n in range(9000)))
    first = page.get(at(incident, "/1"))
    assert "host 0<" in first.content.decode().replace("\n", "<")
    assert len(first.content) < 150_000
    last = page.get(at(incident, "/1?part=99")).content.decode()
    assert "host 8999" in last
    assert PART < LARGEST


def test_somebody_who_was_not_told_is_named_and_a_lead_can_let_them_in(incident: Incident, mei: User) -> None:
    outside = factories.holder(incident.organization, "malware_analyst")
    dismiss(factories.SYSTEM, incident, user_id=outside.pk, role="responder")
    actions.create_note(mei.actor, incident, title="Ask", text=f'@"{outside}" has to look')
    words = f"{outside} is not on this incident and was not told."
    lead = as_user(factories.on(incident, IncidentRole.LEAD, OrgRole.RESPONDER))
    assert words in lead.get(at(incident, "/1")).content.decode()
    html = as_user(mei).get(at(incident, "/1")).content.decode()
    assert words in html
    assert f"Let {outside} in" not in html
    lead.post(f"/incidents/{incident.number}/roles/let-in", {"user": str(outside.pk), "role": "responder"})
    assert "mentions you" in as_user(outside).get(at(incident, "/1")).content.decode()
    assert words not in lead.get(at(incident, "/1")).content.decode()


def test_seen_is_said_once(incident: Incident, mei: User) -> None:
    asker = factories.on(incident, IncidentRole.LEAD)
    actions.create_note(asker.actor, incident, title="Ask", text=f'@"{mei}"')
    page = as_user(mei)
    assert "mentions you" in page.get(at(incident)).content.decode()
    assert page.post(at(incident, "/1/seen"), headers=EDITOR).status_code == 204
    assert "mentions you" not in page.get(at(incident)).content.decode()
    assert page.post(at(incident, "/1/seen"), headers=EDITOR).status_code == 422


def test_who_writes_is_shown_to_others(incident: Incident, page: Client, note: Note, mei: User) -> None:
    other = as_user(factories.on(incident, IncidentRole.RESPONDER))
    first = said(page.get(at(incident, "/1/now?have=1&writing=1")))
    assert (first["others"], "text" in first) == ([], False)
    heard = said(other.get(at(incident, "/1/now?have=0")))
    assert (heard["others"], heard["text"]) == ([str(mei)], note.text)
    assert "writing now" in other.get(at(incident, "/1")).content.decode()


def test_history_shows_what_changed_and_brings_it_back(incident: Incident, page: Client, note: Note, mei: User) -> None:
    actions.edit_note(mei.actor, incident, note=note, text="- [ ] gateway\n- [ ] vpn", base=1)
    html = page.get(at(incident, "/1/history")).content.decode()
    assert "- [ ] <b>mail</b></pre>" in html
    assert "- [ ] <b>vpn</b></pre>" in html
    page.post(at(incident, "/1/restore"), {"number": 1, "base": 2})
    note.refresh_from_db()
    assert (note.revision, note.text) == (3, "- [ ] gateway\n- [ ] mail")
    assert page.get(at(incident, "/1/history?revision=77")).status_code == 404


def test_a_file_that_is_dropped_into_a_note_gets_its_number(incident: Incident, page: Client) -> None:
    for name in ("a.txt", "again.txt"):
        answer = page.post(
            f"/incidents/{incident.number}/evidence/upload",
            {"files": SimpleUploadedFile(name, b"words")},
            headers=EDITOR,
        )
        assert said(answer)["items"] == [{"name": name, "item": "E-01"}]
    assert incident.evidence.count() == 1
