"""`tocsin explain`: the parts of a condition, each with what it asked and what was there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from lab_events import event, record
from sigma.rule import SigmaRule
from typer.testing import CliRunner

from tocsin.cli.explain import lines_of
from tocsin.cli.main import app
from tocsin.lab.record import Record
from tocsin.lab.sigma.explain import Explanation, explain

ID = "5a0bbd04-0000-4000-8000-000000000001"


def rule(detection: dict[str, Any], **logsource: str) -> dict[str, Any]:
    return {
        "title": "Rule", "id": ID, "logsource": logsource or {"product": "windows", "service": "security"},
        "detection": detection,
    }  # fmt: skip


def explained(detection: dict[str, Any], data: dict[str, Any], **logsource: str) -> Explanation:
    return explain(SigmaRule.from_dict(rule(detection, **logsource)), record("Security", 4624, data))


def test_each_part_says_what_it_asked_and_what_was_there() -> None:
    found = explained(
        {
            "selection": {"EventID": 4624, "Tool|contains": ["evil", "bad"]},
            "filter_a": {"User": "adm"},
            "filter_b": {"Host": None},
            "condition": "selection and not 1 of filter_*",
        },
        {"Tool": "an EVIL one", "User": "anna", "Host": "ws1"},
    )
    assert "\n".join(lines_of(found)) == (
        f"Rule ({ID}) fires.\n"
        "  yes condition: all of\n"
        "      yes selection: all of\n"
        "          yes EventID is '4624'\n"
        "                there: '4624'\n"
        "          yes Tool contains 'evil' or 'bad'\n"
        "                there: 'an EVIL one'\n"
        "      yes not\n"
        "          no  1 of filter_*: any of\n"
        "              no  filter_a: User is 'adm'\n"
        "                    there: 'anna'\n"
        "              no  filter_b: Host is absent or empty\n"
        "                    there: 'ws1'"
    )


@pytest.mark.parametrize(("selection", "asked", "found"), [
    ({"A|startswith": "x"}, "begins with 'x'", "'value'"),
    ({"A|endswith": "x"}, "ends with 'x'", "'value'"),
    ({"A": "x*y?"}, "is like 'x*y?'", "'value'"),
    ({"A|re|i": "x+"}, "matches /x+/ with i", "'value'"),
    ({"A|cidr": "10.0.0.0/8"}, "is an address in 10.0.0.0/8", "'value'"),
    ({"A|gt": 5}, "> 5", "'value'"),
    ({"A|exists": False}, "is not there", "'value'"),
    ({"Missing|exists": True}, "is there", "absent"),
    ({"A|fieldref": "B"}, "is what B is ('other')", "'value'"),
    ({"A|fieldref|startswith": "B"}, "begins with what B is ('other')", "'value'"),
    ({"A|cased": "X"}, "is 'X' (with this case)", "'value'"),
    ({"A|hour": 3}, "its hour = 3", "'value'"),
    ({"Empty": "x"}, "is 'x'", "empty"),
    ({"Missing": "*"}, "has any value", "absent"),
    ({"List": "x"}, "is 'x'", "'a', 'b'"),
    (["xyz", "zyx"], "contains 'xyz' or 'zyx'", "looked for in"),
])  # fmt: skip
def test_questions_in_words(selection: Any, asked: str, found: str) -> None:
    data = {"A": "value", "B": "other", "Empty": "", "List": ["a", "b"]}
    (part,) = explained({"s": selection, "condition": "s"}, data).conditions
    assert (part.holds, part.asked, part.name) == (False, asked, "s")
    assert part.found.startswith(found)


def test_of_a_long_list_what_fits_is_shown() -> None:
    texts = [f"t{number}" for number in range(50)]
    (part,) = explained({"s": {"A|contains": texts}, "condition": "s"}, {"A": "x t42"}).conditions
    # t4 is in t42 too.
    assert part.asked == "contains 't4' or 't42' or 't0' or 't1' or 't2' or 't3' or 44 more"


@pytest.mark.parametrize(("logsource", "each", "why"), [
    ({"product": "macos", "category": "process_creation"}, record("Security", 1, {}), "no source here records product macos"),
    ({"product": "windows", "service": "system"}, record("Security", 1, {}), "that is system; the record is from security"),
    ({"product": "windows", "category": "process_creation"}, record("Security", 1, {}), "event id 4688; the record has 1"),
    ({"product": "linux", "service": "sshd"}, Record(1, "", "", "linux/auth", "", None, {}, {"program": "su", "A": "x"}),
     "its log source wants program sshd"),
    ({"product": "windows"}, Record(1, "", "", "linux/auth", "", None, {}, {"A": "x"}), "any channel of Windows"),
])  # fmt: skip
def test_a_record_of_another_log(logsource: dict[str, str], each: Record, why: str) -> None:
    found = explain(SigmaRule.from_dict(rule({"s": {"A": "x"}, "condition": "s"}, **logsource)), each)
    assert not found.matches
    assert why in found.elsewhere
    assert "not of its log source" in lines_of(found)[1]


def test_a_view_is_named() -> None:
    each = record("Security", 4688, {"NewProcessName": "C:\\x.exe"})
    detection = {"s": {"Image|endswith": "\\x.exe"}, "condition": "s"}
    found = explain(SigmaRule.from_dict(rule(detection, product="windows", category="process_creation")), each)
    assert (found.matches, found.view) == (True, "process_creation_audit")


def test_several_conditions_are_alternatives() -> None:
    found = explained({"a": {"A": "1"}, "b": {"A": "2"}, "condition": ["a", "b"]}, {"A": "2"})
    assert (found.matches, [each.holds for each in found.conditions]) == (True, [False, True])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "rule.yml").write_text(yaml.safe_dump(rule({"s": {"A|expand": "%x%"}, "condition": "s"})))
    (tmp_path / "values").write_text("x: [one, two]\n")
    made = [
        event("Security", 4624, {"A": text}, EventRecordID=number) for number, text in ((100, "one"), (1, "\x1b[2J"))
    ]
    (tmp_path / "log").write_bytes(b"\n".join(map(orjson.dumps, made)))
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(app, ["explain", *arguments])
    finally:
        os.chdir(before)
    return done.exit_code, done.output


def test_at_the_terminal(files: Path) -> None:
    values = ("--variables", "values")
    code, said = run(files, "rule.yml", "log#100", *values)
    assert (code, "fires" in said) == (0, True)
    # The number of a record goes before its place.
    code, said = run(files, ID, "log#1", "--rules", ".", *values)
    assert (code, "does not fire" in said) == (1, True)
    assert "\x1b" not in said
    assert "\\x1b[2J" in said
    assert run(files, "Rule", "log#2", "--rules", ".", *values)[0] == 1


@pytest.mark.parametrize(("arguments", "why"), [
    (["rule.yml", "log#100"], "placeholder %x%"),
    (["rule.yml", "log"], "write FILE#N"),
    (["rule.yml", "nowhere#1"], "no such file"),
    (["rule.yml", "log#7"], "has no record 7"),
    (["another", "log#100", "--rules", "."], "no rule another"),
    (["rule.yml", "log#100", "--variables", "nothing"], "nothing"),
    (["rule.yml", "log#100", "--variables", "log"], "log is not readable as YAML"),
])  # fmt: skip
def test_what_cannot_be_had(files: Path, arguments: list[str], why: str) -> None:
    code, said = run(files, *arguments)
    assert (code, why in said) == (2, True), said
