"""The fact sheet that duties are worked out from. What is absent is not known; nothing here reads a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Ruling = Literal["confirmed", "rejected"]
StageKey = tuple[str, str]
"""A regime's id and the name of one of its stages."""


@dataclass(frozen=True)
class Range:
    """How many people: from `low` to `high` (None: nobody knows), and how sure that is, in words."""

    low: int = 0
    high: int | None = None
    confidence: str = ""

    @classmethod
    def exactly(cls, number: int) -> Range:
        """A number that is known."""
        return cls(number, number)

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low:,} or more" if self.low else "not known"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {self.high:,}"


@dataclass(frozen=True)
class Facts:
    """What is known of one incident and its organization. Names are those of vocabulary.yaml.

    instants: aware times, by name. roles: those held; None or empty: nobody said. flags: True or False; absent, None: not
    known. data_categories: those affected; None: not known. affected: people by region (US-CA counts into US, DE into
    EU and EU/EEA; `total` for everybody); all_regions_known: regions that are absent are then zero. operates_in:
    regions of our own sites or services; None: not known. home, zone: our country and IANA time zone.
    submissions: when a stage was filed, each time. dues_when_filed: the deadline as it stood then; it no longer moves.
    delays: until when a stage is held. rulings: counsel's word on a regime, or on a stage, by id or (id, stage).
    """

    instants: Mapping[str, datetime] = field(default_factory=dict)
    roles: frozenset[str] | None = None
    flags: Mapping[str, bool | None] = field(default_factory=dict)
    data_categories: frozenset[str] | None = None
    affected: Mapping[str, Range] = field(default_factory=dict)
    all_regions_known: bool = False
    operates_in: frozenset[str] | None = None
    home: str = ""
    zone: str = "UTC"
    submissions: Mapping[StageKey, Sequence[datetime]] = field(default_factory=dict)
    dues_when_filed: Mapping[StageKey, datetime] = field(default_factory=dict)
    delays: Mapping[StageKey, datetime] = field(default_factory=dict)
    rulings: Mapping[str | StageKey, Ruling] = field(default_factory=dict)


Targets = Mapping[str | StageKey, timedelta]
"""The organization's own targets where the law gives no number: by regime, or by regime and stage."""
