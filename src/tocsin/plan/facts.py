"""The facts that conditions and messages may ask for: those Tocsin knows, and those a plan adds."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files

from tocsin.plan.models import Fact, FactKind
from tocsin.plan.yamlfile import read_yaml

# Families that follow from a playbook itself: the option chosen, a step given up, a variable of CACAO.
DECISION, FAILED, VARIABLE = "decision.", "failed.", "variable."

# Facts that follow from what the organization is: nobody has to state them in an incident.
FROM_ROLES = {"us_listed": "sec_registrant", "eu_listed": "listed_issuer_eu"}

PLACEHOLDER = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)


@cache
def known_facts() -> Mapping[str, Fact]:
    """Every fact that Tocsin knows by name (from facts.yaml beside this file)."""
    text = files("tocsin.plan").joinpath("facts.yaml").read_text(encoding="utf-8")
    groups = read_yaml("facts.yaml", text).value
    return {
        name: Fact(kind=FactKind(kind), means=means) for kind, group in groups.items() for name, means in group.items()
    }


def role_facts(roles: Collection[str]) -> dict[str, bool]:
    """The facts that follow from what an organization is, such as being listed in the United States."""
    return {fact: role in roles for fact, role in FROM_ROLES.items()}


def placeholders(body: str) -> list[tuple[int, str]]:
    """(line from 1, name) of each `{{ fact }}` in a message's body, in order."""
    return [(body.count("\n", 0, found.start()) + 1, found[1]) for found in PLACEHOLDER.finditer(body)]
