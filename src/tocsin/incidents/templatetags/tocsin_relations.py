"""How an incident came out and what it belongs with, for its bar (`{% load tocsin_relations %}`)."""

from __future__ import annotations

from typing import Any

from django import template

from tocsin.incidents.models import Incident
from tocsin.incidents.queries.relations import related

register = template.Library()


@register.inclusion_tag("incidents/_belongs.html", takes_context=True)
def belongs(context: dict[str, Any], incident: Incident) -> dict[str, Any]:
    """The outcome, and the incidents around it that the person who looks is on. One query."""
    return {"incident": incident, "related": related(context["request"].actor, incident)}


@register.inclusion_tag("incidents/_merged_here.html", takes_context=True)
def merged_here(context: dict[str, Any], incident: Incident, page: str) -> dict[str, Any]:
    """The same page of the incidents merged into this one, or of the one it was merged into, for who is on them.

    `page` is the page's place below an incident's address. One query, or none where nothing belongs with it.
    """
    return {"page": page, "related": related(context["request"].actor, incident)}
