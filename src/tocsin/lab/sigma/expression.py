"""The condition of a rule as a tree over atoms: `3` (atom number 3), `["and", ...]`, `["or", ...]`, `["not",
x]`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.lab.sigma.atoms import TEXT_OPERATIONS, Atom, Look, Test

Node = int | list[Any]


class AtomTable:
    """Atoms by number, each kept once however many rules ask it."""

    def __init__(self) -> None:
        self.atoms: list[Atom] = []
        self._numbers: dict[str, int] = {}

    def number(self, atom: Atom) -> int:
        """Return the number of an atom, a new one where it was not known."""
        key = repr(atom)
        if key not in self._numbers:
            self._numbers[key] = len(self.atoms)
            self.atoms.append(atom)
        return self._numbers[key]

    def any_of(self, nodes: Sequence[Node]) -> Node:
        """Return the OR of nodes, with the texts that are asked of one field in one way put into one atom."""
        texts: dict[tuple[str | None, str, bool], list[Any]] = {}
        rest: list[Node] = []
        for node in flat("or", nodes):
            atom = self.atoms[node] if isinstance(node, int) else None
            if atom is not None and atom.operation in TEXT_OPERATIONS:
                texts.setdefault((atom.field, atom.operation, atom.cased), []).extend(atom.operand)
            else:
                rest.append(node)
        grouped: list[Node] = [self.number(Atom(*key, _once(operand))) for key, operand in texts.items()]
        return _joined("or", grouped + rest)

    def all_of(self, nodes: Sequence[Node]) -> Node:
        """Return the AND of nodes."""
        return _joined("and", flat("and", nodes))


def flat(operation: str, nodes: Sequence[Node]) -> list[Node]:
    """Return nodes with those of the same operation replaced by what they join."""
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, list) and node[0] == operation:
            found.extend(flat(operation, node[1:]))
        else:
            found.append(node)
    return found


def test_of_node(node: Node, tests: Mapping[int, Test]) -> Test:
    """Return the function that answers a tree; `tests` answer the atoms by number."""
    if isinstance(node, int):
        return tests[node]
    operation, *children = node
    parts = [test_of_node(child, tests) for child in children]
    if operation == "not":
        inner = parts[0]
        return lambda look: not inner(look)
    return _all(parts) if operation == "and" else _any(parts)


def atoms_in(node: Node) -> set[int]:
    """Return the numbers of the atoms that a tree asks."""
    if isinstance(node, int):
        return {node}
    return {number for child in node[1:] for number in atoms_in(child)}


def _all(parts: list[Test]) -> Test:
    if len(parts) == 2:
        first, second = parts
        return lambda look: first(look) and second(look)

    def every(look: Look) -> bool:
        for part in parts:  # noqa: SIM110 - the hot loop
            if not part(look):
                return False
        return True

    return every


def _any(parts: list[Test]) -> Test:
    if len(parts) == 2:
        first, second = parts
        return lambda look: first(look) or second(look)

    def some(look: Look) -> bool:
        for part in parts:  # noqa: SIM110 - the hot loop
            if part(look):
                return True
        return False

    return some


def _joined(operation: str, nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else [operation, *nodes]


def _once(items: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept
