"""Notes and search over the API: pages, ETags, merging, and who finds nothing."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from django.test import Client

import factories
from tocsin.api.search import Kind
from tocsin.core.access import OrgRole
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole
from tocsin.web.search import WORDS

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture
def mei(incident: Incident) -> User:
    return factories.on(incident, IncidentRole.RESPONDER, OrgRole.RESPONDER)


def client(person: User, incident: Incident) -> Client:
    return Client(headers={"Authorization": f"Bearer {create_token(S, incident.organization, user=person, label='t')}"})


def at(incident: Incident, rest: str = "") -> str:
    return f"/api/v1/incidents/{incident.pk}/notes{rest}"


def test_a_note_from_its_first_word_to_its_archive(incident: Incident, mei: User) -> None:
    api: Any = client(mei, incident)
    json = {"content_type": "application/json"}
    made = api.post(at(incident), {"text": "# Leads\n- gateway"}, **json)
    assert (made.status_code, made.json()["number"], made.json()["title"]) == (201, 1, "Leads")
    seen = api.get(at(incident, "/1")).headers["ETag"]
    changed = api.put(at(incident, "/1"), {"text": "- gateway\n- vpn"}, headers={"If-Match": seen}, **json)
    assert (changed.status_code, changed.json()["revision"], changed.json()["title"]) == (200, 2, "Leads")
    late = api.put(at(incident, "/1"), {"text": "- mine"}, headers={"If-Match": seen}, **json)
    assert late.status_code == 412
    assert api.put(at(incident, "/1"), {"text": "- mine"}, **json).status_code == 422
    merged = api.put(at(incident, "/1"), {"text": "# Leads!\n- gateway", "base": 1}, **json)
    assert (merged.status_code, api.get(at(incident, "/1")).json()["revision"]) == (412, 2)
    merged = api.put(at(incident, "/1"), {"text": "- gateway\n- vpn\n- dns", "base": 2}, **json)
    assert merged.json()["text"] == "- gateway\n- vpn\n- dns"
    assert [r["number"] for r in api.get(at(incident, "/1/revisions?limit=2")).json()["items"]] == [3, 2]
    assert api.get(at(incident, "/1/revisions/1")).json()["text"] == "# Leads\n- gateway"
    assert api.post(at(incident, "/1/restore"), {"number": 1}, **json).json()["text"] == "# Leads\n- gateway"
    assert api.post(at(incident, "/1/archive"), {}, **json).json()["archived_at"]
    assert api.get(at(incident)).json() == {"items": [], "next": None}
    assert len(api.get(at(incident, "?archived=true")).json()["items"]) == 1


def test_too_large_a_note_is_refused_in_words(incident: Incident, mei: User) -> None:
    api: Any = client(mei, incident)
    answer = api.post(at(incident), {"text": "x" * 200_001}, content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (422, "text")
    assert "a note holds 200 kB" in answer.json()["detail"]


def test_who_is_not_on_the_incident_gets_nothing(incident: Incident, mei: User) -> None:
    actions.create_note(mei.actor, incident, title="Secret plan", text="wombat")
    elsewhere = factories.organization("other")
    for person in (factories.user(incident.organization), factories.user(elsewhere, OrgRole.ADMINISTRATOR)):
        api: Any = client(person, incident)
        for rest in ("", "/1", "/1/revisions", "/1/revisions/1"):
            assert api.get(at(incident, rest)).status_code == 404
        assert api.get("/api/v1/search?q=wombat").json() == {"items": [], "next": None}
        assert api.post(at(incident), {"text": "x"}, content_type="application/json").status_code == 404


def test_every_kind_that_is_found_can_be_asked_for() -> None:
    assert set(get_args(Kind)) == set(WORDS)


def test_search_answers_in_pages(incident: Incident, mei: User) -> None:
    for n in range(5):
        actions.create_note(mei.actor, incident, title=f"Note {n}", text="the wombat")
    api: Any = client(mei, incident)
    found, after = [], ""
    while after is not None:
        page = api.get(f"/api/v1/search?q=wombat&kind=note&limit=2&cursor={after}").json()
        found += [hit["name"] for hit in page["items"]]
        after = page["next"]
    assert sorted(found) == ["N-1", "N-2", "N-3", "N-4", "N-5"]
    hit = api.get("/api/v1/search?q=wombat&kind=note").json()["items"][0]
    assert hit["url"].endswith(f"/incidents/{incident.number}/notes/{hit['name'][2:]}")
    assert api.get("/api/v1/search?q=").status_code == 422
