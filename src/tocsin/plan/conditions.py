"""Conditions on facts: `personal_data_breach and affected_people >= 500`, read once and asked with any facts.

    condition = all {"or" all}
    all       = one {"and" one}
    one       = "not" one | "(" condition ")" | test
    test      = fact | fact op value | fact "in" "(" value {"," value} ")"
    op        = "=" | "!=" | "<" | "<=" | ">" | ">="

A fact is a small-letter name (`decision.pay-ransom`); a value is true, false, a number, a word or a 'quoted
text'. Answers are true, false or unknown (Kleene's three values): `false and unknown` is false, `not unknown`
is unknown.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(),])|(?P<text>'[^']*'|\"[^\"]*\")|(?P<word>[^\s()<>=!,'\"]+))"
)
_FACT = re.compile(r"^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+)*$")
_NUMBER = re.compile(r"^[+-]?\d+(?:\.\d+)?$")
_KEYWORDS = ("and", "or", "not", "in")
_MAX_LENGTH, _MAX_CASES = 2000, 20_000


class ConditionError(ValueError):
    """A condition that cannot be read; the text says where and what was expected."""


@dataclass(frozen=True)
class Test:
    """One question about one fact. `op` is 'is' (the fact holds), a comparison, or 'in'."""

    fact: str
    op: str = "is"
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Not:
    """The opposite."""

    part: Node


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = Test | Not | All | AnyOf


@dataclass(frozen=True)
class Condition:
    """A condition that has been read; `text` is how a person wrote it."""

    text: str
    root: Node

    @property
    def tests(self) -> tuple[Test, ...]:
        """Every question that the condition asks, from left to right."""
        return tuple(_tests(self.root))

    @property
    def facts(self) -> set[str]:
        """The names of the facts that it asks for."""
        return {test.fact for test in self.tests}

    def evaluate(self, facts: Mapping[str, Any]) -> bool | None:
        """True, false, or None when facts that decide it are missing.

        A fact that is None counts as missing. A fact with several values (list, set) is asked whether any of
        them is the value. Ordering needs numbers on both sides; anything else cannot be told and is None.
        """
        return _evaluate(self.root, facts)

    def can_hold(self, domains: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Whether any facts at all make it true; `domains` limits what a fact may be.

        Every test only tells the values it names apart from the rest, so trying those and one more of each
        kind is enough. A condition too big to try out is taken to be possible.
        """
        cases = [(domains or {}).get(fact) or _cases(fact, self.tests) for fact in sorted(self.facts)]
        names = sorted(self.facts)
        total = 1
        for case in cases:
            total *= len(case)
        if total > _MAX_CASES:
            return True
        return any(self.evaluate(dict(zip(names, case, strict=True))) for case in itertools.product(*cases))


def parse(text: str) -> Condition:
    """Read a condition; raises ConditionError saying where it goes wrong and what was expected."""
    if len(text) > _MAX_LENGTH:
        raise ConditionError(f"a condition may have {_MAX_LENGTH} characters, this one has {len(text)}")
    reader = _Reader(text)
    try:
        root = reader.condition()
    except RecursionError:
        raise ConditionError("the condition is nested too deeply") from None
    if reader.peek()[0]:
        raise reader.wrong("'and', 'or' or the end")
    return Condition(text, root)


