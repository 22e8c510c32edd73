"""Search: everything that one may see and nothing else, words in any order, phrases, and straight to what is cited."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.core.actions import dismiss
from tocsin.core.searching import excerpt, pieces, query_of
from tocsin.evidence.actions.analyst import add_indicator
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole
from tocsin.web.search import WORDS, found

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture
def filled(incident: Incident, store: Path) -> Incident:
    """One thing of each kind that holds the word quokka."""
    actions.set_summary(S, incident, summary="A quokka was seen at the gateway.")
    task = actions.add_task(S, incident, title="Feed the quokka", role="log_analyst")
    actions.block_task(S, incident, task=task, reason="the cage is shut")
    actions.open_decision(S, incident, question="Keep the quokka?", role="incident_manager",
                          options=[{"id": i, "label": i, "consequence": ""} for i in ("yes", "no")])  # fmt: skip
    actions.state_finding(S, incident, claim="The quokka came by mail", confidence="low")
    entry = actions.add_scope(S, incident, kind="host", name="QUOKKA-01.halden.example", because="seen")
    actions.plan_remediation(S, incident, entry=entry, what="Rebuild the quokka's host", role="remediation_lead")
    actions.create_note(S, incident, title="Animals", text="x " * 500 + "\nthe **quokka** <b>smiles</b> at everybody")
    actions.write_report(S, incident, conditions="The quokka sleeps.", actions="", needs="", seen=0)
    actions.note(S, incident, text="Heard a quokka-like noise at 203.0.113.77, C:\\Temp\\quokka_1.exe")
    factories.evidence(incident, store.parent, name="quokka.evtx")
    add_indicator(S, incident, written="hxxp://quokka.example/a", kind="url")
    return incident


def kinds(person: User, words: str) -> set[str]:
    return {hit.kind for hit in found(person.actor, query_of(words))}


def test_every_kind_is_found(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.OBSERVER)
    here = {
        "incident",
        "task",
        "decision",
        "finding",
        "scope",
        "remediation",
        "note",
        "report",
        "evidence",
        "indicator",
        "log",
    }
    assert kinds(person, "quokka") == here
    assert set(WORDS) == here | {"alert", "message", "person", "step"}


SOUGHT = ("quokka", "QUOKKA-01", "Animals", "Files encrypted", "INC-2026-001", "T-1", "INC-2026-001 T-1", "cage",
          "203.0.113.77", "sha256")  # fmt: skip


def test_who_is_not_on_an_incident_finds_nothing_of_it(filled: Incident) -> None:
    """A responder and an administrator of the house, a guest who is on another incident, and another organization's."""
    another = factories.incident(filled.organization, title="Something else", playbook_id="")
    elsewhere = factories.organization("other")
    outsiders = (
        factories.user(filled.organization, OrgRole.RESPONDER), factories.user(filled.organization, OrgRole.ADMINISTRATOR),
        factories.on(another, IncidentRole.RESPONDER), factories.user(elsewhere, OrgRole.ADMINISTRATOR), factories.stranger(),
    )  # fmt: skip
    for person, words in itertools.product(outsiders, SOUGHT):
        hits = [h for h in found(person.actor, query_of(words)) if h.kind not in ("person", "step")]
        assert [h for h in hits if h.chain == filled.pk] == []
        answer = as_user(person).get("/search", {"q": words})
        if answer.status_code == 200:
            page = answer.content.decode().replace(f'value="{words}"', "")
            assert "quokka" not in page.lower().replace(words.lower(), "")
            assert "Files encrypted" not in page.replace(words, "")
        else:
            assert answer.status_code == 403 or f"/incidents/{filled.number}/" not in answer.headers.get("Location", "")


