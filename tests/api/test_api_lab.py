"""Events, indicators and samples over the API: asked by a cursor, noted by the same actions, hidden from outsiders."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile
from test_api import BASE, Caller

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry, Organization
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.analysis import run_analysis
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
SCRIPT = b"powershell -nop -w hidden -enc SQBFAFgA\r\n$x = 'odd marker'\r\nInvoke-Expression $x\r\n" * 4
RULE = """
title: Logon
id: 5a0bbd04-0000-4000-8000-000000000004
level: high
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""


def log(count: int = 30) -> bytes:
    lines = []
    for n in range(count):
        system = {
            "Provider": {"#attributes": {"Name": "P"}}, "EventID": 4624, "EventRecordID": n + 1, "Channel": "Security",
            "TimeCreated": {"#attributes": {"SystemTime": f"2026-03-01T03:{n:02}:00Z"}}, "Computer": f"ws{n % 2}",
        }  # fmt: skip
        data = {"IpAddress": "203.0.113.66" if n == 4 else "198.51.100.1", "TargetUserName": f"user{n % 3}"}
        lines.append(json.dumps({"Event": {"System": system, "EventData": data}}))
    return "\n".join(lines).encode()


@pytest.fixture
def place(organization: Organization, tmp_path: Path) -> Incident:
    incident = factories.incident(organization, playbook_id=None)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("in/run.ps1", SCRIPT)
    factories.evidence(incident, tmp_path, log(), "security.jsonl")
    factories.evidence(incident, tmp_path, whole.getvalue(), "files.zip")
    return incident


@pytest.fixture
def lead(place: Incident) -> Caller:
    return Caller(factories.on(place, "lead", OrgRole.RESPONDER), place.organization)


