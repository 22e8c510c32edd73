"""Lint of how bad it is and who is called: the severity matrix and escalation."""

from __future__ import annotations

from datetime import timedelta

from tocsin.plan.lint_view import View, near
from tocsin.plan.models import Factor
from tocsin.plan.offset import Offset

SEVERITIES = (1, 2, 3, 4)


def check_severity(view: View) -> None:
    """Whether every incident gets one severity, and every severity calls somebody."""
    _factors(view)
    _levels(view)
    _escalation(view)


def _factors(view: View) -> None:
    matrix = view.plan.severity
    for factor in Factor:
        if factor not in matrix.factors:
            view.in_plan("factor-missing", ("severity", "factors"), f"the factor '{factor.value}' is missing")
            continue
        points = [level.points for level in matrix.factors[factor].levels]
        if points != sorted(set(points)):
            what = f"the points of '{factor.value}' do not rise: {', '.join(map(str, points))}"
            view.in_plan("factor-scale", ("severity", "factors", factor.value, "levels"), what)


def _levels(view: View) -> None:
    matrix = view.plan.severity
    most = sum(max(level.points for level in factor.levels) for factor in matrix.factors.values())
    for number in SEVERITIES:
        level, path = matrix.levels.get(number), ("severity", "levels", number)
        if level is None:
            view.in_plan("level-missing", ("severity", "levels"), f"severity {number} is missing")
            continue
        milder = matrix.levels.get(number + 1)
        if milder is not None and level.from_points <= milder.from_points:
            what = f"severity {number} begins at {level.from_points} points, "
            what += f"the milder {number + 1} at {milder.from_points}"
            view.in_plan("thresholds", (*path, "from_points"), what)
        if level.from_points > most:
            what = f"severity {number} begins at {level.from_points} points; the factors give at most {most}"
            view.in_plan("unreachable-level", (*path, "from_points"), what)
        if number == 1 and not level.call:
            view.in_plan("no-call-list", path, "severity 1 has no call list")
        if is_zero(level.report_every):
            view.in_plan("zero-time", (*path, "report_every"), f"severity {number} reports every {level.report_every}")
        for index, role in enumerate(level.call):
            unknown_role(view, (*path, "call", index), role)


def _escalation(view: View) -> None:
    for index, rule in enumerate(view.plan.escalation):
        path = ("escalation", index)
        if is_zero(rule.no_answer_after):
            view.in_plan("zero-time", (*path, "no_answer_after"), f"escalation of severity {rule.severity} after zero")
        for place, role in enumerate(rule.then):
            unknown_role(view, (*path, "then", place), role)
    for severity in (1, 2):
        if severity not in {rule.severity for rule in view.plan.escalation}:
            view.in_plan("no-escalation", ("escalation",), f"severity {severity} has no escalation")


def unknown_role(view: View, path: tuple[str | int, ...], role: str) -> None:
    """Note it when plan.yaml names a role that it does not have."""
    if role not in view.plan.roles:
        view.in_plan("unknown-role", path, f"'{role}' is no role of this plan{near(role, view.plan.roles)}")


def is_zero(offset: Offset) -> bool:
    """Whether an offset is no time at all."""
    return offset.elapsed == timedelta(0) and not offset.business_days and not offset.months
