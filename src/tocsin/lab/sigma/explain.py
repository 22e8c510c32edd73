"""Why a rule matches a record, or why not: each part of its condition, with what it asked and what was there.

Follows the rule as it is written, part by part, and shares with matching only what the smallest questions mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    ConditionValueExpression,
    SigmaCondition,
)
from sigma.rule import SigmaDetections, SigmaRule

from tocsin.lab.record import Record
from tocsin.lab.sigma.atoms import ONE, WILD_MANY, Atom, Look, test_of
from tocsin.lab.sigma.compile import keep_case_of_base64, node_of
from tocsin.lab.sigma.expression import AtomTable, Node, atoms_in, test_of_node
from tocsin.lab.sigma.logsources import Source, describe, facts, routed, sources_of
from tocsin.lab.sigma.views import VIEWS

MANY = "*"
SHOWN = 6
"""Texts of a list that are shown; those that fit are always among them."""
MAX_SHOWN = 200
"""Characters of a value that are shown."""
ALL, ANY, NOT, ASK = "all of", "any of", "not", ""


@dataclass(frozen=True)
class Part:
    """A part of a condition and whether it holds. `kind` joins `parts`; of a question (`ASK`) `field` is what it is
    about (None: any field), `asked` what must be there, and `found` what was."""

    kind: str
    holds: bool
    name: str = ""
    field: str | None = None
    asked: str = ""
    found: str = ""
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a rule matches a record or not. Where the record is not of the rule's log source, `elsewhere` says why, and the
    condition is answered all the same."""

    rule_id: str
    title: str
    matches: bool
    elsewhere: str
    view: str
    """The names under which the rule sees the record (see views.py); `plain` are the record's own."""
    conditions: list[Part]


def explain(rule: SigmaRule, record: Record) -> Explanation:
    """Return why a rule matches a record or not; several conditions are alternatives.

    Raises NotSupportedError, or pySigma's SigmaError, where the rule cannot be answered at all.
    """
    for detection in rule.detection.detections.values():
        keep_case_of_base64(detection)
    sources, elsewhere = _sources(rule, record)
    # Seen through several views, the one counts in which the rule holds.
    explained = [_explained(rule, record, source, elsewhere) for source in sources or [Source(None)]]
    return next((each for each in explained if each.matches), explained[0])


def _explained(rule: SigmaRule, record: Record, source: Source, elsewhere: str) -> Explanation:
    look = Look(VIEWS[source.view](record))
    conditions = [_condition(each, rule.detection, look) for each in rule.detection.condition]
    if source.where is not None and not elsewhere:
        atom = Atom(source.where[0], "equals", False, [value.casefold() for value in source.where[1]])
        if not test_of(atom)(look):
            wanted = " or ".join(source.where[1])
            elsewhere = f"its log source wants {atom.field} {wanted}; here it is {_shown(look, atom.field)}"
    matches = not elsewhere and any(each.holds for each in conditions)
    return Explanation(str(rule.id or ""), rule.title, matches, elsewhere, source.view, conditions)


def _sources(rule: SigmaRule, record: Record) -> tuple[list[Source], str]:
    """Return the sources of the rule that the record belongs to; if there are none, in words why."""
    parts = (rule.logsource.product, rule.logsource.category, rule.logsource.service)
    product, category, service = (part.lower() if part else None for part in parts)
    wanted = f"the rule is for {describe(product, category, service)}"
    sources = sources_of(product, category, service)
    if isinstance(sources, str):
        return [], sources
    known = facts()
    channel = routed(
        record.channel,
        record.provider,
        {name.lower(): each.lower() for name, each in known["provider_channels"].items()},
        [each.lower() for each in known["collector_channels"]],
    )
    here = [each for each in sources if each.covers(channel)]
    if not here:
        names = sorted({name for each in sources for name in each.channels or ("any channel of Windows",)})
        return [], f"{wanted}, that is {', '.join(names)}; the record is from {channel or 'no channel'}"
    taking = [each for each in here if each.takes(record.event_id)]
    if not taking:
        ids = sorted({number for each in here for number in each.ids or ()})
        return [], f"{wanted}, in this channel event id {', '.join(map(str, ids))}; the record has {record.event_id}"
    return taking, ""


def _condition(text: str, detections: SigmaDetections, look: Look) -> Part:
    part = _part(SigmaCondition(text, detections).parse(False), detections, look)
    return part if part.name else replace(part, name="condition")


