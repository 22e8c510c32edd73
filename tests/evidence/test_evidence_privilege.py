"""Privileged files: kept like evidence, seen by those who are privy, never analysed; set later and lifted."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

import factories
from tocsin.core import log
from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import SEALED, Invalid
from tocsin.core.models import LogEntry
from tocsin.core.searching import query_of
from tocsin.evidence.actions import (
    Intake,
    fail_analysis,
    request_analysis,
    take_evidence,
    transfer_evidence,
    verify_evidence,
)
from tocsin.evidence.actions.analyst import mark_events
from tocsin.evidence.actions.privilege import lift_file_privilege, set_file_privileged, take_privileged_files
from tocsin.evidence.models import EvidenceItem, Sample
from tocsin.evidence.searching import found_in_evidence
from tocsin.evidence.stages import lake_folder
from tocsin.evidence.store import put_file
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import privilege
from tocsin.incidents.queries.search import cited
from tocsin.incidents.sentences import sentence
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
MARKER = "zebrafish"


@pytest.fixture
def incident(organization) -> Incident:  # type: ignore[no-untyped-def]
    return factories.incident(organization, playbook_id=None)


@pytest.fixture
def counsel(incident: Incident) -> User:
    return factories.holder(incident.organization, "legal_counsel")


@pytest.fixture
def lead(incident: Incident) -> User:
    return factories.on(incident, IncidentRole.LEAD)


def intake(folder: Path, name: str = f"{MARKER}-opinion.txt", content: bytes = b"The opinion of counsel.") -> Intake:
    (folder / name).write_bytes(content)
    return Intake(name, put_file(folder / name))


@pytest.fixture
def secret(incident: Incident, counsel: User, tmp_path: Path) -> EvidenceItem:
    return take_privileged_files(counsel.actor, incident, intakes=[intake(tmp_path)], why="From Northgate Law.")[0]


def as_user(person: User) -> Client:
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def found(person: User) -> list[str]:
    return [hit.name for hit in found_in_evidence(person.actor, query_of(MARKER), 10)]


def test_the_log_binds_the_file_and_names_nothing_of_it(incident: Incident, secret: EvidenceItem) -> None:
    exported = b"".join(log.export(LogEntry.objects.filter(chain=incident.chain_id)))
    assert MARKER.encode() not in exported
    assert secret.sha256.encode() not in exported
    assert log.verify_lines(exported.splitlines(keepends=True)).holds
    assert LogEntry.objects.filter(chain=incident.chain_id, verb=SEALED).count() == 1


def test_those_who_are_privy_read_it_from_the_seal(incident: Incident, counsel: User, secret: EvidenceItem) -> None:
    assert found(counsel) == ["PE-01"]
    sealed = privilege.sealed_of(counsel.actor, incident).get()
    assert sealed.content["payload"]["items"][0]["sha256"] == secret.sha256
    assert sentence(privilege.opened(sealed)) == f"{counsel} took privileged files into custody: PE-01."


def test_for_others_it_is_not_there(incident: Incident, lead: User, secret: EvidenceItem) -> None:
    assert found(lead) == []
    assert not incident.evidence.exists()
    assert cited(lead.actor, f"{incident.number} E-1") == []
    with pytest.raises(Invalid, match="no evidence"):
        request_analysis(lead.actor, incident)


def test_whoever_brings_the_same_file_does_not_learn_that_it_is_there(
    incident: Incident, lead: User, secret: EvidenceItem, tmp_path: Path
) -> None:
    (item,) = take_evidence(lead.actor, incident, intakes=[intake(tmp_path, "found.txt")])
    assert (item.label, item.sha256) == ("E-01", secret.sha256)
    assert LogEntry.objects.filter(verb="evidence.take").latest("sequence").payload["known"] == []


def test_only_those_who_are_privy_take_privileged_files(incident: Incident, lead: User, tmp_path: Path) -> None:
    with pytest.raises(Forbidden):
        take_privileged_files(lead.actor, incident, intakes=[intake(tmp_path)])
    assert not EvidenceItem.kept.exists()


def test_content_that_everybody_sees_is_not_taken_again_as_privileged(
    incident: Incident, counsel: User, lead: User, tmp_path: Path
) -> None:
    take_evidence(lead.actor, incident, intakes=[intake(tmp_path, "found.txt")])
    with pytest.raises(Invalid, match="E-01"):
        take_privileged_files(counsel.actor, incident, intakes=[intake(tmp_path)])


def test_what_is_recorded_in_clear_is_refused_for_a_privileged_item(
    incident: Incident, lead: User, secret: EvidenceItem
) -> None:
    with pytest.raises(Hidden):
        transfer_evidence(lead.actor, incident, item=secret, to="Northgate", why="To read.")
    with pytest.raises(Hidden):
        verify_evidence(lead.actor, incident, checked=[(secret, True)])


def test_an_item_made_privileged_later_leaves_the_analysis(
    incident: Incident, counsel: User, lead: User, tmp_path: Path
) -> None:
    item, other = take_evidence(
        lead.actor, incident, intakes=[intake(tmp_path), intake(tmp_path, "log.txt", b"A log.")], why="Collected."
    )
    run = request_analysis(lead.actor, incident)
    with pytest.raises(Invalid, match="analysis is reading"):
        set_file_privileged(counsel.actor, incident, item=item, because="It is advice.")
    fail_analysis(factories.SYSTEM, incident, run=run, error="stopped for the test")
    lake = lake_folder(incident.pk) / item.label
    lake.mkdir(parents=True)
    with factories.preparing():
        Sample.objects.create(incident=incident, run=run, item=item, name=item.name, sha256=item.sha256, bytes=3, kind="txt",
                              kind_name="text")  # fmt: skip
        run.report = {"files": [{"item": "E-01", "path": item.name}, {"item": "E-02", "path": other.name}]}
        run.stages = [{"name": "events", "failed": [f"E-01: {item.name} is no log", "E-02: odd"]}]
        run.save()
    set_file_privileged(counsel.actor, incident, item=item, because="It is advice.")
    item = EvidenceItem.kept.get(pk=item.pk)
    assert (item.label, item.was_number) == ("PE-01", 1)
    assert {str(lead), str(counsel)} <= set(item.could_read)
    assert [i.label for i in incident.evidence.all()] == ["E-02"]
    run.refresh_from_db()
    assert run.items == [2]
    assert [row["item"] for row in run.report["files"]] == ["E-02"]
    assert run.stages[0]["failed"] == ["E-02: odd"]
    assert not incident.samples.exists()
    assert found(lead) == []
    (third,) = take_evidence(lead.actor, incident, intakes=[intake(tmp_path, "third.txt", b"Third.")])
    assert third.label == "E-03"


def test_the_lake_forgets_an_item_that_became_privileged(
    incident: Incident, counsel: User, lead: User, tmp_path: Path, django_capture_on_commit_callbacks: object
) -> None:
    (item,) = take_evidence(lead.actor, incident, intakes=[intake(tmp_path)])
    lake = lake_folder(incident.pk) / "E-01"
    lake.mkdir(parents=True)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        set_file_privileged(counsel.actor, incident, item=item, because="It is advice.")
    assert not lake.exists()


def test_privilege_takes_no_facts_out_of_a_case(incident: Incident, counsel: User, lead: User, tmp_path: Path) -> None:
    (item,) = take_evidence(lead.actor, incident, intakes=[intake(tmp_path)])
    mark_events(lead.actor, incident, events=[(item, 7)], starred=True)
    with pytest.raises(Invalid, match="takes no facts out of a case"):
        set_file_privileged(counsel.actor, incident, item=item, because="It hurts.")


def test_lifting_opens_it_under_its_old_number_and_says_why(
    incident: Incident, counsel: User, lead: User, tmp_path: Path
) -> None:
    (item,) = take_evidence(lead.actor, incident, intakes=[intake(tmp_path)])
    set_file_privileged(counsel.actor, incident, item=item, because="It is advice.")
    with pytest.raises(Forbidden):
        lift_file_privilege(factories.on(incident, IncidentRole.COUNSEL).actor, incident, item=item, because="Mine.")
    with pytest.raises(Invalid, match="reason"):
        lift_file_privilege(counsel.actor, incident, item=item, because=" ")
    lift_file_privilege(counsel.actor, incident, item=item, because="It holds facts only.")
    assert found(lead) == ["E-01"]
    entry = LogEntry.objects.filter(chain=incident.chain_id).latest("sequence")
    assert "lifted the privilege of a file: it is E-01" in sentence(entry)
    assert "It holds facts only." in sentence(entry)


def test_a_file_that_is_there_openly_as_well_is_not_lifted_twice(
    incident: Incident, counsel: User, lead: User, secret: EvidenceItem, tmp_path: Path
) -> None:
    take_evidence(lead.actor, incident, intakes=[intake(tmp_path, "found.txt")])
    with pytest.raises(Invalid, match="E-01 has the same content"):
        lift_file_privilege(counsel.actor, incident, item=secret, because="Open now.")


def test_counsel_takes_reads_and_lifts_on_the_page(
    incident: Incident, counsel: User, lead: User, tmp_path: Path
) -> None:
    page = as_user(counsel)
    (tmp_path / "opinion.txt").write_bytes(b"The opinion.")
    with (tmp_path / "opinion.txt").open("rb") as file:
        answer = page.post(
            f"/incidents/{incident.number}/evidence/privileged/upload", {"files": [file], "why": "By mail"}
        )
    assert answer.status_code == 302
    text = page.get(f"/incidents/{incident.number}/evidence").content.decode()
    assert "PE-01" in text
    assert "Privileged" in text
    got = page.get(f"/incidents/{incident.number}/evidence/privileged/1")
    assert b"".join(got.streaming_content) == b"The opinion."
    assert got["Content-Disposition"] == 'attachment; filename="opinion.txt"'
    other = as_user(lead)
    assert other.get(f"/incidents/{incident.number}/evidence/privileged/1").status_code == 404
    assert "PE-01" not in other.get(f"/incidents/{incident.number}/evidence").content.decode()
    lifted = page.post(f"/incidents/{incident.number}/evidence/privileged/1/lift", {"because": "Facts only."})
    assert lifted.status_code == 302
    assert "opinion.txt" in other.get(f"/incidents/{incident.number}/evidence").content.decode()


def test_what_is_not_whole_any_more_is_not_handed_out(incident: Incident, counsel: User, secret: EvidenceItem) -> None:
    with factories.preparing():
        EvidenceItem.kept.filter(pk=secret.pk).update(sha256="0" * 64)
    answer = as_user(counsel).get(f"/incidents/{incident.number}/evidence/privileged/1")
    assert answer.status_code == 422


def test_an_admitted_person_reads_files_too(
    incident: Incident, counsel: User, lead: User, secret: EvidenceItem
) -> None:
    actions.admit_to_privilege(counsel.actor, incident, user_id=lead.pk, because="Leads with counsel.")
    assert as_user(lead).get(f"/incidents/{incident.number}/evidence/privileged/1").status_code == 200
