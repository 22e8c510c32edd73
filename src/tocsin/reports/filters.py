"""Filters of the page: how times, durations, numbers and long words are written in HTML."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template import Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tocsin.reports.axis import MONTHS

register = Library()

_NB = "\u00a0"
_UNITS = ((31_557_600, "y"), (86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


@register.filter
def when(iso: str | None, otherwise: str = "\u2013") -> str:
    """'9 May 2026 02:40' from an ISO time; `otherwise` when there is none."""
    return _time(iso, "%H:%M") if iso else otherwise


@register.filter
def stamp(iso: str | None, otherwise: str = "\u2013") -> str:
    """Like `when`, with the seconds."""
    return _time(iso, "%H:%M:%S") if iso else otherwise


def _time(iso: str, clock: str) -> SafeString:
    t = datetime.fromisoformat(iso)
    day = f"{t.day}{_NB}{MONTHS[t.month - 1][:3]}{_NB}{t.year:04}"
    return format_html('<time datetime="{}">{} {}</time>', iso, day, t.strftime(clock))


@register.filter
def rich(runs: list[Any]) -> SafeString:
    """A sentence from its runs; what a machine wrote in the data face. Everything is escaped."""
    parts = [format_html("<code>{}</code>", run["code"]) if isinstance(run, dict) else run for run in runs]
    return format_html_join("", "{}", ((part,) for part in parts))


@register.filter
def cites(sources: list[dict[str, Any]]) -> SafeString:
    """Sources as links to the anchors that they name."""
    links = [
        format_html('<a class="cite" href="#{}">{}</a>', source["to"], source["text"])
        if source["to"]
        else format_html('<span class="cite">{}</span>', source["text"])
        for source in sources
    ]
    return format_html_join(" ", "{}", ((link,) for link in links))


@register.filter
def duration(value: float | None) -> str:
    """The two largest units of a number of seconds: '10 d 5 h', '3 h 45 min'."""
    left = round(abs(value or 0))
    for place, (size, name) in enumerate(_UNITS):
        if left < size:
            continue
        out = f"{left // size}{_NB}{name}"
        if place + 1 < len(_UNITS) and (rest := left % size // _UNITS[place + 1][0]):
            out += f"{_NB}{rest}{_NB}{_UNITS[place + 1][1]}"
        return out
    return f"0{_NB}s"


@register.filter
def number(value: int | None) -> str:
    """A whole number in groups of three, with narrow spaces."""
    return f"{value or 0:,}".replace(",", "\u202f")


@register.filter
def plural(value: int, words: str) -> str:
    """'1 task' or '2 tasks' from a number and 'task,tasks'."""
    one, many = words.split(",")
    return f"{number(value)} {one if value == 1 else many}"


@register.filter
def of(mapping: dict[str, Any], key: str) -> Any:
    """The value under `key`, 0 where there is none."""
    return mapping.get(key, 0)


@register.filter
def mm(value: float, more: float = 0) -> str:
    """Millimetres of a drawing as SVG writes them, `more` added; a string, so that no locale touches it."""
    return f"{value + more:.2f}"


@register.filter
def share(value: float, size: float) -> str:
    """A share (0 to 1) of `size` as SVG writes it."""
    return f"{value * size:.2f}"


@register.filter
def points(area: list[list[float]], size: str) -> str:
    """The corners of an area in shares as an SVG path in a figure of 'width,height,left,top'."""
    width, height, left, top = (float(part) for part in size.split(","))
    return " ".join(f"{left + x * width:.2f},{top + (1 - y) * height:.2f}" for x, y in area)


@register.filter
def mm_less(written: str) -> str:
    """A place that `share` wrote, moved left by the breadth of a double line."""
    return f"{float(written) - 0.7:.2f}"


@register.filter
def down(value: float) -> str:
    """A height of the growth figure (0 to 1) as SVG writes it."""
    return f"{9 + (1 - value) * 44:.2f}"
