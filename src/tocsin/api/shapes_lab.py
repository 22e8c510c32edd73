"""What the API answers of the lab: events, marks, indicators, sightings, samples."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field


class MarkOut(Schema):
    """What analysts noted on an event; `comments` each have `at`, `by`, `text`."""

    event: str = Field(alias="cite")
    starred: bool
    tags: list[str]
    comments: list[dict[str, str]]
    at: datetime
    by: str


class EventOut(Schema):
    """An event of the lake; `fields` are the source's own, in answers about one event only."""

    id: str
    columns: dict[str, Any]
    mark: MarkOut | None
    fields: dict[str, Any] | None = None
    system: dict[str, Any] | None = None


class ValueOut(Schema):
    """A value and how many events have it."""

    value: str
    count: int


class FacetOut(Schema):
    """The most frequent values, how many events have others, how many have none."""

    values: list[ValueOut]
    other: int
    missing: int


class BucketOut(Schema):
    """A span of time by its start."""

    start: datetime
    count: int


class HistogramOut(Schema):
    """Counts over time; `untimed` events have no readable time."""

    total: int
    untimed: int
    step_seconds: float
    counts: list[BucketOut]


class SearchOut(Schema):
    """A kept question."""

    name: str
    query: str
    at: datetime
    by: str


class IndicatorOut(Schema):
    """A value that somebody asked to look for."""

    number: int
    kind: str
    value: str
    written: str
    source: str
    confidence: int | None
    tlp: str
    why: str
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_because: str


class FeedOut(Schema):
    """A file of indicators; `account` says what its import left out, and why."""

    number: int
    name: str
    sha256: str
    bytes: int
    source: str
    tlp: str
    count: int
    account: dict[str, Any]
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None
    withdrawn_because: str


class YaraOut(Schema):
    """A file of YARA rules and the names of those that are used."""

    number: int
    name: str
    rules: list[str]
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None


class SightingOut(Schema):
    """An indicator that was met; `cites` are the first events that prove it."""

    kind: str
    value: str
    source: str
    level: str
    validity: str
    tlp: str
    confidence: int | None
    tags: list[str]
    count: int
    first: datetime | None
    last: datetime | None
    hosts: list[str]
    fields: list[str]
    cites: list[str]


class SampleRow(Schema):
    """A file of the evidence that is no log."""

    id: int
    item: str = Field(alias="item.label")
    name: str
    sha256: str
    bytes: int
    kind: str
    kind_name: str
    severity: str
    techniques: list[str]
    yara: list[Any]


class SampleOut(SampleRow):
    """A sample with all that triage found."""

    facts: dict[str, Any]
