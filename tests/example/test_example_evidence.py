"""The example evidence: the same each time, honest about its damage, and a story that the rules can tell."""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tocsin.example import RULES, example_plan_files
from tocsin.example.generate import ARCHIVE, write_evidence
from tocsin.lab import scan
from tocsin.lab.detections import Detection
from tocsin.lab.report import ScanReport
from tocsin.lab.sigma.loading import load_rules
from tocsin.plan.choose import fitting_playbook
from tocsin.plan.load import parse_plan

START = datetime(2026, 3, 13, 6, tzinfo=UTC)
Scanned = tuple[ScanReport, list[Detection]]

# Stage: hours after the start between which it happens, and host and rule of what has to be found there.
STORY = {
    "a document runs a loader": ((7.0, 7.3), [
        ("HAL-ENG-114", "Office program starts a shell or script host"),
        ("HAL-ENG-114", "PowerShell with an encoded command"),
        ("HAL-ENG-114", "PowerShell script fetches code and runs it"),
        ("HAL-ENG-114", "Certutil used to fetch a file"),
        ("HAL-ENG-114", "Rundll32 loads a library from a folder that users can write"),
        ("HAL-ENG-114", "Loader or script engine connects to a public address"),
    ]),
    "it stays": ((7.2, 7.4), [
        ("HAL-ENG-114", "Start-up entry points to a folder that users can write"),
        ("HAL-ENG-114", "Scheduled task created for a script or a writable folder"),
        ("HAL-ENG-114", "Task registered with a script engine or a writable folder"),
    ]),
    "it looks round": ((7.5, 8.0), [
        ("HAL-ENG-114", "Domain trusts listed with nltest"),
        ("HAL-ENG-114", "Members of a privileged group listed from the command line"),
        ("HAL-ENG-114", "Directory searched with a bulk query tool"),
    ]),
    "credentials are taken": ((9.0, 10.0), [
        ("HAL-DC-01", "Service ticket asked for with weak encryption"),
        ("HAL-DC-02", "Failed network logon of a service or administrator account"),
        ("HAL-ENG-114", "Memory of the local security authority read"),
        ("HAL-ENG-114", "Process dumped through comsvcs"),
    ]),
    "it moves to the file servers": ((11.2, 12.0), [
        ("HAL-FS-03", "Remote execution service of PsExec installed"),
        ("HAL-FS-03", "Named pipe of a remote execution tool"),
        ("HAL-FS-03", "Service installed with a shell, a share or a writable folder"),
        ("HAL-FS-01", "Management service starts a shell"),
    ]),
    "it takes the directory": ((12.7, 13.2), [
        ("HAL-JMP-01", "Remote desktop sign-in from a public address"),
        ("HAL-DC-01", "Remote desktop sign-in with a service account"),
        ("HAL-DC-01", "Account created"),
        ("HAL-DC-01", "Member added to a privileged group"),
        ("HAL-DC-01", "Directory database copied"),
        ("HAL-DC-02", "Members of a privileged group listed from the command line"),
    ]),
    "protection goes off": ((16.6, 17.0), [
        ("HAL-FS-01", "Virus protection switched off or blinded from the command line"),
        ("HAL-FS-03", "Real-time protection reported as off"),
    ]),
    "data leaves": ((17.3, 18.3), [
        ("HAL-FS-01", "Archive made with a password"),
        ("HAL-FS-01", "Bulk copy to cloud storage"),
    ]),
    "files are locked": ((19.2, 19.5), [
        ("HAL-FS-03", "Shadow copies deleted or starved"),
        ("HAL-FS-03", "Backup catalogue or system state backups deleted"),
        ("HAL-FS-03", "Start-up recovery switched off"),
        ("HAL-FS-03", "Database, backup or mail service stopped by command"),
        ("HAL-FS-03", "Document written again under a second extension"),
        ("HAL-FS-03", "Ransom note written"),
        ("HAL-FS-01", "Ransom note written"),
        ("HAL-FS-03", "Security log cleared"),
        ("HAL-FS-01", "Event log cleared"),
    ]),
}  # fmt: skip


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The example evidence, written once."""
    return write_evidence(tmp_path_factory.mktemp("evidence"), START)


@pytest.fixture(scope="module")
def scanned(evidence: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Report and detections of a scan with the example's rules."""
    detections: list[Detection] = []
    rules = load_rules([RULES], cache_dir=tmp_path_factory.mktemp("cache"))
    return scan(evidence, rules, jobs=1, sink=detections.extend), detections


