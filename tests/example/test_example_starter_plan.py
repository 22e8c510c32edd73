"""The starter plan: what `tocsin plan init` writes is valid, complete, and says something in every step."""

from __future__ import annotations

import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.plan.choose import fitting_playbook
from tocsin.plan.conditions import parse
from tocsin.plan.init import init_plan, starter_files
from tocsin.plan.lint import lint
from tocsin.plan.load import load_plan, parse_plan
from tocsin.plan.models import Function, Plan, Step, StepKind
from tocsin.plan.offset import Offset

TODAY = date(2026, 11, 24)
PLAYBOOKS = (
    "business-email-compromise",
    "cloud-account-takeover",
    "data-exfiltration",
    "denial-of-service",
    "general",
    "insider",
    "lost-device",
    "ransomware",
    "supply-chain",
    "web-application-compromise",
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The starter plan."""
    return parse_plan(starter_files("Acme"))


def steps(plan: Plan, kind: StepKind) -> list[tuple[str, Step]]:
    """(playbook id, step) of every step of a kind."""
    return [(p.id, s) for p in plan.playbooks.values() for s in p.steps if s.kind is kind]


def test_init_writes_a_plan_that_loads_under_the_name_of_the_organization(tmp_path: Path) -> None:
    init_plan(tmp_path / "plan", "Acme")
    written = load_plan(tmp_path / "plan")
    assert written.organization.name == "Acme"
    assert tuple(sorted(written.playbooks)) == PLAYBOOKS


def test_lint_finds_only_the_blanks_that_are_left_to_fill_in() -> None:
    problems = lint(starter_files("Acme"), TODAY)
    assert {(p.severity, p.code) for p in problems} == {("warning", "fill-in")}
    assert {p.file for p in problems} == {"contacts.yaml"}


def test_all_functions_and_disciplines_have_a_seat(plan: Plan) -> None:
    assert {role.function for role in plan.roles.values()} == set(Function)
    assert {r.discipline.value for r in plan.roles.values() if r.discipline} == {
        "malware",
        "forensics",
        "event_log",
        "network",
    }


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_has_work_for_every_function(plan: Plan, name: str) -> None:
    playbook = plan.playbooks[name]
    assert 14 <= len(playbook.steps) <= 30
    assert {plan.roles[step.role].function for step in playbook.steps} == set(Function)
    assert sum(step.kind is StepKind.DECISION for step in playbook.steps) >= 2


def test_no_two_steps_say_the_same(plan: Plan) -> None:
    said = Counter(step.instructions for p in plan.playbooks.values() for step in p.steps)
    assert [text for text, count in said.items() if count > 1] == []


def test_every_step_can_be_followed_and_proved(plan: Plan) -> None:
    for playbook in plan.playbooks.values():
        for step in playbook.steps:
            assert 20 < len(step.instructions) < 400, (playbook.id, step.id)
            assert "\a" not in step.instructions, "folded text keeps no marks of its folds"
            assert step.done_when or step.kind is StepKind.DECISION, (playbook.id, step.id)
            assert step.due is not None, (playbook.id, step.id)


def test_a_decision_is_put_to_somebody_who_may_take_it(plan: Plan) -> None:
    for name, step in steps(plan, StepKind.DECISION):
        assert step.decision is not None
        assert step.decision.authority in plan.roles[step.role].authority, (name, step.id)
        assert all(option.consequence for option in step.decision.options), (name, step.id)
        assert step.decision.if_nobody_decides, (name, step.id)


def test_only_what_tocsin_does_is_automated(plan: Plan) -> None:
    assert {step.automation for _, step in steps(plan, StepKind.AUTOMATION)} == {"scan-evidence"}


def test_the_question_of_payment_opens_at_once_and_nobody_can_say_pay_before_the_sanctions_check(plan: Plan) -> None:
    deciding = [(n, s) for n, s in steps(plan, StepKind.DECISION) if s.id == "decide-pay"]
    assert {name for name, _ in deciding} == {"ransomware", "data-exfiltration", "denial-of-service"}
    for name, step in deciding:
        assert step.decision is not None
        assert not step.needs, "it opens by itself when its condition holds"
        assert {o.id: o.requires for o in step.decision.options if o.requires} == {"pay": ("sanctions_checked",)}
        check = plan.playbooks[name].step("sanctions-check")
        assert "sanctions_checked" in check.done_when
        assert parse(check.when).facts == parse(step.when).facts


ASKED = {
    "business-email-compromise": {"engage_retainer", "involve_police", "disclose_publicly"},
    "cloud-account-takeover": {
        "shut_down_service", "engage_retainer", "involve_police", "disclose_publicly", "restore_production",
    },
    "data-exfiltration": {"engage_retainer", "involve_police", "pay_or_not", "disclose_publicly"},
    "denial-of-service": {"shut_down_service", "involve_police", "pay_or_not", "disclose_publicly"},
    "general": {"engage_retainer", "shut_down_service", "involve_police", "disclose_publicly"},
    "insider": {"engage_retainer", "involve_police", "suspend_person"},
    "lost-device": {"isolate_hosts", "disclose_publicly"},
    "ransomware": {
        "isolate_production", "engage_retainer", "involve_police", "pay_or_not", "disclose_publicly", "restore_production",
    },
    "supply-chain": {"cut_supplier", "engage_retainer", "involve_police", "disclose_publicly", "restore_production"},
    "web-application-compromise": {"shut_down_service", "engage_retainer", "disclose_publicly", "restore_production"},
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_questions_of_its_kind_are_put_and_say_what_the_decider_should_know(plan: Plan, name: str) -> None:
    deciding = [s for n, s in steps(plan, StepKind.DECISION) if n == name]
    assert ASKED[name] <= {s.decision.authority for s in deciding if s.decision}
    for step in deciding:
        assert step.decision is not None
        assert step.decision.facts, (name, step.id)


@pytest.mark.parametrize(
    ("words", "techniques", "expected"),
    [
        ("files on the file server are encrypted, ransom note found", (), "ransomware"),
        ("invoice fraud after a mailbox was opened", (), "business-email-compromise"),
        ("web shell on the customer portal", (), "web-application-compromise"),
        ("impossible travel for an administrator of the tenant", (), "cloud-account-takeover"),
        ("a laptop was stolen from a car", (), "lost-device"),
        ("", ("attack.t1567.002",), "data-exfiltration"),
        ("", ("T1498.001",), "denial-of-service"),
        ("", ("T1195.002",), "supply-chain"),
        ("a contractor copied drawings; an employee told us; insider", (), "insider"),
        ("the coffee machine hums", (), "general"),
    ],
)
def test_the_fitting_playbook_is_found(plan: Plan, words: str, techniques: tuple[str, ...], expected: str) -> None:
    assert fitting_playbook(plan, words, techniques, ())[0].id == expected


def obligations() -> dict[str, list[dict[str, Any]]]:
    """Stages of each regime in the reference library; skips where it is missing."""
    shared = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).parents[3] / "shared"))
    library = shared / "reference" / "obligations.yaml"
    if not library.is_file():
        pytest.skip(f"no obligations library at {library}")
    data = yaml.load(library.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return {regime["id"]: regime["stages"] for regime in data["regimes"]}


def offset_of(deadline: dict[str, Any]) -> Offset:
    """The deadline of a stage as a plan would write it."""
    unit = {"hours": "h", "business_days": "business days", "months": "months", "calendar_days": "d"}
    return Offset.parse(f"{deadline['amount']} {unit[deadline['unit']]}")


def test_notices_are_due_when_the_law_says(plan: Plan) -> None:
    stages = obligations()
    notices = steps(plan, StepKind.NOTIFICATION)
    assert len(notices) > 25
    for name, step in notices:
        assert step.regime in stages, (name, step.id)
        deadlines = [stage["deadline"] for stage in stages[step.regime]]
        # A stage without a figure ("without undue delay") leaves the figure to the plan.
        if None in deadlines and step.regime not in ("eu-nis2-23", "eu-gdpr-33"):
            continue
        assert step.due is not None
        assert step.due.within in [offset_of(d) for d in deadlines if d], (name, step.id)