def test_who_lost_an_incident_finds_nothing_more(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    assert kinds(person, "quokka")
    factories.admit(S, filled, user_id=factories.user(filled.organization).pk, role="lead")
    dismiss(S, filled, user_id=person.pk, role="responder")
    assert kinds(person, "quokka") == set()


def test_words_stand_in_any_order_and_quoted_words_together(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    assert "task" in kinds(person, "QUOKKA feed")
    assert kinds(person, '"the quokka"') >= {"task", "report", "decision"}
    assert "task" not in kinds(person, '"quokka the"')
    assert "task" in kinds(person, '"feed the')
    assert kinds(person, "feed zebra") == set()


def test_the_log_is_found_by_its_words(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    for words in (
        "quokka-like",
        "noise heard",
        "203.0.113.77",
        "203.0",
        "quokka_1.exe",
        '"quokka-like noise"',
        "Temp\\quok",
    ):
        hits = [h for h in found(person.actor, query_of(words), kinds=("log",)) if h.title.startswith("Tocsin noted")]
        assert len(hits) == 1, words


def test_names_of_fields_in_the_log_are_not_words(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    for words in ("confidence", "sha256", "interpretation"):
        assert list(found(person.actor, query_of(words), kinds=("log",))) == []


ODD = ('"', "'", "*", "%", "_", "a* OR b", "NEAR(", "quokka:*", ")(", "\\", "-quokka", "& | !", "\x00", "ß é 中", "x" * 5000,
       '"" ""', ": : :")  # fmt: skip


def test_no_query_breaks_it(filled: Incident) -> None:
    browser = as_user(factories.on(filled, IncidentRole.RESPONDER))
    for words in ODD:
        assert browser.get("/search", {"q": words}).status_code in (200, 302), words


def test_a_citation_leads_straight_there(filled: Incident) -> None:
    browser = as_user(factories.on(filled, IncidentRole.RESPONDER))
    place = f"/incidents/{filled.number}"
    for words, address in (
        ("T-3", "/tasks/3"), ("t-3", "/tasks/3"), (f"{filled.number} D-1", "/decisions/1"), ("N-1", "/notes/1"),
        ("S-1", "/scope/1"), ("F-1", "/investigation#F-1"), ("E-01", "/evidence#E-01"), ("L-2", "/log/2"),
        (filled.number, "/"),
    ):  # fmt: skip
        assert browser.get("/search", {"q": words}).headers["Location"] == place + address, words
    assert browser.get("/search", {"q": "T-9999"}).status_code == 200
    assert browser.get("/search", {"q": "L-99999"}).status_code == 200


def test_what_is_cited_in_two_incidents_is_that_of_the_page_it_was_asked_from(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    second = factories.incident(filled.organization)
    factories.admit(S, second, user_id=person.pk, role="responder")
    browser = as_user(person)
    assert browser.get("/search", {"q": "T-1"}).status_code == 200
    assert (
        browser.get("/search", {"q": "T-1", "in": second.number}).headers["Location"]
        == f"/incidents/{second.number}/tasks/1"
    )
    assert f'name="in" value="{second.number}"' in browser.get(f"/incidents/{second.number}/notes").content.decode()


def test_the_page_marks_the_words_and_runs_nothing(filled: Incident) -> None:
    page = as_user(factories.on(filled, IncidentRole.RESPONDER)).get("/search", {"q": "quokka smiles"}).content.decode()
    assert "<mark>quokka</mark>" in page
    assert "&lt;b&gt;<mark>smiles</mark>&lt;/b&gt;" in page
    assert "<b>smiles" not in page


def test_more_of_one_kind(filled: Incident) -> None:
    for n in range(40):
        actions.note(S, filled, text=f"wombat number {n}")
    browser = as_user(factories.on(filled, IncidentRole.RESPONDER))
    everything = browser.get("/search", {"q": "wombat"}).content.decode()
    assert "Log 30+" in everything
    assert (
        len(re.findall("wombat</mark> number", browser.get("/search", {"q": "wombat", "kind": "log"}).content.decode()))
        == 40
    )


def test_a_search_asks_the_same_number_of_questions_however_much_there_is(filled: Incident) -> None:
    person = factories.on(filled, IncidentRole.RESPONDER)
    with CaptureQueriesContext(
        connection,
    ) as few:
        list(found(person.actor, query_of("quokka")))
    for n in range(20):
        actions.add_task(S, filled, title=f"quokka {n}", role="log_analyst")
    with CaptureQueriesContext(
        connection,
    ) as many:
        list(found(person.actor, query_of("quokka")))
    assert len(few) == len(many) <= 20


def test_people_and_plan_are_for_the_house(incident: Incident) -> None:
    member = factories.user(incident.organization, OrgRole.RESPONDER)
    name = incident.organization.members.first().name
    assert "person" in kinds(member, name)
    assert "step" in kinds(member, "backups reach")
    assert kinds(factories.user(factories.organization("other"), OrgRole.RESPONDER), name) <= {"person"}
    assert {h.chain for h in found(factories.stranger().actor, query_of(name))} == set()


def test_who_is_not_signed_in_searches_nothing(client: Client, db: None) -> None:
    assert client.get("/search", {"q": "x"}).status_code == 302


@given(st.text(max_size=300))
def test_any_text_becomes_few_terms_that_mark_what_they_say(text: str) -> None:
    query = query_of(text)
    assert len(query.terms) <= 8
    said = f"before {text[:50]} after"
    assert "".join(piece for piece, _is in pieces(query, said)) == said
    assert excerpt(query, said)
