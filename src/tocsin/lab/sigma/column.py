"""One field as the rules of a route see it: what each of its values means for the rules, as bits.

Every rule is a bit. A value's verdict has two numbers: the rules that it does not rule out (whose clauses
on this field it satisfies, or that have none), and the rules whose clause across fields it satisfies. A
value is looked at once, however many events have it, and values that are new together are searched together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tocsin.lab.sigma.atoms import Look, Test, texts_of
from tocsin.lab.sigma.clauses import Needle
from tocsin.lab.sigma.search import Search
from tocsin.lab.sources.rows import ABSENT, Absent

MAX_CLAUSES = 3
"""Clauses of one rule on one field that are used; each costs a layer of bits."""
MAX_ACROSS = 2
"""Clauses of one rule across fields that are used."""
MAX_REMEMBERED = 8_000
MAX_REMEMBERED_LENGTH = 2_000_000
"""Values that a column remembers between batches, and their length in all; a scan's memory stays bounded."""

Value = str | tuple[str, ...] | Absent | None
"""A field's value in the form in which it is remembered: its text, its texts where it has several, None for
null."""


@dataclass
class Layers:
    """The rules' clauses on one field: layer k holds each rule's clause number k; the last ones clauses across
    fields."""

    width: int
    demands: list[int] = field(default_factory=lambda: [0] * MAX_CLAUSES)
    helps: int = 0
    """Rules that have a clause across fields of which this is one."""
    atoms: dict[int, int] = field(default_factory=dict)
    """What an atom's needles mean, as bits by layer and rule."""
    probes: list[tuple[int, Test]] = field(default_factory=list)
    """Rules, as bits, that have no good clause, each with a part of its tree that asks nothing but this field."""

    def demand(self, clause: Iterable[int], rule: int, layer: int) -> None:
        """Enter a rule's clause on this field."""
        self.demands[layer] |= 1 << rule
        self._add(clause, 1 << (rule + layer * self.width))

    def probe(self, rule: int, test: Test) -> None:
        """Enter a part of a rule's tree that must hold and asks nothing but this field."""
        self.probes.append((1 << rule, test))

    def help(self, part: Iterable[int], rule: int, layer: int) -> None:
        """Enter what a rule's clause across fields asks of this one."""
        self.helps |= 1 << rule
        self._add(part, 1 << (rule + (MAX_CLAUSES + layer) * self.width))

    def _add(self, atoms: Iterable[int], bit: int) -> None:
        for atom in atoms:
            self.atoms[atom] = self.atoms.get(atom, 0) | bit


class Column:
    """The verdicts on the values of one field."""

    def __init__(self, name: str, layers: Layers, everything: int, needles: Mapping[int, frozenset[Needle]]) -> None:
        self.demands = layers.demands[0] | sum({rule for rule, _ in layers.probes})
        """Rules that this field can rule out."""
        self.helps = layers.helps
        self.allowed: dict[Value, int] = {}
        self.helped: dict[Value, int] = {}
        self._name = name
        self._everything = everything
        self._layers = layers
        self._needles = needles
        self._asked = [demand for demand in layers.demands if demand]
        self._length = 0
        self._enter(ABSENT, 0)

    def learn(self, values: Sequence[Any]) -> Sequence[Value]:
        """Return values in the form in which they are remembered, with a verdict on each of them there is."""
        new = self._unknown(values)
        if new is None:
            values = [value if type(value) is str else in_memory(value) for value in values]
            new = set(values).difference(self.allowed)
        if new and (len(self.allowed) > MAX_REMEMBERED or self._length > MAX_REMEMBERED_LENGTH):
            self.allowed.clear()
            self.helped.clear()
            self._enter(ABSENT, 0)
            self._length = 0
            new = set(values)
        if new:
            self._learn(new)
        return values

    def _unknown(self, values: Sequence[Any]) -> set[Value] | None:
        """Return those of some values that were not met before; None where one is not in the form to remember."""
        try:
            new: set[Value] = set(values).difference(self.allowed)
        except TypeError:  # a list
            return None
        # Numbers are never remembered as such, so they are always new, and known values are texts, null or absent.
        return new if set(map(type, new)) <= {str} else None

    def verdict(self, value: Any) -> tuple[int, int]:
        """Return the rules that one value allows, and those that it helps."""
        (known,) = self.learn([value])
        return self.allowed[known], self.helped[known]

    def _learn(self, new: set[Value]) -> None:
        plain = [value for value in new if type(value) is str]
        for value, found in zip(plain, self.search.found(plain) if plain else (), strict=True):
            self._length += len(value)
            self._enter(value, found)
        for other in new.difference(plain):
            found = self.search.present
            for one in self.search.found(other) if type(other) is tuple else ():
                found |= one
            self._enter(other, 0 if other is ABSENT else found)

    def _enter(self, value: Value, found: int) -> None:
        allowed, self.helped[value] = self.meaning(found)
        if self._layers.probes:
            look = Look({} if value is ABSENT else {self._name: value})
            for rule, test in self._layers.probes:
                if allowed & rule and not test(look):
                    allowed &= ~rule
        self.allowed[value] = allowed

    def meaning(self, found: int) -> tuple[int, int]:
        """Return the rules that needles allow where they were found, and those that they help."""
        width = self._layers.width
        allowed = self._everything
        for layer, demand in enumerate(self._asked):
            allowed &= ~(demand & ~(found >> layer * width))
        return allowed, found >> MAX_CLAUSES * width

    @cached_property
    def search(self) -> Search:
        """What finds the needles in values; made when there is a first value to look at."""
        return Search(self._layers.atoms, self._needles)


def in_memory(value: Any) -> Value:
    """Return a value in the form in which it is remembered."""
    if value is None or value is ABSENT or type(value) is str:
        known: Value = value
        return known
    texts = texts_of(value)
    return texts[0] if len(texts) == 1 else texts
