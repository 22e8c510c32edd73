"""What the library writes: schemas, the starter plan, playbook files, tables in the documentation."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tocsin.plan.dump import playbook_text
from tocsin.plan.facts import known_facts
from tocsin.plan.init import init_plan, starter_files
from tocsin.plan.lint import lint
from tocsin.plan.lint_view import lint_codes
from tocsin.plan.load import load_plan, parse_plan, read_files
from tocsin.plan.models import Plan
from tocsin.plan.problems import PlanError
from tocsin.plan.schema import json_schemas
from tocsin.plan.yamlfile import read_yaml

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)


def schema_for(path: str) -> dict[str, Any]:
    name = "playbook" if path.startswith("playbooks/") else Path(path).stem
    return json_schemas()[f"{name}.schema.json"]


def test_the_published_schemas_are_fresh() -> None:
    published = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in (ROOT / "docs" / "schemas").glob("*.json")}
    assert published == json_schemas(), "run: python -m tocsin.plan.schema docs/schemas"


def test_the_schemas_are_schemas() -> None:
    for schema in json_schemas().values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schemas_accept_what_loads(files: dict[str, str]) -> None:
    for path in [p for p in files if p.endswith(".yaml")]:
        jsonschema.validate(read_yaml(path, files[path]).value, schema_for(path))


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [("plan.yaml", "holder:", "hodler:"), ("plan.yaml", "report_every: 8 h", "report_every: 8 weeks"),
     ("contacts.yaml", "kind: sms", "kind: fax"), ("playbooks/general.yaml", "role: speaker", "rolle: speaker")],
)  # fmt: skip
def test_the_schemas_refuse_what_does_not_load(files: dict[str, str], path: str, old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read_yaml(path, files[path].replace(old, new)).value, schema_for(path))


def test_the_starter_plan_is_good(tmp_path: Path) -> None:
    written = init_plan(tmp_path / "plan", 'Polder & Søn: "Ost"')
    plan = load_plan(tmp_path / "plan")
    assert plan.organization.name == 'Polder & Søn: "Ost"'
    assert len(plan.playbooks) == 10
    assert {p.relative_to(tmp_path / "plan").as_posix() for p in written} == set(read_files(tmp_path / "plan"))
    found = lint(read_files(tmp_path / "plan"), TODAY)
    assert [str(p) for p in found if p.code != "fill-in"] == []


def test_the_starter_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "contacts.yaml").write_text("mine\n")
    with pytest.raises(PlanError, match=r"contacts\.yaml: error: this file is there already"):
        init_plan(tmp_path, "Polder")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["contacts.yaml"]
    assert (tmp_path / "contacts.yaml").read_text() == "mine\n"
    with pytest.raises(PlanError, match="name is empty"):
        init_plan(tmp_path / "new", "  ")


@pytest.mark.parametrize("name", ["no", "1", "a: b", "'", '"', "#x", "ünï", "back\\slash", r"\1"])
def test_any_name_can_be_an_organization(name: str) -> None:
    assert parse_plan(starter_files(name)).organization.name == name


def test_a_playbook_written_reads_back(plan: Plan, files: dict[str, str]) -> None:
    for playbook in plan.playbooks.values():
        files[f"playbooks/{playbook.id}.yaml"] = playbook_text(playbook)
    assert parse_plan(files).playbooks == plan.playbooks


def test_a_name_of_a_fact_stands_once_and_says_what_it_means() -> None:
    facts = known_facts()
    assert len(facts) > 100
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and fact.means for name, fact in facts.items())


def test_the_documentation_lists_every_check_of_lint() -> None:
    text = (ROOT / "docs" / "plan-format.md").read_text(encoding="utf-8")
    rows = {(code, severity, why) for code, (severity, why) in lint_codes().items()}
    listed = set(re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \|$", text, re.MULTILINE))
    assert listed == rows


def test_the_example_in_the_documentation_is_a_playbook() -> None:
    text = (ROOT / "docs" / "plan-format.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(id: .+?)```", text, re.DOTALL)
    assert example
    assert YAML(typ="safe").load(example[1])["id"]
    jsonschema.validate(read_yaml("x", example[1]).value, json_schemas()["playbook.schema.json"])
