"""Analysis: our own example evidence through our own rules, and what a run that went wrong leaves behind."""

from __future__ import annotations

import multiprocessing
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

import factories
from tocsin.core.action import Invalid
from tocsin.core.models import Grant, LogEntry
from tocsin.evidence import analysis
from tocsin.evidence.actions import fail_analysis, finish_analysis, request_analysis, start_analysis
from tocsin.evidence.intake import take_in
from tocsin.evidence.jobs import take_up_again
from tocsin.evidence.models import AnalysisRun, Detection
from tocsin.evidence.progress import working_on
from tocsin.evidence.suggest import findings_from, scope_from
from tocsin.example.generate import write_evidence
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.lab.detections import Detection as Match
from tocsin.people.actions import invite

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    write_evidence(folder, datetime(2026, 3, 13, 6, tzinfo=UTC))
    return folder


@pytest.fixture
def plain(organization: Any) -> Incident:
    """An incident without a playbook, so that no scan step asks for runs by itself."""
    return factories.incident(organization, playbook_id=None)


def test_our_own_evidence_through_our_own_rules(plain: Incident, example: Path) -> None:
    take_in(S, plain, [example])
    run = analysis.run_analysis(request_analysis(S, plain), jobs=1)
    assert (run.state, run.error) == ("done", "")
    assert run.report["detections"] == plain.detections.count() > 20
    assert run.report["rules"]["loaded"] > 20
    files = {row["item"] for row in run.report["files"]}
    assert files == {i.label for i in plain.evidence.all()}
    assert not any("/store/" in row["path"] for row in run.report["files"]), "names, not places in the store"
    assert run.report["not_understood"] + run.report["lost"] >= 1, "one record of the example is cut off"
    detection = plain.detections.first()
    assert detection is not None
    assert detection.cite.startswith("E-0")
    assert {i.kind for i in plain.evidence.all()} != {""}
    finding = plain.findings.filter(state="suggested").first()
    assert finding is not None
    assert finding.cites
    assert finding.techniques
    cited = {d.cite for d in plain.detections.select_related("item")}
    for suggested in plain.findings.all():
        assert set(suggested.cites) <= cited
    hosts = {e.name for e in plain.scope.filter(kind="host")}
    assert any(h.upper().startswith("HAL-") for h in hosts)
    for entry in plain.scope.all():
        assert entry.state == "suspected"
        assert entry.because
        assert set(entry.cites) <= cited
    assert factories.verbs(plain)[-4:] == ["analysis.start", "analysis.finish", "findings.suggest", "scope.suggest"]


def test_a_second_run_gives_no_doubles_and_keeps_what_people_said(plain: Incident, example: Path) -> None:
    take_in(S, plain, [example])
    analysis.run_analysis(request_analysis(S, plain), jobs=1)
    counts = plain.detections.count(), plain.findings.count(), plain.scope.count()
    finding = plain.findings.first()
    assert finding is not None
    actions.judge_finding(S, plain, finding=finding, accept=False, reason="known")
    analysis.run_analysis(request_analysis(S, plain), jobs=1)
    assert (plain.detections.count(), plain.findings.count(), plain.scope.count()) == counts
    finding.refresh_from_db()
    assert finding.state == "rejected"


class Crash(BaseException):
    """The end of a process, as far as a test inside one can go; the kill itself is tested with real processes."""


