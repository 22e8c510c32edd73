"""Founding an organization: the rows that its chain's first entry stands on."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from tocsin.core.access import Actor
from tocsin.core.action import inside
from tocsin.core.actions import found_organization
from tocsin.core.models import Chain, ChainKind, Organization


def new_organization(slug: str, name: str, time_zone: str = "UTC", countries: Sequence[str] = ()) -> Organization:
    """Make an organization, its chain and the chain's first entry, or return the one of that slug.

    The rows come before the action because an action needs a chain to be logged on.
    """
    with transaction.atomic():
        if known := Organization.objects.filter(slug=slug).first():
            return known
        token = inside.set(True)
        try:
            made = Organization.objects.create(slug=slug, name=name, time_zone=time_zone, countries=list(countries))
            Chain.objects.create(id=made.id, organization=made, kind=ChainKind.ORGANIZATION)
        finally:
            inside.reset(token)
        return found_organization(Actor.system(), made)
