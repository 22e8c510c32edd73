"""The scope ledger as it stood at any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tocsin.incidents.models import Incident, ScopeChange, ScopeEntry


@dataclass(frozen=True)
class ScopeAsOf:
    """One entry as it stood: its state then, since when, why, on what evidence, by whom, and its numbers of then."""

    entry: ScopeEntry
    state: str
    since: datetime
    because: str
    cites: list[str]
    by: str
    count_low: int | None = None
    count_high: int | None = None
    region: str = ""
    confidence: str = ""


def scope_as_of(incident: Incident, at: datetime) -> list[ScopeAsOf]:
    """The entries that stood in scope at an instant of the incident's clock, in their states of then. One query."""
    last: dict[int, ScopeChange] = {}
    changes = ScopeChange.objects.filter(entry__incident=incident, at__lte=at).select_related("entry")
    for change in changes.order_by("at", "id"):
        last[change.entry_id] = change
    return [
        ScopeAsOf(c.entry, c.state, c.at, c.because, c.cites, c.by, c.count_low, c.count_high, c.region, c.confidence)
        for c in sorted(last.values(), key=lambda c: (c.entry.kind, c.entry.number))
    ]
