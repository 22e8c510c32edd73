"""How bad it is, and which playbook fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.plan.choose import fitting_playbook
from tocsin.plan.load import load_plan, parse_plan
from tocsin.plan.models import Factor, Plan
from tocsin.plan.severity import rate

SAMPLE = Path(__file__).parent / "sample"
MATRIX = load_plan(SAMPLE).severity


def points(total_factors: int) -> dict[Factor, int]:
    return {factor: 3 if n < total_factors else 0 for n, factor in enumerate(Factor)}


@pytest.mark.parametrize(("factors", "severity"), [(0, 4), (1, 4), (2, 3), (3, 2), (4, 1), (6, 1)])
def test_points_give_the_severity(plan: Plan, factors: int, severity: int) -> None:
    assert rate(plan.severity, points(factors)) == severity


def test_what_nobody_has_judged_counts_nothing(plan: Plan) -> None:
    assert rate(plan.severity, {}) == 4
    assert rate(plan.severity, {Factor.DATA_IMPACT: 3, Factor.ASSET_CRITICALITY: 3}) == 3


def test_points_off_the_scale_are_refused(plan: Plan) -> None:
    with pytest.raises(ValueError, match="data_impact has 2 points; the plan's scale is 0, 3"):
        rate(plan.severity, {Factor.DATA_IMPACT: 2})


@given(st.dictionaries(st.sampled_from(list(Factor)), st.sampled_from((0, 3))))
def test_more_points_never_make_it_milder(given_points: dict[Factor, int]) -> None:
    worse = dict.fromkeys(given_points, 3)
    assert rate(MATRIX, worse) <= rate(MATRIX, given_points)


def with_web(files: dict[str, str]) -> Plan:
    step = "steps:\n  - {id: a, title: A, role: scoper}\n"
    files["playbooks/web.yaml"] = (
        "id: web\ntitle: Web application\nfits: {words: [web site, defacement], "
        "techniques: [T1190, T1505.003, T1486], tactics: [initial-access, impact]}\n" + step
    )
    return parse_plan(files)


@pytest.mark.parametrize(
    ("text", "techniques", "tactics", "chosen"),
    [
        ("RANSOM note on the desktop", [], [], "ransomware"),
        ("two encrypted   files", [], [], "ransomware"),
        ("Our web-site shows something else", [], [], "web"),
        ("transom window broken", [], [], "general"),
        ("", ["T1490"], [], "ransomware"),
        ("", ["attack.t1505.003"], [], "web"),
        ("", ["T1505"], [], "general"),
        ("", ["T1190.001"], [], "web"),
        ("", [], ["Initial Access"], "web"),
        ("", ["T1486"], ["impact"], "ransomware"),
        ("web site", ["T1486"], ["impact"], "web"),
        ("nothing known", ["T9999"], ["unheard-of"], "general"),
    ],
)
def test_the_fitting_playbook(
    files: dict[str, str], text: str, techniques: list[str], tactics: list[str], chosen: str
) -> None:
    playbook, reason = fitting_playbook(with_web(files), text, techniques, tactics)
    assert playbook.id == chosen
    assert reason.endswith(".")


def test_the_reason_names_what_was_seen(files: dict[str, str]) -> None:
    _, reason = fitting_playbook(with_web(files), "ransom demanded", ["T1486", "T1490"], ["impact"])
    assert reason == (
        "Ransomware: the alert says 'ransom'; ATT&CK techniques among the detections: T1486, T1490; tactics: impact."
    )
    _, reason = fitting_playbook(with_web(files), "", [], [])
    assert "so the general one runs" in reason


def test_without_a_general_playbook_somebody_has_to_be_told(files: dict[str, str]) -> None:
    del files["playbooks/general.yaml"]
    with pytest.raises(LookupError, match="'general'"):
        fitting_playbook(parse_plan(files), "", [], [])
