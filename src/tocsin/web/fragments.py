"""Pieces of a page that are the same for everybody who may see the incident: drawn once for each state of its log.

A thousand pages that look again after one entry share the drawing. Only what holds no form, no name of who looks and
nothing that hangs on rights may be shared: who is on an incident sees all of it, in their own language and zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tocsin.incidents.models import Incident

T = TypeVar("T")
HOLDS = 15
"""Seconds for which a drawing is shared: lamps that turn on by time alone are late by so much at most."""


def shared(
    name: str, incident: Incident, now: datetime, make: Callable[[], Mapping[str, Any]], vary: str = ""
) -> SafeString:
    """The template `web/room/_<name>.html`, drawn from what `make` returns, or as it was drawn a moment ago.

    `incident.chain.length`, as the caller loaded it, is part of the key: what changes leaves a log entry.
    """
    template = f"web/room/_{name}.html"
    drawn = once(
        f"{name}:{vary}",
        incident,
        lambda: str(render_to_string(template, {"incident": incident, "now": now, **make()})),
    )
    return mark_safe(drawn)  # noqa: S308  drawn by our own template, which escaped what came from people


def once(name: str, incident: Incident, make: Callable[[], T]) -> T:
    """What `make` returns, or returned a moment ago for the same log, language and zone; see `shared` for what may be."""
    zone, language = timezone.get_current_timezone_name(), get_language()
    key = f"room:{name}:{incident.pk}:{incident.chain.length}:{language}:{zone}"
    found: T | None = cache.get(key)
    if found is None:
        found = make()
        cache.set(key, found, HOLDS)
    return found
