"""Necessary conditions: what must be in an event for a rule to have a chance.

A clause is a set of atoms; a rule can match an event only if at least one needle of at least one atom of each of
its clauses is there. A needle is something that one of the field's values must hold, compared without regard to
case. Soundness: `Necessities.of(node)` may demand less than the node does, never more. `not`, `null` and
`exists: false` demand nothing, since a missing field can satisfy them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

from tocsin.lab.sigma.atoms import Atom
from tocsin.lab.sigma.expression import Node
from tocsin.lab.sigma.literals import required_texts

Needle = tuple[str, str]
"""Something that one value must hold: how (equals, contains, startswith, endswith or present), and the text."""
Clause = frozenset[int]
"""Numbers of atoms."""
PLAIN = frozenset({"equals", "contains", "startswith", "endswith"})
"""Operations whose needles are their texts."""
MAX_NEEDLES = 2_000
"""A clause with more needles costs more than it saves."""


def needles_of(atom: Atom) -> frozenset[Needle]:
    """Return the needles of which one must be in the field for an atom to hold; none where nothing is necessary."""
    build = _NEEDLES.get(atom.operation)
    return build(atom) if build else frozenset()


def asks_little(atom: Atom) -> bool:
    """Tell whether a clause with an atom says hardly more than that the field must be there."""
    return atom.operation not in PLAIN and PRESENT in needles_of(atom)


@dataclass(frozen=True, slots=True)
class Necessity:
    """What is necessary for a rule, as plain data: clauses, the rarest first, each by field the numbers of its atoms;
    and whether one of them says more than that a field must be there."""

    clauses: list[list[tuple[str | None, list[int]]]]
    good: bool


class Necessities:
    """The necessary conditions of trees over some atoms."""

    def __init__(self, atoms: Sequence[Atom]) -> None:
        self._atoms = atoms
        self._needles: dict[int, tuple[int, int]] = {}

    def of(self, node: Node) -> Necessity:
        """Return what is necessary for a tree to hold."""
        clauses = sorted(self._clauses_of(node), key=self._rarity, reverse=True)
        good = not all(any(asks_little(self._atoms[number]) for number in clause) for clause in clauses)
        return Necessity([self._by_field(clause) for clause in clauses], good)

    def _by_field(self, clause: Clause) -> list[tuple[str | None, list[int]]]:
        numbers: dict[str | None, list[int]] = {}
        for number in sorted(clause):
            numbers.setdefault(self._atoms[number].field, []).append(number)
        return list(numbers.items())

    def _clauses_of(self, node: Node) -> list[Clause]:
        if isinstance(node, int):
            return [frozenset([node])] if self._weight(node)[1] else []
        operation, *children = node
        if operation == "not":
            return []
        parts = [self._clauses_of(child) for child in children]
        if operation == "and":
            return _distinct(clause for part in parts for clause in part)
        return self._alternatives(parts)

    def _weight(self, number: int) -> tuple[int, int]:
        """Return how rare an atom's most frequent needle is, roughly (its length decides), and how many it has."""
        known = self._needles.get(number)
        if known is None:
            needles = needles_of(self._atoms[number])
            lengths = [0 if how == "present" else len(text) + 5 * (how == "equals") for how, text in needles]
            known = self._needles[number] = (min(lengths, default=0), len(needles))
        return known

    def _rarity(self, clause: Clause) -> tuple[int, int, list[int]]:
        weights = [self._weight(number) for number in clause]
        # The numbers decide between equals, so that the order is always the same.
        return min(shortest for shortest, _ in weights), -sum(count for _, count in weights), sorted(clause)

    def _alternatives(self, parts: list[list[Clause]]) -> list[Clause]:
        """Return what is necessary where one of several parts is: for each field that all parts ask, or across
        fields."""
        if not all(parts):
            return []
        by_field = [self._rarest_by_field(part) for part in parts]
        common = set(by_field[0]).intersection(*by_field[1:])
        found: list[Clause] = [
            frozenset().union(*(fields[name] for fields in by_field)) for name in sorted(common, key=str)
        ]
        if not found:
            found = [frozenset().union(*(max(part, key=self._rarity) for part in parts))]
        return _distinct(clause for clause in found if -self._rarity(clause)[1] <= MAX_NEEDLES)

    def _rarest_by_field(self, part: list[Clause]) -> dict[str | None, Clause]:
        best: dict[str | None, Clause] = {}
        for clause in part:
            names = {self._atoms[number].field for number in clause}
            if len(names) == 1:
                name = next(iter(names))
                if name not in best or self._rarity(clause) > self._rarity(best[name]):
                    best[name] = clause
        return best


def _distinct(clauses: Iterable[Clause]) -> list[Clause]:
    return list(dict.fromkeys(clauses))


def _texts(atom: Atom) -> frozenset[Needle]:
    # A case-sensitive text is there only if it is there without regard to case.
    texts = map(str.casefold, atom.operand) if atom.cased else atom.operand
    return frozenset(zip(repeat(atom.operation), texts, strict=False))


def _patterns(atom: Atom) -> frozenset[Needle]:
    needles = set()
    for pieces in atom.operand:
        longest = max((piece.casefold() for piece in pieces if isinstance(piece, str)), key=len, default="")
        needles.add(("contains", longest) if longest else PRESENT)
    return frozenset(needles)


def _expression(atom: Atom) -> frozenset[Needle]:
    longest = max(required_texts(atom.operand[0]), key=len, default="").casefold()
    return frozenset([("contains", longest) if longest else PRESENT])


def _value(_: Atom) -> frozenset[Needle]:
    return frozenset([PRESENT])


def _exists(atom: Atom) -> frozenset[Needle]:
    return _value(atom) if atom.operand else frozenset()


PRESENT: Needle = ("present", "")
_NEEDLES: dict[str, Callable[[Atom], frozenset[Needle]]] = {
    "equals": _texts,
    "contains": _texts,
    "startswith": _texts,
    "endswith": _texts,
    "like": _patterns,
    "re": _expression,
    "cidr": _value,
    "compare": _value,
    "any": _value,
    "field": _value,
    "exists": _exists,
}
