"""What can be found of communications: the messages that were released. What is not released is found by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from tocsin.comms.models import Message
from tocsin.core.access import Actor, visible
from tocsin.core.searching import Hit, Query, excerpt, holding, in_title


def found_in_comms(actor: Actor, query: Query, limit: int) -> Iterator[Hit]:
    """The released messages that hold the query, the newest first. One query."""
    rows = Message.objects.filter(released_at__isnull=False).select_related("incident", "audience")
    rows = visible(actor, rows, chain="incident").filter(holding(query, "final_subject", "final_text"))
    for row in rows.order_by("-pk")[:limit]:
        url = reverse("outgoing", args=[row.incident.number, row.number])
        at = row.released_at or row.changed_at
        yield Hit("message", f"M-{row.number}", row.final_subject, excerpt(query, row.final_text), at, url,
                  row.incident_id, row.number, in_title(query, row.final_subject))  # fmt: skip