def analyse(place: Incident, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(RULE)
    run = run_analysis(request_analysis(S, place, rules=str(tmp_path / "rule.yml")), jobs=1)
    assert run.state == "done", (run.error, run.stages)


def of(place: Incident, path: str) -> str:
    return f"/incidents/{place.id}/{path}"


def test_events_are_searched_counted_and_read(place: Incident, lead: Caller, tmp_path: Path) -> None:
    status, told = lead.get(of(place, "events"))
    assert (status, "run an analysis" in told["detail"]) == (422, True)
    analyse(place, tmp_path)

    seen: list[str] = []
    cursor = ""
    while True:
        status, page = lead.get(of(place, "events"), q="user:user1", limit=4, order="oldest", cursor=cursor)
        assert status == 200
        seen += [event["id"] for event in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"E-01.{n}" for n in range(30) if n % 3 == 1]
    assert lead.get(of(place, "events"), q="user:user1", limit=1)[1]["items"][0]["id"] == seen[-1]

    status, facets = lead.get(of(place, "events/facets"), column=["host_name", "fields.IpAddress"], q="user:user0")
    assert status == 200
    assert {v["value"]: v["count"] for v in facets["host_name"]["values"]} == {"ws0": 5, "ws1": 5}
    assert facets["fields.IpAddress"]["values"] == [{"value": "198.51.100.1", "count": 10}]
    status, counted = lead.get(of(place, "events/histogram"), buckets=10)
    assert (status, counted["total"], counted["untimed"]) == (200, 30, 0)
    assert sum(bucket["count"] for bucket in counted["counts"]) == 30

    status, event = lead.get(of(place, "events/E-01.4"))
    assert (status, event["fields"]["IpAddress"], event["mark"]) == (200, "203.0.113.66", None)
    assert lead.get(of(place, "events/E-01.99"))[0] == 404
    run = lead.get(of(place, "analyses/1"))[1]
    assert {stage["name"]: stage["state"] for stage in run["stages"]} == {
        "events": "done", "indicators": "skipped", "samples": "done", "story": "done",
    }  # fmt: skip


def test_a_question_that_is_wrong_says_where(place: Incident, lead: Caller, tmp_path: Path) -> None:
    analyse(place, tmp_path)
    status, told = lead.get(of(place, "events"), q="user:(a or")
    assert (status, told["field"]) == (422, "q")
    assert lead.get(of(place, "events"), cursor="nonsense")[0] == 422
    assert lead.get(of(place, "events"), q="x" * 2_001)[0] == 422


def test_marks_and_searches_are_kept(place: Incident, lead: Caller, tmp_path: Path) -> None:
    analyse(place, tmp_path)
    status, made = lead.post(of(place, "events/marks"), events=["E-01.4", "E-01.5"], starred=True, add_tags=["Odd one"])
    assert status == 200
    assert [(one["event"], one["starred"], one["tags"]) for one in made] == [
        ("E-01.4", True, ["odd-one"]), ("E-01.5", True, ["odd-one"]),
    ]  # fmt: skip
    assert lead.post(of(place, "events/marks"), events=["E-77.4"], starred=True)[0] == 422
    assert lead.get(of(place, "events/E-01.4"))[1]["mark"]["tags"] == ["odd-one"]
    assert lead.items(of(place, "events/marks"), tag="odd-one") == made
    assert lead.items(of(place, "events/marks"), tag="other") == []

    assert lead.post(of(place, "searches"), name="odd", query="user:user1")[0] == 201
    assert [(s["name"], s["query"]) for s in lead.items(of(place, "searches"))] == [("odd", "user:user1")]
    assert lead.client.delete(BASE + of(place, "searches/odd")).status_code == 204
    assert lead.client.delete(BASE + of(place, "searches/odd")).status_code == 404


def test_what_is_looked_for_is_met(place: Incident, lead: Caller, tmp_path: Path) -> None:
    status, own = lead.post(
        of(place, "indicators"), written="203.0.113[.]66", source="partner", confidence=90, tlp="RED"
    )
    assert (status, own["kind"], own["value"]) == (201, "ip", "203.0.113.66")
    assert lead.post(of(place, "indicators"), written="203.0.113.66")[0] == 422
    file = SimpleUploadedFile("feed.csv", b"type,value\nip,198.51.100.1\nip,nonsense\n")
    answer = lead.client.post(BASE + of(place, "feeds"), {"file": file, "source": "CERT", "tlp": "GREEN"})
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["count"], answer.json()["account"]["rejected"]) == (1, 1)
    rules = 'rule odd { strings: $a = "odd marker" condition: $a }\nrule broken { condition: nosuch }'
    status, yara = lead.post(of(place, "yara"), name="odd.yar", text=rules)
    assert (status, yara["rules"]) == (201, ["odd"])
    status, told = lead.post(of(place, "yara"), name="x.yar", text="rule broken {\n condition: nosuch }")
    assert (status, "line 2" in told["detail"]) == (422, True)
    analyse(place, tmp_path)

    met = {one["value"]: one for one in lead.get(of(place, "sightings"))[1]["items"]}
    assert met["203.0.113.66"]["cites"] == ["E-01.4"]
    assert (met["203.0.113.66"]["tlp"], met["203.0.113.66"]["source"]) == ("RED", "partner")
    assert (met["198.51.100.1"]["count"], met["198.51.100.1"]["source"]) == (29, "CERT")
    first = lead.get(of(place, "sightings"), limit=1)[1]
    rest = lead.get(of(place, "sightings"), limit=1, cursor=first["next"])[1]
    assert {*(s["value"] for s in first["items"]), *(s["value"] for s in rest["items"])} == set(met)
    assert rest["next"] is None

    rows = lead.get(of(place, "samples"))[1]["items"]
    assert [(one["item"], one["kind"]) for one in rows] == [("E-02", "powershell")]
    assert "facts" not in rows[0]
    status, sample = lead.get(of(place, f"samples/{rows[0]['id']}"))
    assert (status, sample["facts"]["hashes"]["sha256"]) == (200, rows[0]["sha256"])
    assert [match["rule"] for match in sample["yara"]] == ["odd"]

    status, gone = lead.post(of(place, "indicators/1/withdraw"), because="ours")
    assert (status, gone["withdrawn_because"]) == (200, "ours")
    assert lead.post(of(place, "feeds/1/withdraw"), because="old")[0] == 200
    assert lead.post(of(place, "yara/1/withdraw"))[0] == 200


