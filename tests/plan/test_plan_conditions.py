"""Conditions: the grammar, three values against an oracle in Python, and whether one can hold at all."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.plan.conditions import ConditionError, parse

NAMES = ("alpha", "beta", "gamma")
VALUES = (True, False, 1, 2, 3, "red", "blue")

Oracle = Any  # a function from facts to True, False or None


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'" if isinstance(value, str) else str(value)


def _same(fact: Any, value: Any) -> bool:
    return type(fact) is type(value) and fact == value


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, Oracle]:
    name = draw(st.sampled_from(NAMES))
    form = draw(st.sampled_from(("is", "=", "!=", "<", "<=", ">", ">=", "in")))
    if form == "is":
        return name, lambda f: None if f.get(name) is None else bool(f[name])
    if form == "in":
        values = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=3))
        text = f"{name} in ({', '.join(map(_literal, values))})"
        return text, lambda f: None if f.get(name) is None else any(_same(f[name], v) for v in values)
    if form in ("=", "!="):
        value = draw(st.sampled_from(VALUES))
        want = form == "="
        text = f"{name} {form} {_literal(value)}"
        return text, lambda f: None if f.get(name) is None else _same(f[name], value) is want
    limit = draw(st.integers(0, 4))

    def ordered(facts: dict[str, Any]) -> bool | None:
        fact = facts.get(name)
        if isinstance(fact, bool) or not isinstance(fact, int):
            return None
        return bool(eval(f"{fact} {form} {limit}"))

    return f"{name} {form} {limit}", ordered


def _kleene_and(a: bool | None, b: bool | None) -> bool | None:
    return min((a, b), key=lambda v: {False: 0, None: 1, True: 2}[v])


def _kleene_or(a: bool | None, b: bool | None) -> bool | None:
    return max((a, b), key=lambda v: {False: 0, None: 1, True: 2}[v])


def _combine(parts: st.SearchStrategy[tuple[str, Oracle]]) -> st.SearchStrategy[tuple[str, Oracle]]:
    pair = st.tuples(parts, parts)
    return st.one_of(
        pair.map(lambda p: (f"({p[0][0]}) and ({p[1][0]})", lambda f: _kleene_and(p[0][1](f), p[1][1](f)))),
        pair.map(lambda p: (f"({p[0][0]}) or ({p[1][0]})", lambda f: _kleene_or(p[0][1](f), p[1][1](f)))),
        parts.map(lambda p: (f"not ({p[0]})", lambda f: None if p[1](f) is None else not p[1](f))),
    )


CONDITIONS = st.recursive(questions(), _combine, max_leaves=8)
FACTS = st.fixed_dictionaries({}, optional={name: st.sampled_from((*VALUES, None)) for name in NAMES})


@settings(deadline=None)
@given(CONDITIONS, FACTS)
def test_a_condition_answers_like_the_oracle(condition: tuple[str, Oracle], facts: dict[str, Any]) -> None:
    text, oracle = condition
    assert parse(text).evaluate(facts) is oracle(facts)


@settings(deadline=None)
@given(CONDITIONS)
def test_can_hold_agrees_with_trying_everything(condition: tuple[str, Oracle]) -> None:
    text, oracle = condition
    wide = (*VALUES, 0, 4, 5, -1, 1.5, "green")
    ever = any(oracle(dict(zip(NAMES, row, strict=True))) for row in itertools.product(wide, repeat=3))
    # A fact with several values can be two things at once, which the oracle's facts never are.
    if ever:
        assert parse(text).can_hold()


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        said = parse(text).text
    except ConditionError as error:
        said = f"refused: {error}"
    assert said == text or said.startswith("refused: ")


@pytest.mark.parametrize(
    "text",
    ["a and not a", "a = 1 and a = 2 and a < 2 and a > 1", "a >= 5 and a < 5", "a = x and a != x",
     "not (a or not a)", "a in (p, q) and not a in (p, q)", "a > 3 and a = red"],
)  # fmt: skip
def test_what_contradicts_itself_can_never_hold(text: str) -> None:
    assert not parse(text).can_hold()


@pytest.mark.parametrize(
    "text", ["a", "not a", "a = 1 or a = 2", "a > 3 and a < 4", "a != x", "a and a = x", "a = x and a = y"]
)
def test_what_is_possible_can_hold(text: str) -> None:
    assert parse(text).can_hold()


def test_and_binds_closer_than_or_and_not_closest() -> None:
    facts = {"a": True, "b": False, "c": False}
    assert parse("a or b and c").evaluate(facts) is True
    assert parse("(a or b) and c").evaluate(facts) is False
    assert parse("not b and a").evaluate(facts) is True
    assert parse("NOT b AND a").evaluate(facts) is True


def test_what_is_unknown_decides_only_when_it_has_to() -> None:
    assert parse("a and b").evaluate({"a": False}) is False
    assert parse("a or b").evaluate({"a": True}) is True
    assert parse("a and b").evaluate({"a": True}) is None
    assert parse("not a").evaluate({}) is None
    assert parse("a").evaluate({"a": None}) is None


def test_a_fact_with_several_values_is_asked_for_any() -> None:
    facts = {"data": ["health", "payment_card"]}
    assert parse("data = health").evaluate(facts) is True
    assert parse("data != health").evaluate(facts) is False
    assert parse("data in (genetic, payment_card)").evaluate(facts) is True
    assert parse("data").evaluate({"data": []}) is False


def test_true_is_not_one() -> None:
    assert parse("a = 1").evaluate({"a": True}) is False
    assert parse("a = true").evaluate({"a": 1}) is False
    assert parse("a = 1.0").evaluate({"a": 1}) is True
    assert parse("a > 0").evaluate({"a": "7"}) is None


def test_the_facts_asked_for_are_named() -> None:
    assert parse("a and (b.c-d >= 2 or not e in (f, g))").facts == {"a", "b.c-d", "e"}


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "the name of a fact, found the end"), ("a ==b", "a value, found '='"), ("a and", "found the end"),
     ("a b", "'and', 'or' or the end, found 'b'"), ("a in b", "'(' after 'in'"), ("a in (b", "',' or ')'"),
     ("(a", "')'"), ("a >= x", "a number after '>='"), ("Big", "the name of a fact, found 'Big'"),
     ("a = 'open", "cannot be read"), ("and", "the name of a fact"), ("a" * 3000, "2000 characters"),
     ("(" * 1500, "nested too deeply")],
)  # fmt: skip
def test_a_wrong_condition_says_where(text: str, says: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert says in str(caught.value)
