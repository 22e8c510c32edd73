"""What the fact sheet's page says (`{% load tocsin_sheet %}`): regions by name, and where a row stands."""

from __future__ import annotations

from django import template

from tocsin.incidents.regions import region_name

register = template.Library()


@register.filter
def region(code: str) -> str:
    """A country or state as people read it."""
    return region_name(code)


@register.filter
def dashed(about: str) -> str:
    """The anchor of a row that a contradiction names: instant.paid stands at instant-paid."""
    return about.replace(".", "-")
