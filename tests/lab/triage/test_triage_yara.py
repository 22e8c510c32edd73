"""YARA rules: bad ones cost themselves, slow ones their time limit, and includes are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import triage_samples as made

from tocsin.lab.containment import ContainedError, Limits
from tocsin.lab.triage import triage_contained
from tocsin.lab.triage.yara import load_yara, scan_bytes, scan_contained, scan_file, scan_text

GOOD = """
rule letters : test words
{
    meta:
        author = "a tester"
        score = 70
        sure = true
    strings:
        $plain = "hello"
        $wide = "world" wide
        $key = "secret text" xor(1-255)
    condition:
        any of them
}
"""
MIXED = """rule first { condition: true }

rule second {
    strings:
        $a = "x"
    condition:
        $a and $missing
}
rule third { condition: filesize > 2 }
"""
SLOW = "rule slow { condition: for all i in (0..filesize - 1) : (for all j in (0..filesize - 1) : (uint8(i) + uint8(j) >= 0)) }"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    (folder / "deep").mkdir(parents=True)
    (folder / "good.yar").write_text(GOOD, encoding="utf-8")
    (folder / "deep" / "mixed.yara").write_text(MIXED, encoding="utf-8")
    (folder / "notes.txt").write_text("no rules", encoding="utf-8")
    return folder


def test_a_match_says_what_where_and_why(rules: Path) -> None:
    secret = bytes(b ^ 7 for b in b"secret text")
    data = b"..hello.." + "world".encode("utf-16-le") + secret
    (match,) = [m for m in scan_bytes(load_yara([rules]), data) if m.rule == "letters"]
    assert (match.file, match.tags) == ("good.yar", ("test", "words"))
    assert match.meta == {"author": "a tester", "score": 70, "sure": True}
    assert [(p["id"], p["places"][0]["offset"], p["places"][0]["length"]) for p in match.patterns] == [
        ("$plain", 2, 5),
        ("$wide", 9, 10),
        ("$key", 19, 11),
    ]
    assert match.patterns[2]["places"][0]["xor_key"] == 7
    assert match.patterns[0]["places"][0]["text"] == "hello"


def test_a_bad_rule_is_told_with_line_and_reason_and_the_rest_goes_on(rules: Path) -> None:
    loaded = load_yara([rules])
    assert loaded.count == 3
    (bad,) = loaded.refused
    assert (bad.file, bad.line, bad.rule) == ("deep/mixed.yara", 7, "second")
    assert "$missing" in bad.reason
    assert {m.rule for m in scan_bytes(loaded, b"nothing")} == {"first", "third"}


def test_a_file_that_is_no_yara(rules: Path) -> None:
    (rules / "broken.yar").write_text("rule x { condition: true }\nrule {{{\n", encoding="utf-8")
    loaded = load_yara([rules])
    assert ("broken.yar", 2) in [(bad.file, bad.line) for bad in loaded.refused]
    assert "letters" in {m.rule for m in scan_text(loaded, "hello")}


def test_includes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yar").write_text("rule other { condition: true }", encoding="utf-8")
    (tmp_path / "main.yar").write_text('include "other.yar"\nrule main { condition: true }', encoding="utf-8")
    loaded = load_yara([tmp_path / "main.yar"])
    assert [m.rule for m in scan_bytes(loaded, b"x")] == ["main"]
    assert "include" in loaded.refused[0].reason


def test_a_slow_rule_ends_at_its_limit(tmp_path: Path) -> None:
    (tmp_path / "slow.yar").write_text(SLOW, encoding="utf-8")
    with pytest.raises(TimeoutError, match="longer than 1 seconds"):
        scan_bytes(load_yara([tmp_path]), b"x" * 500_000, seconds=1)


def test_compiled_rules_are_kept_by_content(rules: Path) -> None:
    first = load_yara([rules])
    assert load_yara([rules]).compiled is first.compiled
    (rules / "good.yar").write_text(GOOD.replace("hello", "other"), encoding="utf-8")
    changed = load_yara([rules])
    assert changed.key != first.key
    assert "letters" not in {m.rule for m in scan_bytes(changed, b"hello")}


def test_modules_work(tmp_path: Path) -> None:
    (tmp_path / "pe.yar").write_text(
        'import "pe" import "math" rule small { condition: pe.number_of_sections == 1 and math.entropy(0, filesize) < 7 }',
        encoding="utf-8",
    )
    sample = tmp_path / "sample"
    sample.write_bytes(made.pe())
    assert [m.rule for m in scan_file(load_yara([tmp_path]), sample)] == ["small"]


def test_contained_scan_of_many_files(rules: Path, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    for file, content in zip(files, (b"hello", b"."), strict=True):
        file.write_bytes(content)
    scan = scan_contained([*files, tmp_path / "missing"], [rules])
    assert [m["rule"] for m in scan.matches[str(files[0])]] == ["first", "letters", "third"] or {
        m["rule"] for m in scan.matches[str(files[0])]
    } == {"first", "letters", "third"}
    assert [m["rule"] for m in scan.matches[str(files[1])]] == ["first"]
    assert "missing" in scan.problems[str(tmp_path / "missing")]
    assert (scan.rules, [bad.rule for bad in scan.refused]) == (3, ["second"])


def test_a_scan_that_outlasts_its_child_costs_its_file(tmp_path: Path) -> None:
    (tmp_path / "slow.yar").write_text(SLOW, encoding="utf-8")
    sample = tmp_path / "sample"
    sample.write_bytes(b"x" * 500_000)
    scan = scan_contained(
        [sample], [tmp_path / "slow.yar"], limits=Limits(memory=2 << 30, seconds=3, processor_seconds=3)
    )
    assert scan.matches == {}
    assert str(sample) in scan.problems


def test_rules_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no YARA rules"):
        scan_contained([], [tmp_path / "nowhere"])


def test_triage_scans_the_sample_its_layers_and_its_parts(tmp_path: Path) -> None:
    (tmp_path / "r.yar").write_text('rule stage { strings: $a = "innermost-marker" condition: $a }', encoding="utf-8")
    sample = tmp_path / "mail.eml"
    import base64

    script = "powershell -e " + base64.b64encode("Write-Host 'innermost-marker'".encode("utf-16-le")).decode()
    body = base64.b64encode(f"$x = 1; {script}; Write-Host $x".encode())
    sample.write_bytes(
        b"From: a@b.example\nTo: c@d.example\nSubject: x\nMIME-Version: 1.0\nContent-Type: application/octet-stream; name=a.ps1\n"
        b"Content-Transfer-Encoding: base64\n\n" + body
    )
    (result,) = triage_contained([sample], rules=[tmp_path / "r.yar"])
    assert result.yara == []
    assert [(m["rule"], m["where"]) for m in result.children[0].yara] == [("stage", "layer 1")]


def test_limits_are_those_that_were_given(tmp_path: Path) -> None:
    with pytest.raises(ContainedError):
        scan_contained([], [tmp_path], limits=Limits(memory=32 << 20, seconds=5, processor_seconds=5))
