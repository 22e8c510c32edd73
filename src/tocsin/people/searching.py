"""What can be found in the house: its people, and the steps of its plan; for who holds a role in the organization."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from tocsin.core.access import Actor, visible
from tocsin.core.models import Organization
from tocsin.core.searching import Hit, Query, excerpt, holding, in_title
from tocsin.people.models import Member
from tocsin.people.queries import current_plan

KINDS = ("person", "step")


def found_in_house(actor: Actor, query: Query, limit: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Hit]:
    """The members and plan steps that hold the query, at most `limit` a kind. A query for each organization and kind."""
    # An organization's chain carries its id.
    for house in visible(actor, Organization.objects.order_by("name"), chain="id"):
        version = current_plan(house)
        at = version.imported_at if version else None
        if at is None:
            continue
        if "person" in kinds:
            members = Member.objects.filter(organization=house, active=True).filter(
                holding(query, "name", "title", "key")
            )
            for member in members[:limit]:
                yield Hit("person", member.title, member.name, "", at, reverse("person", args=[member.key]), house.pk,
                          member.pk, in_title(query, member.name))  # fmt: skip
        if "step" in kinds:
            steps = [(p, s) for p in version.plan.playbooks.values() for s in p.steps] if version else []
            found = [(p, s) for p, s in steps if in_title(query, f"{p.title} {s.title} {s.instructions}")]
            for number, (playbook, step) in enumerate(found[:limit]):
                yield Hit("step", playbook.title, step.title, excerpt(query, step.instructions), at,
                          reverse("plan") + f"#{playbook.id}", house.pk, number, in_title(query, step.title))  # fmt: skip
