"""Filters, variables and pipelines: what users bring along is worked into the rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from lab_events import event, record
from typer.testing import CliRunner

from tocsin.cli.main import app
from tocsin.lab import RuleSet, load_rules
from tocsin.lab.sigma.filters import KEPT, LEFT_OUT
from tocsin.lab.sigma.preparing import PreparationError

RuleMaker = Callable[..., RuleSet]
ID = "5a0bbd04-0000-4000-8000-000000000001"
RULE = {
    "title": "Rule", "name": "the_rule", "id": ID,
    "logsource": {"product": "windows", "service": "application"},
    "detection": {"s": {"Tool|contains": "evil"}, "condition": "s"},
}  # fmt: skip
EVIL = {"Tool": "evil", "User": "anna", "Host": "lab1"}


def filter_of(condition: str, rules: Any = "any", **more: Any) -> dict[str, Any]:
    return {
        "title": "Filter",
        "logsource": {"product": "windows"},
        "filter": {
            "rules": rules,
            "lab": {"Host|startswith": "lab"},
            "admins": {"User": "adm"},
            "condition": condition,
        },
    } | more


def dumped(*documents: Any) -> str:
    return yaml.safe_dump_all(documents, sort_keys=False)


def fires(rules: RuleSet, data: dict[str, Any]) -> bool:
    return rules.matcher().matches(record("Application", 1000, data)) == [0]


@pytest.mark.parametrize(("condition", "form", "out", "kept"), [
    ("lab", LEFT_OUT, EVIL, {"Tool": "evil", "Host": "ws1"}),
    ("not lab", KEPT, EVIL, {"Tool": "evil", "Host": "ws1"}),
    ("lab or admins", LEFT_OUT, {"Tool": "evil", "User": "adm"}, {"Tool": "evil", "User": "anna"}),
    ("1 of them", LEFT_OUT, {"Tool": "evil", "User": "adm"}, {"Tool": "evil", "User": "anna"}),
    ("not lab and not admins", KEPT, EVIL, {"Tool": "evil", "Host": "ws1"}),
    ("not (lab or admins)", KEPT, EVIL, {"Tool": "evil", "Host": "ws1"}),
    ("not 1 of a*", KEPT, {"Tool": "evil", "User": "adm"}, EVIL),
    ("lab and not admins", LEFT_OUT, EVIL, EVIL | {"User": "adm"}),
])  # fmt: skip
def test_both_forms_of_a_condition(
    rules_from: RuleMaker, condition: str, form: str, out: dict[str, Any], kept: dict[str, Any]
) -> None:
    rules = rules_from(a=dumped(filter_of(condition)), b=dumped(RULE))
    assert not fires(rules, out)
    assert fires(rules, kept)
    assert not fires(rules, {**kept, "Tool": "good"})
    (note,) = rules.compiled.filters
    assert (note.form, note.rules, note.title) == (form, 1, "Filter")


@pytest.mark.parametrize(("rules", "logsource", "applies"), [
    ("any", {"product": "windows"}, True),
    ("any", {"product": "windows", "service": "application"}, True),
    ([], {"product": "windows"}, True),
    ([ID], {"product": "windows"}, True),
    (["the_rule"], {"product": "windows"}, True),
    ("the_rule", {"product": "windows"}, True),
    (["another", ID.upper()], {"product": "windows"}, True),
    ("any", {"product": "windows", "service": "system"}, False),
    ("any", {"product": "linux"}, False),
    ("any", {"category": "process_creation"}, False),
    ([ID], {"product": "linux"}, False),
    (["another"], {"product": "windows"}, False),
])  # fmt: skip
def test_whom_a_filter_is_for(rules_from: RuleMaker, rules: Any, logsource: dict[str, str], applies: bool) -> None:
    loaded = rules_from(a=dumped(RULE), b=dumped(filter_of("lab", rules, logsource=logsource)))
    assert fires(loaded, EVIL) is not applies
    assert loaded.compiled.filters[0].rules == int(applies)
    # One that was meant for certain rules and does nothing says so.
    assert [each.file for each in loaded.rejected] == ([] if applies or rules == "any" else ["b.yml"])


def test_several_filters(rules_from: RuleMaker) -> None:
    rules = rules_from(a=dumped(RULE, filter_of("lab"), filter_of("not admins")))
    assert not fires(rules, EVIL)
    assert not fires(rules, {"Tool": "evil", "User": "adm"})
    assert fires(rules, {"Tool": "evil", "User": "bob"})


@pytest.mark.parametrize(("document", "reason"), [
    (filter_of("nothing"), "not defined"),
    (filter_of("lab and"), "not a valid Sigma filter"),
    (filter_of("lab", logsource=None), "not a valid Sigma filter"),
    ({"title": "x", "logsource": {"product": "windows"}, "filter": {"rules": "any", "s": {"a": "b"}}}, "condition"),
    ({"title": "x", "logsource": {"product": "windows"}, "filter": {"s": {"a": "b"}, "condition": "s"}}, "rules"),
    ({"title": "x", "logsource": {"product": "windows"}, "filter": "x"}, "not a valid Sigma filter"),
])  # fmt: skip
def test_a_broken_filter_is_named(rules_from: RuleMaker, document: dict[str, Any], reason: str) -> None:
    rules = rules_from(a=dumped(document), b=dumped(RULE))
    (refused,) = rules.rejected
    assert refused.file == "a.yml"
    assert reason in refused.reason
    assert fires(rules, EVIL)


WITH_PLACEHOLDER = RULE | {"detection": {"s": {"User|expand": "%admins%"}, "condition": "s"}}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., RuleSet]:
    def make(rule: dict[str, Any], variables: str | None = None, *pipelines: str) -> RuleSet:
        (tmp_path / "rule.yml").write_text(dumped(rule))
        given = []
        for number, text in enumerate(pipelines):
            given.append(tmp_path / f"pipeline{number}")
            given[-1].write_text(text)
        if variables is not None:
            (tmp_path / "variables").write_text(variables)
        return load_rules(
            [tmp_path / "rule.yml"],
            cache_dir=tmp_path / "cache",
            variables=None if variables is None else tmp_path / "variables",
            pipelines=given,
        )

    return make


@pytest.mark.parametrize(("variables", "user", "matches"), [
    ("admins: adm", "ADM", True),
    ("admins: [adm, 'root*']", "root2", True),
    ("admins: [adm, 7]", "7", True),
    ("admins: [adm, root]", "anna", False),
])  # fmt: skip
def test_placeholders_with_values(load: Callable[..., RuleSet], variables: str, user: str, matches: bool) -> None:
    assert fires(load(WITH_PLACEHOLDER, variables), {"User": user}) is matches


def test_placeholders_within_a_value(load: Callable[..., RuleSet]) -> None:
    rule = RULE | {"detection": {"s": {"User|expand|contains": "x%admins%y"}, "condition": "s"}}
    rules = load(rule, "admins: [1, 2]")
    assert fires(rules, {"User": "_x2y_"})
    assert not fires(rules, {"User": "x3y"})


@pytest.mark.parametrize("variables", [None, "others: x", "{}"])
def test_a_placeholder_without_values_is_refused(load: Callable[..., RuleSet], variables: str | None) -> None:
    rules = load(WITH_PLACEHOLDER, variables)
    assert rules.rules == []
    assert "placeholder %admins% has no values" in rules.rejected[0].reason


@pytest.mark.parametrize("variables", ["admins: {a: b}", "admins: []"])
def test_values_of_a_wrong_kind_are_refused(load: Callable[..., RuleSet], variables: str) -> None:
    assert "not a string or number" in load(WITH_PLACEHOLDER, variables).rejected[0].reason


@pytest.mark.parametrize("text", ["- a\n- b\n", "[", "1: x\n"])
def test_a_file_of_variables_that_is_none(load: Callable[..., RuleSet], text: str) -> None:
    with pytest.raises(PreparationError, match="variables"):
        load(WITH_PLACEHOLDER, text)


MAPPING = """
name: mine
priority: {priority}
transformations:
  - type: field_name_mapping
    mapping: {{{mapping}}}
