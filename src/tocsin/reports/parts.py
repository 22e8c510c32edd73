"""The parts of a report, first half: types, the document, the summary, the timeline and the statements."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PlainSerializer,
    PositiveInt,
    StringConstraints,
)

from tocsin.reports.attack import LANES, Group
from tocsin.reports.text import Rich, Text


def _known(lane: str) -> str:
    if lane not in LANES:
        raise ValueError(f"no lane {lane!r} in the timeline; the lanes are {', '.join(LANES)}")
    return lane


Utc = Annotated[
    AwareDatetime,
    AfterValidator(lambda t: t.astimezone(UTC)),
    PlainSerializer(lambda t: t.isoformat().replace("+00:00", "Z"), return_type=str, when_used="json"),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
EvidenceId = Annotated[str, StringConstraints(pattern=r"^E-[0-9]{1,7}$")]
DetectionRef = Annotated[str, StringConstraints(pattern=r"^X-[0-9]{1,7}$")]
Technique = Annotated[str, StringConstraints(pattern=r"^T[0-9]{4}(\.[0-9]{3})?$")]
# E-03#1842: record 1842 of evidence item E-03. E-03: the item as a whole. L-127: entry 127 of the log.
# row 4 of the table of detections, which names the events behind it.
Cite = Annotated[
    str, StringConstraints(pattern=r"^(E-[0-9]{1,7}([#.][A-Za-z0-9_.:/-]{1,60})?|L-[0-9]{1,9}|X-[0-9]{1,7})$")
]
Cites = tuple[Cite, ...]
Sources = Annotated[tuple[Cite, ...], Field(min_length=1)]  # a statement has a source or it is not printed
Confidence = Literal["high", "moderate", "low"]
Tlp = Literal["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"]
LaneId = Annotated[str, AfterValidator(_known)]


class Part(BaseModel):
    """Base of every part: closed and immutable, so that a wrong field name fails where it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Part):
    """Who wrote, reviewed or approved."""

    name: Text
    role: Text = ""
    date: Utc | None = None


class Version(Part):
    """One line of the document's history."""

    version: Text
    date: Utc
    note: Text


class Meta(Part):
    """The document itself. A report straight out of a headless run is a Draft, with no reviewer."""

    kind: Text = "Technical incident report"
    tlp: Tlp
    status: Literal["Draft", "Final"] = "Draft"
    version: Text = "0.1"
    generated: Utc
    restriction: Text = ""
    authors: tuple[Person, ...] = ()
    reviewed: Person | None = None
    approved: Person | None = None
    distribution: tuple[Text, ...] = ()
    history: tuple[Version, ...] = ()
    zone_note: Text = "All times are UTC."


class Incident(Part):
    """Whose incident, which, how bad and where it stands (`status` is the phase in words)."""

    id: Text
    organization: Text
    title: Text
    subtitle: Text = ""
    severity: Text
    severity_level: Literal[1, 2, 3, 4]
    status: Text
    exercise: bool = False
    declared: Utc
    closed: Utc | None = None


class LogHead(Part):
    """The sealed log: how many entries, the hash of the last, the file that holds them."""

    entries: NonNegativeInt
    head: Sha256
    file: Text = "log.jsonl"


class Record(Part):
    """What the report is made from, so that another can make it again."""

    log: LogHead
    plan_name: Text = ""
    plan_version: Sha256
    attack_version: Text = ""
    rules: Text = ""  # which rules, how many, of which state
    tool: Text = "Tocsin"


class Limit(Part):
    """Something that the investigation could not see or do."""

    kind: Literal["lost", "skipped", "not understood", "not assessable", "other"]
    text: Rich
    cites: Cites = ()


class KeyTime(Part):
    """One of the times that matter. `t` None: it has not come yet. `key` is what durations refer to."""

    key: str
    label: Text
    t: Utc | None = None
    group: Group = "responder"
    cites: Cites = ()


class Duration(Part):
    """From one key time to another, beside what the plan allows (seconds)."""

    label: Text
    start: str
    end: str
    target_s: PositiveInt | None = None


class Fact(Part):
    """Seen in the evidence or entered in the log."""

    kind: Literal["fact"] = "fact"
    text: Rich
    t: Utc | None = None
    techniques: tuple[Technique, ...] = ()
    cites: Sources


class Inference(Part):
    """What is concluded, how sure, and why."""

    kind: Literal["inference"] = "inference"
    text: Rich
    confidence: Confidence
    because: Rich
    t: Utc | None = None
    cites: Sources


class Assumption(Part):
    """Taken as true without evidence, until something named would settle it."""

    kind: Literal["assumption"] = "assumption"
    ref: Text
    text: Rich
    until: Rich
    cites: Sources


Statement = Annotated[Fact | Inference | Assumption, Field(discriminator="kind")]


class Figure(Part):
    """A number that a board understands: value '61', of 'of 212', label 'hosts encrypted'."""

    value: Text
    of: Text = ""
    label: Text


class Cause(Part):
    """Why it could happen."""

    root: Rich
    factors: tuple[Rich, ...] = ()
    cites: Sources


class Summary(Part):
    """The executive summary. `headline` is the whole story in one sentence with numbers."""

    headline: Rich
    statements: tuple[Statement, ...] = ()
    impact: Annotated[tuple[Figure, ...], Field(max_length=6)] = ()
    cause: Cause | None = None
    standing: tuple[Rich, ...] = ()


class TimelineEvent(Part):
    """Something at a time in a lane: `label` is short (on the figure), `text` says it (below).

    `count`: how many like it at that time. `end`: it went on until then, drawn as a bar.
    """

    lane: LaneId
    t: Utc
    end: Utc | None = None
    label: Text
    text: Rich
    technique: Technique | None = None
    count: PositiveInt = 1
    cites: Sources


class Rule(Part):
    """An upright line through the whole timeline: declared, contained."""

    t: Utc
    label: Text


class Timeline(Part):
    """What is drawn. Lanes, scale and grouping follow from the events."""

    events: tuple[TimelineEvent, ...] = ()
    rules: tuple[Rule, ...] = ()


class NarrativePart(Part):
    """What the intruder did under one tactic, in order of time."""

    tactic: LaneId
    statements: tuple[Statement, ...]
