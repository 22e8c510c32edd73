"""The tree of a query: what is asked about one event, with nothing left to interpret."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from tocsin.lab.lake.columns import fold


class Wild(Enum):
    """A wildcard."""

    ANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text to compare with, ignoring case: literal pieces (lower case, never empty) and wildcards."""

    pieces: tuple[str | Wild, ...]

    @classmethod
    def of(cls, pieces: Iterable[str | Wild]) -> Pattern:
        """Return a pattern with neighbouring texts joined, and `*` after `*` left out."""
        joined: list[str | Wild] = []
        for piece in pieces:
            if isinstance(piece, str):
                if not piece:
                    continue
                folded = fold(piece)
                if joined and isinstance(joined[-1], str):
                    joined[-1] += folded
                else:
                    joined.append(folded)
            elif not (piece is Wild.ANY and joined and joined[-1] is Wild.ANY):
                joined.append(piece)
        return cls(tuple(joined))

    @property
    def literal(self) -> str | None:
        """The text, where there is no wildcard in the pattern."""
        if not self.pieces:
            return ""
        return self.pieces[0] if len(self.pieces) == 1 and isinstance(self.pieces[0], str) else None

    @property
    def is_anything(self) -> bool:
        """Tell whether every text fits."""
        return self.pieces == (Wild.ANY,)

    def has(self, characters: str) -> bool:
        """Tell whether a literal piece has one of some characters."""
        return any(char in piece for piece in self.pieces if isinstance(piece, str) for char in characters)


@dataclass(frozen=True, slots=True)
class Own:
    """An own field, by a name in any case."""

    name: str


@dataclass(frozen=True, slots=True)
class Common:
    """A common column, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Everything:
    """Every event."""


@dataclass(frozen=True, slots=True)
class Word:
    """The pattern is found anywhere in the event's text."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Match:
    """A field's whole text fits the pattern."""

    field: Common | Own
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Exists:
    """A field is there."""

    field: Common | Own


@dataclass(frozen=True, slots=True)
class Between:
    """A field is a number from `low` to `high`, both included; None is an open end. Own fields and columns of whole
    numbers have whole bounds."""

    field: Common | Own
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class When:
    """The event's time is from `start` (included) to `end` (not included); None is an open end."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Within:
    """A column's address lies in a network."""

    column: str
    network: ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class And:
    """All hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Does not hold."""

    part: Node


Node = Everything | Word | Match | Exists | Between | When | Within | And | Or | Not
