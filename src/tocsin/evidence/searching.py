"""What can be found in evidence: items in custody, and the indicators that an incident looks for."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from tocsin.core.access import Actor, visible
from tocsin.core.searching import Hit, Query, excerpt, holding, in_title
from tocsin.evidence.models import EvidenceItem, Indicator
from tocsin.incidents.queries.privilege import seen

KINDS = ("evidence", "indicator")


def found_in_evidence(actor: Actor, query: Query, limit: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Hit]:
    """The rows of each kind that hold the query, the newest first, at most `limit` a kind. A query for each kind."""
    if "evidence" in kinds:
        items = seen(actor, EvidenceItem.kept.select_related("incident"))
        for item in items.filter(holding(query, "name", "source", "sha256")).order_by("-pk")[:limit]:
            url = reverse("evidence", args=[item.incident.number]) + f"#{item.label}"
            yield Hit("evidence", item.label, item.name, excerpt(query, f"{item.source} SHA-256 {item.sha256}"),
                      item.taken_at, url, item.incident_id, item.number, in_title(query, item.name))  # fmt: skip
    if "indicator" in kinds:
        rows = visible(actor, Indicator.objects.select_related("incident"), chain="incident")
        for row in rows.filter(holding(query, "value", "written", "why", "source")).order_by("-pk")[:limit]:
            url = reverse("indicators", args=[row.incident.number])
            yield Hit("indicator", row.kind, row.written, excerpt(query, row.why or row.source), row.added_at, url,
                      row.incident_id, row.number, in_title(query, f"{row.value} {row.written}"))  # fmt: skip
