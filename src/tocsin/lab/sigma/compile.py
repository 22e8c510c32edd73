"""Compile a rule that pySigma has parsed into a tree over atoms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.modifiers import SigmaBase64Modifier, SigmaBase64OffsetModifier
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from tocsin.lab.sigma.atoms import WILD_MANY, WILD_ONE, Atom, Piece, test_of
from tocsin.lab.sigma.expression import AtomTable, Node

OPERATORS = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}


class NotSupportedError(ValueError):
    """A rule uses something that this lab cannot answer; the message says what."""


def compile_rule(rule: SigmaRule, table: AtomTable) -> Node:
    """Return the tree of a rule; several conditions are alternatives.

    Raises NotSupportedError, or pySigma's SigmaError where the condition does not parse.
    """
    for detection in rule.detection.detections.values():
        keep_case_of_base64(detection)
    trees = [condition.parsed for condition in rule.detection.parsed_condition]
    nodes = [node_of(tree, table) for tree in trees]
    return nodes[0] if len(nodes) == 1 else table.any_of(nodes)


def demand_atom(name: str, values: Sequence[str], table: AtomTable) -> int:
    """Return the number of the atom for a source's demand that a field has one of some values."""
    return table.number(Atom(name, "equals", False, [value.casefold() for value in values]))


def keep_case_of_base64(detection: SigmaDetection) -> None:
    """Make encoded values case-sensitive: in another case they are other data. pySigma leaves them plain."""
    for item in detection.detection_items:
        if isinstance(item, SigmaDetection):
            keep_case_of_base64(item)
        elif isinstance(item, SigmaDetectionItem) and {SigmaBase64Modifier, SigmaBase64OffsetModifier} & set(
            item.modifiers
        ):
            item.value = [_cased(value) for value in item.value]


def _cased(value: Any) -> Any:
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_cased(inner) for inner in value.values])
    return SigmaCasedString.from_sigma_string(value) if isinstance(value, SigmaString) else value


def node_of(tree: Any, table: AtomTable) -> Node:
    """Return the tree of a condition, or of a part of one. Raises NotSupportedError."""
    if isinstance(tree, ConditionAND):
        return table.all_of([node_of(child, table) for child in tree.args])
    if isinstance(tree, ConditionOR):
        return table.any_of([node_of(child, table) for child in tree.args])
    if isinstance(tree, ConditionNOT):
        return ["not", node_of(tree.args[0], table)]
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        # Names are written without spaces on the side of the event too.
        return _value_node(tree.field.replace(" ", ""), tree.value, table)
    if isinstance(tree, ConditionValueExpression):
        return _value_node(None, tree.value, table)
    raise NotSupportedError(f"condition has a part of unknown kind: {type(tree).__name__}")


def _value_node(name: str | None, value: Any, table: AtomTable) -> Node:
    if isinstance(value, SigmaExpansion):
        return table.any_of([_value_node(name, inner, table) for inner in value.values])
    for kind, build in _BUILDERS:
        if isinstance(value, kind):
            atom = build(name, value)
            test_of(atom)  # what cannot be answered is refused now and not in the middle of a scan
            return table.number(atom)
    raise NotSupportedError(f"value of kind {type(value).__name__} is not supported")


def _string(name: str | None, value: SigmaString) -> Atom:
    cased = isinstance(value, SigmaCasedString)
    pieces = [_piece(part, cased) for part in value.s]
    if name is None:
        # A keyword is looked for anywhere in a value.
        pieces = [WILD_MANY, *pieces, WILD_MANY]
    pieces = _tidied(pieces)
    literals = [piece for piece in pieces if isinstance(piece, str)]
    shape = "".join("t" if isinstance(piece, str) else "*" if piece == WILD_MANY else "?" for piece in pieces)
    operation = {"t": "equals", "*t": "endswith", "t*": "startswith", "*t*": "contains"}.get(shape)
    if operation:
        return Atom(name, operation, cased, literals)
    if shape == "":
        return Atom(name, "equals", cased, [""])
    if shape == "*":
        return Atom(name, "any", cased, None)
    return Atom(name, "like", cased, [pieces])


def _piece(part: Any, cased: bool) -> Piece:
    if isinstance(part, str):
        return part if cased else part.casefold()
    if isinstance(part, Placeholder):
        raise NotSupportedError(f"placeholder %{part.name}% has no values here")
    return WILD_MANY if part == SpecialChars.WILDCARD_MULTI else WILD_ONE


def _tidied(pieces: list[Piece]) -> list[Piece]:
    """Return pieces with neighbouring texts joined, empty texts and repeated `*` dropped."""
    tidy: list[Piece] = []
    for piece in pieces:
        if piece == "":
            continue
        last = tidy[-1] if tidy else None
        if isinstance(piece, str) and isinstance(last, str):
            tidy[-1] = last + piece
        elif not (piece == WILD_MANY and last == WILD_MANY and isinstance(last, int)):
            tidy.append(piece)
    return tidy


def _number(name: str | None, value: SigmaNumber) -> Atom:
    return Atom(name, "contains" if name is None else "equals", False, [str(value.number)])


def _boolean(name: str | None, value: SigmaBool) -> Atom:
    return Atom(name, "contains" if name is None else "equals", False, ["true" if value.boolean else "false"])


def _regular_expression(name: str | None, value: SigmaRegularExpression) -> Atom:
    if value.contains_placeholder():
        raise NotSupportedError("expression holds a placeholder that has no values here")
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return Atom(name, "re", True, [str(value.regexp), flags])


def _cidr(name: str | None, value: SigmaCIDRExpression) -> Atom:
    return Atom(name, "cidr", False, str(value.network))


def _exists(name: str | None, value: SigmaExists) -> Atom:
    return Atom(name, "exists", False, value.exists)


def _null(name: str | None, _value: SigmaNull) -> Atom:
    if name is None:
        raise NotSupportedError("a keyword cannot be null")
    return Atom(name, "null", False, None)


def _time_part(name: str | None, value: SigmaTimestampPart) -> Atom:
    return Atom(name, "compare", True, ["=", value.number, value.timestamp_part.name.lower()])


def _comparison(name: str | None, value: SigmaCompareExpression) -> Atom:
    number = value.number
    part = number.timestamp_part.name.lower() if isinstance(number, SigmaTimestampPart) else None
    return Atom(name, "compare", True, [OPERATORS[value.op], number.number, part])


def _field_reference(name: str | None, value: SigmaFieldReference) -> Atom:
    return Atom(name, "field", False, [value.field.replace(" ", ""), value.starts_with, value.ends_with])


_BUILDERS: tuple[tuple[type, Callable[[str | None, Any], Atom]], ...] = (
    (SigmaString, _string),
    (SigmaTimestampPart, _time_part),
    (SigmaNumber, _number),
    (SigmaBool, _boolean),
    (SigmaRegularExpression, _regular_expression),
    (SigmaCIDRExpression, _cidr),
    (SigmaExists, _exists),
    (SigmaNull, _null),
    (SigmaCompareExpression, _comparison),
    (SigmaFieldReference, _field_reference),
)
