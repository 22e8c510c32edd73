"""Atoms: the smallest questions that a rule asks of an event, such as "CommandLine contains one of these".

An atom is plain data, so that compiled rules can be stored: field (None = a keyword, asked of every
value), operation, whether case counts, and the operand. This module turns it into a function over a
`Look`, the event as matched.

What the operations mean (https://github.com/SigmaHQ/sigma-specification, version 2.1):
a missing field answers no to everything except `null` and `exists: false`; a field with several values
answers yes if one of them does; `null` is a field that is missing, null or empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address, ip_network
from operator import ge, gt, le, lt
from typing import Any, NamedTuple

TEXT_OPERATIONS = ("equals", "contains", "startswith", "endswith", "like")
"""Operations whose operand is a list of texts of which one must fit."""
MANY = "*"
ONE = "?"
Piece = str | int
"""A piece of a pattern: literal text, or `WILD_MANY` or `WILD_ONE`."""
WILD_MANY = 0
WILD_ONE = 1
NOT_FOR_KEYWORDS = frozenset(
    {"Level", "Task", "Opcode", "Version", "Keywords", "EventRecordID", "Provider_Guid", "Correlation_ActivityID"}
    | {"Execution_ProcessID", "Execution_ThreadID", "EventID"}
)
"""Numbers by which Windows files an event away; a keyword is looked for in the event's words, not in these."""
COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
NUMBER = re.compile(r"[+-]?\d{1,300}(\.\d{1,300})?", re.ASCII)


LONG_LINE = re.compile(r"\.\{(\d{1,4}),\}", re.ASCII)
"""An expression that asks for a line of some length and nothing else."""


class Atom(NamedTuple):
    """One question."""

    field: str | None
    operation: str
    cased: bool
    operand: Any


class Look:
    """An event as matched: for each field its values as text, as they are and case-folded (without regard
    to case).

    Case folding and not lower case, since it folds a text the same way wherever it stands in another one.
    """

    __slots__ = ("_folded", "fields")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self._folded: dict[str, tuple[str, ...]] = {}

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field's values; none where it is missing."""
        return texts_of(self.fields.get(name))

    def folded(self, name: str) -> tuple[str, ...]:
        """Return a field's values, case-folded."""
        known = self._folded.get(name)
        if known is None:
            known = self._folded[name] = tuple(text.casefold() for text in texts_of(self.fields.get(name)))
        return known

    def words(self, cased: bool) -> Iterator[str]:
        """Yield the values that keywords are looked for in."""
        for name in self.fields:
            if name not in NOT_FOR_KEYWORDS:
                yield from self.texts(name) if cased else self.folded(name)


Test = Callable[[Look], bool]


def texts_of(value: Any) -> tuple[str, ...]:
    """Return a field's value as the texts that rules compare with; nothing for null."""
    if type(value) is str:
        return (value,)
    if value is None:
        return ()
    if value is True:
        return ("true",)
    if value is False:
        return ("false",)
    if isinstance(value, (list, tuple, dict)):
        return tuple(_inner_texts(value))
    return (str(value),)