def test_a_run_that_died_is_carried_out_again_without_doubles(
    plain: Incident, example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(S, plain, [example])
    run = request_analysis(S, plain)

    def die(*_args: Any, **given: Any) -> None:
        given["sink"]([])
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(analysis, "scan", die)
        with pytest.raises(Crash):
            analysis.run_analysis(run)
    run.refresh_from_db()
    assert run.state == "running"
    assert not plain.detections.exists()
    with pytest.raises(Invalid, match="running already"):
        request_analysis(S, plain)
    analysis.run_analysis(AnalysisRun.objects.get(pk=run.pk), jobs=1)
    count = plain.detections.count()
    assert count > 20
    again = analysis.run_analysis(AnalysisRun.objects.get(pk=run.pk), jobs=1)
    assert again.state == "done"
    assert plain.detections.count() == count
    assert factories.verbs(plain).count("analysis.finish") == 1


def test_a_run_taken_up_twice_counts_once(plain: Incident, tmp_path: Path) -> None:
    factories.evidence(plain, tmp_path)
    run = request_analysis(S, plain)
    mine, theirs = AnalysisRun.objects.get(pk=run.pk), AnalysisRun.objects.get(pk=run.pk)
    report = {"empty": False, "bytes": 1, "records": 1, "lost": 0, "not_understood": 0, "skipped": 0}
    start_analysis(S, plain, run=mine, rules={})
    start_analysis(S, plain, run=theirs, rules={})
    finish_analysis(S, plain, run=mine, report=report, detections=[], kinds={})
    with pytest.raises(Invalid, match="has ended"):
        finish_analysis(S, plain, run=theirs, report=report, detections=[], kinds={})
    with pytest.raises(Invalid, match="has ended"):
        fail_analysis(S, plain, run=theirs, error="late")
    run.refresh_from_db()
    assert run.state == "done"


def test_a_run_on_nothing_readable_ends_empty(plain: Incident, tmp_path: Path) -> None:
    factories.evidence(plain, tmp_path, b"\x00" * 512, "noise.bin")
    run = analysis.run_analysis(request_analysis(S, plain), jobs=1)
    assert run.state == "empty"
    assert run.report["files"][0]["item"] == "E-01"
    assert not plain.findings.exists()
    assert "findings.suggest" not in factories.verbs(plain)


def test_a_run_without_rules_fails_with_its_reason(plain: Incident, tmp_path: Path) -> None:
    factories.evidence(plain, tmp_path)
    run = analysis.run_analysis(request_analysis(S, plain, rules=str(tmp_path / "no-rules")), jobs=1)
    assert run.state == "failed"
    assert "no-rules" in run.error
    assert LogEntry.objects.get(chain=plain.chain, verb="analysis.fail").payload["error"] == run.error
    analysis.run_analysis(request_analysis(S, plain), jobs=1)


def test_whatever_goes_wrong_ends_the_run(plain: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    factories.evidence(plain, tmp_path)

    def stumble(*_args: Any, **_given: Any) -> None:
        raise KeyError("a surprise")

    monkeypatch.setattr(analysis, "scan", stumble)
    run = analysis.run_analysis(request_analysis(S, plain))
    assert (run.state, run.error) == ("failed", "KeyError: 'a surprise'")


def test_what_an_attacker_wrote_fits_into_every_column(
    plain: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL refuses NUL bytes and texts that are too long; SQLite takes both."""
    item = factories.evidence(plain, tmp_path)
    run = request_analysis(S, plain)
    hostile = "\x00\ud800" + "x" * 2000
    match = Match(
        rule_id=hostile, title=hostile, level="high" + hostile, tags=["attack.t1059", "attack.execution"], author=hostile,
        time="2026-01-01T00:00:00+00:00", host=hostile, source_file=f"{analysis.path_of(item.sha256)}!{hostile}",
        record_id=hostile, event_id=hostile, channel=hostile, fields={"User": hostile, "\x00": [hostile, 2**70]},
    )  # fmt: skip
    real = analysis.scan

    def found(*args: Any, **given: Any) -> Any:
        report = real(*args, **given)
        given["sink"]([match])
        report.files[0].records = 1
        return report

    monkeypatch.setattr(analysis, "scan", found)
    monkeypatch.setattr(type(real([], _rules(), jobs=1)), "empty", False, raising=False)
    run = analysis.run_analysis(run, jobs=1)
    assert run.error == ""
    stored = Detection.objects.get(incident=plain)
    assert stored.host.startswith("␀�x")
    assert len(stored.record_id) == 64


def _rules() -> Any:
    from django.conf import settings

    return analysis.load_rules([settings.RULES])


def detection(**given: Any) -> Detection:
    from tocsin.evidence.models import EvidenceItem

    values = {
        "item": EvidenceItem(number=1), "rule_id": "r", "title": "Rule", "level": "high", "tags": ["attack.t1059.001"],
        "host": "SRV-01", "record_id": "7", "source_file": "a", "fields": {},
    } | given  # fmt: skip
    return Detection(**values)


def test_one_finding_for_each_technique_the_gravest_first() -> None:
    found = findings_from(
        [detection(record_id="1", level="medium"), detection(record_id="2", level="critical", host="SRV-02"),
         detection(record_id="3", level="low"), detection(record_id="4", tags=["attack.t1003"])]
    )  # fmt: skip
    assert [f.key for f in found] == ["T1003", "T1059.001"]
    powershell = found[1]
    assert powershell.cites == ["E-01#2", "E-01#1"]
    assert (powershell.confidence, powershell.hosts) == ("high", ["SRV-01", "SRV-02"])
    assert "2 events" in powershell.claim


def test_accounts_come_without_machines_and_built_in_ones() -> None:
    names = [
        "HALDEN\\anna",
        "NT AUTHORITY\\SYSTEM",
        "SRV-01$",
        "-",
        "halden\\ANNA",
        "NT-AUTORITÄT\\SYSTEM",
        "",
        "DWM-1",
    ]
    found = scope_from([detection(fields={"User": name}, host="") for name in names])
    assert [(s.kind, s.name, s.detections) for s in found] == [("account", "HALDEN\\anna", 2)]


def test_the_children_of_a_run_are_gone_afterwards(plain: Incident, tmp_path: Path) -> None:
    factories.evidence(plain, tmp_path, b'{"a": 1}\n', "a.jsonl")
    analysis.run_analysis(request_analysis(S, plain), jobs=2)
    assert multiprocessing.active_children() == []
    assert os.waitpid(-1, os.WNOHANG) == (0, 0) if _has_children() else True


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def test_evidence_that_came_during_a_run_gets_a_run_of_its_own(plain: Incident, example: Path) -> None:
    files = sorted(p for p in example.iterdir() if p.suffix == ".jsonl")
    take_in(S, plain, files[:1])
    run = request_analysis(S, plain)
    take_in(S, plain, files[1:2])
    analysis.run_analysis(run, jobs=1)
    late = plain.runs.last()
    assert late is not None
    assert (late.number, late.state, len(late.items)) == (2, "queued", 2)
    analysis.run_analysis(late, jobs=1)
    assert plain.runs.count() == 2, "everything is covered: no third run"


def test_a_run_whose_worker_died_is_enqueued_again_once(plain: Incident, example: Path) -> None:
    take_in(S, plain, [example])
    run = request_analysis(S, plain)
    DBTaskResult.objects.all().delete()  # the job went with its worker
    with working_on(str(run.pk)) as mine:
        assert mine
        take_up_again()
        assert DBTaskResult.objects.count() == 0, "somebody works on it"
    take_up_again()
    take_up_again()
    assert DBTaskResult.objects.ready().count() == 1


def test_an_account_lets_its_holder_of_a_role_in(organization: Any) -> None:
    incident = factories.incident(organization)
    seat = incident.roles.exclude(member=None).filter(member__user=None).first()
    assert seat is not None
    assert seat.member is not None
    user = invite(S, organization, email=seat.member.mail, name=seat.member.name, role="responder")
    access = incident.plan_version.plan.roles[seat.role].access
    assert Grant.objects.filter(chain=incident.chain_id, user=user, role=access).exists()
    last = LogEntry.objects.filter(chain=incident.chain_id).latest("sequence")
    assert (last.verb, last.cause is not None) == ("access.admit", True)