def hours(detection: Detection) -> float:
    """Hours after the start of the evidence."""
    return (datetime.fromisoformat(detection.time) - START) / timedelta(hours=1)


def host(detection: Detection) -> str:
    """The short name of the host."""
    return detection.host.split(".")[0]


@pytest.mark.parametrize("stage", STORY)
def test_each_stage_of_the_story_is_found_where_and_when_it_happened(scanned: Scanned, stage: str) -> None:
    (begin, end), expected = STORY[stage]
    seen = {(host(d), d.title) for d in scanned[1] if begin <= hours(d) <= end}
    assert set(expected) - seen == set()


def test_the_day_before_the_intrusion_is_quiet_but_not_silent(scanned: Scanned) -> None:
    early = [d for d in scanned[1] if hours(d) < 7.1]
    assert 4 <= len(early) <= 15
    assert {d.level for d in early} <= {"low", "medium"}


def test_the_plan_finds_the_ransomware_playbook_by_the_detections_alone(scanned: Scanned) -> None:
    tags = [tag for d in scanned[1] for tag in d.tags]
    playbook, reason = fitting_playbook(parse_plan(example_plan_files()), "", tags, tags)
    assert playbook.id == "ransomware", reason


def test_the_cut_line_is_the_only_thing_that_is_lost_and_is_named(scanned: Scanned) -> None:
    report = scanned[0]
    assert report.not_understood == 1
    assert report.lost == 0
    damaged = [row for row in report.files if row.not_understood]
    assert [Path(row.path).name for row in damaged] == ["hal-jmp-01.jsonl"]
    assert damaged[0].problems[0].place.startswith("byte ")
    assert 6000 < report.records < 7000


def test_the_same_start_gives_the_same_bytes_and_another_start_moves_all_times(
    evidence: list[Path], tmp_path: Path
) -> None:
    again = write_evidence(tmp_path / "again", START)
    assert [p.name for p in again] == [p.name for p in evidence]
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in evidence]

    later = write_evidence(tmp_path / "later", START + timedelta(days=3))
    first, moved = (json.loads(p[1].read_text(encoding="utf-8").split("\n", 1)[0]) for p in (evidence, later))
    apart = datetime.fromisoformat(moved["@timestamp"]) - datetime.fromisoformat(first["@timestamp"])
    assert apart == timedelta(days=3)


def test_records_are_numbered_without_gaps_and_times_stay_in_the_window(evidence: list[Path]) -> None:
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in whole_events(evidence):
        numbers[event["host"]["name"], event["winlog"]["channel"]].append(event["winlog"]["record_id"])
        assert START <= datetime.fromisoformat(event["@timestamp"]) <= START + timedelta(hours=24, minutes=20)
    gaps = Counter(
        key[0].split(".")[0] for key, ids in numbers.items() for before, after in pairwise(ids) if after != before + 1
    )
    assert gaps == {"HAL-JMP-01": 1}, "only the cut record is missing"


def whole_events(evidence: list[Path]) -> list[dict[str, Any]]:
    """Every line that is whole, of files and archive."""
    lines: list[bytes] = []
    for path in evidence:
        if path.name == ARCHIVE:
            with zipfile.ZipFile(path) as archive:
                lines += [line for name in archive.namelist() for line in archive.read(name).splitlines()]
        else:
            lines += path.read_bytes().splitlines()
    return [json.loads(line) for line in lines if line.endswith(b"}}")]


def test_a_start_without_a_zone_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        write_evidence(tmp_path / "none", datetime(2026, 3, 13, 6))  # noqa: DTZ001 - the point of the test
    assert not (tmp_path / "none").exists()
