"""obligations.yaml: clauses and targets are read, linted where they stand, shown and compared; the schema knows them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from tocsin.plan.diff import diff
from tocsin.plan.lint import lint
from tocsin.plan.load import parse_plan, read_files
from tocsin.plan.problems import PlanError
from tocsin.plan.schema import json_schemas
from tocsin.plan.show import show

TODAY = date(2026, 11, 23)
FILE = "obligations.yaml"
TEXT = re.search(
    r"```yaml\n(clauses:.+?)```",
    (Path(__file__).parents[2] / "docs" / "plan-format.md").read_text(encoding="utf-8"),
    re.DOTALL,
)[1]  # type: ignore[index]


def test_clauses_and_targets_are_read_shown_and_compared(files: dict[str, str]) -> None:
    before = parse_plan(files)
    plan = parse_plan(files | {FILE: TEXT})
    clause = plan.obligations.clauses[0]
    assert (clause.id, clause.level, str(clause.stages[0].within)) == ("acme-frame-contract", "contract", "24 hours")
    assert plan.obligations.limits == {
        "eu-gdpr-34": timedelta(days=3),
        ("eu-nis2-23", "inform service recipients"): timedelta(days=2),
    }
    assert lint(files | {FILE: TEXT}, TODAY) == []
    assert "Acme frame contract, clause 14.2: first notice to Acme service desk, 24 hours." in show(plan)
    told = "\n".join(diff(before, plan))
    assert "Clause acme-frame-contract" in told
    assert "Target eu-gdpr-34" in told
    assert "within" in "\n".join(diff(plan, parse_plan(files | {FILE: TEXT.replace("24 hours", "36 hours")}))).lower()


def test_a_folder_may_hold_the_file(files: dict[str, str], tmp_path: Path) -> None:
    for name, text in (files | {FILE: TEXT}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert read_files(tmp_path)[FILE] == TEXT


@pytest.mark.parametrize(
    ("code", "old", "new", "says"),
    [
        ("duplicate-regime", "acme-frame-contract", "eu-gdpr-33", "in Tocsin's library already"),
        ("unknown-regime", "eu-gdpr-34: 3 d", "eu-gdpr-43: 3 d", "did you mean"),
        ("unknown-regime", "inform service recipients:", "inform recipients:", "no stage of 'eu-nis2-23'"),
        ("unknown-regime", "    stages:", "    related: [eu-gdpr-99]\n    stages:", "is no duty"),
    ],
)
def test_lint_says_what_cannot_be_meant(files: dict[str, str], code: str, old: str, new: str, says: str) -> None:
    text = TEXT.replace(old, new, 1)
    found = [p for p in lint(files | {FILE: text}, TODAY) if p.code == code]
    assert [p.file for p in found] == [FILE]
    assert says in found[0].what
    assert new.strip().split("\n")[0][:12] in text.split("\n")[found[0].line - 1]


def test_lint_finds_a_step_whose_duty_nobody_knows(files: dict[str, str]) -> None:
    name = next(n for n, text in files.items() if "kind: notification" in text)
    text = files[name].replace("kind: notification", "kind: notification\n    regime: eu-gdpr-99", 1)
    found = [p for p in lint(files | {name: text}, TODAY) if p.code == "unknown-regime"]
    assert [(p.file, text.split("\n")[p.line - 1].strip()) for p in found] == [(name, "regime: eu-gdpr-99")]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("from: awareness", "from: the_call", "no name of instants"),
        ("within: 24 hours", "within: soon", "no period"),
        ("recipient: customer,", "recipient: nobody,", "recipient"),
        ("    name: Acme", "    nmae: Acme", "nmae"),
        ("eu-gdpr-34: 3 d", "eu-gdpr-34: 2 business days", "a target is a time"),
        ("first notice", "n" * 201, "longer than 200"),
    ],
)
def test_a_clause_with_an_error_is_told_with_file_and_line(
    files: dict[str, str], old: str, new: str, says: str
) -> None:
    assert old in TEXT
    with pytest.raises(PlanError) as raised:
        parse_plan(files | {FILE: TEXT.replace(old, new, 1)})
    problem = raised.value.problems[0]
    assert problem.file == FILE
    assert problem.line >= 1
    assert any(says in p.what for p in raised.value.problems), [str(p) for p in raised.value.problems]


def test_the_schema_takes_the_example_and_refuses_a_slip() -> None:
    schema = json_schemas()["obligations.schema.json"]
    value = YAML(typ="safe").load(TEXT)
    jsonschema.validate(value, schema)
    value["clauses"][0]["stages"][0]["within"] = "soon"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schema)
