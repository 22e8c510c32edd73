"""The shapes of Tocsin as template tags (`{% load tocsin_ui %}`): they take plain values and draw."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tocsin.web.timewords import say_duration

register = template.Library()

Context = dict[str, Any]
COMPONENTS = "web/components"

SEVERITY_WORDS = {
    1: gettext_lazy("Severe"),
    2: gettext_lazy("High"),
    3: gettext_lazy("Moderate"),
    4: gettext_lazy("Low"),
}
PHASES = (
    ("detected", gettext_lazy("Detected")),
    ("declared", gettext_lazy("Declared")),
    ("investigating", gettext_lazy("Investigating")),
    ("contained", gettext_lazy("Contained")),
    ("eradicated", gettext_lazy("Eradicated")),
    ("recovered", gettext_lazy("Recovered")),
    ("closed", gettext_lazy("Closed")),
)
RING_WORDS = {
    "run": gettext_lazy("Running"),
    "soon": gettext_lazy("Soon"),
    "late": gettext_lazy("Late"),
    "wait": gettext_lazy("Waiting"),
    "met": gettext_lazy("Met"),
    "now": gettext_lazy("Now"),
    "off": gettext_lazy("Not applicable"),
}
# How the rooms name a clock's state, where it is not the shape's own name.
RING_STATES = {"running": "run", "waiting": "wait", "not_needed": "off"}
TASK_WORDS = {
    "waiting": gettext_lazy("Waiting"),
    "open": pgettext_lazy("task", "Open"),
    "doing": gettext_lazy("In progress"),
    "blocked": gettext_lazy("Blocked"),
    "done": gettext_lazy("Done"),
    "skipped": gettext_lazy("Not needed"),
}
SCOPE_WORDS = {
    "suspected": gettext_lazy("Suspected"),
    "confirmed": gettext_lazy("Confirmed"),
    "contained": gettext_lazy("Contained"),
    "eradicated": gettext_lazy("Eradicated"),
    "recovered": gettext_lazy("Recovered"),
    "cleared": gettext_lazy("Cleared"),
}
CONFIDENCE = {
    "low": (1, gettext_lazy("Low confidence")),
    "medium": (2, gettext_lazy("Medium confidence")),
    "moderate": (2, gettext_lazy("Moderate confidence")),
    "high": (3, gettext_lazy("High confidence")),
    "confirmed": (4, gettext_lazy("Confirmed")),
}
TLP = ("red", "amber+strict", "amber", "green", "clear")
RING_LENGTH = 94.2  # circumference of the ring's circle, r = 15


@register.inclusion_tag(f"{COMPONENTS}/severity.html")
def severity(level: int, word: str = "") -> Context:
    """The severity sign: octagon, triangle, diamond or circle for 1 to 4; a plan may have its own words."""
    number = int(level)
    return {"level": number, "word": word or _known(SEVERITY_WORDS, number, "severity")}


@register.inclusion_tag(f"{COMPONENTS}/phase_rail.html")
def phase_rail(current: str, phases: Iterable[tuple[str, Any]] = PHASES) -> Context:
    """The phases as a rail; `current` is one of their keys, those before it are past. Closed shows last."""
    steps = [(key, word) for key, word in phases if key != "closed" or current == "closed"]
    keys = [key for key, _word in steps]
    if current not in keys:
        raise template.TemplateSyntaxError(f"phase_rail: '{current}' is none of {', '.join(keys)}")
    at = keys.index(current)
    words = ((index, word) for index, (_key, word) in enumerate(steps))
    return {"steps": [{"word": word, "past": index < at, "current": index == at} for index, word in words]}


@register.inclusion_tag(f"{COMPONENTS}/tlp.html")
def tlp(mark: str) -> Context:
    """A TLP 2.0 mark: red, amber, amber+strict, green or clear; 'TLP:' before it is accepted."""
    plain = str(mark).lower().removeprefix("tlp:").strip()
    if plain not in TLP:
        raise template.TemplateSyntaxError(f"tlp: '{mark}' is none of {', '.join(TLP)}")
    return {"mark": plain, "word": plain.upper()}


@register.inclusion_tag(f"{COMPONENTS}/ring.html")
def ring(state: str, fraction: float = 0.0, due: datetime | None = None, start: datetime | None = None) -> Context:
    """A clock's ring. `fraction` (0 to 1) is what is left; with `due` and `start` the page redraws it."""
    state = RING_STATES.get(state, state)
    left = min(1.0, max(0.0, float(fraction)))
    live = due is not None and start is not None and state in {"run", "soon"}
    return {
        "state": state,
        "word": _known(RING_WORDS, state, "ring"),
        "late": RING_WORDS["late"],
        "dash": f"{left * RING_LENGTH:.1f} {RING_LENGTH}",
        "due": _iso(due) if live and due else "",
        "start": _iso(start) if live and start else "",
    }


@register.inclusion_tag(f"{COMPONENTS}/task_glyph.html")
def task_glyph(state: str = "open") -> Context:
    """A task's square: waiting, open, doing, blocked, done or skipped."""
    return {"state": state, "word": _known(TASK_WORDS, state, "task_glyph")}


@register.inclusion_tag(f"{COMPONENTS}/decision_glyph.html")
def decision_glyph(taken: bool = False) -> Context:
    """A decision's diamond: hollow while it is open, filled when taken."""
    return {"taken": taken, "word": _("Decision taken") if taken else _("Decision open")}


