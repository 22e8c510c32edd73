"""Who holds, or held, which role."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from tocsin.incidents.models import Incident, RoleAssignment


def holder_at(incident: Incident, role: str, at: datetime) -> RoleAssignment | None:
    """Who held a role (a key of the plan) at an instant of the incident's clock; None before it was filled.

    The minute of a hand-over belongs to the one who takes over. One query.
    """
    spells = incident.roles.filter(role=role, assumed_at__lte=at).filter(
        Q(renounced_at__isnull=True) | Q(renounced_at__gt=at)
    )
    return spells.select_related("member").order_by("-assumed_at", "-id").first()


def seats(incident: Incident) -> list[RoleAssignment]:
    """The roles as they are held now, in the plan's order; an empty seat has no holder. One query."""
    order = {key: place for place, key in enumerate(incident.plan_version.plan.roles)}
    held = incident.roles.filter(renounced_at=None).select_related("member__user")
    return sorted(held, key=lambda a: order.get(a.role, len(order)))
