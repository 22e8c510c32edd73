"""A scan that was stopped goes on where it was, and gives what an unbroken one gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from lab_events import event

from tocsin.lab import Detection, RuleSet, scan
from tocsin.lab.journal import Journal
from tocsin.lab.scanning import ScanStoppedError

RULE = """
title: Logon
id: 5a0bbd04-0000-4000-8000-000000000001
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
    for number in range(6):
        lines = [orjson.dumps(event("Security", 4624, {"N": f"{number}.{each}"})) for each in range(5)]
        (made / f"{number}.json").write_bytes(b"\n".join(lines))
    with zipfile.ZipFile(made / "2.zip", "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.json", orjson.dumps(event("Security", 4624, {"N": f"zip {number}"})))
    (made / "notes.txt").write_text("hello")
    return made


class Interrupted(ThreadPoolExecutor):
    """An executor that the user stops over some file."""

    def __init__(self, name: str) -> None:
        super().__init__(1)
        self.name = name
        self.seen: list[str] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        parts = args[0] if isinstance(args[0], list) else [args[0]]
        names = [Path(part.name).name for part in parts]
        self.seen += names
        if self.name in names:
            raise KeyboardInterrupt
        return super().submit(fn, *args, **kwargs)


def outcome(folder: Path, rules: RuleSet, **how: Any) -> tuple[list[bytes], dict[str, Any]]:
    found: list[Detection] = []
    report = scan([folder], rules, sink=found.extend, **how).to_dict()
    del report["seconds"], report["resumed"]
    return [each.to_json() for each in found], report


@pytest.mark.parametrize("stopped_at", ["0.json", "2.json", "2.zip", "0.json in the zip", "5.json"])
def test_going_on_gives_what_an_unbroken_scan_gives(
    folder: Path, rules: RuleSet, tmp_path: Path, stopped_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.lab.work.BATCH_SIZE", 1)
    monkeypatch.setattr("tocsin.lab.work.MAX_RUNNING", 1)
    expected = outcome(folder, rules, jobs=1)
    journal = tmp_path / "journal"
    name = stopped_at if stopped_at != "0.json in the zip" else "2.zip!0.json"
    with Interrupted(name) as executor, pytest.raises(ScanStoppedError) as stopped:
        scan([folder], rules, executor=executor, journal=journal)
    report = stopped.value.report
    assert report.unread > 0
    assert report.exit_status in (1, 2)
    with Interrupted("") as executor:
        assert outcome(folder, rules, executor=executor, journal=journal, resume=True) == expected
    assert not set(executor.seen) & {Path(row.path).name for row in report.files if row.records}
    assert not journal.exists()


def test_files_that_changed_are_read_again(
    folder: Path, rules: RuleSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.lab.work.BATCH_SIZE", 1)
    monkeypatch.setattr("tocsin.lab.work.MAX_RUNNING", 1)
    journal = tmp_path / "journal"
    with Interrupted("5.json") as executor, pytest.raises(ScanStoppedError):
        scan([folder], rules, executor=executor, journal=journal)
    (folder / "1.json").write_bytes(orjson.dumps(event("Security", 4624, {"N": "changed"})))
    (folder / "00.json").write_bytes(orjson.dumps(event("Security", 4624, {"N": "new"})))
    (folder / "3.json").unlink()
    resumed = outcome(folder, rules, jobs=1, journal=journal, resume=True)
    assert resumed == outcome(folder, rules, jobs=1)


def test_a_journal_of_another_question_counts_for_nothing(
    folder: Path, rules: RuleSet, tmp_path: Path, rules_from: Callable[..., RuleSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.lab.work.BATCH_SIZE", 1)
    monkeypatch.setattr("tocsin.lab.work.MAX_RUNNING", 1)
    journal = tmp_path / "journal"
    with Interrupted("5.json") as executor, pytest.raises(ScanStoppedError):
        scan([folder], rules, executor=executor, journal=journal)
    other = rules_from(rule=RULE.replace("4624", "4625"))
    assert outcome(folder, other, jobs=1, journal=journal, resume=True)[0] == []


def test_what_is_broken_in_a_journal_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = Journal(path, {"q": 1}, go_on=False)
    for name in ("a", "b"):
        first.begin((name, 1, 2))
        first.answer({"hits": [name]}, name)
        first.end()
    first.begin(("c", 1, 2))
    first.answer({"hits": []}, "c")
    first.close()
    with path.open("ab") as file:
        file.write(b'{"answer": {"hits"')
    again = Journal(path, {"q": 1}, go_on=True)
    assert [name in again for name in (("a", 1, 2), ("b", 1, 2), ("c", 1, 2), ("a", 1, 3))] == [
        True,
        True,
        False,
        False,
    ]
    again.begin(("d", 1, 2))
    again.end()
    again.close()
    third = Journal(path, {"q": 1}, go_on=True)
    assert third.complete == 3
    assert list(third.entries(("b", 1, 2))) == [{"answer": {"hits": ["b"]}, "source_file": "b"}]
    third.close()
    assert Journal(path, {"q": 2}, go_on=True).complete == 0


def wait_for_files(journal: Path, files: int) -> None:
    """Wait until a scan's journal tells of so many files. Only what is new is read: the scan must not get far meanwhile."""
    deadline = time.monotonic() + 60
    while not journal.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    ended, line = 0, b""
    with journal.open("rb") as lines:
        while ended < files:
            assert time.monotonic() < deadline
            line += lines.readline()
            if line.endswith(b"\n"):
                ended, line = ended + (b'{"end":true}' in line), b""
            else:
                time.sleep(0.01)


def test_ctrl_c_ends_with_an_account_and_the_same_command_goes_on(tmp_path: Path, rules: RuleSet) -> None:
    del rules
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    line = orjson.dumps(event("Security", 4624, {"N": "x" * 100})) + b"\n"
    for number in range(40):
        (evidence / f"{number:02}.json").write_bytes(line * 12_000)
    out, expected = tmp_path / "out.jsonl", tmp_path / "expected.jsonl"
    command = [sys.executable, "-c", "from tocsin.cli.entry import run; run()", "scan", str(evidence), "--rules",
               str(tmp_path / "rules"), "--jobs", "1"]  # fmt: skip
    # Where the tests themselves run in the background, the shell has them ignore Ctrl-C, and children would inherit that.
    child = subprocess.Popen([*command, "-o", str(out)], stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))  # fmt: skip  # noqa: PLW1509
    journal = Path(f"{out}.resume")
    wait_for_files(journal, 5)
    os.kill(child.pid, signal.SIGINT)
    _, words = child.communicate(timeout=30)
    assert child.returncode == 130, words
    assert "Stopped" in words
    assert "--resume" in words
    assert "Traceback" not in words
    done = subprocess.run([*command, "-o", str(out), "--resume"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "files were read before" in done.stderr
    subprocess.run([*command, "-o", str(expected)], check=True, capture_output=True)
    assert out.read_bytes() == expected.read_bytes()
    assert not journal.exists()
