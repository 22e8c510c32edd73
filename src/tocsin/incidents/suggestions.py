"""What an analysis may suggest to an incident: findings and scope entries, each with the events behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class FindingSuggestion:
    """A finding that a rule's matches support. `key` makes the same suggestion once."""

    key: str
    claim: str
    interpretation: str
    confidence: str
    source: str
    tactics: list[str]
    techniques: list[str]
    hosts: list[str]
    cites: list[str]
    happened_from: datetime | None
    happened_until: datetime | None
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScopeSuggestion:
    """A host or account that detections speak of."""

    kind: str
    name: str
    because: str
    cites: list[str]
    detections: int
    first_seen: datetime | None
    last_seen: datetime | None
