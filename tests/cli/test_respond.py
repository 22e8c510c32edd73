"""A headless response from end to end, on our own plan, rules and evidence."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import environment, tocsin

OUTPUTS = ("report.html", "report.pdf", "log.jsonl", "detections.jsonl", "scope.csv", "timeline.csv")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, plan_folder: Path, evidence_folder: Path) -> Path:
    """A finished response; the evidence has one damaged line, so the status says that something is missing."""
    folder = tmp_path_factory.mktemp("response") / "out"
    run = tocsin("respond", "--plan", plan_folder, "--evidence", evidence_folder, "--out", folder)
    assert run.returncode == 1, run.stderr
    assert "not understood 1" in run.stderr
    return folder


def test_every_output_is_there(out: Path) -> None:
    assert all((out / name).stat().st_size > 0 for name in OUTPUTS)
    assert not [p for p in out.iterdir() if p.name not in (*OUTPUTS, "case")]


def test_the_log_is_verified_and_one_changed_byte_is_found_and_located(out: Path, tmp_path: Path) -> None:
    assert tocsin("verify", "--log", out / "log.jsonl").returncode == 0
    lines = (out / "log.jsonl").read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    place = lines[middle].index(b'"name":"') + len(b'"name":"')
    lines[middle] = lines[middle][:place] + b"X" + lines[middle][place + 1 :]
    (tmp_path / "changed.jsonl").write_bytes(b"".join(lines))
    run = tocsin("verify", "--log", tmp_path / "changed.jsonl")
    assert run.returncode == 1
    assert f"line {middle + 1}" in run.stderr


def test_the_playbook_that_fits_is_started_with_its_reason(out: Path) -> None:
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    start = next(e for e in entries if e["verb"] == "playbook.start")
    assert start["payload"]["playbook"] == "ransomware"
    assert "T1486" in start["payload"]["because"]
    scan = next(e for e in entries if e["verb"] == "task.complete")
    assert scan["payload"]["step"] == "scan-evidence"
    assert scan["cause"]["sequence"] < scan["sequence"]


def test_each_finding_and_scope_entry_names_events_that_were_detected(out: Path) -> None:
    detections = [json.loads(line) for line in (out / "detections.jsonl").read_text().splitlines()]
    records = {str(d["record_id"]) for d in detections}
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    findings = next(e for e in entries if e["verb"] == "findings.suggest")["payload"]["findings"]
    assert findings
    for finding in findings:
        assert finding["cites"]
        assert {c.split("#")[1] for c in finding["cites"]} <= records
    with (out / "scope.csv").open() as file:
        scope = list(csv.DictReader(file))
    assert {"host", "account"} == {row["kind"] for row in scope}
    assert all(row["evidence"] and row["state"] == "suspected" for row in scope)


def test_the_timeline_is_in_order_and_safe_for_a_spreadsheet(out: Path) -> None:
    with (out / "timeline.csv").open() as file:
        rows = list(csv.DictReader(file))
    times = [row["time_utc"] for row in rows]
    assert times == sorted(times)
    assert {"intruder"} < {row["actor"] for row in rows}
    assert not [v for row in rows for v in row.values() if v.startswith(("=", "+", "@"))]


def test_the_report_tells_the_story_with_sources(out: Path) -> None:
    page = (out / "report.html").read_text()
    for text in ("matches of detection rules", "Halden Foods AB", "TLP:AMBER", "Lateral movement", "Impact"):
        assert text in page
    assert 'href="#E-' in page
    assert (out / "report.pdf").read_bytes().startswith(b"%PDF")


def test_a_second_run_changes_nothing(out: Path, plan_folder: Path, evidence_folder: Path) -> None:
    before = (out / "log.jsonl").read_bytes()
    assert tocsin("respond", "--plan", plan_folder, "--evidence", evidence_folder, "--out", out).returncode == 1
    assert (out / "log.jsonl").read_bytes() == before


def test_scan_writes_the_same_detections(out: Path, evidence_folder: Path, tmp_path: Path) -> None:
    assert tocsin("scan", evidence_folder, "-o", tmp_path / "d.jsonl").returncode == 1
    ours = [json.loads(line) for line in (out / "detections.jsonl").read_text().splitlines()]
    scan = [json.loads(line) for line in (tmp_path / "d.jsonl").read_text().splitlines()]
    wanted = {"rule_id", "title", "level", "tags", "time", "host", "source_file", "record_id", "event_id", "channel",
              "fields"}  # fmt: skip
    assert all(wanted <= set(d) for d in scan)
    assert sorted((d["rule_id"], d["record_id"]) for d in ours) == sorted((d["rule_id"], d["record_id"]) for d in scan)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("plan.yaml", "holder: anneke-de-vries", "holder: nobody-known"), "plan.yaml:"),
        (("plan.yaml", "organization:", "organisation:"), "plan.yaml:"),
        (("playbooks/ransomware.yaml", "- id: open-bridge", "- id: [open"), "ransomware.yaml:"),
    ],
)
def test_a_plan_with_errors_is_refused_with_file_and_line(
    plan_folder: Path, evidence_folder: Path, tmp_path: Path, change: tuple[str, str, str], said: str
) -> None:
    subprocess.run(["cp", "-r", plan_folder, tmp_path / "plan"], check=True)
    name, old, new = change
    path = tmp_path / "plan" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    run = tocsin("respond", "--plan", tmp_path / "plan", "--evidence", evidence_folder, "--out", tmp_path / "out")
    assert run.returncode == 2
    assert said in run.stderr
    assert not (tmp_path / "out").exists()


def test_evidence_that_cannot_be_read_is_named_and_the_rest_goes_on(
    plan_folder: Path, evidence_folder: Path, tmp_path: Path
) -> None:
    heap = tmp_path / "heap"
    subprocess.run(["cp", "-r", evidence_folder, heap], check=True)
    (heap / "broken.evtx").write_bytes(b"ElfFile\x00" + b"\xff" * 5000)
    (heap / "picture.evtx").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (heap / "empty.evtx").touch()
    (heap / "link.evtx").symlink_to("/etc/passwd")
    run = tocsin("respond", "--plan", plan_folder, "--evidence", heap, "--out", tmp_path / "out")
    assert run.returncode == 1
    assert "link.evtx: not a regular file" in run.stderr
    assert "282 detections" in run.stderr
    page = (tmp_path / "out" / "report.html").read_text()
    for name in ("broken.evtx", "picture.evtx", "empty.evtx"):
        assert name in page


def test_nothing_to_read_is_never_done(plan_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing here\n")
    run = tocsin("respond", "--plan", plan_folder, "--evidence", tmp_path / "notes.txt", "--out", tmp_path / "out")
    assert run.returncode == 2
    assert "NOTHING COULD BE READ" in run.stderr
    assert "no evidence could be read" in (tmp_path / "out" / "report.html").read_text()
    assert tocsin("scan", tmp_path / "notes.txt").returncode == 2
    assert tocsin("scan", tmp_path / "absent").returncode == 2


def test_a_full_disk_is_said_and_leaves_nothing_half_written(
    plan_folder: Path, evidence_folder: Path, tmp_path: Path
) -> None:
    """A limit on file size stands for the full disk: the write fails at the same place with an OSError."""
    out = tmp_path / "out"
    script = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000));"
        "from tocsin.cli.main import run; run()"
    )
    command = [sys.executable, "-c", script, "respond", "--plan", plan_folder, "--evidence", evidence_folder,
               "--out", out]  # fmt: skip
    run = subprocess.run(
        [*map(str, command)], env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode in (1, 2), run.stderr
    assert "could not be stored" in run.stderr or "disk" in run.stderr
    assert "Traceback" not in run.stderr
    store = out / "case" / "store"
    assert not list(store.glob("intake-*")) if store.exists() else True


def test_plan_commands(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    assert tocsin("plan", "init", plan, "--name", "Ours & Sons").returncode == 0
    assert tocsin("plan", "init", plan).returncode == 2
    lint = tocsin("plan", "lint", plan)
    assert lint.returncode == 0
    assert "contacts.yaml:" in lint.stdout
    assert tocsin("plan", "lint", tmp_path / "nowhere").returncode == 2
    assert "Ours & Sons" in tocsin("plan", "show", plan, "--plain").stdout
    export = tocsin("plan", "export-cacao", plan, "ransomware", "-o", tmp_path / "r.json")
    assert export.returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["spec_version"] == "cacao-2.0"
    assert tocsin("plan", "diff", plan, plan).returncode == 0
    subprocess.run(["cp", "-r", plan, tmp_path / "other"], check=True)
    path = tmp_path / "other" / "plan.yaml"
    path.write_text(path.read_text().replace("Ours & Sons", "Ours and Daughters", 1))
    changed = tocsin("plan", "diff", plan, tmp_path / "other")
    assert changed.returncode == 1
    assert "Ours and Daughters" in changed.stdout


def test_a_headless_case_can_be_opened_by_somebody(out: Path) -> None:
    home = out / "case"
    link = tocsin("sign-in", "you@example.org", "--invite", "You", "--role", "administrator", "--home", home)
    assert "/sign-in/" in link.stdout
    let_in = tocsin("admit", number_of(out), "you@example.org", "--role", "lead", "--home", home)
    assert "You is lead on" in let_in.stdout
    assert tocsin("admit", "INC-1999-001", "you@example.org", "--home", home).returncode == 2


def number_of(out: Path) -> str:
    """The incident's number, as its first entry says."""
    entries = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return str(next(e for e in entries if e["verb"] == "incident.open")["payload"]["number"])


def test_a_locked_database_ends_in_a_sentence(plan_folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tocsin("plan", "import", plan_folder, home=home).returncode == 0
    with closing(sqlite3.connect(home / "tocsin.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run = tocsin("declare", "Something happened", home=home, database=f"sqlite:///{home}/tocsin.sqlite3?timeout=1")
    assert run.returncode == 2
    assert "database is locked" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_case_is_declared_at_the_command_line(plan_folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tocsin("plan", "import", plan_folder, home=home).returncode == 0
    declared = tocsin("declare", "Invoice paid to a stranger's account", "--severity", "3", "--exercise", home=home)
    assert declared.returncode == 0, declared.stderr
    assert "EX-" in declared.stdout
    link = tocsin("sign-in", "a@example.org", "--invite", "A", "--role", "administrator", home=home)
    assert "/sign-in/" in link.stdout
    assert tocsin("verify", home=home).returncode == 0
    assert tocsin("declare", "x", "--playbook", "no-such", home=home).returncode == 2
