"""`tocsin scan --iocs --yara`: what is looked for comes out beside the matches of rules, and is counted."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ENTRY = [sys.executable, "-c", "from tocsin.cli.entry import run; run()"]
RULE = """
title: Logon
id: 5a0bbd04-0000-4000-8000-000000000001
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""
YARA = """
rule marked : T1003 { meta: author = "us" severity = "critical" strings: $a = "evil marker" condition: $a }
rule broken { condition: nosuch }
"""
PROGRAM = b"MZ\x90\0 here is the evil marker"


def event(number: int, address: str) -> str:
    system = {"Provider": {"#attributes": {"Name": "X"}}, "EventID": number, "Channel": "Security", "Computer": "ws1",
              "TimeCreated": {"#attributes": {"SystemTime": "2026-03-01T03:10:00Z"}}}  # fmt: skip
    return json.dumps({"Event": {"System": system, "EventData": {"IpAddress": address}}})


@pytest.fixture
def case(tmp_path: Path) -> Path:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    lines = [event(4624, "198.51.100.7"), event(4624, "10.0.0.1"), event(4625, "198.51.100.7")]
    (evidence / "logons.json").write_text("\n".join(lines))
    with zipfile.ZipFile(evidence / "c.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tools/p.exe", PROGRAM)
        archive.writestr("notes.txt", "nothing here")
    (tmp_path / "rule.yml").write_text(RULE)
    (tmp_path / "iocs.csv").write_text(
        f"type,value,source,confidence\nip,198.51.100.7,Sector CERT,90\nsha256,{hashlib.sha256(PROGRAM).hexdigest()},,\n"
        "ip,not-an-address,,\n"
    )
    (tmp_path / "yara").mkdir()
    (tmp_path / "yara" / "a.yar").write_text(YARA)
    return tmp_path


def scan(case: Path, *words: object) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    done = subprocess.run([*ENTRY, "scan", str(case / "evidence"), "--rules", str(case / "rule.yml"), *map(str, words)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_indicators_and_yara_come_beside_rules(case: Path) -> None:
    report = case / "report.json"
    done, found = scan(case, "--iocs", case / "iocs.csv", "--yara", case / "yara", "--report", report)
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256(PROGRAM).hexdigest()
    in_events = [(d["rule_id"].split(":")[0], d["event_id"]) for d in found if d["channel"] == "Security"]
    rule = "5a0bbd04-0000-4000-8000-000000000001"
    assert in_events == [(rule, 4624), ("indicator", 4624), (rule, 4624), ("indicator", 4625)]
    sighted = next(d for d in found if d["rule_id"] == "indicator:ip:198.51.100.7")
    assert (sighted["level"], sighted["author"], sighted["host"]) == ("high", "Sector CERT", "ws1")
    assert sighted["fields"]["Indicator"]["field"] == "IpAddress"
    in_files = {d["rule_id"]: d for d in found if d["source_file"].endswith("c.zip!tools/p.exe")}
    assert set(in_files) == {f"indicator:sha256:{digest}", "yara:a.yar:marked"}
    yara = in_files["yara:a.yar:marked"]
    assert (yara["level"], yara["author"], yara["tags"]) == ("critical", "us", ["tocsin.yara", "attack.t1003"])
    assert yara["fields"]["sha256"] == digest
    assert yara["fields"]["Yara"]["strings"][0]["places"][0]["offset"] == PROGRAM.index(b"evil")

    account = json.loads(report.read_bytes())
    looked = account["looked_for"]
    assert (looked["indicators"], looked["sightings"]) == (2, 3)
    assert (looked["yara_rules"], looked["yara_matches"]) == (1, 1)
    assert looked["feeds"][0]["rejections"][0]["value"] == "not-an-address"
    assert [(r["rule"], r["line"]) for r in looked["yara_refused"]] == [("broken", 3)]
    assert account["detections"] == len(found) == sum(row["detections"] for row in account["files"])
    assert "2 looked for, met 3 times; 1 entries cannot be used" in done.stderr


def test_without_them_nothing_is_looked_for(case: Path) -> None:
    done, found = scan(case, "--report", case / "report.json")
    assert done.returncode == 0, done.stderr
    assert {d["rule_id"] for d in found} == {"5a0bbd04-0000-4000-8000-000000000001"}
    assert json.loads((case / "report.json").read_bytes())["looked_for"] is None


def test_the_same_with_any_number_of_children(case: Path) -> None:
    words = ("--iocs", case / "iocs.csv", "--yara", case / "yara", "--jobs")
    assert scan(case, *words, 1)[1] == scan(case, *words, 3)[1] != []


def test_what_cannot_be_looked_for_is_said(case: Path) -> None:
    for words, said in (
        (("--iocs", case / "none.csv"), "there is no such file or folder"),
        (("--iocs", case / "yara"), "is a folder: name the files with indicators"),
        (("--yara", case / "none"), "there is no such file or folder"),
    ):
        done, found = scan(case, *words)
        assert (done.returncode, found) == (2, [])
        assert said in done.stderr


def test_a_feed_that_is_none_ends_in_a_sentence(case: Path) -> None:
    (case / "broken.json").write_text('{"type": "bundle", "objects": [')
    done, found = scan(case, "--iocs", case / "broken.json")
    assert (done.returncode, found) == (2, [])
    assert "What is looked for cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