def _part(tree: Any, detections: SigmaDetections, look: Look) -> Part:
    """Return what is to be said of a part of a condition."""
    if isinstance(tree, ConditionIdentifier):
        SigmaCondition(tree.identifier, detections).parse()  # says so where there is no such selection
        inner = detections.detections[tree.identifier].postprocess(detections)
        return replace(_part(inner, detections, look), name=tree.identifier)
    if isinstance(tree, ConditionSelector):
        SigmaCondition(f"{tree.args[0]} of {tree.pattern}", detections).parse()
        parts = [_part(each, detections, look) for each in tree.resolve_referenced_detections(detections)]
        kind = ALL if tree.cond_class is ConditionAND else ANY
        return _joined(kind, parts, f"{tree.args[0]} of {tree.pattern}")
    if isinstance(tree, ConditionNOT):
        parts = [_part(tree.args[0], detections, look)]
        return Part(NOT, not parts[0].holds, parts=parts)
    if isinstance(tree, ConditionOR) and _one_field(tree.args):
        return _question(tree, look)
    if isinstance(tree, (ConditionAND, ConditionOR)):
        parts = [_part(each, detections, look) for each in tree.args]
        return _joined(ALL if isinstance(tree, ConditionAND) else ANY, parts)
    return _question(tree, look)


def _joined(kind: str, parts: list[Part], name: str = "") -> Part:
    return Part(kind, (all if kind == ALL else any)(part.holds for part in parts), name, parts=parts)


def _one_field(parts: Sequence[Any]) -> bool:
    """Tell whether parts are questions about one field, which are shown together."""
    leaves = all(isinstance(each, (ConditionFieldEqualsValueExpression, ConditionValueExpression)) for each in parts)
    return leaves and len({getattr(each, "field", None) for each in parts}) == 1


def _question(tree: Any, look: Look) -> Part:
    table = AtomTable()
    node: Node = node_of(tree, table)
    holds = test_of_node(node, {number: test_of(atom) for number, atom in enumerate(table.atoms)})(look)
    atoms = [table.atoms[number] for number in sorted(atoms_in(node))]
    name = atoms[0].field
    return Part(
        ASK,
        holds,
        field=name,
        asked=" or ".join(_asked(atom, look) for atom in atoms),
        found=_shown(look, name),
    )


def _asked(atom: Atom, look: Look) -> str:
    """Return what a question asks, in words."""
    cased = " (with this case)" if atom.cased and atom.operation in WORDS else ""
    match atom.operation:
        case "equals" | "contains" | "startswith" | "endswith" | "like":
            fitting = [text for text in atom.operand if test_of(atom._replace(operand=[text]))(look)]
            texts = list(dict.fromkeys(map(_text, [*fitting[:SHOWN], *atom.operand])))
            more = f" or {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
            return f"{WORDS[atom.operation]} {' or '.join(texts[:SHOWN])}{more}{cased}"
        case "re":
            flags = f" with {atom.operand[1]}" if atom.operand[1] else ""
            return f"matches /{atom.operand[0]}/{flags}"
        case "cidr":
            return f"is an address in {atom.operand}"
        case "compare":
            operator, number, part = atom.operand
            return f"{f'its {part} ' if part else ''}{operator} {number}"
        case "exists":
            return "is there" if atom.operand else "is not there"
        case "field":
            other, starts, ends = atom.operand
            how = "contains" if starts and ends else "begins with" if starts else "ends with" if ends else "is"
            return f"{how} what {other} is ({_shown(look, other)})"
    return {"null": "is absent or empty", "any": "has any value"}[atom.operation]


WORDS = {
    "equals": "is",
    "contains": "contains",
    "startswith": "begins with",
    "endswith": "ends with",
    "like": "is like",
}


def _text(operand: Any) -> str:
    if isinstance(operand, str):
        return f"'{operand}'"
    pieces = [piece if isinstance(piece, str) else MANY if piece == WILD_MANY else ONE for piece in operand]
    return f"'{''.join(pieces)}'"


def _shown(look: Look, name: str | None) -> str:
    """Return what a field holds, in words."""
    if name is None:
        return f"looked for in {sum(1 for _ in look.words(cased=True)):,} values"
    if name not in look.fields:
        return "absent"
    texts = look.texts(name)
    if not any(texts):
        return "empty"
    return ", ".join(_cut(texts))


def _cut(texts: Sequence[str]) -> Iterator[str]:
    for text in texts[:SHOWN]:
        yield f"'{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '...'}'"
    if len(texts) > SHOWN:
        yield f"{len(texts) - SHOWN} more"
