"""From a correlation rule, as pySigma reads it, to the compiled one: references resolved, aliases worked in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaCorrelationCondition,
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)

from tocsin.lab.sigma.compiled import Correlation, RuleInfo
from tocsin.lab.sigma.correlations.correlate import OF_NUMBERS
from tocsin.lab.sigma.expression import Node

OPERATORS = ("lt", "lte", "gt", "gte", "eq", "neq")
NODES = {CorrelationConditionAND: "and", CorrelationConditionOR: "or", CorrelationConditionNOT: "not"}


class NoCorrelationError(ValueError):
    """A correlation rule asks for what this lab cannot answer; the message says what."""


def references_of(rule: SigmaCorrelationRule) -> list[str]:
    """Return the ids and names of the rules that a correlation is about, in lower case and in its order."""
    condition = rule.condition
    if rule.rules is None and isinstance(condition, SigmaExtendedCorrelationCondition):
        return [name.lower() for name in condition.get_referenced_rules()]
    return [str(each.reference).lower() for each in rule.rules or ()]


def parsed(content: dict[str, Any]) -> SigmaCorrelationRule:
    """Return a correlation rule as pySigma reads it. Raises SigmaError.

    A condition may be a range, such as `gte: 3, lt: 10`, of which pySigma reads one operator at a time.
    """
    inner = content.get("correlation")
    condition = inner.get("condition") if isinstance(inner, dict) else None
    if (
        not isinstance(inner, dict)
        or not isinstance(condition, dict)
        or sum(name in condition for name in OPERATORS) < 2
    ):
        return SigmaCorrelationRule.from_dict(content)
    rest = {name: value for name, value in condition.items() if name not in OPERATORS}
    one_by_one = [{**rest, name: condition[name]} for name in OPERATORS if name in condition]
    rules = [
        SigmaCorrelationRule.from_dict({**content, "correlation": {**inner, "condition": each}}) for each in one_by_one
    ]
    return rules[0]


def compiled(
    rule: SigmaCorrelationRule, content: Mapping[str, Any], info: RuleInfo, numbers: Mapping[str, int]
) -> Correlation:
    """Return a correlation whose references have some numbers, by id and name. Raises NoCorrelationError."""
    references = references_of(rule)
    kind = rule.type.name.lower()
    if kind == "temporal_ordered" and len({numbers[each] for each in references}) < len(references):
        raise NoCorrelationError("temporal_ordered names a rule twice, and one event would be both")
    unique = list(dict.fromkeys(references))
    condition = rule.condition
    wanted: list[str] = []
    percentile: float | None = None
    comparisons: list[tuple[str, float]] = []
    tree: Node | None = None
    if isinstance(condition, SigmaCorrelationCondition):
        fieldref = condition.fieldref
        wanted = [fieldref] if isinstance(fieldref, str) else list(fieldref or ())
        comparisons = _comparisons(content, condition, len(unique))
        percentile = condition.percentile
    else:
        tree = _tree(condition.parsed, {each: place for place, each in enumerate(unique)})
    _check(kind, wanted, percentile, comparisons, len(unique))
    group_by = list(rule.group_by or ())
    aliases = {
        each.alias: {str(reference.reference).lower(): name for reference, name in each.mapping.items()}
        for each in rule.aliases
    }
    return Correlation(
        rule=info,
        type=kind,
        rules=[numbers[each] for each in unique],
        names=[_names([*group_by, *wanted], each, numbers, aliases) for each in unique],
        seconds=rule.timespan.seconds,
        group_by=group_by,
        fields=wanted,
        comparisons=comparisons,
        percentile=percentile,
        tree=tree,
    )


def _names(
    names: list[str], reference: str, numbers: Mapping[str, int], aliases: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Return the names that a rule has for some fields; it may be named in aliases otherwise than in the list."""
    found = []
    for name in names:
        known = {numbers.get(each): field for each, field in aliases.get(name, {}).items()}
        found.append(known.get(numbers[reference], name).replace(" ", ""))
    return found


def _comparisons(
    content: Mapping[str, Any], condition: SigmaCorrelationCondition, rules: int
) -> list[tuple[str, float]]:
    written = content["correlation"].get("condition")
    if not isinstance(written, dict):
        return [("gte", rules)]
    known = {name: written[name] for name in OPERATORS if name in written}
    if len(known) == 1:
        return [(condition.op.name.lower(), condition.count)]
    return [(name, float(value)) for name, value in known.items()]


def _check(
    kind: str, wanted: list[str], percentile: float | None, comparisons: list[tuple[str, float]], rules: int
) -> None:
    if kind in OF_NUMBERS and len(wanted) != 1:
        raise NoCorrelationError(f"{kind} takes one field")
    if kind == "value_percentile" and (percentile is None or not 0 <= percentile <= 100):
        raise NoCorrelationError("value_percentile needs a percentile from 0 to 100 in its condition")
    if kind == "temporal_ordered" and any(
        name not in ("gt", "gte") and (name, number) != ("eq", rules) for name, number in comparisons
    ):
        raise NoCorrelationError("temporal_ordered asks for at least so many rules: gt or gte")


def _tree(node: Any, places: Mapping[str, int]) -> Node:
    if isinstance(node, SigmaRuleReference):
        return places[str(node.reference).lower()]
    for kind, word in NODES.items():
        if isinstance(node, kind):
            return [word, *(_tree(child, places) for child in node.args)]
    raise NoCorrelationError(f"condition has a part of unknown kind: {type(node).__name__}")
