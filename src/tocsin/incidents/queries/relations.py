"""Which incidents belong together, as far as the one who asks may know of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q

from tocsin.core.access import Actor, visible
from tocsin.core.models import Grant
from tocsin.incidents.models import Incident, Phase
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole


@dataclass(frozen=True)
class Related:
    """What an incident belongs with. Whatever the asker is not on is not in here, and nothing says that it is missing."""

    parent: Incident | None = None
    children: list[Incident] = field(default_factory=list)
    merged_into: Incident | None = None
    absorbed: list[Incident] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.parent or self.children or self.merged_into or self.absorbed)


def related(actor: Actor, incident: Incident) -> Related:
    """The incidents above, under, merged into and out of this one that the actor is on. One query, or none where the
    incident came with the word that there are none (incidents/pages.py).
    """
    above = [pk for pk in (incident.parent_id, incident.merged_into_id) if pk]
    rows = Incident.objects.filter(Q(pk__in=above) | Q(parent=incident) | Q(merged_into=incident))
    if not above and not getattr(incident, "has_around", True):
        return Related()
    found = list(visible(actor, rows.select_related("chain")).order_by("number"))
    by_id = {i.pk: i for i in found}
    return Related(
        by_id.get(incident.parent_id),
        [i for i in found if i.parent_id == incident.pk],
        by_id.get(incident.merged_into_id),
        [i for i in found if i.merged_into_id == incident.pk],
    )


def also_led(actor: Actor, incident: Incident) -> list[Incident]:
    """The other incidents of its organization that the actor leads too and that are not closed: what it can be
    merged into, or stand above or under. An exercise goes with exercises alone. One query.
    """
    rows = Incident.objects.filter(organization=incident.organization_id, exercise=incident.exercise)
    rows = rows.exclude(pk=incident.pk).exclude(phase=Phase.CLOSED).select_related("chain")
    if not actor.is_system:
        led = Grant.objects.filter(user_id=actor.user_id, role=IncidentRole.LEAD).values("chain_id")
        rows = rows.filter(chain__in=led)
    return list(visible(actor, rows))


@dataclass(frozen=True)
class Newcomer:
    """Somebody on one incident who is not on the other, and whether they hold a seat there."""

    user: User
    roles: list[str]
    seated: bool


def newcomers(source: Incident, target: Incident | None) -> list[Newcomer]:
    """Who would have to be let in: on the source, not on the target (on nothing yet when that is None). Two queries."""
    inside = (
        Grant.objects.filter(chain=target.pk).values("user_id") if target else Grant.objects.none().values("user_id")
    )
    rows = Grant.objects.filter(chain=source.pk, user__is_active=True).exclude(user__in=inside).select_related("user")
    held: dict[User, list[str]] = {}
    for grant in rows.order_by("user__name", "role"):
        held.setdefault(grant.user, []).append(grant.role)
    seats = set(source.roles.filter(renounced_at=None, user__isnull=False).values_list("user_id", flat=True))
    return [Newcomer(user, roles, user.pk in seats) for user, roles in held.items()]
