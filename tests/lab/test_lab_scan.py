"""A scan as a whole: what it gives does not depend on who did the work, and its report tells the truth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from lab_events import event

from tocsin.lab import Detection, RuleSet, ScanReport, scan
from tocsin.lab.containment import ContainedError, Limits
from tocsin.lab.examine import Part
from tocsin.lab.report import FAILED, NOT_A_LOG, NOT_UNDERSTOOD
from tocsin.lab.sources import kind

RULE = """
title: Logon
id: 5a0bbd04-0000-4000-8000-000000000001
author: Somebody
level: high
tags: [attack.t1078]
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""


@pytest.fixture
def rules(rules_from: Callable[..., RuleSet]) -> RuleSet:
    return rules_from(rule=RULE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "evidence"
    made.mkdir()
    return made


def write(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(each) for each in events), encoding="utf-8")
    return path


def logon(number: int = 0) -> dict[str, Any]:
    return event("Security", 4624, {"Number": str(number)}, EventRecordID=number)


def outcome(paths: list[Path], rules: RuleSet, **how: Any) -> tuple[bytes, dict[str, Any]]:
    found: list[Detection] = []
    report = scan(paths, rules, sink=found.extend, **how).to_dict()
    report.pop("seconds")
    return b"\n".join(each.to_json() for each in found), report


def test_a_detection_has_the_fields_that_others_rely_on(folder: Path, rules: RuleSet) -> None:
    path = write(folder / "log", logon(7))
    lines, _ = outcome([path], rules, jobs=1)
    assert orjson.loads(lines) == {
        "rule_id": "5a0bbd04-0000-4000-8000-000000000001", "title": "Logon", "level": "high",
        "tags": ["attack.t1078"], "author": "Somebody", "time": "2026-03-01T03:10:00.000000Z",
        "host": "ws1.example.org", "source_file": str(path), "record_id": 7,
        "event_id": 4624, "channel": "Security", "fields": {"Number": "7"},
    }  # fmt: skip


