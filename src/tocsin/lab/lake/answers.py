"""What the lake answers: events, pages of them, and counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


class LakeError(Exception):
    """A question that the lake cannot answer: what is wrong and what to do."""


@dataclass(frozen=True)
class Event:
    """An event: its id in the lake and its common columns (null ones left out)."""

    id: str
    columns: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)
    """The source's own fields, exactly as they were read; empty in a list of results."""
    system: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """Some results in order, and the cursor for those after them (None = there are no more)."""

    events: list[Event]
    next: str | None


@dataclass(frozen=True)
class Facet:
    """The most frequent values of a column with their counts, how many events have others, how many have none."""

    values: list[tuple[str, int]]
    other: int
    missing: int


@dataclass(frozen=True)
class Histogram:
    """Counts of events in spans of equal length, one after the other from the first to the last that has any."""

    step: timedelta
    counts: list[tuple[datetime, int]]
    """Start of the span, and how many events it has."""
    untimed: int
    """Matching events without a readable time."""


@dataclass(frozen=True)
class Seen:
    """A value or combination of values: how often, on how many hosts, and when first and last."""

    values: tuple[str | None, ...]
    count: int
    hosts: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Field:
    """A common column, or an own field (`fields.NAME`), as the search language names it, and how many events have it."""

    name: str
    own: bool
    events: int
    share: float
    """Of all events, from 0 to 1."""


@dataclass(frozen=True)
class Around:
    """An event, and those before and after it, in order of time."""

    before: list[Event]
    event: Event
    after: list[Event]
