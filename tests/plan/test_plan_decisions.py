"""Decisions in a plan: costs, what an option waits for, what to know; through the file, CACAO, the diff and the pages."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tocsin.plan.cacao import export_playbook, import_playbook
from tocsin.plan.decision_models import Cost
from tocsin.plan.diff import diff
from tocsin.plan.dump import playbook_text
from tocsin.plan.load import parse_plan
from tocsin.plan.models import Plan
from tocsin.plan.show import show

RANSOM = "playbooks/ransomware.yaml"
WITH = (
    "{id: pay, requires: [sanctions_checked], cost: {currency: EUR, low: 200000, high: 450000, note: once}, label: Pay,"
)


@pytest.fixture
def weighed(files: dict[str, str]) -> Plan:
    """The sample plan, whose question of payment says what to know, what paying costs and what it waits for."""
    text = files[RANSOM].replace("{id: pay, label: Pay,", WITH, 1)
    text = text.replace("      authority: pay-ransom\n", "      authority: pay-ransom\n      facts: [backups_usable]\n")
    return parse_plan(files | {RANSOM: text})


def test_it_comes_back_from_cacao_and_from_its_own_file(weighed: Plan, files: dict[str, str]) -> None:
    playbook = weighed.playbooks["ransomware"]
    document = export_playbook(weighed, playbook)
    assert import_playbook(document).playbook.step("pay").decision == playbook.step("pay").decision
    again = parse_plan(files | {RANSOM: playbook_text(playbook)})
    assert again.playbooks["ransomware"] == playbook


def test_a_reader_of_cacao_without_our_extension_sees_question_and_options(weighed: Plan) -> None:
    document = export_playbook(weighed, weighed.playbooks["ransomware"])
    (step,) = [s for s in document["workflow"].values() if s.get("name") == "Pay?"]
    command = step["commands"][0]["command"]
    assert "Do we pay?" in command
    assert "- pay: Pay" in command


def test_what_changed_and_what_it_says_is_told_in_words(weighed: Plan, plan: Plan) -> None:
    said = "\n".join(diff(plan, weighed))
    for words in ("cost", "backups", "sanctions"):
        assert words in said
    page = show(weighed)
    assert "EUR 200,000 to 450,000 once; only once it is stated that sanctions checked" in page
    assert "To know first: backups usable." in page


@pytest.mark.parametrize(
    "wrong",
    [{"currency": "EUR", "low": 2, "high": 1}, {"currency": "eur", "low": 1}, {"currency": "EUR", "low": -1},
     {"currency": "EUR", "low": 10**13}, {"currency": "EUR"}, {"currency": "EUR", "low": 1, "much": 2}],
)  # fmt: skip
def test_what_is_no_cost_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Cost.model_validate(wrong)
