"""What an analysis answers: what was found, with the reasoning as data, the events that prove it, and a proposal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar

from tocsin.lab.attack import tactics_for

Confidence = Literal["low", "moderate", "high"]
Number = int | float

MOST_PROOF = 12
"""Events named as proof of one thing; more are only counted. A person reads a dozen, nobody reads thousands."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Proof:
    """The events behind a statement: the first ones by their ids in the lake (ITEM.SEQ), and how many there are."""

    events: tuple[str, ...]
    count: int

    @classmethod
    def of(cls, events: list[str] | tuple[str, ...] | None, count: int | None = None) -> Proof:
        """Return the proof by some events, given in order; at most `MOST_PROOF` are kept."""
        named = tuple(dict.fromkeys(events or ()))
        return cls(named[:MOST_PROOF], len(named) if count is None else count)


@dataclass(frozen=True, slots=True)
class Reason:
    """One number that led to a judgement: what it is, how great, what it was held against, and a sentence of it."""

    name: str
    value: Number | str
    unit: str
    threshold: Number | str | None
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finding that a person may accept or reject. `key` names the same finding in each run over the same evidence."""

    key: str
    analysis: str
    claim: str
    reasons: tuple[Reason, ...]
    confidence: Confidence
    techniques: tuple[str, ...]
    proof: Proof
    hosts: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    doubts: tuple[str, ...] = ()
    """What speaks against it: sentences."""
    tags: tuple[str, ...] = ()
    """Sigma tags; where they name tactics, only those of the techniques' tactics count."""

    @property
    def tactics(self) -> tuple[str, ...]:
        """The ATT&CK tactics of the techniques, in the order of the matrix."""
        return tuple(tactics_for(self.techniques, self.tags))

    @property
    def interpretation(self) -> str:
        """The reasoning and the doubts as one paragraph."""
        return " ".join([*(reason.words for reason in self.reasons), *self.doubts])


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What an analysis found, the most telling first, and what it could and could not look at."""

    found: tuple[T, ...]
    total: int
    """How many there are in all; `found` may be cut to a limit."""
    considered: int
    """How many events the analysis looked at."""
    notes: tuple[str, ...] = field(default=())
    """What the analysis could not see or judge: sentences."""


def moment(microseconds: int | None) -> datetime | None:
    """Return a time given in microseconds since 1970."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


def span_words(seconds: float) -> str:
    """Return a length of time as people say it: 45 s, 12 min, 3.5 h, 2.1 days."""
    for size, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.3g} s"


def size_words(count: float) -> str:
    """Return a number of bytes as people say it: 812 B, 4.2 MB (1 MB = 1,000,000 B)."""
    for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= size:
            return f"{count / size:.3g} {name}"
    return f"{count:.0f} B"


def time_words(at: datetime | None) -> str:
    """Return a time to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if at else "an unknown time"


def listed(names: list[str] | tuple[str, ...], most: int = 3) -> str:
    """Return names in a row, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def counted(count: int, noun: str) -> str:
    """Return a number and a noun: 1 event, 1,204 events, 2 addresses."""
    return f"{count:,} {noun}{'' if count == 1 else 'es' if noun.endswith('s') else 's'}"
