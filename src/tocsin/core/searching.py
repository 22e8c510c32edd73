"""Searching: what somebody typed as terms, rows that hold all of them, and the log by an index of its words.

Every room says which rows it has to find (`Hit`); only rows that the person may see are ever looked at, through
`core.access.visible`. Words may stand in any order; "quoted words" stand together. A word is found inside of others
too; in the log, which has an index, from its start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from tocsin.core.models import LogEntry

LONGEST, MOST_TERMS = 200, 8
_TERM = re.compile(r'"([^"]*)"?|(\S+)')
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Query:
    """What was typed: its terms in lower case, each a word or the words of a quoted phrase with one space between."""

    text: str
    terms: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


@dataclass(frozen=True)
class Hit:
    """A row that holds all terms: its kind and name (T-12), what it says, when, where it is, and on which chain.

    `heading` says that every term stands in the title; such rows come first.
    """

    kind: str
    name: str
    title: str
    text: str
    at: datetime
    url: str
    chain: UUID
    key: int = 0
    heading: bool = False


def query_of(text: str) -> Query:
    """What somebody typed, as terms; at most MOST_TERMS of them, from the first LONGEST characters."""
    text = " ".join(text.replace("\x00", " ").split())[:LONGEST]
    found = (" ".join((m[1] if m[1] is not None else m[2]).split()).lower() for m in _TERM.finditer(text))
    return Query(text, tuple(dict.fromkeys(t for t in found if _WORD.search(t)))[:MOST_TERMS])


def holding(query: Query, *fields: str) -> Q:
    """The condition that a row holds every term in one of these fields."""
    wanted = Q()
    for term in query.terms:
        one = Q()
        for field in fields:
            one |= Q(**{f"{field}__icontains": term})
        wanted &= one
    return wanted


def in_title(query: Query, title: str) -> bool:
    """Whether every term stands in the title."""
    low = title.lower()
    return all(term in low for term in query.terms)


def log_holding(query: Query, entries: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
    """The entries whose words hold every term, each term's last word from its start."""
    terms = [_WORD.findall(term) for term in query.terms]
    if connection.vendor == "postgresql":
        wanted = " & ".join("(" + " <-> ".join([*t[:-1], t[-1] + ":*"]) + ")" for t in terms)
        sql = (
            "SELECT id FROM core_logentry "
            "WHERE to_tsvector('simple', tocsin_words(payload)) @@ to_tsquery('simple', %s)"
        )
    else:
        wanted = " AND ".join(" + ".join(f'"{word}"' for word in t) + " *" for t in terms)
        sql = "SELECT rowid FROM core_log_words WHERE core_log_words MATCH %s"
    return entries.filter(pk__in=RawSQL(sql, [wanted]))  # noqa: S611  what was typed is a parameter, letters and digits


def excerpt(query: Query, text: str, around: int = 90) -> str:
    """The words about the first place where a term stands; the text's start where none does."""
    text = " ".join(text[:400_000].split())
    low = text.lower()
    found = [at for term in query.terms if (at := low.find(term)) >= 0]
    start = max(0, min(found, default=0) - around)
    if start:
        start = text.find(" ", start) + 1 or start
    end = start + 2 * around + 40
    return ("… " if start else "") + text[start:end].strip() + (" …" if len(text) > end else "")


def pieces(query: Query, text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a word that was looked for."""
    if not query.terms:
        return [(text, False)]
    either = "|".join(sorted((re.escape(t).replace(r"\ ", r"\s+") for t in query.terms), key=len, reverse=True))
    parts = re.split(f"({either})", text, flags=re.IGNORECASE)
    return [(part, n % 2 == 1) for n, part in enumerate(parts) if part]
