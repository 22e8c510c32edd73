"""Privilege over the API: counsel does all of it, whom counsel admits reads and writes, for others there is nothing."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import factories
from tocsin.core.canonical import canonical
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db


class Asker:
    """A person's session, asking about one incident."""

    def __init__(self, person: User, incident: Incident) -> None:
        self.browser, self.base = Client(), f"/api/v1/incidents/{incident.pk}/"
        self.browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, path: str) -> Any:
        return self.browser.get(self.base + path)

    def post(self, path: str, **body: Any) -> Any:
        return self.browser.post(self.base + path, body, content_type="application/json")

    def put(self, path: str, **body: Any) -> Any:
        return self.browser.put(self.base + path, body, content_type="application/json")


@pytest.fixture
def counsel(incident: Incident) -> Asker:
    return Asker(factories.holder(incident.organization, "legal_counsel"), incident)


def test_a_privileged_note_from_beginning_to_lifting(incident: Incident, counsel: Asker) -> None:
    lead = Asker(factories.on(incident, IncidentRole.LEAD), incident)
    made = counsel.post("privilege/notes", title="Advice", text="Notify.").json()
    assert (made["number"], made["label"], made["could_read"]) == (1, "PN-1", [])
    assert counsel.put("privilege/notes/1", text="Notify now.", base=1).json()["text"] == "Notify now."
    assert counsel.put("privilege/notes/1", text="Without a base.").status_code == 422
    assert [n["title"] for n in counsel.get("privilege/notes").json()["items"]] == ["Advice"]
    assert counsel.get("notes").json()["items"] == []
    for path in ("privilege", "privilege/notes", "privilege/notes/1", "privilege/sealed", "privilege/files"):
        assert lead.get(path).status_code == 404, path
    assert lead.post("privilege/notes", title="Mine").status_code == 404
    assert lead.post("privilege/notes/1/lift", because="x").status_code == 404
    assert counsel.post("privilege/notes/1/lift", because="We waive it.").json()["number"] == 1
    assert lead.get("notes/1").json()["text"] == "Notify now."
    assert counsel.post("notes/1/privilege", because="No, we do not.").json()["label"] == "PN-1"
    assert lead.get("notes/1").status_code == 404


def test_admitting_and_the_list_of_those_who_are_privy(incident: Incident, counsel: Asker) -> None:
    person = factories.on(incident, IncidentRole.RESPONDER)
    expert = Asker(person, incident)
    assert counsel.post("privilege/admit", user=str(person.pk), because="Expert.").status_code == 204
    privy = expert.get("privilege").json()["items"]
    assert [(p["counsel"], p["because"]) for p in privy] == [(True, "Legal counsel"), (False, "Expert.")]
    assert expert.post("privilege/notes", title="Report").status_code == 201
    assert expert.post("privilege/admit", user=str(person.pk), because="x").status_code == 403
    assert expert.post("privilege/notes/1/lift", because="x").status_code == 403
    assert counsel.post("privilege/dismiss", user=str(person.pk), because="Done.").status_code == 204
    assert expert.get("privilege").status_code == 404


def test_the_sealed_entries_prove_themselves(incident: Incident, counsel: Asker) -> None:
    counsel.post("privilege/notes", title="Advice", text="Notify.")
    (sealed,) = counsel.get("privilege/sealed").json()["items"]
    entry = LogEntry.objects.get(chain=incident.chain_id, sequence=sealed["sequence"])
    whole = canonical({"salt": sealed["salt"], "content": sealed["content"]})
    assert entry.payload == {"seal": hashlib.sha256(whole).hexdigest()}


def test_files_are_sent_read_and_lifted(incident: Incident, counsel: Asker) -> None:
    lead = Asker(factories.on(incident, IncidentRole.LEAD), incident)
    sent = {"files": SimpleUploadedFile("opinion.txt", b"The opinion."), "why": "By mail"}
    answer = counsel.browser.post(counsel.base + "privilege/files", sent)
    assert [(i["label"], i["name"]) for i in answer.json()] == [("PE-01", "opinion.txt")]
    got = counsel.get("privilege/files/1/content")
    assert b"".join(got.streaming_content) == b"The opinion."
    assert lead.get("privilege/files/1/content").status_code == 404
    assert lead.get("evidence").json()["items"] == []
    assert counsel.post("privilege/files/1/lift", because="Facts.").json()["label"] == "E-01"
    assert [i["name"] for i in lead.get("evidence").json()["items"]] == ["opinion.txt"]


def test_the_hr_track_is_opened_by_hr(organization: Any) -> None:
    place = factories.incident(organization, playbook_id="insider")
    hr = Asker(factories.holder(organization, "hr_partner"), place)
    lead = Asker(factories.on(place, IncidentRole.LEAD), place)
    assert lead.post("hr-track", because="I lead.").status_code == 404
    child = hr.post("hr-track", because="Employment law.").json()
    assert child["title"] == f"HR track of {place.number}"
    assert lead.browser.get(f"/api/v1/incidents/{child['id']}").status_code == 404
