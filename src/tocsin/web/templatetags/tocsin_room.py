"""What the room's feed says of an entry (`{% load tocsin_room %}`): its kind, and the thing that it is about."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tocsin.core.models import LogEntry
from tocsin.incidents import feeds
from tocsin.incidents.board import Row
from tocsin.incidents.models import Incident
from tocsin.web.fragments import line_of, task_of

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


@register.simple_tag
def entry_line(entry: LogEntry, incident: Incident, template: str = "incidents/_entry.html") -> SafeString:
    """The entry as a list or table shows it, drawn once for all who look."""
    return line_of(entry, incident, template)


@register.simple_tag
def task_card(row: Row, incident: Incident, now: datetime) -> SafeString:
    """A task as a card that folds out, drawn once for all who look."""
    return task_of(row, incident, now)
