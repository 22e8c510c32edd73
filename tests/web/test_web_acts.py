"""What forms do: each act lands in the room through its action, a refusal says why and loses nothing, stale forms fail."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from signing_in import as_user

import factories
from tocsin.evidence.analysis import run_analysis
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, ScopeEntry, Task
from tocsin.people.models import Member, User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def url(incident: Incident, path: str) -> str:
    return f"/incidents/{incident.number}/{path}"


def news(answer: Any) -> dict[str, Any]:
    return dict(json.loads(answer["HX-Trigger"]))


@pytest.fixture
def task(incident: Incident) -> Task:
    return next(t for t in incident.tasks.filter(state="open", kind="task") if t.done_when)


# Declaring


def test_declaring_takes_four_answers_and_lands_in_the_room(lead: Client, incident: Incident) -> None:
    form = {"title": "A ransom note on the file server", "severity": "1", "playbook": "", "exercise": "no"}
    answer = lead.post("/incidents/declare", form)
    made = Incident.objects.get(title=form["title"])
    assert answer["Location"] == f"/incidents/{made.number}/"
    assert made.playbook_id == "ransomware"
    assert "ransom" in made.playbook_because
    assert not made.exercise
    assert lead.get(answer["Location"]).status_code == 200


def test_an_exercise_is_marked_on_every_page(lead: Client, incident: Incident) -> None:
    form = {"title": "Tabletop", "severity": "3", "playbook": "general", "exercise": "yes"}
    room = lead.post("/incidents/declare", form)["Location"]
    for page in ("", "tasks", "log", "report"):
        text = lead.get(room + page).content.decode()
        assert "data-exercise" in text
        assert "Nothing on this page is real" in text


@pytest.mark.parametrize("form", [{"title": " ", "severity": "2"}, {"title": "x", "severity": "9"}, {"title": "x"}])
def test_a_refused_declaration_comes_back_as_it_was_filled_in(lead: Client, form: dict[str, str]) -> None:
    answer = lead.post("/incidents/declare", form | {"summary": "The night shift called."})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The night shift called." in text
    assert 'aria-invalid="true"' in text
    assert Incident.objects.count() == 1


# Tasks


def test_a_task_is_done_with_its_proof(lead: Client, incident: Incident, task: Task, manager: User) -> None:
    answer = lead.post(url(incident, f"tasks/{task.number}/complete"), {"proof": "photo 3", "revision": task.revision})
    task.refresh_from_db()
    assert answer["Location"] == url(incident, f"tasks/{task.number}")
    assert (task.state, task.proof, task.ended_by) == ("done", "photo 3", manager.name)


def test_without_its_proof_it_is_not_done_and_the_form_hears_why(lead: Client, incident: Incident, task: Task) -> None:
    answer = lead.post(url(incident, f"tasks/{task.number}/complete"), {"proof": ""}, headers=HTMX)
    task.refresh_from_db()
    assert answer.status_code == 422
    assert news(answer)["tocsin:invalid"]["field"] == "proof"
    assert task.done_when in news(answer)["tocsin:invalid"]["said"]
    assert task.state == "open"


def test_a_stale_form_is_refused_and_what_was_written_is_shown(lead: Client, incident: Incident, task: Task) -> None:
    seen = task.revision
    actions.assign_task(factories.SYSTEM, incident, task=task, member=Member.objects.first())
    words = "I walked through the hall and every switch is off."
    answer = lead.post(url(incident, f"tasks/{task.number}/complete"), {"proof": words, "revision": seen})
    assert answer.status_code == 422
    assert "Somebody changed this" in answer.content.decode()
    assert words in answer.content.decode()
    task.refresh_from_db()
    assert task.state == "open"


def test_htmx_is_told_that_it_is_done(lead: Client, incident: Incident, task: Task) -> None:
    answer = lead.post(url(incident, f"tasks/{task.number}/start"), {}, headers=HTMX)
    assert answer.status_code == 204
    assert str(task.number) in news(answer)["tocsin:done"]["said"]


@pytest.mark.parametrize(
    ("act", "form", "state"),
    [
        ("start", {}, "doing"),
        ("block", {"reason": "the key is missing"}, "blocked"),
        ("skip", {"reason": "no such hall"}, "skipped"),
    ],
)
def test_a_task_moves(lead: Client, incident: Incident, task: Task, act: str, form: dict[str, str], state: str) -> None:
    lead.post(url(incident, f"tasks/{task.number}/{act}"), form)
    task.refresh_from_db()
    assert task.state == state


def test_a_task_is_given_to_a_person_and_taken_off(lead: Client, incident: Incident, task: Task) -> None:
    member = Member.objects.get(organization=incident.organization, key="priya-raman")
    lead.post(url(incident, f"tasks/{task.number}/assign"), {"member": member.pk})
    task.refresh_from_db()
    assert task.member == member
    lead.post(url(incident, f"tasks/{task.number}/assign"), {"member": ""})
    task.refresh_from_db()
    assert task.member is None


@pytest.mark.parametrize("member", ["999999", "x", "-1"])
def test_a_member_who_is_none_is_refused(lead: Client, incident: Incident, task: Task, member: str) -> None:
    assert lead.post(url(incident, f"tasks/{task.number}/assign"), {"member": member}).status_code == 422


def test_work_is_added_with_a_deadline_in_ones_own_zone(lead: Client, incident: Incident, manager: User) -> None:
    with factories.preparing():
        manager.time_zone = "Europe/Stockholm"
        manager.save()
    form = {"title": "Call the plant", "role": "incident_manager", "due_at": "2030-01-15T12:00"}
    lead.post(url(incident, "tasks/add"), form)
    added = incident.tasks.get(title="Call the plant")
    assert added.due_at is not None
    assert added.due_at.isoformat() == "2030-01-15T11:00:00+00:00"


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01T00:00", "0"])
def test_a_time_that_is_none_is_refused_with_an_example(lead: Client, incident: Incident, text: str) -> None:
    form = {"title": "Call the plant", "role": "incident_manager", "due_at": text}
    answer = lead.post(url(incident, "tasks/add"), form, headers=HTMX)
    assert answer.status_code == 422
    assert "write it as" in news(answer)["tocsin:invalid"]["said"]


# Steering


def test_phase_severity_and_summary(lead: Client, incident: Incident) -> None:
    lead.post(url(incident, "phase"), {"phase": "contained", "because": "all ports closed", "revision": 0})
    lead.post(url(incident, "severity"), {"severity": "1", "because": "the plant stands", "revision": 1})
    lead.post(url(incident, "summary"), {"summary": "The plant stands.", "revision": 2})
    incident.refresh_from_db()
    assert (incident.phase, incident.severity, incident.summary) == ("contained", 1, "The plant stands.")
    answer = lead.post(url(incident, "summary"), {"summary": "An older view of things, lost.", "revision": 1})
    assert answer.status_code == 422


@pytest.mark.parametrize("form", [{"phase": "napping"}, {"phase": ""}])
def test_an_unknown_phase_is_refused(lead: Client, incident: Incident, form: dict[str, str]) -> None:
    assert lead.post(url(incident, "phase"), form).status_code == 422


def test_a_fact_is_read_by_its_kind(lead: Client, incident: Incident) -> None:
    lead.post(url(incident, "fact"), {"name": "personal_data_affected", "value": "yes"})
    lead.post(url(incident, "fact"), {"name": "people_affected", "value": "1900"})
    refused = lead.post(url(incident, "fact"), {"name": "people_affected", "value": "many"})
    incident.refresh_from_db()
    assert incident.facts["personal_data_affected"] is True
    assert incident.facts["people_affected"] == 1900
    assert refused.status_code == 422


def test_an_instant_starts_the_clocks_that_hang_on_it(lead: Client, incident: Incident) -> None:
    lead.post(url(incident, "fact"), {"name": "personal_data_affected", "value": "yes"})
    at = (incident.declared_at - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M")
    lead.post(url(incident, "instant"), {"anchor": "aware", "at": at})
    clock = incident.clocks.get(regime="eu-gdpr-33")
    assert clock.due_at is not None
    page = lead.get(url(incident, "obligations")).content.decode()
    assert "Notify the data protection authority" in page


def test_a_role_is_handed_over_and_who_held_it_before_is_shown(lead: Client, incident: Incident) -> None:
    tomasz = Member.objects.get(organization=incident.organization, key="tomasz-zielinski")
    form = {"role": "incident_manager", "member": tomasz.pk, "because": "day shift"}
    lead.post(url(incident, "roles/hand-over"), form)
    text = lead.get(url(incident, "roles")).content.decode()
    assert "Tomasz" in text
    assert "before" in text


def test_an_empty_seat_is_red(lead: Client, incident: Incident) -> None:
    with factories.preparing():
        incident.roles.filter(role="scribe").update(member=None, holder="")
    room = lead.get(url(incident, "")).content.decode()
    assert "Nobody holds" in room
    assert 't-seat" data-is="empty"' in lead.get(url(incident, "roles")).content.decode()


# Decisions


def test_only_who_the_plan_trusts_decides_and_the_brief_says_who(lead: Client, incident: Incident) -> None:
    decision = next(d for d in incident.decisions.all() if d.role != "incident_manager")
    page = lead.get(url(incident, f"decisions/{decision.number}")).content.decode()
    assert "gives this decision to somebody else" in page
    form = {"chosen": decision.options[0]["id"], "reason": "because"}
    answer = lead.post(url(incident, f"decisions/{decision.number}/decide"), form)
    assert answer.status_code == 403
    assert "The plan gives this decision to" in answer.content.decode()


def test_a_decision_is_taken_with_reason_objection_and_what_was_known(lead: Client, incident: Incident) -> None:
    decision = incident.decisions.get(role="incident_manager")
    where = url(incident, f"decisions/{decision.number}")
    assert lead.post(f"{where}/decide", {"chosen": decision.options[0]["id"], "reason": ""}).status_code == 422
    lead.post(f"{where}/decide", {"chosen": decision.options[0]["id"], "reason": "We need hands tonight."})
    lead.post(f"{where}/disagree", {"reason": "It costs the whole retainer."})
    page = lead.get(where).content.decode()
    for words in ("We need hands tonight.", "It costs the whole retainer.", "Known then"):
        assert words in page
    again = lead.post(f"{where}/again", {"reason": "They cannot come before Monday."})
    assert lead.get(again["Location"]).status_code == 200


# Scope, findings, remediation


def test_the_scope_as_of_a_time_shows_what_was_known_then(lead: Client, incident: Incident) -> None:
    form = {"kind": "host", "name": "FS-03", "because": "ransom note", "cites": "E-01#7, E-01#8"}
    lead.post(url(incident, "scope/add"), form)
    entry = ScopeEntry.objects.get(name="FS-03")
    assert entry.cites == ["E-01#7", "E-01#8"]
    assert lead.post(url(incident, f"scope/{entry.number}/change"), {"state": "confirmed"}).status_code == 422
    with factories.preparing():
        entry.changes.update(at=incident.declared_at - timedelta(hours=3))
    lead.post(url(incident, f"scope/{entry.number}/change"), {"state": "confirmed", "because": "seen"})
    then = (incident.declared_at - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    before = (incident.declared_at - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M")
    assert "Confirmed 1" in lead.get(url(incident, "scope")).content.decode()
    assert "Suspected 1" in lead.get(url(incident, f"scope?at={then}")).content.decode()
    assert "FS-03" not in lead.get(url(incident, f"scope?at={before}")).content.decode()


def test_who_carried_it_out_does_not_verify_it(lead: Client, incident: Incident) -> None:
    entry = actions.add_scope(factories.SYSTEM, incident, kind="host", name="FS-03", because="note")
    form = {"entry": entry.number, "what": "Rebuild it", "role": "remediation_lead"}
    lead.post(url(incident, "remediation/plan"), form)
    lead.post(url(incident, "remediation/1/done"))
    check = {"held": "yes", "method": "scan", "result": "clean"}
    assert lead.post(url(incident, "remediation/1/verify"), check).status_code == 422
    other = as_user(factories.on(incident, IncidentRole.RESPONDER))
    assert other.post(url(incident, "remediation/1/verify"), check).status_code == 302
    assert "1 verified" in lead.get(url(incident, "remediation")).content.decode()


# Evidence


def event(number: int) -> str:
    """A Sysmon process start as JSON line that one of the example's rules matches."""
    return json.dumps(
        {
            "@timestamp": "2026-03-02T10:00:00.000Z",
            "winlog": {
                "channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "record_id": number,
                "computer_name": "FS-03", "provider_name": "Microsoft-Windows-Sysmon",
                "event_data": {
                    "Image": "C:\\Windows\\System32\\vssadmin.exe", "User": "CORP\\svc_backup",
                    "OriginalFileName": "VSSADMIN.EXE", "CommandLine": "vssadmin delete shadows /all /quiet",
                },
            },
        }
    )  # fmt: skip


