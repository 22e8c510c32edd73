"""What becomes of the duties of an incident that was merged into another: which stages go on there, and ring no more here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tocsin.disclosure.models import FILED, Duty, Word
from tocsin.incidents.models import Incident

GOES_ON = "It goes on in the incident that this one was merged into."
DEEPEST = 20
"""Incidents merged into one another that are followed; merging refuses what is closed, so that nobody gets there."""


@dataclass(frozen=True)
class There:
    """How duties stand where an incident went: regimes rejected, stages filed, and open stages with their deadlines."""

    rejected: frozenset[str] = frozenset()
    filed: frozenset[tuple[str, str]] = frozenset()
    due: dict[tuple[str, str], datetime | None] = field(default_factory=dict)

    def has(self, regime: str, stage: str, due: datetime | None) -> bool:
        """Whether a stage with this deadline is seen to there: rejected, filed, or due there no later than here.

        What is not, because a fact or an earlier time is known here alone, keeps its clock here: no limit is lost.
        """
        if regime in self.rejected or (regime, stage) in self.filed:
            return True
        if (regime, stage) not in self.due:
            return False
        other = self.due[regime, stage]
        return due is None or (other is not None and other <= due)

    @property
    def key(self) -> list[object]:
        """All of it in a fixed order, as text."""
        dues = sorted((*k, str(v)) for k, v in self.due.items())
        return [sorted(self.rejected), sorted(self.filed), dues]


def there_of(incident: Incident) -> There | None:
    """How duties stand in the incident that this one was merged into, at the end of all mergers; None for no merger."""
    at, seen = incident.merged_into_id, 0
    if at is None:
        return None
    while seen < DEEPEST and (
        further := Incident.objects.filter(pk=at).values_list("merged_into_id", flat=True).first()
    ):
        at, seen = further, seen + 1
    duties = list(Duty.objects.filter(incident=at).prefetch_related("clocks"))
    stages = [(d.regime, c) for d in duties if d.counts for c in d.clocks.all()]
    return There(
        frozenset(d.regime for d in duties if d.ruling == Word.REJECTED),
        frozenset((r, c.stage) for r, c in stages if c.state in FILED),
        {(r, c.stage): c.due_at for r, c in stages if c.is_open},
    )


def merged_into(incident: Incident) -> list[Incident]:
    """The incidents that were merged into this one, and into those."""
    found: list[Incident] = []
    row: list[UUID] = [incident.pk]
    while row and len(found) < 500:
        absorbed = Incident.objects.filter(merged_into__in=row).select_related("plan_version", "chain")
        there = list(absorbed.order_by("pk"))
        found += there
        row = [i.pk for i in there]
    return found
