"""What the checks of lint look at: the plan, where each part stands, and the problems found so far."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import cast

from tocsin.plan.facts import DECISION, FAILED, VARIABLE, known_facts
from tocsin.plan.load import CONTACTS, PLAN, Reading
from tocsin.plan.models import Fact, Plan
from tocsin.plan.problems import Problem, Severity
from tocsin.plan.yamlfile import Path, read_yaml


@cache
def lint_codes() -> Mapping[str, tuple[Severity, str]]:
    """code -> (severity, why it matters) of every check of lint."""
    text = files("tocsin.plan").joinpath("lint_codes.yaml").read_text(encoding="utf-8")
    groups = read_yaml("lint_codes.yaml", text).value
    return {code: (cast("Severity", sev), why) for sev, group in groups.items() for code, why in group.items()}


@cache
def vocabulary(name: str) -> frozenset[str]:
    """The words of one list in vocabulary.yaml: countries, tactics or recipients."""
    text = files("tocsin.plan").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    return frozenset(read_yaml("vocabulary.yaml", text).value[name])


@dataclass
class View:
    """The plan under test on the day `today`; `reached` says when who was asked last answered (None: never)."""

    plan: Plan
    reading: Reading
    today: date
    reached: Mapping[str, date | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, code: str, file: str, path: Path, what: str) -> None:
        """Note a problem at the key `path` of `file`."""
        self.add_at(code, file, self.reading.texts[file].line(path), what)

    def add_at(self, code: str, file: str, line: int, what: str) -> None:
        """Note a problem at a line (from 1) of `file`."""
        severity, why = lint_codes()[code]
        self.problems.append(Problem(file, line, severity, code, what, why))

    def in_plan(self, code: str, path: Path, what: str) -> None:
        """Note a problem in plan.yaml."""
        self.add(code, PLAN, path, what)

    def in_contacts(self, code: str, path: Path, what: str) -> None:
        """Note a problem in contacts.yaml."""
        self.add(code, CONTACTS, path, what)

    def fact(self, name: str) -> Fact | None:
        """The fact of that name, of Tocsin or of this plan."""
        return self.plan.facts.get(name) or known_facts().get(name)

    def fact_hint(self, name: str) -> str:
        """What to do about an unknown fact."""
        known = [*known_facts(), *self.plan.facts, DECISION, FAILED, VARIABLE]
        return near(name, known) or "; declare it under 'facts' in plan.yaml"


def near(name: str, known: Iterable[str]) -> str:
    """'; did you mean ...?' when something known is spelt much the same, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
