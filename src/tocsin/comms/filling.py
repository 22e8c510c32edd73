"""From a draft to the exact text: facts in their places as plain text, what is missing, and the hash of the whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from tocsin.core.canonical import plain
from tocsin.incidents.models import Incident
from tocsin.incidents.views.telling import known_words
from tocsin.people.pages import Part, filled
from tocsin.plan.facts import PLACEHOLDER

NAME = "name"
NAMES = ("name", "customer_name", "person_name", "recipient_name")
"""Placeholders for the recipient's own name: they stand in the salutation alone, which is no part of the text."""
LONGEST_SUBJECT = 200
# What turns the reading direction or hides letters has no place in a text that several people approve.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True)
class Text:
    """A message with its facts in place: the words, the parts they are made of, what is missing, the values used."""

    subject: str
    body: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def sha256(self) -> str:
        """The hash that names this very text."""
        return hash_of(self.subject, self.body)


def hash_of(subject: str, body: str) -> str:
    """SHA-256 (hex) over the subject, an empty line and the body, in UTF-8 with line feeds."""
    return hashlib.sha256(f"{subject}\n\n{body}".encode()).hexdigest()


def values_of(incident: Incident, language: str) -> dict[str, Any]:
    """Every value that a text may ask for, told in the organization's zone and the text's language.

    They must not hang on who looks: the same facts give the same text, byte for byte.
    """
    with timezone.override(ZoneInfo(incident.organization.time_zone)), translation.override(language):
        return known_words(incident)


def fill(subject: str, body: str, values: Mapping[str, Any], language: str) -> Text:
    """Put the values into the places of a subject and a body. A value is text, whatever it holds; none is read again."""
    body = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    clean = {k: _seen(str(v)) if isinstance(v, str) else v for k, v in values.items() if k not in NAMES}
    with translation.override(language):
        head, parts = filled(subject, clean), filled(body, clean)
    asked = list(dict.fromkeys(p.name for p in (*head, *parts) if p.name))
    gaps = tuple(dict.fromkeys(p.name for p in (*head, *parts) if p.missing)) + _stray(f"{subject}\n{body}")
    title = " ".join(_seen(_joined(head)).split())[:LONGEST_SUBJECT]
    used = {name: plain(values[name]) for name in asked if name not in gaps}
    return Text(title, _seen(_joined(parts)), tuple(parts), gaps, used)


def _stray(text: str) -> tuple[str, ...]:
    """What looks like a place for a fact and is none: it would be sent as it stands."""
    bare = PLACEHOLDER.sub(lambda found: "" if found[1] else "{{ }}", text)
    return tuple(sign for sign in ("{{ }}", "{{", "}}") if sign in bare)[:1]


def _seen(text: str) -> str:
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _joined(parts: list[Part]) -> str:
    return "".join(f"[{p.text}?]" if p.missing else p.text for p in parts)


def lifted(body: str) -> tuple[str, str]:
    """A template's salutation and the rest: a first line that asks for the recipient's name is no part of the text."""
    first, _line, rest = body.strip().partition("\n")
    names = PLACEHOLDER.findall(first)
    if names and set(names) <= set(NAMES):
        return PLACEHOLDER.sub("{{ name }}", first).strip(), rest.strip()
    return "", body.strip()


def greeted(salutation: str, name: str, text: str) -> str:
    """The text under a recipient's salutation; without one where they have no name but the salutation asks for it."""
    if not salutation or (PLACEHOLDER.search(salutation) and not name.strip()):
        return text
    greeting = PLACEHOLDER.sub(lambda _found: " ".join(_seen(name).split()), salutation)
    return f"{greeting}\n\n{text}"


def changed(facts: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The facts that a text was made with and that are not so any more: name, value then, value now."""
    now = {name: plain(values.get(name)) for name in facts}
    return [{"fact": n, "was": v, "now": now[n]} for n, v in facts.items() if now[n] != v]