def _inner_texts(value: Any) -> Iterator[str]:
    """Yield the texts in a list or object, however deeply nested an attacker made it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(reversed(item.values()))
        elif isinstance(item, (list, tuple)):
            waiting.extend(reversed(item))
        else:
            yield from texts_of(item)


def test_of(atom: Atom) -> Test:
    """Return the function that answers an atom."""
    if atom.operation in _SPECIAL:
        return _SPECIAL[atom.operation](atom)
    fits = _PREDICATES[atom.operation](atom.operand)
    return _of_any_value(atom.field, atom.cased, fits)


def _of_any_value(name: str | None, cased: bool, fits: Callable[[str], bool]) -> Test:
    """Return a test that asks one field (or with None all of them) whether one of its values fits."""
    if name is None:

        def any_field(look: Look) -> bool:
            return any(fits(text) for text in look.words(cased))

        return any_field

    def one_field(look: Look) -> bool:
        for text in look.texts(name) if cased else look.folded(name):  # noqa: SIM110 - the hot loop
            if fits(text):
                return True
        return False

    return one_field


def _equals(texts: Sequence[str]) -> Callable[[str], bool]:
    return frozenset(texts).__contains__


def _contains(texts: Sequence[str]) -> Callable[[str], bool]:
    if len(texts) == 1:
        only = texts[0]
        return lambda value: only in value

    def fits(value: str) -> bool:
        for text in texts:  # noqa: SIM110 - the hot loop
            if text in value:
                return True
        return False

    return fits


def _startswith(texts: Sequence[str]) -> Callable[[str], bool]:
    prefixes = tuple(texts)
    return lambda value: value.startswith(prefixes)


def _endswith(texts: Sequence[str]) -> Callable[[str], bool]:
    suffixes = tuple(texts)
    return lambda value: value.endswith(suffixes)


def _like(patterns: Sequence[Sequence[Piece]]) -> Callable[[str], bool]:
    matchers = [pattern_matcher(pattern) for pattern in patterns]
    return lambda value: any(matches(value) for matches in matchers)


def pattern_matcher(pieces: Sequence[Piece]) -> Callable[[str], bool]:
    """Return the function that tells whether a whole text fits a pattern with wildcards.

    Works from left to right without going back, so that no event can make it slow.
    """
    runs: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece == WILD_MANY and isinstance(piece, int):
            runs.append([])
        else:
            runs[-1].append(piece)
    sources = ["".join("." if isinstance(piece, int) else re.escape(piece) for piece in run) for run in runs]
    if len(runs) == 1:
        whole = re.compile(sources[0], re.DOTALL)
        return lambda value: whole.fullmatch(value) is not None
    first = re.compile(sources[0], re.DOTALL)
    inner = [re.compile(source, re.DOTALL) for source in sources[1:-1] if source]
    last = re.compile(sources[-1] + r"\Z", re.DOTALL)
    last_length = sum(1 if isinstance(piece, int) else len(piece) for piece in runs[-1])

    def matches(value: str) -> bool:
        found = first.match(value)
        if found is None:
            return False
        position = found.end()
        for part in inner:
            found = part.search(value, position)
            if found is None:
                return False
            position = found.end()
        tail = len(value) - last_length
        return tail >= position and last.match(value, tail) is not None

    return matches


def _expression(operand: Sequence[str]) -> Callable[[str], bool]:
    """Return a search for an RE2 expression, whose time grows only with the length of the text."""
    # Late: only rules with expressions need it.
    import re2

    pattern, flags = operand
    length = LONG_LINE.fullmatch(pattern)
    if length and not flags:
        # RE2 counts to a thousand with a thousand states, for each event anew.
        least = int(length[1])
        return lambda value: len(value) >= least and any(len(line) >= least for line in value.split("\n"))
    options = re2.Options()
    options.log_errors = False
    compiled = re2.compile(f"(?{flags}){pattern}" if flags else pattern, options)
    return lambda value: compiled.search(value) is not None


def _network(operand: str) -> Callable[[str], bool]:
    network = ip_network(operand)

    def fits(value: str) -> bool:
        try:
            address = ip_address(value.strip())
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return address in network or (mapped is not None and mapped in network)

    return fits


def _comparison(operand: Sequence[Any]) -> Callable[[str], bool]:
    operator, number, part = operand
    compare = COMPARISONS.get(operator)

    def fits(value: str) -> bool:
        found = _number(value) if part is None else _part_of_time(value, part)
        if found is None:
            return False
        return found == number if compare is None else compare(found, number)

    return fits


def _number(value: str) -> float | None:
    return float(value) if NUMBER.fullmatch(value) else None


def _part_of_time(value: str, part: str) -> int | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if part == "week":
        return moment.isocalendar().week
    found: int = getattr(moment, part)
    return found


def _null(atom: Atom) -> Test:
    name = atom.field or ""
    return lambda look: not any(look.folded(name))


def _exists(atom: Atom) -> Test:
    name, wanted = atom.field, atom.operand
    return lambda look: (name in look.fields) is wanted


def _field(atom: Atom) -> Test:
    """Return the comparison of a field with another one of the same event."""
    name, cased = atom.field or "", atom.cased
    other, starts, ends = atom.operand

    def fits(look: Look) -> bool:
        values = look.texts if cased else look.folded
        for text in values(name):
            for reference in values(other):
                if starts and ends:
                    hit = reference in text
                elif starts:
                    hit = text.startswith(reference)
                elif ends:
                    hit = text.endswith(reference)
                else:
                    hit = text == reference
                if hit:
                    return True
        return False

    return fits


_PREDICATES: dict[str, Callable[[Any], Callable[[str], bool]]] = {
    "equals": _equals,
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
    "like": _like,
    "re": _expression,
    "cidr": _network,
    "compare": _comparison,
    "any": lambda _: lambda _value: True,
}
_SPECIAL: dict[str, Callable[[Atom], Test]] = {"null": _null, "exists": _exists, "field": _field}
