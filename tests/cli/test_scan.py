"""`tocsin scan` at a terminal: the quick way and the full command say and do the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from tocsin.cli.main import app
from tocsin.cli.scanner import REPEATED, WITH_VALUE, WITHOUT_VALUE, plain_options

ENTRY = [sys.executable, "-c", "from tocsin.cli.entry import run; run()"]
RULE = """
title: Seen
id: 5a0bbd04-0000-4000-8000-000000000001
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""
EVENT = {"Event": {"System": {"Provider": {"#attributes": {"Name": "X"}}, "EventID": 4624, "Channel": "Security",
                              "Computer": "ws1", "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T03:10:00Z"}}},
                   "EventData": {"A": "b"}}}  # fmt: skip


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(EVENT))
    for number in range(50):
        (folder / f"{number}.txt").write_text(f"hello {number}")
        (folder / f"{number}.bin").write_bytes(b"\1\0\2" + bytes([number]))
    (tmp_path / "rule.yml").write_text(RULE)
    return folder


def scan(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ENTRY, "scan", *map(str, words)], capture_output=True, text=True, check=False)


def test_the_quick_way_knows_only_options_of_the_full_command() -> None:
    known = {
        name: parameter
        for parameter in get_command(app).commands["scan"].params  # type: ignore[attr-defined]
        for name in parameter.opts
    }
    for flag, name in {**WITH_VALUE, **WITHOUT_VALUE}.items():
        assert known[flag].name == name
        assert known[flag].multiple is (name in REPEATED)
        assert known[flag].is_flag is (flag in WITHOUT_VALUE)


def test_what_is_not_plain_goes_to_the_full_command() -> None:
    for words in ([], ["--help"], ["a", "--jobs", "x"], ["a", "--jobs"], ["a", "-o", "b", "-o", "c"], ["a", "--jobs=2"],
                  ["a", "--other", "b"], ["a", "-o", "--resume"], ["--", "a"]):  # fmt: skip
        assert plain_options(words) is None, words
    assert plain_options(["a", "--rules", "r", "--rules", "s", "-o", "f", "--jobs", "2", "b", "--resume"]) == {
        "paths": [Path("a"), Path("b")], "rules": [Path("r"), Path("s")], "output": Path("f"), "jobs": 2, "resume": True,
    }  # fmt: skip


def test_both_ways_give_the_same(evidence: Path, tmp_path: Path) -> None:
    rule = tmp_path / "rule.yml"
    quick = scan(evidence, "--rules", rule, "-o", tmp_path / "quick", "--report", tmp_path / "quick.json")
    full = scan(evidence, f"--rules={rule}", "-o", tmp_path / "full", "--report", tmp_path / "full.json")
    assert quick.returncode == full.returncode == 1
    assert (tmp_path / "quick").read_bytes() == (tmp_path / "full").read_bytes() != b""
    first, second = (
        json.loads((tmp_path / name).read_bytes()) | {"seconds": 0} for name in ("quick.json", "full.json")
    )
    assert first == second
    assert first["sources"]["json"]["records"] == 1


def test_the_account_of_many_other_files_is_short(evidence: Path, tmp_path: Path) -> None:
    words = scan(evidence, "--rules", tmp_path / "rule.yml", "-o", tmp_path / "out").stderr
    assert len(words.splitlines()) < 10
    assert "text 50" in words
    assert "(50 times, first in" in words


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(RULE)
    (tmp_path / "evil\x1b[2J.bin").write_bytes(b"\1\0")
    words = scan(tmp_path / "evil\x1b[2J.bin", "--rules", tmp_path / "rule.yml").stderr
    assert "\x1b" not in words
    assert "\\x1b[2J" in words


def test_resume_needs_an_output(tmp_path: Path) -> None:
    done = scan(tmp_path, "--resume")
    assert done.returncode == 2
    assert "--resume needs -o" in done.stderr