@pytest.mark.parametrize("make", [lambda: ThreadPoolExecutor(3), lambda: ProcessPoolExecutor(2)])
def test_any_executor_gives_the_same(
    folder: Path, rules: RuleSet, make: Callable[[], Executor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "JSON_PART", 1000)
    for number in range(12):
        write(folder / f"{number:02}", *(logon(number * 100 + each) for each in range(number * 5 + 1)))
    expected = outcome([folder], rules, jobs=1)
    assert expected[1]["detections"] > 300
    assert outcome([folder], rules, jobs=3) == expected
    with make() as executor:
        assert outcome([folder], rules, executor=executor) == expected


@pytest.mark.shared
def test_real_logs_give_the_same_whoever_works(shared: Path, sigmahq: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "EVTX_PART", 4 * 65536)
    paths = [shared / "evtx-attack-samples" / "Defense Evasion", shared / "evtx-attack-samples" / "Execution"]
    one = outcome(paths, sigmahq, jobs=1)
    assert one[1]["detections"] > 100
    assert outcome(paths, sigmahq, jobs=3) == one


def test_everything_that_cannot_be_read_is_named_and_the_rest_goes_on(folder: Path, rules: RuleSet) -> None:
    write(folder / "good", logon())
    (folder / "empty").touch()
    (folder / "picture.evtx").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (folder / "notes.txt").write_text("hello")
    write(folder / "cloud", {"eventName": "ConsoleLogin"})
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to(folder / "nowhere")
    report = scan([folder, folder.parent / "missing"], rules, jobs=1)
    rows = {Path(row.path).name: row for row in report.files}
    assert {name: row.status for name, row in rows.items() if name != "good"} == {
        "cloud": NOT_UNDERSTOOD, "empty": NOT_A_LOG, "gone": FAILED, "missing": FAILED,
        "notes.txt": NOT_A_LOG, "picture.evtx": NOT_A_LOG, "pipe": FAILED,
    }  # fmt: skip
    assert [rows[name].seems for name in ("empty", "notes.txt", "picture.evtx")] == [
        "an empty file",
        "text",
        "an image",
    ]
    assert "no event in a known shape" in rows["cloud"].problems[0].reason
    assert "does not exist" in rows["missing"].problems[0].reason
    assert rows["good"].detections == 1
    assert report.exit_status == 1


def test_a_scan_of_nothing_is_not_a_success(folder: Path, rules: RuleSet) -> None:
    report = scan([folder], rules, jobs=1)
    assert report.empty
    assert report.exit_status == 2


def test_all_read_is_status_0(folder: Path, rules: RuleSet) -> None:
    report = scan([write(folder / "log", logon())], rules, jobs=1)
    assert (report.exit_status, report.channels, report.records) == (0, {"Security": 1}, 1)
    assert orjson.loads(orjson.dumps(report.to_dict()))["rules_loaded"] == 1


def test_a_file_that_takes_too_much_costs_itself_only(folder: Path, rules: RuleSet) -> None:
    write(folder / "a", logon())
    (folder / "b").write_text("[" + " " * 150_000_000)
    write(folder / "c", logon())
    report = scan([folder], rules, jobs=1, limits=Limits(memory=300 * 1024**2))
    assert [row.records for row in report.files] == [1, 0, 1]
    assert report.files[1].status == FAILED
    assert "memory" in report.files[1].problems[0].reason
    assert report.exit_status == 1


class Fragile(ThreadPoolExecutor):
    """An executor whose worker dies over one file, and over all that it was given together with that one."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(dies_over_bad_file, fn, *args, **kwargs)


def dies_over_bad_file(fn: Callable[..., bytes], parts: list[Part], *args: Any) -> bytes:
    if any(part.name.endswith("bad") for part in parts):
        raise ContainedError("killed by SIGSEGV")
    return fn(parts, *args)


def test_small_files_that_were_handed_over_with_a_deadly_one_are_read(folder: Path, rules: RuleSet) -> None:
    for name in ("a", "b", "bad", "c", "d"):
        write(folder / name, logon())
    with Fragile(1) as executor:
        report = scan([folder], rules, executor=executor)
    assert {Path(row.path).name: row.records for row in report.files} == {"a": 1, "b": 1, "bad": 0, "c": 1, "d": 1}
    assert [row.problems[0].reason for row in report.files if row.status == FAILED] == ["killed by SIGSEGV"]


def test_nesting_without_end_costs_no_other_event(folder: Path, rules: RuleSet) -> None:
    depth = 950  # more than a reader follows; written as text, since Python's own writer stops earlier
    lists, objects = "[" * depth + '"x"' + "]" * depth, '{"a":' * depth + '"x"' + "}" * depth
    path = write(folder / "log", logon(1), logon(2))
    deep = json.dumps(event("Security", 4624, {"Inner": "?"}))
    with path.open("a") as file:
        file.write("".join("\n" + deep.replace('"?"', inner) for inner in (lists, objects)))
    report = scan([path], rules, jobs=1)
    assert report.records + report.not_understood == 4
    assert report.detections == report.records >= 2


def test_progress_ends_at_the_whole(folder: Path, rules: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "JSON_PART", 500)
    for number in range(4):
        write(folder / f"{number}", *(logon(each) for each in range(10)))
    calls: list[tuple[int, int, int, int, str]] = []
    scan([folder], rules, jobs=2, progress=lambda *call: calls.append(call))
    size = sum(path.stat().st_size for path in folder.iterdir())
    assert calls[-1][:4] == (size, size, 4, 4)
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)


def test_names_that_are_not_text(folder: Path, rules: RuleSet) -> None:
    path = os.fsencode(folder) + b"/log\xff"
    Path(os.fsdecode(path)).write_text(json.dumps(logon()))
    lines, report = outcome([folder], rules, jobs=1)
    assert orjson.loads(lines)["source_file"].endswith("log\\xff")
    assert report["exit_status"] == 0


def test_rules_that_cannot_answer_the_evidence_are_listed(folder: Path, rules_from: Callable[..., RuleSet]) -> None:
    rule = RULE.replace("service: security", "category: process_creation")
    rules = rules_from(
        a=rule.replace("EventID: 4624", "Image: a.exe"),
        b=rule.replace("0001", "0002").replace("EventID: 4624", "OriginalFileName: a.exe"),
    )
    audit = write(folder / "audit", event("Security", 4688, {"NewProcessName": "a.exe"}))
    sysmon = write(folder / "sysmon", event("Microsoft-Windows-Sysmon/Operational", 1, {"Image": "a.exe"}))

    def unanswered(*paths: Path) -> list[tuple[str, str]]:
        report: ScanReport = scan(paths, rules, jobs=1)
        return [(each.rule_id[-4:], each.reason) for each in report.rules_not_assessable]

    ((number, reason),) = unanswered(audit)
    assert number == "0002"
    assert reason == "must have OriginalFileName, which Security 4688 does not record"
    assert unanswered(audit, sysmon) == []
    assert unanswered(sysmon) == []
