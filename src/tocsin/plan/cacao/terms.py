"""Facts and conditions of the plan in CACAO's terms: variables and STIX pattern comparisons."""

from __future__ import annotations

import re

from tocsin.plan.conditions import All, AnyOf, Condition, Node, Not, Test, Value
from tocsin.plan.facts import VARIABLE
from tocsin.plan.models import FactKind, Step

_TYPES = {FactKind.YES_NO: "bool", FactKind.NUMBER: "float"}


def fact_variable(fact: str) -> str:
    """The CACAO variable of a fact: `decision.pay-ransom` -> `__decision_pay-ransom__`."""
    return f"__{re.sub(r'[^A-Za-z0-9_-]', '_', fact.removeprefix(VARIABLE))}__"


def variable_type(kind: FactKind) -> str:
    """The CACAO type of a fact."""
    return _TYPES.get(kind, "string")


def manual_command(step: Step) -> str:
    """What the person who does the step reads: instructions, and for a decision question and options."""
    lines = [step.instructions.strip() or step.title]
    if step.decision:
        lines.append(step.decision.question)
        lines += [f"- {option.id}: {option.label}" for option in step.decision.options]
    return "\n".join(lines)


def stix(condition: Condition) -> str:
    """The condition as a STIX pattern comparison over variables."""
    return _stix(condition.root)


def _stix(node: Node) -> str:
    if isinstance(node, Test):
        return _test(node)
    if isinstance(node, Not):
        return f"NOT ({_stix(node.part)})"
    word = " AND " if isinstance(node, All) else " OR "
    return word.join(f"({_stix(part)})" if isinstance(part, All | AnyOf) else _stix(part) for part in node.parts)


def _test(test: Test) -> str:
    name = f"{fact_variable(test.fact)}:value"
    if test.op == "is":
        return f"{name} = 'true'"
    if test.op == "in":
        return f"{name} IN ({', '.join(_value(v) for v in test.values)})"
    return f"{name} {test.op} {_value(test.values[0])}"


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "'true'" if value else "'false'"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
