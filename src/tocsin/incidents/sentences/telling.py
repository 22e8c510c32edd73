"""How an entry of the log becomes one sentence: the register of tellers and what they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.models import LogEntry
from tocsin.incidents.models import Phase, ScopeState
from tocsin.people.models import User

Payload = Mapping[str, Any]
Words = dict[str, Any]
Teller = Callable[[Payload, Words], str]
# How the feed marks an entry: a diamond for decisions, a ring for clocks, red for late or failed, green for new.
DECISION, CLOCK, LATE, NEW, PLAIN = "decision", "clock", "late", "new", ""


@dataclass(frozen=True)
class Telling:
    """How one verb is told and how the feed marks it."""

    tell: Teller
    mark: str = PLAIN


class Gaps(dict[str, Any]):
    """The words of one sentence; what an old or foreign entry lacks reads as a question mark."""

    def __missing__(self, name: str) -> str:
        return "?"


SENTENCES: dict[str, Telling] = {}


def tells(verb: str, mark: str = PLAIN) -> Callable[[Teller], Teller]:
    """Register a function as the teller of a verb; it may add words, and returns the sentence to fill in."""

    def register(tell: Teller) -> Teller:
        SENTENCES[verb] = Telling(tell, mark)
        return tell

    return register


def with_people(entries: Iterable[LogEntry]) -> list[LogEntry]:
    """The entries, each that is about an account knowing its person's name. One query for all of them."""
    rows = list(entries)
    about = {e.object_id for e in rows if e.object_kind == "user"}
    known = dict(User.objects.filter(pk__in=[UUID(i) for i in about]).values_list("pk", "name")) if about else {}
    named = {str(key): name for key, name in known.items()}
    for entry in rows:
        entry.person = named.get(entry.object_id, "")  # type: ignore[attr-defined]  # read by _told alone
    return rows


def sentence(entry: LogEntry) -> str:
    """The entry as one plain sentence."""
    return _told(entry, str, "%(who)s")


def sentence_html(entry: LogEntry) -> SafeString:
    """The entry as one sentence of HTML, who acted in bold; everything that came from people is escaped."""
    # Safe: the sentence is ours, and every value in it went through conditional_escape.
    return mark_safe(_told(entry, conditional_escape, "<b>%(who)s</b>"))  # noqa: S308


def mark(entry: LogEntry) -> str:
    """How the feed marks the entry."""
    telling = SENTENCES.get(entry.verb)
    if entry.verb == "clocks.keep" and any(c.get("state") == "late" for c in entry.payload.get("clocks", ())):
        return LATE
    if entry.verb == "evidence.verify" and entry.payload.get("broken"):
        return LATE
    return telling.mark if telling else PLAIN


def _told(entry: LogEntry, clean: Callable[[Any], Any], who: str) -> str:
    telling = SENTENCES.get(entry.verb)
    words: Words = Gaps({k: "" if v is None else clean(v) for k, v in entry.payload.items()})
    words["who"] = clean(entry.actor.get("name", "?"))
    words["object_name"] = clean(entry.object_id.replace("_", " "))
    words["person"] = clean(getattr(entry, "person", "") or entry.payload.get("name") or _("somebody"))
    words["verb"], words["object"] = clean(entry.verb), clean(entry.object_kind)
    text = telling.tell(entry.payload, words) if telling else _("%(who)s did %(verb)s to %(object)s.")
    return text.replace("%(who)s", who, 1) % words


def because(payload: Payload, text: str, key: str = "because") -> str:
    """The sentence with the reason, where one was given."""
    if not payload.get(key):
        return text
    stop = "" if text.endswith((".", "?", "!")) else "."
    return text + stop + _(" Reason: %%(%s)s") % key


def names(words: Words, rows: list[dict[str, Any]], key: str, most: int = 3) -> None:
    """Put the first few names of a list under `names`, escaped the way the other words are."""
    clean = conditional_escape if isinstance(words["who"], SafeString) else str
    names = [str(row.get(key, "")) for row in rows]
    more = len(names) - most
    shown = ", ".join(str(clean(name)) for name in names[:most])
    if more > 0:
        shown = ngettext("%(names)s and %(more)d more", "%(names)s and %(more)d more", more) % {
            "names": shown, "more": more,
        }  # fmt: skip
    words["names"] = shown


def phase_word(value: str) -> str:
    """A phase as people read it."""
    return str(Phase(value).label) if value in set(Phase) else "?"


def state_word(value: str) -> str:
    """A scope state within a sentence."""
    return str(ScopeState(value).label).lower() if value in set(ScopeState) else "?"


def time_word(value: Any, words: Words) -> str:
    """An instant of the log ('2026-11-27T03:17:05.000000Z') as people read it: on a page in the reader's own zone."""
    text = str(value or "")
    if len(text) <= 15:
        return _("not known")
    if isinstance(words["who"], SafeString):
        return date_format(timezone.localtime(datetime.fromisoformat(text)), "Y-m-d H:i T")
    return f"{text[:10]} {text[11:16]} UTC"
