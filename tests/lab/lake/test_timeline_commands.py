"""`tocsin timeline`, `search` and `export`, on small evidence of real shape."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tocsin.cli.main import app

RUNNER = CliRunner()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    events = [
        {
            "EventID": 4688,
            "Channel": "Security",
            "Hostname": "ws1",
            "SourceName": "Microsoft-Windows-Security-Auditing",
            "EventTime": f"2026-03-13T06:00:{second:02}Z",
            "NewProcessName": name,
        }
        for second, name in [(9, "=calc|x"), (3, "C:\\a\\evil.exe"), (5, "C:\\b\x1b[31m.exe")]
    ]
    (folder / "a.json").write_text("\n".join(map(json.dumps, events)))
    return folder


def test_a_timeline_holds_every_event_in_order(logs: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.jsonl"
    result = RUNNER.invoke(app, ["timeline", str(logs), "-o", str(out), "--jobs", "1"])
    assert result.exit_code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["datetime"][17:19] for row in rows] == ["03", "05", "09"]
    assert {"message", "datetime", "timestamp_desc", "host", "code"} <= rows[0].keys()
    assert rows[0]["fields"] == {"NewProcessName": "C:\\a\\evil.exe"}


def test_a_table_has_the_columns_of_timesketch_and_no_formula(logs: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    assert RUNNER.invoke(app, ["timeline", str(logs), "-o", str(out), "--jobs", "1"]).exit_code == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:3] == ["message", "datetime", "timestamp_desc"]
    assert rows[2]["process"] == "'=calc|x"
    assert json.loads(rows[2]["fields"]) == {"NewProcessName": "=calc|x"}


def test_a_lake_that_is_kept_is_asked_without_the_evidence(logs: Path, tmp_path: Path) -> None:
    lake, out = str(tmp_path / "lake"), tmp_path / "found.jsonl"
    assert (
        RUNNER.invoke(app, ["export", "evil", str(logs), "--lake", lake, "-o", str(out), "--jobs", "1"]).exit_code == 0
    )
    assert len(out.read_text().splitlines()) == 1
    shown = RUNNER.invoke(app, ["search", "code:4688", "--lake", lake])
    assert shown.exit_code == 0
    lines = [line for line in shown.output.splitlines() if "ws1" in line]
    assert len(lines) == 3
    assert "evil.exe" in lines[-1]
    assert "\x1b" not in shown.output


def test_what_is_missing_shows_in_the_exit_status(logs: Path, tmp_path: Path) -> None:
    (logs / "b.json").write_text('{"EventID": 1\n')
    out = str(tmp_path / "t.jsonl")
    assert RUNNER.invoke(app, ["timeline", str(logs), "-o", out, "--jobs", "1"]).exit_code == 1
    (tmp_path / "x").write_bytes(b"\1\2\3\xff")
    assert RUNNER.invoke(app, ["timeline", str(tmp_path / "x"), "-o", out, "--jobs", "1"]).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["search", "hots:x", "--lake", "l"], "Did you mean 'host'"),
        (["search", "x"], "--lake"),
        (["timeline", "/nowhere/at/all"], "no such file"),
        (["export", "x", "--lake", "l", "-o", "a.xlsx"], ".jsonl or .csv"),
    ],
)
def test_a_mistake_is_explained(arguments: list[str], says: str) -> None:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2
    assert says in result.output.replace("\n", "")