def test_files_go_into_custody_are_analysed_and_the_detections_show_their_events(
    lead: Client, incident: Incident
) -> None:
    files = [
        SimpleUploadedFile("fs-03.jsonl", "\n".join(event(n) for n in range(3)).encode()),
        SimpleUploadedFile("broken.evtx", b"ElfFile\x00" + b"\xff" * 5000),
    ]
    answer = lead.post(url(incident, "evidence/upload"), {"files": files, "why": "from FS-03"}, headers=HTMX)
    assert answer.status_code == 204, answer.content
    assert "2 files are in custody" in news(answer)["tocsin:done"]["said"]
    waiting = lead.get(url(incident, "investigation")).content.decode()
    assert "every 2s" in waiting
    run_analysis(incident.runs.last(), jobs=1)  # type: ignore[arg-type]
    page = lead.get(url(incident, "investigation")).content.decode()
    assert "broken.evtx" in page
    assert "not read whole" in page
    assert "every 2s" not in page
    found = incident.detections.first()
    assert found is not None, incident.runs.last()
    shown = lead.get(url(incident, f"detections/{found.pk}")).content.decode()
    assert "vssadmin delete shadows /all /quiet" in shown
    assert found.author in shown
    assert "suspected" in lead.get(url(incident, "scope")).content.decode()
    finding = incident.findings.filter(state="suggested").first()
    assert finding is not None
    judge = url(incident, f"findings/{finding.number}/judge")
    assert lead.post(judge, {"judgement": "reject"}).status_code == 422
    lead.post(judge, {"judgement": "accept"})
    finding.refresh_from_db()
    assert finding.state == "stated"