class _Reader:
    """Recursive descent over the tokens; the grammar is in the module's docstring."""

    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, _tokens(text), 0

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def take(self, *wanted: str) -> bool:
        kind, token, _ = self.peek()
        word = token.lower() if kind == "word" else token
        if kind != "text" and word in wanted:
            self.at += 1
            return True
        return False

    def wrong(self, expected: str) -> ConditionError:
        _, token, place = self.peek()
        found = f"'{token}'" if token else "the end"
        return ConditionError(f"expected {expected}, found {found} at character {place + 1} of '{self.text}'")

    def condition(self) -> Node:
        parts = [self.all()]
        while self.take("or"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all(self) -> Node:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self) -> Node:
        if self.take("not"):
            return Not(self.one())
        if self.take("("):
            inner = self.condition()
            if not self.take(")"):
                raise self.wrong("')'")
            return inner
        return self.test()

    def test(self) -> Test:
        kind, fact, _ = self.peek()
        if kind != "word" or not _FACT.match(fact) or fact in _KEYWORDS:
            raise self.wrong("the name of a fact")
        self.at += 1
        kind, op, _ = self.peek()
        if kind == "op":
            self.at += 1
            value = self.value()
            if op in _ORDER and (isinstance(value, bool | str)):
                self.at -= 1
                raise self.wrong(f"a number after '{op}'")
            return Test(fact, op, (value,))
        if self.take("in"):
            return Test(fact, "in", self.values())
        return Test(fact)

    def values(self) -> tuple[Value, ...]:
        if not self.take("("):
            raise self.wrong("'(' after 'in'")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        if not self.take(")"):
            raise self.wrong("',' or ')'")
        return tuple(found)

    def value(self) -> Value:
        kind, token, _ = self.peek()
        if kind == "text":
            self.at += 1
            return token[1:-1]
        if kind != "word" or token.lower() in _KEYWORDS:
            raise self.wrong("a value")
        self.at += 1
        if token.lower() in ("true", "false"):
            return token.lower() == "true"
        if _NUMBER.match(token):
            return float(token) if "." in token else int(token)
        return token


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise ConditionError(f"'{text[at:].strip()[0]}' at character {at + 1} of '{text}' cannot be read")
        kind = str(found.lastgroup)
        tokens.append((kind, found[kind], found.start(kind)))
        at = found.end()
    return [*tokens, ("", "", len(text))]


def _tests(node: Node) -> Iterable[Test]:
    if isinstance(node, Test):
        yield node
    elif isinstance(node, Not):
        yield from _tests(node.part)
    else:
        for part in node.parts:
            yield from _tests(part)


def _evaluate(node: Node, facts: Mapping[str, Any]) -> bool | None:
    if isinstance(node, Test):
        return _ask(node, facts.get(node.fact))
    if isinstance(node, Not):
        answer = _evaluate(node.part, facts)
        return None if answer is None else not answer
    answers = [_evaluate(part, facts) for part in node.parts]
    decides = isinstance(node, AnyOf)
    if decides in answers:
        return decides
    return None if None in answers else not decides


def _ask(test: Test, fact: Any) -> bool | None:
    if fact is None:
        return None
    if test.op == "is":
        return bool(fact)
    held = list(fact) if isinstance(fact, list | tuple | set | frozenset) else [fact]
    if test.op in _ORDER:
        if len(held) != 1 or isinstance(held[0], bool) or not isinstance(held[0], int | float):
            return None
        return _ORDER[test.op](held[0], test.values[0])
    found = any(_same(one, value) for one in held for value in test.values)
    return not found if test.op == "!=" else found


def _same(fact: Any, value: Value) -> bool:
    # In Python True == 1; a plan that says `x = 1` does not mean true.
    if isinstance(fact, bool) or isinstance(value, bool):
        return fact is value
    if isinstance(fact, int | float) and isinstance(value, int | float):
        return fact == value
    return str(fact) == str(value)


def _cases(fact: str, tests: Iterable[Test]) -> list[Any]:
    """Values of a fact that tests can tell apart: those named, one beside each of them, and empty ones."""
    own = [test for test in tests if test.fact == fact]
    named = list(dict.fromkeys((type(v), v) for test in own for v in test.values))
    cases: list[Any] = [True, False, "something else", "", 0]
    numbers = sorted({0, *(v for _, v in named if not isinstance(v, bool | str))})  # 0 parts yes from no
    cases += [v for _, v in named]
    cases += [n - 1 for n in numbers[:1]] + [n + 1 for n in numbers[-1:]]
    cases += [(low + high) / 2 for low, high in itertools.pairwise(numbers)]
    if len(named) > 1:
        cases.append([v for _, v in named])
    return cases