@register.inclusion_tag(f"{COMPONENTS}/scope_disc.html")
def scope_disc(state: str, with_word: bool = True) -> Context:
    """A scope entry's disc and its state's word; `with_word` False leaves the word to screen readers."""
    return {"state": state, "word": _known(SCOPE_WORDS, state, "scope_disc"), "with_word": with_word}


@register.inclusion_tag(f"{COMPONENTS}/confidence.html")
def confidence(level: str) -> Context:
    """Bars and words for low, medium, moderate or high confidence, or confirmed."""
    if level not in CONFIDENCE:
        raise template.TemplateSyntaxError(f"confidence: '{level}' is none of {', '.join(CONFIDENCE)}")
    filled, word = CONFIDENCE[level]
    bars = [{"x": 1 + 5 * n, "y": 10 - 3 * n, "height": 3 + 3 * n, "on": n < filled} for n in range(4)]
    return {"bars": bars, "word": word}


@register.inclusion_tag(f"{COMPONENTS}/face.html")
def face(name: str, here: bool | None = None) -> Context:
    """Initials of a person; `here` True or False says whether they are on this page now, None nothing."""
    return {"name": name, "initials": initials(name), "here": here}


@register.inclusion_tag(f"{COMPONENTS}/note.html")
def note(text: str, kind: str = "") -> Context:
    """A line that matters: kind soon, late, act, or nothing."""
    return {"text": text, "kind": kind}


@register.inclusion_tag(f"{COMPONENTS}/why.html")
def why(text: str, sequence: int | None = None, href: str = "") -> Context:
    """What a derived thing follows from, with the log entry that caused it."""
    return {"text": text, "sequence": sequence, "href": href}


@register.inclusion_tag(f"{COMPONENTS}/empty.html")
def empty(title: str, text: str = "", href: str = "", action: str = "") -> Context:
    """An empty place: what will be here, and the next act as a link."""
    return {"title": title, "text": text, "href": href, "action": action}


@register.simple_tag
def log_number(sequence: int, href: str = "") -> SafeString:
    """A log entry's number, L-205; a link when the page has the entry."""
    if href:
        return format_html('<a class="t-log" href="{}">L-{}</a>', href, sequence)
    return format_html('<span class="t-log">L-{}</span>', sequence)


@register.simple_tag
def when(moment: datetime | None, style: str = "full") -> SafeString:
    """An instant in the reader's time zone, UTC on hover.

    `style`: full (date, time, zone), time (time and zone), bare (time alone, where a heading names the zone).
    """
    if moment is None:
        return format_html('<span class="t-mute">{}</span>', _("not known"))
    formats = {"full": "Y-m-d H:i T", "time": "H:i T", "bare": "H:i"}
    local = _in_zone(moment, timezone.get_current_timezone())
    text = date_format(local, _known(formats, style, "when"))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        _iso(moment),
        date_format(_utc(moment), "Y-m-d H:i:s") + " UTC",
        text,
    )


@register.simple_tag
def countdown(due: datetime, now: datetime, state: str = "") -> SafeString:
    """How long until `due`, ticking; once it has passed: '18 min late', in red."""
    seconds = (due - now).total_seconds()
    late = _("%s late")
    text = say_duration(seconds) if seconds > 0 else late.replace("%s", say_duration(seconds))
    return _dial(due, "due", text, state if seconds > 0 else "late", late)


@register.simple_tag
def since(start: datetime, now: datetime) -> SafeString:
    """How long ago `start` was, ticking."""
    return _dial(start, "since", say_duration(min(0.0, (start - now).total_seconds())), "", "")


@register.filter
def utc_time(moment: datetime) -> str:
    """The hour and minute in UTC, whatever zone the reader is in."""
    return date_format(_utc(moment), "H:i")


@register.filter
def duration(seconds: float) -> str:
    """A length of time in words, as clocks say it."""
    return say_duration(float(seconds))


@register.filter
def initials(name: str) -> str:
    """One or two letters for a face: of the first and the last word; titles and particles do not count."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalpha() and not word.endswith(".")]
    large = [word for word in words if word[0].isupper()] or words
    if not large:
        return "?"
    return (large[0][0] + (large[-1][0] if len(large) > 1 else "")).upper()


def _dial(at: datetime, kind: str, text: str, state: str, late: str) -> SafeString:
    return format_html(
        '<time class="t-clock" datetime="{0}" data-due="{0}" data-kind="{1}"{2}{3} title="{4}">{5}</time>',
        _iso(at),
        kind,
        format_html(' data-state="{}"', state) if state else "",
        format_html(' data-late="{}"', late) if late else "",
        date_format(_utc(at), "Y-m-d H:i:s") + " UTC",
        text,
    )


def _known(words: dict[Any, Any], key: Any, tag: str) -> Any:
    if key not in words:
        raise template.TemplateSyntaxError(f"{tag}: '{key}' is none of {', '.join(str(word) for word in words)}")
    return words[key]


def _utc(moment: datetime) -> datetime:
    return _in_zone(moment, UTC)


def _in_zone(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in a zone; as it stands at the ends of the calendar, where evidence may put it and no zone reaches."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def _iso(moment: datetime) -> str:
    return _utc(moment).isoformat(timespec="seconds").replace("+00:00", "Z")
