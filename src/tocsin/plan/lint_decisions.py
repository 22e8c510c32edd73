"""Lint of decisions: facts that options wait for and deciders should know, and what follows from each option."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.plan.decision_models import DecisionPoint
from tocsin.plan.lint_view import View
from tocsin.plan.models import FactKind

Found = tuple[str, tuple[str | int, ...], str]


def weigh(step: str, decision: DecisionPoint, view: View) -> Iterator[Found]:
    """(code, path below the decision, words) of everything that is wrong with what a decider is told."""
    for index, name in enumerate(decision.facts):
        if view.fact(name) is None:
            what = f"decision '{step}' asks for the fact '{name}', which is not known"
            yield "unknown-fact", ("facts", index), what + view.fact_hint(name)
    for index, option in enumerate(decision.options):
        place = ("options", index)
        if not option.consequence.strip():
            yield "no-consequence", place, f"option '{option.id}' of '{step}' does not say what follows from it"
        for number, name in enumerate(option.requires):
            fact, where = view.fact(name), (*place, "requires", number)
            if fact is None:
                what = f"option '{option.id}' of '{step}' waits for the fact '{name}', which is not known"
                yield "unknown-fact", where, what + view.fact_hint(name)
            elif fact.kind is not FactKind.YES_NO:
                said = "number" if fact.kind is FactKind.NUMBER else str(fact.kind)
                what = f"option '{option.id}' of '{step}' waits for '{name}' to be true, and that fact is a {said}"
                yield "never-allowed", where, what
    if all(option.requires for option in decision.options):
        yield "no-way-out", ("options",), f"every option of '{step}' waits for facts"
