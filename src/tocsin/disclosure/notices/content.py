"""Which sections a notice needs by its regime's content, and the words of each language (content.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from tocsin.law.models import Regime

OWN = "own-"
"""What the key of a section begins with that no source fills: the content stands as its heading."""
_MUST_NOT = re.compile(r"\bmust not\b|^no personal data", re.IGNORECASE)
_MEANT = re.compile(r"^([A-Za-z]+):\s+")


@dataclass(frozen=True)
class Wanted:
    """A section that a regime asks for: its key, its heading, the regime's own words, what it says while it is missing."""

    key: str
    heading: str
    asked: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class Language:
    """How fixed sentences, times and numbers are written in one language."""

    code: str
    name: str
    time: str
    thousands: str
    colon: str
    sentences: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """A fixed sentence with its values in their places; values are never read as a pattern."""
        return self.sentences[key].format(**values)

    def at(self, moment: datetime) -> str:
        """A moment in UTC."""
        return moment.astimezone(UTC).strftime(self.time)

    def number(self, n: int) -> str:
        """A whole number."""
        return f"{n:,}".replace(",", self.thousands)

    def range(self, low: int | None, high: int | None) -> str:
        """How many; empty where nobody knows."""
        if low is None and high is None:
            return ""
        if high is None:
            return self.say("at_least", n=self.number(low or 0))
        if low is None or low == high:
            return self.number(high) if low == high else self.say("at_most", n=self.number(high))
        return self.say("between", low=self.number(low), high=self.number(high))

    def gap(self, what: str) -> str:
        """The marked line that says what is still missing."""
        return self.say("missing", what=what)

    def has_gap(self, text: str) -> bool:
        """Whether a text is empty or says that something is still missing."""
        return not text.strip() or self.sentences["missing"].partition("{")[0] in text


@lru_cache(maxsize=1)
def content() -> dict[str, Any]:
    """The data of content.yaml."""
    text = files("tocsin.disclosure.notices").joinpath("content.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@lru_cache(maxsize=1)
def languages() -> dict[str, Language]:
    """The languages that a notice can be in, by code."""
    return {
        code: Language(code, one["name"], one["time"], one["thousands"], one["colon"], one["says"])
        for code, one in content()["languages"].items()
    }


def spoken(regime: Regime, countries: Sequence[str]) -> str:
    """In which language a notice starts: that of the regime's place, for the EU that of our own country, else English."""
    place, by_place = regime.jurisdiction.partition("-")[0], content()["spoken"]
    if place in by_place:
        return str(by_place[place])
    home = countries[0] if countries else ""
    return str(by_place.get(home, "en")) if place.startswith("EU") else "en"


def rules(regime: Regime, recipient: str, stage: str) -> list[str]:
    """What the regime says of the notice besides its content, in its words: what must not stand in it, which form."""
    return [p for p in _pieces(regime, recipient, stage) if _is_rule(p)]


def wanted(regime: Regime, recipient: str, stage: str, language: str) -> list[Wanted]:
    """The sections of a notice in their order; a content that no source can fill is a section of its own, at the end."""
    told, sections = content(), content()["sections"]
    pieces = _pieces(regime, recipient, stage)
    asked: dict[str, list[str]] = {key: [] for key in sections}
    own: list[str] = []
    for piece in [p for p in pieces if not _is_rule(p)] or told["basic"]:
        keys = _keys(piece, told)
        for key in keys:
            asked[key].append(piece)
        own += [] if keys else [piece]
    barred = {key for piece in pieces if _MUST_NOT.search(piece) for key in _keys(piece, told) if key != "measures"}
    found = [
        Wanted(key, words[language]["heading"], tuple(asked[key]), words[language]["missing"])
        for key, words in sections.items()
        if asked[key] and key not in barred
    ]
    return found + [Wanted(f"{OWN}{_slug(p)}", p[:1].upper() + p[1:], (p,), p) for p in dict.fromkeys(own)]


def _is_rule(piece: str) -> bool:
    low = piece.lower()
    how = any(low == r or low.startswith(f"{r} ") for r in content()["remarks"])
    return how or bool(_MUST_NOT.search(piece) or low.startswith("do not "))


def _keys(piece: str, told: Mapping[str, Any]) -> list[str]:
    low = piece.lower()
    return [
        key
        for key, words in told["sections"].items()
        if any(re.search(rf"\b{re.escape(w)}", _without(low, words.get("not", ()))) for w in words["words"])
    ]


def _without(text: str, phrases: Sequence[str]) -> str:
    for phrase in phrases:
        text = text.replace(phrase, " ")
    return text


def _pieces(regime: Regime, recipient: str, stage: str) -> list[str]:
    """The regime's content, piece by piece, without what is meant for other recipients or stages."""
    found = []
    for item in regime.content:
        meant = _MEANT.match(item)
        limits = content()["meant_for"].get(meant.group(1).lower()) if meant else None
        if limits and "recipients" in limits and recipient not in limits["recipients"]:
            continue
        if limits and "stages" in limits and limits["stages"] not in stage.lower():
            continue
        text = item[meant.end() :] if meant and limits else item
        found += [p.strip() for p in text.split(";") if p.strip()] if ";" in text else [text]
    return found


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
