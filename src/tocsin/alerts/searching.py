"""What can be found in alerts, by who sees them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from tocsin.alerts.models import Alert
from tocsin.alerts.queries import READERS
from tocsin.core.access import Actor
from tocsin.core.models import Grant
from tocsin.core.searching import Hit, Query, excerpt, holding, in_title


def found_in_alerts(actor: Actor, query: Query, limit: int) -> Iterator[Hit]:
    """The alerts that hold the query, the newest first, of organizations whose alerts the actor sees. One query."""
    seen = Grant.objects.filter(user_id=actor.user_id, role__in=READERS).values("chain_id")
    rows = Alert.objects.filter(organization__in=seen).filter(holding(query, "title", "text", "because"))
    for row in rows.order_by("-last_at", "-pk")[:limit]:
        yield Hit("alert", row.called, row.title, excerpt(query, row.text), row.last_at,
                  reverse("alert", args=[row.number]), row.organization_id, row.number, in_title(query, row.title))  # fmt: skip
