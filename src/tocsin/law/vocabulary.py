"""The names that regimes and fact sheets share: instants, roles, flags and categories of data (vocabulary.yaml)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from tocsin.law.yamlfile import YamlText


@dataclass(frozen=True)
class Vocabulary:
    """The names by kind, each with its meaning in plain words, and what follows from what."""

    instants: Mapping[str, str]
    read_from: Mapping[str, list[str]]
    filed_as: Mapping[str, list[list[str]]]
    order: list[list[str]]
    roles: Mapping[str, str]
    no_business: list[str]
    role_implies: Mapping[str, list[str]]
    stated_for_the_incident: list[list[str]]
    flags: Mapping[str, str]
    flag_follows_from: Mapping[str, list[str]]
    data: Mapping[str, str]
    data_implies: Mapping[str, list[str]]
    coarse_data: str
    not_about_people: list[str]

    def roles_held(self, roles: Iterable[str]) -> frozenset[str]:
        """The roles stated and those that follow from them."""
        held = closure(roles, self.role_implies)
        return held | {"any", "business"} if held - set(self.no_business) else held | {"any"}

    def roles_open(self, roles: frozenset[str]) -> frozenset[str]:
        """Roles that nobody stated, but that are not ruled out either: roles in this incident."""
        groups = [group for group in self.stated_for_the_incident if not roles & set(group)]
        return closure((role for group in groups for role in group), self.role_implies)

    def data_held(self, categories: Iterable[str]) -> frozenset[str]:
        """The categories of data stated and those that follow; every category about people is personal data."""
        held = closure(categories, self.data_implies)
        return held | {self.coarse_data} if held - set(self.not_about_people) else held

    def data_open(self, categories: frozenset[str]) -> frozenset[str]:
        """The categories that are not ruled out, as the sheet says no more than "personal data"."""
        fine = frozenset(self.data) - {self.coarse_data, *self.not_about_people}
        return fine if self.coarse_data in categories and not categories & fine else frozenset()


def closure(names: Iterable[str], implied: Mapping[str, list[str]]) -> frozenset[str]:
    """The names and all that follow from them."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left.extend(implied.get(name, ()))
    return frozenset(found)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of this version."""
    text = files("tocsin.law").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    return Vocabulary(**YamlText("vocabulary.yaml", text).value)