def test_who_may_not_does_not_and_who_may_not_know_learns_nothing(
    place: Incident, lead: Caller, tmp_path: Path
) -> None:
    analyse(place, tmp_path)
    observer = Caller(factories.on(place, "observer"), place.organization)
    outsider = Caller(factories.user(place.organization, OrgRole.ADMINISTRATOR), place.organization)
    before = LogEntry.objects.count()
    posts: dict[str, dict[str, Any]] = {
        "events/marks": {"events": ["E-01.4"], "starred": True}, "searches": {"name": "a"},
        "indicators": {"written": "203.0.113.9"}, "yara": {"name": "a", "text": "rule a { condition: true }"},
        "indicators/1/withdraw": {"because": "x"},
    }  # fmt: skip
    lead.post(of(place, "indicators"), written="203.0.113.8")
    for path, given in posts.items():
        assert observer.post(of(place, path), **given)[0] == 403, path
        assert outsider.post(of(place, path), **given)[0] == 404, path
    for path in ("events", "events/E-01.4", "events/facets?column=host", "events/histogram", "events/marks", "searches",
                 "indicators", "feeds", "yara", "sightings", "samples", "samples/1"):  # fmt: skip
        assert outsider.get(of(place, path))[0] == 404, path
    assert observer.get(of(place, "events"))[0] == 200
    assert LogEntry.objects.count() == before + 1


def test_a_sample_is_taken_out_encrypted_and_told(place: Incident, lead: Caller, tmp_path: Path) -> None:
    analyse(place, tmp_path)
    sample = lead.get(of(place, "samples"))[1]["items"][0]
    take = BASE + of(place, f"samples/{sample['id']}/take")
    answer = lead.client.post(take, json.dumps({"why": " "}), content_type="application/json")
    assert (answer.status_code, answer.json()["field"]) == (422, "why")
    answer = lead.client.post(take, json.dumps({"why": "for the sandbox"}), content_type="application/json")
    assert answer.status_code == 200
    packed = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert b"odd marker" not in packed
    with pyzipper.AESZipFile(io.BytesIO(packed)) as archive:
        with pytest.raises(RuntimeError, match="encrypted"):
            archive.read(sample["sha256"])
        archive.setpassword(b"infected")
        assert archive.read(sample["sha256"]) == SCRIPT
    entry = LogEntry.objects.filter(chain_id=place.chain_id, verb="sample.release").get()
    assert (entry.payload["why"], entry.payload["sha256"]) == ("for the sandbox", sample["sha256"])
    observer = Caller(factories.on(place, "observer"), place.organization)
    assert observer.post(of(place, f"samples/{sample['id']}/take"), why="x")[0] == 403


def test_a_step_is_answered_once_and_a_run_is_stopped(place: Incident, lead: Caller, tmp_path: Path) -> None:
    analyse(place, tmp_path)
    key = lead.items(of(place, "steps"))[0]["key"]
    assert lead.post(of(place, "proposals/answer"), key="none", accept=True)[0] == 422
    status, made = lead.post(of(place, "proposals/answer"), key=key, accept=False, reason="our own test")
    assert (status, made["state"], made["reason"]) == (201, "rejected", "our own test")
    assert lead.post(of(place, "proposals/answer"), key=key, accept=True)[0] == 422
    number = lead.post(of(place, "analyses"))[1]["number"]
    stop = BASE + of(place, f"analyses/{number}/stop")
    assert lead.client.post(stop).status_code == 204
    assert lead.get(of(place, f"analyses/{number}"))[1]["error"] == f"Stopped by {lead.person.name}."
    assert lead.client.post(stop).status_code == 422
