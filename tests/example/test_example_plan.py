"""The example organization's plan: valid, complete and without a single remark from lint."""

from __future__ import annotations

from datetime import date, timedelta

from tocsin.example import ORGANIZATION, example_plan_files
from tocsin.plan.init import starter_files
from tocsin.plan.lint import lint
from tocsin.plan.load import parse_plan

WRITTEN = date(2026, 11, 24)


def test_lint_has_nothing_to_say_on_the_day_it_was_written() -> None:
    assert [str(p) for p in lint(example_plan_files(), WRITTEN)] == []


def test_lint_has_nothing_to_say_years_later_when_dates_move_along() -> None:
    later = WRITTEN + timedelta(days=900)
    assert [str(p) for p in lint(example_plan_files(later), later)] == []
    stale = {p.code for p in lint(example_plan_files(), later)}
    assert stale == {"contact-unverified"}, "without moving the dates every contact is out of date"


def test_it_runs_the_starter_s_playbooks_under_its_own_name() -> None:
    plan = parse_plan(example_plan_files())
    starter = parse_plan(starter_files("Any"))
    assert plan.organization.name == ORGANIZATION
    assert plan.playbooks == starter.playbooks
    assert set(plan.roles) == set(starter.roles)
    assert plan.organization != starter.organization


def test_nobody_in_it_can_be_reached_by_accident() -> None:
    for contact in parse_plan(example_plan_files()).contacts.values():
        for method in contact.methods:
            if method.kind == "mail":
                domain = method.url.rsplit("@", 1)[1]
                assert domain.split(".", 1)[-1] in ("example.org", "example.com"), method.url
            else:
                # Ranges that Swedish and German authorities keep free for films and books.
                ranges = ("tel:+467017406", "tel:+463139006", "tel:+46846500", "tel:+493023125")
                assert method.url.startswith(ranges), method.url


def test_holders_and_backups_are_different_people_with_two_ways_to_reach_them() -> None:
    plan = parse_plan(example_plan_files())
    for key, role in plan.roles.items():
        assert role.holder
        assert role.backups
        assert role.holder not in role.backups, key
        kinds = {method.kind for method in plan.contacts[role.holder].methods}
        assert kinds >= {"phone", "mail"}, key