"""


@pytest.mark.parametrize(("transformation", "data", "matches"), [
    ("{type: field_name_mapping, mapping: {Tool: program}}", {"program": "evil"}, True),
    ("{type: field_name_mapping, mapping: {Tool: program}}", {"Tool": "evil"}, False),
    ("{type: field_name_mapping, mapping: {Tool: [program, image]}}", {"image": "evil"}, True),
    ("{type: field_name_prefix, prefix: win.}", {"win.Tool": "evil"}, True),
    ("{type: add_condition, conditions: {User: anna}}", EVIL, True),
    ("{type: add_condition, conditions: {User: bob}}", EVIL, False),
    ("{type: change_logsource, product: windows, service: system}", EVIL, False),
    ("{type: replace_string, regex: evil, replacement: good}", {"Tool": "good"}, True),
])  # fmt: skip
def test_pipelines(load: Callable[..., RuleSet], transformation: str, data: dict[str, Any], matches: bool) -> None:
    rules = load(RULE, None, f"name: mine\npriority: 1\ntransformations: [{transformation}]\n")
    assert not rules.rejected
    assert fires(rules, data) is matches


def test_a_pipeline_may_drop_items_and_refuse_rules(load: Callable[..., RuleSet]) -> None:
    rule = RULE | {"detection": {"s": {"Tool": "evil", "Noise": "x"}, "condition": "s"}}
    drop = """
