"""The parts of a report, second half: scope, decisions, clocks, tasks, detections, evidence, log."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeInt, PositiveInt

from tocsin.reports.parts import (
    Cites,
    Confidence,
    DetectionRef,
    EvidenceId,
    Part,
    Sha256,
    Sources,
    Technique,
    Utc,
)
from tocsin.reports.text import Rich, Text

ScopeState = Literal["suspected", "confirmed", "contained", "eradicated", "recovered", "cleared"]


class ScopeEntry(Part):
    """Who or what is affected, and how far it is dealt with."""

    ref: Text
    kind: Text
    name: Text
    count: PositiveInt = 1
    state: ScopeState
    first_seen: Utc | None = None
    state_since: Utc | None = None
    effect: Rich = ()
    cites: Cites = ()


class GrowthPoint(Part):
    """Entries in each state from this time on."""

    t: Utc
    suspected: NonNegativeInt = 0
    confirmed: NonNegativeInt = 0
    contained: NonNegativeInt = 0
    eradicated: NonNegativeInt = 0
    recovered: NonNegativeInt = 0


class Scope(Part):
    """The scope ledger; growth is drawn from two points on."""

    entries: tuple[ScopeEntry, ...] = ()
    growth: tuple[GrowthPoint, ...] = ()
    unit: Text = "hosts"


class Option(Part):
    """One way to decide, and what follows from it."""

    name: Text
    consequence: Text = ""


class Decision(Part):
    """A decision; open while `choice` is None."""

    ref: Text
    question: Text
    options: tuple[Option, ...] = ()
    opened: Utc | None = None
    due: Utc | None = None
    decider: Text  # the role, or the person and the role
    decided: Utc | None = None
    choice: Text | None = None
    basis: Rich = ()
    known: tuple[Text, ...] = ()  # what the brief said when it was taken, and below what nobody knew
    unknown: tuple[Text, ...] = ()
    changed: Text = ""  # what it rested on and is not so any more
    dissent: Text = ""
    revisit: Utc | None = None
    cites: Cites = ()


class Clock(Part):
    """A duty to notify. `because` says from which facts it follows."""

    obligation: Text  # the id of the rule
    title: Text = ""
    recipient: Text
    stage: Text
    starts_on: Text
    started: Utc | None = None
    deadline: Utc | None = None
    sent: Utc | None = None
    status: Literal["waiting", "running", "met", "late", "sent", "rejected"]
    because: Text = ""
    note: Text = ""
    cites: Cites = ()


class Task(Part):
    """What somebody has to do."""

    ref: Text
    title: Text
    function: Text
    role: Text
    person: Text | None = None
    due: Utc | None = None
    status: Literal["ready", "waiting", "doing", "done", "skipped"] = "ready"
    proof: Text = ""  # what proves it done
    cites: Cites = ()


class Remediation(Part):
    """What was or will be done about a scope entry, and how that was verified."""

    ref: Text
    action: Rich
    target: Text = ""
    owner: Text = ""
    done: Utc | None = None
    method: Text = ""
    result: Text = ""
    verified_by: Text = ""
    verified: Utc | None = None
    cites: Cites = ()


class Recommendation(Part):
    """What would have stopped it, ranked."""

    rank: PositiveInt
    text: Rich
    why: Rich = ()
    breaks: Text = ""
    owner: Text = ""
    due: Utc | None = None
    effort: Text = ""
    cites: Cites = ()


class Detection(Part):
    """One rule and all that it matched. The author is printed: the Detection Rule License 1.1 asks for it."""

    ref: DetectionRef
    rule_id: Text
    title: Text
    author: Text
    level: Literal["critical", "high", "medium", "low", "informational"]
    count: PositiveInt
    hosts: tuple[Text, ...] = ()
    techniques: tuple[Technique, ...] = ()
    first_seen: Utc | None = None
    last_seen: Utc | None = None
    source: Text = ""  # the rule's file or collection
    license: Text = ""
    cites: Sources


class Indicator(Part):
    """An observable. `value` is printed so that nothing can be clicked."""

    type: Text
    value: Text
    context: Text = ""
    hosts: NonNegativeInt = 0
    first_seen: Utc | None = None
    confidence: Confidence = "moderate"
    cites: Cites = ()


class Custody(Part):
    """One step of custody."""

    t: Utc
    text: Text


class EvidenceItem(Part):
    """One item in custody. `events`: records read from it; `note`: what was lost or not understood in it."""

    id: EvidenceId
    name: Text
    kind: Text = ""
    host: Text = ""
    collected: Utc
    by: Text = ""
    bytes: NonNegativeInt
    sha256: Sha256
    events: NonNegativeInt | None = None
    note: Text = ""
    custody: tuple[Custody, ...] = ()


class LogEntry(Part):
    """One entry of the log in words. Give all or those that are cited; only cited ones are printed."""

    seq: NonNegativeInt
    t: Utc
    actor: Text
    text: Text
    hash: Sha256 | None = None
