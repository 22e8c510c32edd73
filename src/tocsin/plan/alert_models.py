"""What alerts.yaml may say: how the messages of other systems become alerts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tocsin.plan.strict import Key, Strict

MOST_OBSERVABLES = 12
SeverityNumber = Annotated[int, Field(ge=1, le=4)]


def _several(value: Any) -> Any:
    """One expression may stand alone; several are tried in turn."""
    return (value,) if isinstance(value, str) else value


Expression = Annotated[str, Field(min_length=1, max_length=400)]
Expressions = Annotated[tuple[Expression, ...], BeforeValidator(_several), Field(max_length=12)]
"""A path ('rule.description') or a text with paths in braces ('{rule.id} on {agent.name}'); the first that says
something counts. In a list, a path goes through every item."""


class AlertMapping(Strict):
    """How one shape of message is read. Every field but the title may be left out."""

    means: str = ""
    documented: tuple[str, ...] = ()
    recognised_by: tuple[Expression, ...] = ()
    each: str = ""
    ignore: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    title: Annotated[Expressions, Field(min_length=1)]
    text: Expressions = ()
    severity: Expressions = ()
    severity_words: dict[str, SeverityNumber] = Field(default_factory=dict)
    severity_from: dict[SeverityNumber, float] = Field(default_factory=dict)
    url: Expressions = ()
    key: Expressions = ()
    at: Expressions = ()
    observables: Annotated[dict[Key, Expressions], Field(max_length=MOST_OBSERVABLES)] = Field(default_factory=dict)


class AlertsFile(Strict):
    """alerts.yaml as it stands in the file: words for severities, mappings by name, and which source uses which."""

    severity_words: dict[str, SeverityNumber] = Field(default_factory=dict)
    mappings: dict[Key, AlertMapping] = Field(default_factory=dict)
    sources: dict[Annotated[str, Field(min_length=1, max_length=80)], Key] = Field(default_factory=dict)