def test_the_same_file_twice_is_the_item_that_is_there(lead: Client, incident: Incident) -> None:
    for _time in range(2):
        lead.post(url(incident, "evidence/upload"), {"files": [SimpleUploadedFile("a.jsonl", event(1).encode())]})
    assert incident.evidence.count() == 1


def test_an_observer_does_not_fill_the_store(incident: Incident, store: Any) -> None:
    observer = as_user(factories.on(incident, IncidentRole.OBSERVER))
    files = {"files": [SimpleUploadedFile("a.jsonl", b"x" * 1000)]}
    assert observer.post(url(incident, "evidence/upload"), files).status_code == 403
    assert not store.exists()


def test_a_changed_file_is_found_and_shown(lead: Client, incident: Incident, store: Any) -> None:
    item = factories.evidence(incident, store.parent)
    path = store / item.sha256[:2] / item.sha256
    path.chmod(0o600)
    path.write_bytes(b"something else")
    answer = lead.post(url(incident, "evidence/verify"), headers=HTMX)
    assert item.label in news(answer)["tocsin:done"]["said"]
    assert "broken" in lead.get(url(incident, "investigation")).content.decode()


# The log


def test_the_log_is_told_verified_filtered_and_taken_away(lead: Client, incident: Incident) -> None:
    actions.note(factories.SYSTEM, incident, text="The bridge is open <b>now</b>.")
    page = lead.get(url(incident, "log?about=notes")).content.decode()
    assert "The bridge is open &lt;b&gt;now&lt;/b&gt;." in page
    assert "started the playbook" not in page
    checked = lead.post(url(incident, "log/verify"), follow=True).content.decode()
    assert "The chain holds" in checked
    lines = b"".join(lead.get(url(incident, "log.jsonl"))).splitlines()  # type: ignore[arg-type]
    incident.chain.refresh_from_db()
    assert len(lines) == incident.chain.length
    assert json.loads(lines[-1])["hash"] == incident.chain.head
    assert lead.get(url(incident, f"log/{len(lines)}")).status_code == 200
    assert lead.get(url(incident, f"log/{len(lines) + 1}")).status_code == 404


def test_deviations_from_the_plan_are_shown(lead: Client, incident: Incident, task: Task) -> None:
    lead.post(url(incident, f"tasks/{task.number}/skip"), {"reason": "no such hall"})
    lead.post(url(incident, "tasks/add"), {"title": "Call the plant", "role": "incident_manager"})
    waiting = next(t for t in incident.tasks.filter(state="waiting") if t.needs)
    lead.post(url(incident, f"tasks/{waiting.number}/start"))
    page = lead.get(url(incident, "plan")).content.decode()
    for words in ("Not needed", "no such hall", "Added", "Call the plant", "Started early"):
        assert words in page
