"""How the steps of a playbook wait for each other: order, circles, and steps that can never start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tocsin.plan.conditions import Condition, ConditionError, parse
from tocsin.plan.facts import DECISION
from tocsin.plan.models import Fact, FactKind, Playbook, Step

_DOMAINS: dict[FactKind, list[Any]] = {FactKind.YES_NO: [True, False]}


@dataclass(frozen=True)
class Start:
    """Whether a step can ever start, and if not, why."""

    possible: bool
    reason: str = ""


def condition_of(step: Step) -> Condition | None:
    """The step's condition; None when it has none or one that cannot be read."""
    if not step.when.strip():
        return None
    try:
        return parse(step.when)
    except ConditionError:
        return None


def in_order(playbook: Playbook) -> list[Step]:
    """The steps so that each comes after what it needs; otherwise as the playbook lists them.

    Steps in a circle come last, in the playbook's order: they have none of their own.
    """
    known = {step.id for step in playbook.steps}
    done: set[str] = set()
    ordered: list[Step] = []
    waiting = list(playbook.steps)
    while waiting:
        ready = next((s for s in waiting if all(n in done or n not in known for n in s.needs)), None)
        if ready is None:
            return [*ordered, *waiting]
        ordered.append(ready)
        done.add(ready.id)
        waiting.remove(ready)
    return ordered


def circle(playbook: Playbook) -> list[str]:
    """The ids along one circle of needs, first id again at the end; empty when there is none."""
    try:
        TopologicalSorter({step.id: step.needs for step in playbook.steps}).prepare()
    except CycleError as error:
        path: list[str] = list(error.args[1])
        return path
    return []


def before(playbook: Playbook, step_id: str) -> set[str]:
    """The ids of all steps that must be done before this one starts."""
    needs = {step.id: step.needs for step in playbook.steps}
    found: set[str] = set()
    open_ids = [step_id]
    while open_ids:
        for need in needs.get(open_ids.pop(), ()):
            if need not in found:
                found.add(need)
                open_ids.append(need)
    return found


def starts(playbook: Playbook, facts: Mapping[str, Fact]) -> dict[str, Start]:
    """For each step id whether it can ever start.

    Grown from what can start at once: a step joins when all its needs have joined and its condition can hold,
    where the outcome of a decision that has not joined stays unknown. What never joins never starts.
    """
    joined: set[str] = set()
    grew = True
    while grew:
        grew = False
        for step in playbook.steps:
            if step.id not in joined and not _obstacle(playbook, step, joined, facts):
                joined.add(step.id)
                grew = True
    return {
        step.id: Start(step.id in joined, "" if step.id in joined else _obstacle(playbook, step, joined, facts))
        for step in playbook.steps
    }


def _obstacle(playbook: Playbook, step: Step, joined: set[str], facts: Mapping[str, Fact]) -> str:
    missing = [need for need in step.needs if need not in joined]
    if missing:
        return f"it needs '{missing[0]}', which never starts"
    condition = condition_of(step)
    if condition is None:
        return ""
    domains = {fact: _domain(playbook, fact, joined, facts) for fact in condition.facts}
    if condition.can_hold({fact: values for fact, values in domains.items() if values}):
        return ""
    for fact in sorted(condition.facts):
        decision = fact.removeprefix(DECISION)
        if fact.startswith(DECISION) and decision not in joined and any(s.id == decision for s in playbook.steps):
            return f"its condition '{step.when}' waits for the decision '{decision}', which never starts"
    return f"its condition '{step.when}' can never hold"


def _domain(playbook: Playbook, fact: str, joined: set[str], facts: Mapping[str, Fact]) -> list[Any]:
    """What a fact may be; empty for anything."""
    if fact.startswith(DECISION):
        step = next((s for s in playbook.steps if s.id == fact.removeprefix(DECISION)), None)
        if step is None or step.decision is None:
            return []
        return [option.id for option in step.decision.options] if step.id in joined else [None]
    known = facts.get(fact)
    return _DOMAINS.get(known.kind, []) if known else []
