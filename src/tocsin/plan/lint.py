"""`lint`: everything that will go wrong when this plan has to run, with file and line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tocsin.plan.lint_alerts import check_alerts
from tocsin.plan.lint_messages import check_messages
from tocsin.plan.lint_obligations import check_obligations
from tocsin.plan.lint_people import check_people
from tocsin.plan.lint_playbooks import check_playbooks
from tocsin.plan.lint_severity import check_severity
from tocsin.plan.lint_view import View
from tocsin.plan.load import PLAN, assemble, read_plan
from tocsin.plan.problems import Problem


def lint(files: Mapping[str, str], today: date, reached: Mapping[str, date | None] | None = None) -> list[Problem]:
    """Every problem of the plan in `files` (path -> text), those of loading included, by file and line.

    `today` is the day on which contacts have to be fresh. `reached` is what Comchecks found out: the key of each contact
    that was asked, with the day of its last answer, or None when it never gave one. While plan.yaml or contacts.yaml
    cannot be read, only the problems of loading are known: the rest would follow from what is missing.
    """
    reading = read_plan(files)
    if reading.plan_file is None or reading.contacts_file is None:
        return sorted(set(reading.problems))
    view = View(assemble(reading, version=""), reading, today, reached or {})
    for check in (check_people, check_severity, check_playbooks, check_messages, check_alerts, check_obligations):
        check(view)
    return sorted({*reading.problems, *view.problems}, key=_order)


def _order(problem: Problem) -> tuple[bool, str, int, str, str]:
    return (problem.file != PLAN, problem.file, problem.line, problem.code, problem.what)
