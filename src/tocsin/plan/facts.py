"""The facts that conditions and messages may ask for: those Tocsin knows, and those a plan adds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.plan.models import Fact, FactKind
from tocsin.plan.yamlfile import read_yaml

# Families that follow from a playbook itself: the option chosen, a step given up, a variable of CACAO.
DECISION, FAILED, VARIABLE = "decision.", "failed.", "variable."

PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


@cache
def _file() -> Mapping[str, Any]:
    text = files("tocsin.plan").joinpath("facts.yaml").read_text(encoding="utf-8")
    groups: Mapping[str, Any] = read_yaml("facts.yaml", text).value
    return groups


@cache
def known_facts() -> Mapping[str, Fact]:
    """Every fact that Tocsin knows by name (from facts.yaml beside this file)."""
    kinds = {kind: group for kind, group in _file().items() if kind in set(FactKind)}
    return {
        name: Fact(kind=FactKind(kind), means=means) for kind, group in kinds.items() for name, means in group.items()
    }


def from_role() -> Mapping[str, str]:
    """The facts that follow from what the organization is, each with its role: nobody has to state them."""
    found: Mapping[str, str] = _file()["from_role"]
    return found


def role_facts(roles: Collection[str]) -> dict[str, bool]:
    """The facts that follow from what an organization is, such as being listed in the United States."""
    return {fact: role in roles for fact, role in from_role().items()}


def same_as(fact: str) -> list[str]:
    """The other names of a fact: playbooks and laws have their own for a few."""
    return [other for group in _file()["same"] if fact in group for other in group if other != fact]


def with_same(stated: Mapping[str, Any]) -> dict[str, Any]:
    """The stated facts, and those of the same meaning: playbooks and laws have their own names for a few."""
    follow = {fact: stated[other] for group in _file()["same"] for other in group if other in stated for fact in group}
    return follow | dict(stated)


def placeholders(body: str) -> list[tuple[int, str]]:
    """(line from 1, name) of each `{{ fact }}` in a message's body, in order."""
    return [(body.count("\n", 0, found.start()) + 1, found[1]) for found in PLACEHOLDER.finditer(body)]
