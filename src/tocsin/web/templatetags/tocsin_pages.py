"""What the pages of the rooms say and do (`{% load tocsin_pages %}`): sentences, forms, times on a board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import nh3
from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext_lazy
from markdown_it import MarkdownIt

from tocsin.core.models import LogEntry
from tocsin.core.searching import Query, pieces
from tocsin.incidents import sentences
from tocsin.incidents.sheet_words import INSTANTS, instant_word

register = template.Library()
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


@register.simple_tag(takes_context=True)
def posts(context: Mapping[str, Any], name: str, *args: object) -> SafeString:
    """The attributes of a form that sends to the address `name`: by htmx where there is JavaScript, else plainly.

    A form in an incident says which one it means by its id: two organizations may both have a number.
    """
    url = reverse(name, args=[a for a in args if a != ""])
    if (incident := getattr(context.get("request"), "incident", None)) and str(incident.number) in map(str, args):
        url = f"{url}?incident={incident.pk}"
    return format_html('method="post" action="{0}" hx-post="{0}" hx-swap="none"', url)


@register.filter
def told(entry: LogEntry) -> SafeString:
    """A log entry as a sentence."""
    return sentences.sentence_html(entry)


@register.filter
def with_people(entries: Iterable[LogEntry]) -> list[LogEntry]:
    """Log entries that know the names of the people they are about, so that they can be told."""
    return sentences.with_people(entries)


@register.filter
def mark_of(entry: LogEntry) -> str:
    """How the feed marks a log entry."""
    return sentences.mark(entry)


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """A mapping's value; empty when it has none."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def unlocal(value: Any) -> str:
    """A number as drawings and addresses write it, whatever the reader's language."""
    return str(value)


# The rooms name these by keys that never change; people read them in their own language.
WORDS = {
    "lead": pgettext_lazy("role", "lead"),
    "responder": pgettext_lazy("role", "responder"),
    "decider": pgettext_lazy("role", "decider"),
    "counsel": pgettext_lazy("role", "counsel"),
    "observer": pgettext_lazy("role", "observer"),
    "administrator": pgettext_lazy("role", "administrator"),
    "auditor": pgettext_lazy("role", "auditor"),
    "guest": pgettext_lazy("role", "guest"),
    "informational": pgettext_lazy("level", "informational"),
    "low": pgettext_lazy("level", "low"),
    "medium": pgettext_lazy("level", "medium"),
    "high": pgettext_lazy("level", "high"),
    "critical": pgettext_lazy("level", "critical"),
    "detected": pgettext_lazy("instant", "detected"),
    "declared": pgettext_lazy("instant", "declared"),
    "aware": pgettext_lazy("instant", "aware"),
    "contained": pgettext_lazy("instant", "contained"),
    "eradicated": pgettext_lazy("instant", "eradicated"),
    "recovered": pgettext_lazy("instant", "recovered"),
    "closed": pgettext_lazy("instant", "closed"),
    "phone": pgettext_lazy("way", "phone"),
    "sms": pgettext_lazy("way", "SMS"),
    "mail": pgettext_lazy("way", "mail"),
    "chat": pgettext_lazy("way", "chat"),
    "push": pgettext_lazy("way", "push"),
    "radio": pgettext_lazy("way", "radio"),
    "in_person": pgettext_lazy("way", "in person"),
}


@register.filter
def word(key: Any) -> Any:
    """A role's, level's or instant's key as people read it."""
    text = str(key)
    return WORDS.get(text) or (instant_word(text) if text in INSTANTS else key)


@register.filter
def instant(text: str) -> datetime | None:
    """A time that JSON holds as text, as a time; None for an empty one."""
    return datetime.fromisoformat(text) if text else None


@register.simple_tag
def due_time(moment: datetime, now: datetime) -> SafeString:
    """A deadline on a board: the time of day, with the day when it is another one; zone and UTC on hover."""
    local = timezone.localtime(moment)
    style = "H:i" if local.date() == timezone.localtime(now).date() else "D H:i"
    if abs((moment - now).days) > 5:
        style = "j M"
    utc = moment.astimezone(UTC)
    title = f"{date_format(local, 'Y-m-d H:i T')} · {date_format(utc, 'Y-m-d H:i')} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', utc.isoformat(), title, date_format(local, style))


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as clean HTML: no scripts, no pictures from elsewhere, headings kept."""
    # Safe: nh3 leaves only the tags and attributes of its list.
    html = nh3.clean(
        _MARKDOWN.render(text),
        tags={"h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "code", "pre", "table", "thead", "tbody",
              "tr", "th", "td", "blockquote", "hr", "br", "a"},
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "mailto", "tel"},
    )  # fmt: skip
    return mark_safe(html)  # noqa: S308


@register.filter
def found_words(text: str, query: Query) -> SafeString:
    """A text with the words that were looked for marked."""
    return format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", t) if is_it else t,) for t, is_it in pieces(query, text))
    )


@register.simple_tag
def zone() -> str:
    """The name of the zone in which this page tells times."""
    return date_format(timezone.localtime(), "T")