transformations:
  - type: drop_detection_item
    field_name_conditions: [{type: include_fields, fields: [Noise]}]
"""
    assert fires(load(rule, None, drop), EVIL)
    refuse = "transformations:\n  - {type: rule_failure, message: not here}\n"
    assert "not here" in load(rule, None, refuse).rejected[0].reason


def test_pipelines_go_by_priority(load: Callable[..., RuleSet]) -> None:
    second = MAPPING.format(priority=20, mapping="program: image")
    first = MAPPING.format(priority=10, mapping="Tool: program")
    assert fires(load(RULE, None, second, first), {"image": "evil"})


def test_a_pipeline_reaches_filters_and_correlations(tmp_path: Path) -> None:
    often = {"title": "Often", "id": ID.replace("0001", "0002"), "correlation": {
        "type": "event_count", "rules": ["the_rule"], "group-by": ["User"], "timespan": "1h",
        "condition": {"gte": 2}}}  # fmt: skip
    (tmp_path / "rules.yml").write_text(dumped(RULE, filter_of("admins"), often))
    (tmp_path / "pipeline").write_text(MAPPING.format(priority=1, mapping="User: account"))
    rules = load_rules([tmp_path / "rules.yml"], cache_dir=tmp_path, pipelines=[tmp_path / "pipeline"])
    assert not rules.rejected
    assert not fires(rules, {"Tool": "evil", "account": "adm"})
    assert fires(rules, {"Tool": "evil", "account": "anna"})
    assert rules.compiled.correlations[0].group_by == ["account"]


@pytest.mark.parametrize(
    "text", ["- a\n", "transformations: [{type: nonsense}]\n", "what: ever\n", "transformations: 3\n"]
)
def test_a_pipeline_that_is_none(load: Callable[..., RuleSet], text: str) -> None:
    with pytest.raises(PreparationError, match="pipeline0"):
        load(RULE, None, text)


def test_what_was_brought_along_is_part_of_the_key(load: Callable[..., RuleSet]) -> None:
    plain = load(RULE)
    with_values = load(RULE, "admins: x")
    other_values = load(RULE, "admins: y")
    piped = load(RULE, None, MAPPING.format(priority=1, mapping="Tool: program"))
    assert len({each.digest for each in (plain, with_values, other_values, piped)}) == 4
    assert not any(each.from_cache for each in (plain, with_values, other_values, piped))
    assert load(RULE, "admins: x").from_cache


def test_at_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    often = {"title": "Often", "id": ID.replace("0001", "0002"), "correlation": {
        "type": "event_count", "rules": ["the_rule"], "timespan": "1h", "condition": {"gte": 2}}}  # fmt: skip
    rule = WITH_PLACEHOLDER | {"detection": {"s": {"Account|expand": "%admins%"}, "condition": "s"}}
    (tmp_path / "rules.yml").write_text(dumped(rule, often, filter_of("lab")))
    (tmp_path / "values").write_text("admins: [adm]\n")
    (tmp_path / "fields").write_text(MAPPING.format(priority=1, mapping="Account: User"))
    events = [event("Application", 1, {"User": "adm", "Host": host}) for host in ("ws1", "ws2", "lab3")]
    (tmp_path / "log").write_bytes(b"\n".join(map(orjson.dumps, events)))
    given = [
        "--rules",
        "rules.yml",
        "--variables",
        "values",
        "--pipeline",
        "fields",
        "-o",
        "out",
        "--report",
        "account",
    ]
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["scan", "log", *given])
    (detection,) = map(orjson.loads, (tmp_path / "out").read_bytes().splitlines())
    assert (done.exit_code, detection["title"], detection["fields"]["count"]) == (0, "Often", 2)
    assert "Filter Filter: what it matches is left out; applied to 1 rules" in done.output
    account = orjson.loads((tmp_path / "account").read_bytes())
    assert (account["rules_loaded"], account["correlated"], account["detections"]) == (2, 1, 1)
    assert account["filters"][0]["rules"] == 1
    broken = CliRunner().invoke(app, ["scan", "log", *given[:2], "--pipeline", "log"])
    assert (broken.exit_code, "log" in broken.output) == (2, True)
