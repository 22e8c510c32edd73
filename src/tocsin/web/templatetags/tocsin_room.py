"""What the room's feed says of an entry (`{% load tocsin_room %}`): its kind, and the thing that it is about."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tocsin.core.models import LogEntry
from tocsin.incidents import feeds

register = template.Library()


@register.filter
def kind_of(entry: LogEntry) -> str:
    """Which kind of news the entry is."""
    return feeds.kind_of(entry.verb)


@register.simple_tag
def thing_link(entry: LogEntry, number: str) -> SafeString:
    """A link to the thing that the entry is about; nothing where it has no page."""
    found = feeds.thing_of(entry, number)
    return format_html('<a class="t-log" href="{}">{}</a>', found.url, found.name) if found else SafeString("")
