"""What is left of a condition when only single values are looked for.

An indicator here is one value. From alternatives, each is taken. From values that must come together, the most
telling one is taken and the account says what is not checked: that finds everything the source means, and
sometimes more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tocsin.lab.indicators import model

MAX_DEPTH = 64
"""Levels of a condition."""

WEIGHTS = {
    **dict.fromkeys((*model.FILE_HASHES, model.SSDEEP), 9),
    **dict.fromkeys((model.URL, model.JA4, model.JA3, model.IMPHASH), 8),
    **dict.fromkeys((model.EMAIL, model.REGISTRY_KEY, model.FILE_PATH, model.COMMAND_LINE, model.MUTEX), 7),
    **dict.fromkeys((model.DOMAIN, model.PIPE, model.SERVICE), 6),
    **dict.fromkeys((model.IP, model.USER_AGENT), 5),
    **dict.fromkeys((model.NETWORK, model.FILE_NAME), 3),
    model.ACCOUNT: 2,
}
"""How telling a kind is: of two that must come together, the higher is looked for."""


@dataclass(frozen=True, slots=True)
class Term:
    """A value to look for; `said` is how the source puts it."""

    kind: str
    value: str
    form: str
    said: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A part of a condition that cannot be looked for, and why."""

    said: str
    reason: str


@dataclass(frozen=True, slots=True)
class Together:
    """Conditions that must all hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Conditions of which one must hold."""

    parts: tuple[Node, ...]


Node = Term | Unusable | Together | Either


@dataclass(slots=True)
class Outcome:
    """The values to look for, the parts that are not usable, and the parts that are left unchecked."""

    terms: list[Term] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    weight: int = 0


def reduced(node: Node) -> Outcome:
    """Return what of a condition can be looked for."""
    if isinstance(node, Term):
        return Outcome([node], weight=WEIGHTS.get(node.kind, 1))
    if isinstance(node, Unusable):
        return Outcome(unusable=[node])
    outcomes = [reduced(part) for part in node.parts]
    return _either(outcomes) if isinstance(node, Either) else _together(outcomes)


def _either(outcomes: list[Outcome]) -> Outcome:
    whole = Outcome(weight=min((outcome.weight for outcome in outcomes if outcome.terms), default=0))
    for outcome in outcomes:
        whole.terms += outcome.terms
        whole.unusable += outcome.unusable
        whole.unchecked += outcome.unchecked
    return whole


def _together(outcomes: list[Outcome]) -> Outcome:
    # One that is looked for in full is better than a more telling one of which a part is missed.
    best = max(outcomes, key=lambda outcome: (bool(outcome.terms) and not outcome.unusable, outcome.weight))
    if not best.terms:
        return Outcome(unusable=[part for outcome in outcomes for part in outcome.unusable])
    others = [outcome for outcome in outcomes if outcome is not best]
    unchecked = [said for outcome in others for said in (*(part.said for part in outcome.unusable),
                                                         *(term.said for term in outcome.terms))]  # fmt: skip
    return Outcome(best.terms, best.unusable, best.unchecked + unchecked, best.weight)
