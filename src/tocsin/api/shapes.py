"""What the API answers: one shape for each thing, named as people name it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from tocsin.incidents.models import Decision, DecisionState


class IncidentOut(Schema):
    """An incident or exercise. `outcome` is empty while it is open; what it belongs with is under /relations."""

    id: UUID
    number: str
    title: str
    summary: str
    severity: int
    phase: str
    outcome: str
    tlp: str
    exercise: bool
    organization: str = Field(alias="organization.slug")
    plan_version: str = Field(alias="plan_version.version")
    playbook: str = Field(alias="playbook_id")
    playbook_because: str
    facts: dict[str, Any]
    instants: dict[str, datetime]
    declared_at: datetime
    declared_by: str
    revision: int
    log_length: int = Field(alias="chain.length")


class SeatOut(Schema):
    """A role and who holds it now; `member` is the key of a contact in the plan, null while the seat is empty."""

    role: str
    title: str
    function: str
    member: str | None = Field(None, alias="member.key")
    holder: str
    because: str
    assumed_at: datetime


class FactOut(Schema):
    """A stated fact; what hangs on it (steps, clocks) follows."""

    name: str
    value: bool | int | float | str


class TaskOut(Schema):
    """A task. `member` is the key of a contact in the plan; `revision` goes back with a change.

    `uncalled` says why the incident no longer calls for it, though a fact that was stated then did.
    """

    number: int
    step: str = Field(alias="step_id")
    kind: str
    title: str
    instructions: str
    done_when: str
    function: str
    role: str
    member: str | None = Field(None, alias="member.key")
    state: str
    blocked_by: str
    needs: list[str]
    when: str
    uncalled: str
    due_at: datetime | None
    due_because: str
    opened_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    proof: str
    revision: int


class CostOut(Schema):
    """What an option costs: whole units of a currency (ISO 4217), from `low` to `high`."""

    currency: str
    low: int
    high: int | None = None
    note: str = ""


class OptionOut(Schema):
    """One answer that can be given; it can be chosen once every fact under `requires` is stated as true."""

    id: str
    label: str
    consequence: str = ""
    cost: CostOut | None = None
    requires: list[str] = []


class ChangedOut(Schema):
    """A fact that a decision rests on, what it was when that was taken, and what it is now; null where not known."""

    fact: str
    means: str
    was: Any = None
    now: Any = None


class DecisionOut(Schema):
    """A question and its answer. `known` is what was known when it was answered; the whole brief stands at `/brief`.

    A question is withdrawn when its step is not needed, or not called for, any more; `reason` says why. `before` is
    the number of the decision that this one looks at again; `rests_on` names facts, `changed` those that are not any
    more what they were; `via` is link when it was answered by the signed link.
    """

    number: int
    question: str
    options: list[OptionOut]
    role: str
    authority: str
    if_nobody_decides: str
    due_at: datetime | None
    state: DecisionState
    opened_at: datetime
    chosen: str
    reason: str
    dissent: list[dict[str, str]]
    known: dict[str, Any]
    decided_by: str
    decided_at: datetime | None
    revisit_at: datetime | None
    before: int | None
    when: str
    rests_on: list[str]
    recommendations: list[dict[str, str]]
    changed: list[ChangedOut]
    via: str
    brief_sha256: str

    @staticmethod
    def resolve_before(row: Decision) -> int | None:
        """The number of the decision that this one looks at again."""
        return row.before.number if row.before else None


class FindingOut(Schema):
    """A finding; `cites` names the events and evidence behind it (E-03#1842).

    `judged_by` accepted or rejected what the analysis suggested; empty for what a person stated, or nobody judged yet.
    """

    number: int
    claim: str
    interpretation: str
    source: str
    confidence: str
    state: str
    reason: str
    tactics: list[str]
    techniques: list[str]
    hosts: list[str]
    tlp: str
    happened_from: datetime | None
    happened_until: datetime | None
    cites: list[str]
    raw: dict[str, Any]
    stated_by: str
    stated_at: datetime
    judged_by: str
    judged_at: datetime | None


class ScopeOut(Schema):
    """An entry of the scope ledger in its state at the time that was asked for."""

    number: int
    kind: str
    name: str
    state: str
    since: datetime
    because: str
    cites: list[str]
    by: str
    count_low: int | None
    count_high: int | None
    region: str
    confidence: str


class ScopeChangeOut(Schema):
    """One change of a scope entry, with its numbers after it."""

    state: str
    count_low: int | None
    count_high: int | None
    region: str
    confidence: str
    at: datetime
    by: str
    because: str
    cites: list[str]


class RemediationOut(Schema):
    """What is done for a scope entry, and whether somebody else verified that it holds."""

    number: int
    entry: int = Field(alias="entry.number")
    action: str
    role: str
    state: str
    method: str
    result: str
    planned_at: datetime
    done_at: datetime | None
    done_by: str
    verified_at: datetime | None
    verified_by: str


class EvidenceOut(Schema):
    """An item in custody."""

    number: int
    label: str
    name: str
    source: str
    kind: str
    bytes: int
    sha256: str
    collected_at: datetime | None
    taken_at: datetime
    taken_by: str
    verified_at: datetime | None
    intact: bool


class RunOut(Schema):
    """An analysis run; `report` is its account when it has ended, `percent` how far it is while it runs.

    `stages` says of what came after the rules (events, indicators, samples) whether it was done, partly, or failed and why.
    """

    number: int
    state: str
    items: list[int]
    started_at: datetime
    ended_at: datetime | None
    requested_by: str
    error: str
    report: dict[str, Any]
    stages: list[dict[str, Any]]
    percent: int | None = None


class DetectionOut(Schema):
    """An event that a rule matched."""

    id: int
    cite: str
    rule_id: str
    title: str
    level: str
    tags: list[str]
    time: datetime | None
    host: str
    source_file: str
    record_id: str
    event_id: str
    channel: str
    fields: dict[str, Any]


class ClockOut(Schema):
    """The running deadline of one duty to notify."""

    title: str
    regime: str
    recipient: str
    state: str
    anchor: str
    allowed: str
    started_at: datetime | None
    due_at: datetime | None
    ended_at: datetime | None
    because: str
    task: int = Field(alias="task.number")


class EntryOut(Schema):
    """A log entry as it is hashed, with its hash."""

    chain: UUID
    sequence: int
    time: str
    clock_time: str | None
    actor: dict[str, Any]
    verb: str
    object: dict[str, Any]
    payload: dict[str, Any]
    cause: dict[str, Any] | None
    previous: str
    hash: str


class ProofOut(Schema):
    """Whether a chain holds: entries checked, its head, and the first fault."""

    holds: bool
    entries: int
    head: str | None
    fault: str | None


class PlanVersionOut(Schema):
    """An imported state of the plan, named by its content."""

    number: int
    version: str
    imported_at: datetime
    playbooks: list[str]
