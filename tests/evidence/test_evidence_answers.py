"""What the analyses propose is stated or rejected once, and remembered; a run can be stopped."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from made_evidence import analysed, log

import factories
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.evidence import analysis, questions
from tocsin.evidence.actions import request_analysis, stop_analysis
from tocsin.evidence.analysis import run_analysis
from tocsin.evidence.models import AnalysisRun
from tocsin.evidence.progress import keep_progress, progress_of
from tocsin.evidence.questions import open_proposals_of, proposals_of, steps_of, suggestion_by_key
from tocsin.evidence.stages import lake_folder
from tocsin.evidence.suggest import MOST_KEY, suggestion_of, suggestion_of_step
from tocsin.incidents.actions import answer_suggestion
from tocsin.incidents.models import Incident
from tocsin.lab.analyses.answer import Proof, Proposal, Reason
from tocsin.lab.lake import LakeError

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def test_a_step_is_stated_as_a_finding_once(looked_into: Incident) -> None:
    step = next(step for step in steps_of(looked_into) if not step.is_noise)
    found = suggestion_by_key(looked_into, suggestion_of_step(step).key)
    assert found is not None
    made = answer_suggestion(S, looked_into, suggestion=found, accept=True)
    assert (made.state, made.key, made.techniques) == ("stated", step.key, ["T1078"])
    assert made.claim == step.sentence
    assert made.cites
    assert set(made.cites) <= {d.cite for d in looked_into.detections.select_related("item")}
    with pytest.raises(Invalid, match=f"F-{made.number} already"):
        answer_suggestion(S, looked_into, suggestion=found, accept=False, reason="no")
    entry = LogEntry.objects.filter(chain_id=looked_into.chain_id, verb="finding.answer").get()
    assert (entry.payload["accepted"], entry.payload["key"]) == (True, step.key)


def test_the_same_step_has_the_same_key_in_the_next_run(looked_into: Incident) -> None:
    keys = [suggestion_of_step(step).key for step in steps_of(looked_into)]
    analysed(looked_into)
    assert [suggestion_of_step(step).key for step in steps_of(looked_into)] == keys


def test_what_is_rejected_is_not_proposed_again(place: Incident, tmp_path: Path) -> None:
    cleared = (
        b'{"Event":{"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Eventlog"}},"EventID":1102,'
        b'"TimeCreated":{"#attributes":{"SystemTime":"2026-03-01T04:00:00Z"}},"EventRecordID":900,"Channel":"Security",'
        b'"Computer":"ws1.halden.example"},"UserData":{"LogFileCleared":{"SubjectUserName":"eve"}}}}\n'
    )
    factories.evidence(place, tmp_path, log(40) + cleared, "security.jsonl")
    analysed(place)
    proposed, _ = open_proposals_of(place)
    one = next(p for p in proposed if p.analysis == "cleared logs")
    suggestion = suggestion_by_key(place, suggestion_of(one).key)
    assert suggestion is not None
    assert suggestion.cites == list(one.proof.events)
    with pytest.raises(Invalid, match="why it is rejected"):
        answer_suggestion(S, place, suggestion=suggestion, accept=False)
    made = answer_suggestion(S, place, suggestion=suggestion, accept=False, reason="our own clean-up")
    assert (made.state, made.reason) == ("rejected", "our own clean-up")
    analysed(place)
    assert one.key in {p.key for p in proposals_of(place).found}
    assert one.key not in {p.key for p in open_proposals_of(place)[0]}


def test_a_key_that_no_suggestion_has_gives_none(looked_into: Incident) -> None:
    assert suggestion_by_key(looked_into, "step:none") is None
    assert suggestion_by_key(looked_into, "") is None


def test_a_run_makes_the_long_answers_for_other_processes(
    looked_into: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = looked_into.runs.last()
    assert run is not None
    assert next(stage for stage in run.stages if stage["name"] == "story")["state"] == "done"
    asked: list[Incident] = []

    def lake(incident: Incident, _seconds: float = 0) -> Any:
        asked.append(incident)
        raise LakeError("asked")

    monkeypatch.setattr(questions, "_kept", OrderedDict())  # as in a process that has just begun
    with monkeypatch.context() as patch:
        patch.setattr(questions, "lake_of", lake)
        assert proposals_of(looked_into).considered == 250
        assert questions.logons_of(looked_into)["edges"].total > 0
        assert questions.network_of(looked_into)["conversations"].total == 0
        assert not asked
        manifest = lake_folder(looked_into.pk) / "E-01" / "manifest.json"
        manifest.parent.rename(manifest.parent.with_name("E-07"))  # another lake: old answers do not count
        with pytest.raises(LakeError, match="asked"):
            proposals_of(looked_into)


def test_a_stored_answer_that_is_damaged_is_made_anew(looked_into: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(settings.HOME) / "answers" / str(looked_into.pk) / "proposals.pickle"
    whole = path.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        monkeypatch.setattr(questions, "_kept", OrderedDict())
        assert proposals_of(looked_into).considered == 250
        assert path.read_bytes() == whole


def test_long_keys_stay_apart() -> None:
    def proposal(key: str) -> Proposal:
        return Proposal(key, "a", "claim", (Reason("n", 1, "", None, "Because."),), "low", (), Proof(("E-01.1",), 1))

    first, second = suggestion_of(proposal("x" * 300 + "1")), suggestion_of(proposal("x" * 300 + "2"))
    assert len(first.key) <= MOST_KEY
    assert first.key != second.key
    assert suggestion_of(proposal("short")).key == "short"


def test_the_pages_answer_by_key(looked_into: Incident, client: Client) -> None:
    client.force_login(factories.on(looked_into, "lead", OrgRole.RESPONDER))
    base = f"/incidents/{looked_into.number}/investigation"
    key = suggestion_of_step(next(step for step in steps_of(looked_into) if not step.is_noise)).key
    page = client.get(f"{base}/attack").content.decode()
    assert f'value="{key}"' in page
    assert "Answered in the findings" not in page
    client.post(f"{base}/proposed/answer", {"key": key, "judgement": "accept"})
    assert looked_into.findings.get(key=key).state == "stated"
    page = client.get(f"{base}/attack").content.decode()
    assert f'value="{key}"' not in page
    assert "Answered in the findings" in page
    run = request_analysis(S, looked_into)
    client.post(f"{base}/run/stop")
    run.refresh_from_db()
    assert run.state == "failed"


def test_a_run_that_is_stopped_ends_there(place: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "ASK_EVERY", 0.0)
    factories.evidence(place, tmp_path, log(), "a.jsonl")
    run = request_analysis(S, place)
    asked: list[str] = []

    def progress(done: int, total: int, done_files: int, total_files: int, name: str) -> None:
        if not asked:
            stop_analysis(S, place, run=AnalysisRun.objects.get(pk=run.pk))
        asked.append(name)

    ended = run_analysis(run, progress=progress, jobs=1)
    assert (ended.state, ended.error) == ("failed", f"Stopped by {S.name}.")
    assert len(asked) == 1
    assert not place.detections.exists()
    assert "analysis.fail" not in factories.verbs(place)
    with pytest.raises(Invalid, match="has ended"):
        stop_analysis(S, place, run=ended)
    request_analysis(S, place)


def test_progress_names_the_stage() -> None:
    keep = keep_progress("a-run")
    keep(10, 10, 1, 1, "x.evtx")
    told = progress_of("a-run")
    assert told is not None
    assert (told.stage, told.name, told.percent) == ("rules", "x.evtx", 100)
    keep(0, 0, 0, 0, "samples")
    keep(2, 2, 2, 2, "run.ps1")
    told = progress_of("a-run")
    assert told is not None
    assert (told.stage, told.name) == ("samples", "run.ps1")
