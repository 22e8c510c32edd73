"""What the API answers and how it is asked, made from its OpenAPI document by scripts/make-client."""
# over 400 lines because: it is made from the document, never by hand.
# mypy: disable-error-code="no-any-return"
# ruff: noqa: A002

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from tocsin.client.calling import Answer, Caller, Seen


class IncidentOut(Answer):
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
    organization: str
    plan_version: str
    playbook: str
    playbook_because: str
    facts: dict[str, Any]
    instants: dict[str, datetime]
    declared_at: datetime
    declared_by: str
    revision: int
    log_length: int


class SeatOut(Answer):
    """A role and who holds it now; `member` is the key of a contact in the plan, null while the seat is empty."""

    role: str
    title: str
    function: str
    member: str | None | None = None
    holder: str
    because: str
    assumed_at: datetime


class FactOut(Answer):
    """A stated fact; what hangs on it (steps, clocks) follows."""

    name: str
    value: bool | int | float | str


class SheetOut(Answer):
    """The fact sheet. What is not in it is not known."""

    instants: list[InstantOut]
    roles: list[AnswerOut]
    data: list[AnswerOut]
    flags: list[AnswerOut]
    facts: list[SheetValueOut]
    people: list[PeopleOut]
    affected: list[AffectedOut]
    total: AffectedOut
    home_countries: list[str]
    zone: str
    contradictions: list[ContradictionOut]


class InstantOut(Answer):
    """When something was reached."""

    name: str
    at: datetime
    source: SourceOut | None


class SourceOut(Answer):
    """Who said it, when, why, with which entry of the log; `zone` is the one in which an instant was typed."""

    by: str
    at: datetime
    because: str
    sequence: int
    zone: str


class AnswerOut(Answer):
    """A flag, a role or a category of data: yes or no. A role without a source stands in the plan."""

    name: str
    value: bool
    source: SourceOut | None


class SheetValueOut(Answer):
    """A stated fact that is neither yes nor no."""

    name: str
    value: Any
    source: SourceOut | None


class PeopleOut(Answer):
    """A group of people of the scope ledger: S-`number`, where they live ('' while not known), how many, how sure."""

    number: int
    name: str
    region: str
    low: int | None
    high: int | None
    confidence: str
    state: str
    source: SourceOut | None


class AffectedOut(Answer):
    """How many people of a region are affected: `low` null where nobody counted, `high` where nobody knows."""

    region: str
    low: int | None
    high: int | None
    confidence: str
    entries: list[int]


class ContradictionOut(Answer):
    """What contradicts what: the names of two parts, such as `instant.contained`, and words."""

    about: list[str]
    words: str


class RoleFactOut(Answer):
    """What the organization is, or is not, in this incident; null: neither the plan nor anybody here says so."""

    name: str
    held: bool | None
    source: SourceOut | None


class DatumOut(Answer):
    """Whether data of a category is affected; null: not known."""

    name: str
    affected: bool | None
    source: SourceOut | None


class TaskOut(Answer):
    """A task. `member` is the key of a contact in the plan; `revision` goes back with a change."""

    number: int
    step: str
    kind: str
    title: str
    instructions: str
    done_when: str
    function: str
    role: str
    member: str | None | None = None
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


class ClockOut(Answer):
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
    task: int


class ReportOut(Answer):
    """A situation report, or a hand-over note (then `actions` is what is open)."""

    number: int
    kind: str
    conditions: str
    actions: str
    needs: str
    written_at: datetime
    written_by: str
    next_due_at: datetime | None
    sequence: int
    role: str | None | None = None
    handed_from: str
    handed_to: str
    acknowledged_at: datetime | None
    acknowledged_by: str


class WindowOut(Answer):
    """One window of the board, with the tasks to look at first."""

    key: str
    title: str
    lamp: str
    total: int
    ended: int
    people: list[str]
    empty_seats: list[str]
    cards: list[CardOut]


class CardOut(Answer):
    """A task as the board shows it."""

    number: int
    title: str
    state: str
    who: str
    lamp: str
    due_at: datetime | None
    revision: int


class FaceOut(Answer):
    """Somebody who has the incident open, or had it within the last minutes (`here` is false)."""

    user: UUID
    name: str
    here: bool


class NoteLine(Answer):
    """A note in the list, without its text."""

    number: int
    title: str
    revision: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None


class NoteOut(Answer):
    """A note with its text, as Markdown."""

    number: int
    title: str
    revision: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None
    text: str


class RevisionLine(Answer):
    """One state of a note, without its text. `based_on` and `merged_from` are set where two changes met."""

    number: int
    title: str
    at: datetime
    by: str
    based_on: int | None
    merged_from: int | None
    restored_from: int | None
    sha256: str


class RevisionOut(Answer):
    """One state of a note."""

    number: int
    title: str
    at: datetime
    by: str
    based_on: int | None
    merged_from: int | None
    restored_from: int | None
    sha256: str
    text: str


class DecisionOut(Answer):
    """A question and its answer. `known` is what was known when it was answered; the whole brief stands at `/brief`."""

    number: int
    question: str
    options: list[OptionOut]
    role: str
    authority: str
    if_nobody_decides: str
    due_at: datetime | None
    state: str
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


class OptionOut(Answer):
    """One answer that can be given; it can be chosen once every fact under `requires` is stated as true."""

    id: str
    label: str
    consequence: str | None = None
    cost: CostOut | None | None = None
    requires: list[str] | None = None


class CostOut(Answer):
    """What an option costs: whole units of a currency (ISO 4217), from `low` to `high`."""

    currency: str
    low: int
    high: int | None | None = None
    note: str | None = None


class ChangedOut(Answer):
    """A fact that a decision rests on, what it was when that was taken, and what it is now; null where not known."""

    fact: str
    means: str
    was: Any | None = None
    now: Any | None = None


class BriefOut(Answer):
    """What the decider has before them: `brief` as of now for an open question; as it was kept for a taken one."""

    brief: dict[str, Any]
    kept: str
    sha256: str


class FindingOut(Answer):
    """A finding; `cites` names the events and evidence behind it (E-03#1842)."""

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


class ScopeOut(Answer):
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


class ScopeChangeOut(Answer):
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


class RemediationOut(Answer):
    """What is done for a scope entry, and whether somebody else verified that it holds."""

    number: int
    entry: int
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


class EvidenceOut(Answer):
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


class RunOut(Answer):
    """An analysis run; `report` is its account when it has ended, `percent` how far it is while it runs."""

    number: int
    state: str
    items: list[int]
    started_at: datetime
    ended_at: datetime | None
    requested_by: str
    error: str
    report: dict[str, Any]
    stages: list[dict[str, Any]]
    percent: int | None | None = None


class DetectionOut(Answer):
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


class PrivyOut(Answer):
    """Somebody who sees what is privileged: counsel by their seat, or admitted by counsel with a reason."""

    user: UUID
    name: str
    counsel: bool
    because: str
    by: str
    at: datetime


class SealedOut(Answer):
    """What one sealed entry of the log is about: its hash is the SHA-256 over the canonical JSON of salt and content."""

    sequence: int
    salt: str
    content: dict[str, Any]


class PrivilegedNoteOut(Answer):
    """A privileged note; `could_read` names who was on the incident when a note that had been open became privileged."""

    number: int
    title: str
    revision: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None
    text: str
    label: str
    privileged_at: datetime
    privileged_by: str
    could_read: list[str]


class PrivilegedFileOut(Answer):
    """A privileged file in custody; `could_read` as for notes."""

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
    privileged_at: datetime
    privileged_by: str
    could_read: list[str]


class EventOut(Answer):
    """An event of the lake; `fields` are the source's own, in answers about one event only."""

    id: str
    columns: dict[str, Any]
    mark: MarkOut | None
    fields: dict[str, Any] | None | None = None
    system: dict[str, Any] | None | None = None


class MarkOut(Answer):
    """What analysts noted on an event; `comments` each have `at`, `by`, `text`."""

    event: str
    starred: bool
    tags: list[str]
    comments: list[dict[str, str]]
    at: datetime
    by: str


class FacetOut(Answer):
    """The most frequent values, how many events have others, how many have none."""

    values: list[ValueOut]
    other: int
    missing: int


class ValueOut(Answer):
    """A value and how many events have it."""

    value: str
    count: int


class HistogramOut(Answer):
    """Counts over time; `untimed` events have no readable time."""

    total: int
    untimed: int
    step_seconds: float
    counts: list[BucketOut]


class BucketOut(Answer):
    """A span of time by its start."""

    start: datetime
    count: int


class SearchOut(Answer):
    """A kept question."""

    name: str
    query: str
    at: datetime
    by: str


class IndicatorOut(Answer):
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


class FeedOut(Answer):
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


class YaraOut(Answer):
    """A file of YARA rules and the names of those that are used."""

    number: int
    name: str
    rules: list[str]
    added_at: datetime
    added_by: str
    withdrawn_at: datetime | None


class SightingOut(Answer):
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


class SampleRow(Answer):
    """A file of the evidence that is no log."""

    id: int
    item: str
    name: str
    sha256: str
    bytes: int
    kind: str
    kind_name: str
    severity: str
    techniques: list[str]
    yara: list[Any]


class SampleOut(Answer):
    """A sample with all that triage found."""

    id: int
    item: str
    name: str
    sha256: str
    bytes: int
    kind: str
    kind_name: str
    severity: str
    techniques: list[str]
    yara: list[Any]
    facts: dict[str, Any]


class PagingOut(Answer):
    """The effort to fill one seat. `people` are those on its ladder, in order."""

    number: int
    role: str
    title: str
    reason: str
    state: str
    people: list[str]
    seconds: int
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    ended_because: str
    answered_by: str | None
    calls: list[CallOut]


class CallOut(Answer):
    """One person who was called: why, when, until when an answer was awaited, and the answer (yes, no or empty)."""

    rung: int
    name: str
    why: str
    takes_seat: bool
    called_at: datetime
    answer_by: datetime
    answer: str
    answered_at: datetime | None
    via: str


class RelatedOut(Answer):
    """What the incident belongs with, as far as you are on it; nothing says that there is more."""

    parent: UUID | None
    children: list[UUID]
    merged_into: UUID | None
    absorbed: list[UUID]


class OutgoingLine(Answer):
    """A message in the list."""

    number: int
    state: str
    audience: str
    audience_title: str
    subject: str
    language: str
    template: str
    task: int | None
    on_status: bool
    outdated: list[dict[str, Any]]
    author: str
    created_at: datetime
    changed_at: datetime
    released_at: datetime | None
    finished_at: datetime | None
    revision: int


class OutgoingOut(Answer):
    """A message. `text` is the exact text that was approved, or while it is not, the text with the facts as they are."""

    number: int
    state: str
    audience: str
    audience_title: str
    subject: str
    language: str
    template: str
    task: int | None
    on_status: bool
    outdated: list[dict[str, Any]]
    author: str
    created_at: datetime
    changed_at: datetime
    released_at: datetime | None
    finished_at: datetime | None
    revision: int
    salutation: str
    body: str
    text: str
    sha256: str
    missing: list[str]
    facts: dict[str, Any]
    only_language: bool
    acknowledge: bool
    status_word: str
    because: str
    approvals: list[AgreedOut]
    delivery: StandingOut


class AgreedOut(Answer):
    """Who said what to a text; `void` when the text or a fact in it changed since."""

    kind: str
    by: str
    at: datetime
    note: str
    sha256: str
    void: bool
    sequence: int


class StandingOut(Answer):
    """How many recipients are where; `read` confirmed having read it."""

    total: int
    waiting: int
    queued: int
    sent: int
    failed: int
    fenced: int
    recalled: int
    read: int


class WaveOut(Answer):
    """A wave with its messages."""

    number: int
    state: str
    planned_by: str
    planned_at: datetime
    released_by: str
    released_at: datetime | None
    ended_at: datetime | None
    because: str
    order_because: str
    revision: int
    steps: list[WaveStepOut]


class WaveStepOut(Answer):
    """A message in its turn: waiting, ready, going, gone, failed, recalled or withdrawn; and what it waits for."""

    place: int
    message: int
    standing: str
    waits_for: list[str]
    not_before: datetime | None
    after: list[int]
    after_task: int | None
    loosened: str
    sha256: str
    delivery: StandingOut


class DeliveryOut(Answer):
    """One recipient, and how the delivery went: waiting, queued, sent, failed, fenced or recalled."""

    number: int
    name: str
    address: str
    state: str
    error: str
    attempts: int
    acknowledged_at: datetime | None


class WaveLine(Answer):
    """A wave in the list."""

    number: int
    state: str
    planned_by: str
    planned_at: datetime
    released_by: str
    released_at: datetime | None
    ended_at: datetime | None
    because: str
    order_because: str
    revision: int


class AudienceOut(Answer):
    """Whom an audience reaches. Names only for those with a part in the communications."""

    key: str
    title: str
    kind: str
    reaches: int
    folded: int
    unreachable: list[str]
    listed: int
    revision: int


class QuestionOut(Answer):
    """A question of the sheet. `final_answer` is the approved one with its facts in place; empty while there is none."""

    number: int
    question: str
    answer: str
    final_answer: str
    audiences: list[str]
    written_by: str
    approved_by: str
    approved_at: datetime | None
    revision: int


class StatusPageOut(Answer):
    """The public page; its address opens without an account."""

    title: str
    language: str
    open: bool
    url: str
    opened_at: datetime
    opened_by: str


class DutyOut(Answer):
    """A regime on this incident's facts: never legal advice. `lost`: what a filed notice rested on and was withdrawn."""

    regime: str
    name: str
    jurisdiction: str
    citation: str
    verdict: str
    ruling: str
    ruled_by: str
    ruled_at: datetime | None
    ruling_reason: str
    reasons: list[str]
    missing: list[str]
    lost: list[str]
    stages: list[StageOut]
    revision: int


class StageOut(Answer):
    """One stage of a duty. `state`: waiting, running, no_number, to_judge, held, filed, filed_late or not_needed."""

    stage: str
    recipient: str
    recipient_name: str
    state: str
    because: str
    starts_at: datetime | None
    due_at: datetime | None
    submitted_at: datetime | None
    expected: datetime | None
    missing: list[str]
    judge: list[str]
    own_target: bool
    mandatory: bool
    task: int | None | None = None


class DutyFullOut(Answer):
    """One duty with what was filed, held back and ruled, and its rule (null: nobody knows it any more)."""

    regime: str
    name: str
    jurisdiction: str
    citation: str
    verdict: str
    ruling: str
    ruled_by: str
    ruled_at: datetime | None
    ruling_reason: str
    reasons: list[str]
    missing: list[str]
    lost: list[str]
    stages: list[StageOut]
    revision: int
    filings: list[FilingOut]
    delays: list[DelayOut]
    rulings: list[RulingOut]
    rule: RegimeOut | None


class FilingOut(Answer):
    """A notice that was handed in; the first of a stage counts, another is an addition. One that was struck was recorded by"""

    id: int
    stage: str
    first: bool
    submitted_at: datetime
    due_at: datetime | None
    channel: str
    reference: str
    proof: str
    evidence: int | None
    notice: int | None
    notice_sha256: str
    delay_reason: str
    by: str
    sequence: int
    struck_at: datetime | None
    struck_by: str
    struck_reason: str


class DelayOut(Answer):
    """A stage that is held back because an authority asked for it."""

    stage: str
    until: datetime
    asked_by: str
    reference: str
    by: str
    sequence: int


class RulingOut(Answer):
    """One word of counsel."""

    stage: str
    word: str
    reason: str
    by: str
    at: datetime
    sequence: int


class RegimeOut(Answer):
    """A regime: what it asks for and where that comes from. Research, not legal advice."""

    id: str
    name: str
    jurisdiction: str
    citation: str
    status: str
    trigger: str
    content: list[str]
    exceptions: list[str]
    source: list[str]
    confidence: str
    as_of: date | None
    caveat: str | None


class NoticeLine(Answer):
    """A notice of one stage; `sha256` is over the kept text of a final one."""

    number: int
    regime: str
    stage: str
    recipient_name: str
    language: str
    state: str
    drafted_by: str
    drafted_at: datetime
    changed_by: str
    changed_at: datetime
    finished_by: str
    finished_at: datetime | None
    reason: str
    sha256: str
    revision: int


class NoticeOut(Answer):
    """One notice with its sections, what the rule says besides, and its text as it would be handed in."""

    number: int
    regime: str
    stage: str
    recipient_name: str
    language: str
    state: str
    drafted_by: str
    drafted_at: datetime
    changed_by: str
    changed_at: datetime
    finished_by: str
    finished_at: datetime | None
    reason: str
    sha256: str
    revision: int
    sections: list[SectionOut]
    rules: list[str]
    text: str


class SectionOut(Answer):
    """A section. `fresh`: what the facts say now, where that changed since; `absent`: asked for and not in the draft yet."""

    key: str
    heading: str
    asked: list[str]
    text: str
    by_hand: bool
    missing: bool
    fresh: str | None
    absent: bool


class Answered(Answer):
    """What to say to whoever answered."""

    said: str


class EntryOut(Answer):
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


class ProofOut(Answer):
    """Whether a chain holds: entries checked, its head, and the first fault."""

    holds: bool
    entries: int
    head: str | None
    fault: str | None


class HitOut(Answer):
    """Something that holds every word: what it is, its number or name, and where its page is."""

    kind: str
    name: str
    title: str
    text: str
    at: datetime
    chain: UUID
    url: str


class BreachOut(Answer):
    """A line of the register of breaches (GDPR Article 33(5))."""

    incident: UUID
    number: str
    title: str
    began: datetime | None
    detected: datetime | None
    aware: datetime | None
    facts: str
    data: list[str]
    people: str
    effects: list[str]
    remedies: list[str]
    notified: list[NotifiedOut]
    not_notified: list[NotNotifiedOut]
    undecided: list[str]
    struck: list[StruckOut]


class NotifiedOut(Answer):
    """A notice that went out."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    late: bool


class NotNotifiedOut(Answer):
    """A duty that counsel rejected, and why."""

    duty: str
    because: str


class StruckOut(Answer):
    """A filing that was struck because it was recorded by mistake."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    by: str
    struck_at: datetime
    because: str


class MeOut(Answer):
    """The person that a request acts as, and what its token is for (null: a session, without bounds)."""

    id: UUID
    name: str
    email: str
    time_zone: str
    organizations: list[str]
    scopes: list[str] | None
    expires_at: datetime | None


class TokenOut(Answer):
    """A key; `handle` names it. `last_used_at` is right to a quarter of an hour."""

    handle: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenOut(Answer):
    """The key itself is answered this once."""

    handle: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    secret: str


class WebhookOut(Answer):
    """A webhook and how it stands: active, paused, failing (its address took nothing), ended."""

    id: UUID
    label: str
    url: str
    verbs: list[str]
    state: str
    user: str
    created_at: datetime
    failed_because: str
    told_at: datetime | None


class NewWebhookOut(Answer):
    """The secret that signs what is sent is answered this once."""

    id: UUID
    label: str
    url: str
    verbs: list[str]
    state: str
    user: str
    created_at: datetime
    failed_because: str
    told_at: datetime | None
    secret: str


class PlanVersionOut(Answer):
    """An imported state of the plan, named by its content."""

    number: int
    version: str
    imported_at: datetime
    playbooks: list[str]


class ExpectedOut(Answer):
    """All of it, most pressing first. `count` is what the bar says: calls, decisions and tasks."""

    count: int
    calls: list[WaitingCallOut]
    items: list[ExpectedRow]
    others: list[OthersOut]


class WaitingCallOut(Answer):
    """A call that waits for an answer; `answer_at` is the path that answers it without signing in."""

    title: str
    headline: str
    why: str
    exercise: bool
    answer_by: datetime
    answer_at: str


class ExpectedRow(Answer):
    """One thing: `number` is the task's, decision's, message's, notice's or note's; `near` is late, soon or empty, on the"""

    kind: str
    incident: UUID
    incident_number: str
    incident_title: str
    severity: int
    exercise: bool
    number: int | None
    title: str
    due_at: datetime | None
    near: str


class OthersOut(Answer):
    """What waits for others in an incident that you lead."""

    incident: UUID
    late_tasks: int
    open_decisions: int
    empty_roles: int


class MemberOut(Answer):
    """Somebody whom the plan names. Ways, note and answers are null for whoever may not see contact data."""

    key: str
    name: str
    title: str
    kind: str
    organization_name: str
    outside: bool
    party: str
    languages: list[str]
    time_zone: str
    account: bool
    methods: list[Way] | None | None = None
    note: str | None | None = None
    asked_at: datetime | None | None = None
    answered_at: datetime | None | None = None
    stale: bool | None | None = None


class Way(Answer):
    """A way to reach somebody; `url` is an Apprise URL, tel: or mailto:."""

    kind: str
    url: str
    verified: date | None | None = None


class ComcheckOut(Answer):
    """One round of asking everybody."""

    number: int
    started_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    asked_by: str
    reason: str


class AskOut(Answer):
    """One way of one person that was tried. Addresses are not in it: see the member."""

    id: int
    member: str
    kind: str
    place: int
    by_hand: bool
    answered_at: datetime | None
    answered_how: str


class OnCallOut(Answer):
    """Who is on call for a role. `member` is null where no rota names anybody: then the plan's holder is called."""

    role: str
    title: str
    member: str | None
    name: str
    until: datetime | None
    because: str
    has_rota: bool


class RotaOut(Answer):
    """The rota of a role: a calendar that the plan names, a rotation made here, or none."""

    role: str
    title: str
    kind: str | None
    revision: int
    members: list[str]
    starts_on: date | None
    handover: time | None
    zone: str
    every_days: int
    fetched_at: datetime | None
    error: str
    failing_since: datetime | None
    remarks: list[str]


class SlotOut(Answer):
    """A stretch of time; nobody serves in it where `member` is null."""

    start: datetime
    end: datetime
    member: str | None
    source: str
    said: str


class ShiftOut(Answer):
    """Somebody who takes a role over for a time."""

    id: int
    role: str
    member: str
    starts_at: datetime
    ends_at: datetime
    because: str
    made_by: str
    made_at: datetime
    withdrawn_at: datetime | None


class AlertOut(Answer):
    """One alert. `incident` is there only for who is on it."""

    number: str
    source: str
    title: str
    text: str
    severity: int | None
    observables: dict[str, list[str]]
    url: str
    count: int
    first_at: datetime
    last_at: datetime
    state: str
    judged_by: str
    judged_at: datetime | None
    because: str
    reopened: str
    dropped: str
    revision: int
    incident: UUID | None | None = None


class TakenIn(Answer):
    """What was taken in: the numbers of the alerts, those that came before and were counted among them."""

    said: str
    alerts: list[str]
    ignored: int | None = None
    refused: int | None = None


class Operations(Caller):
    """Each operation of the API under its operationId; lists are asked for page by page."""

    def list_incidents(
        self,
        *,
        phase: Literal["detected", "declared", "investigating", "contained", "eradicated", "recovered", "closed"]
        | None = None,
        exercise: bool | None = None,
        organization: str | None = None,
    ) -> Iterator[IncidentOut]:
        """The incidents that you are on, the newest first."""
        return self._pages(
            "GET", "/incidents", IncidentOut, query={"phase": phase, "exercise": exercise, "organization": organization}
        )

    def declare_incident(
        self,
        title: str,
        severity: int,
        *,
        playbook: str | None = None,
        summary: str | None = None,
        exercise: bool | None = None,
        tlp: Literal["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"] | None = None,
        detected_at: datetime | None = None,
        facts: dict[str, bool | int | float | str] | None = None,
        key: str | None = None,
        organization: str | None = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Declare an incident or an exercise; you lead it until the role is handed on."""
        return self._ask(
            "POST",
            "/incidents",
            IncidentOut,
            body={
                "title": title,
                "severity": severity,
                "playbook": playbook,
                "summary": summary,
                "exercise": exercise,
                "tlp": tlp,
                "detected_at": detected_at,
                "facts": facts,
                "key": key,
                "organization": organization,
            },
            idempotency_key=idempotency_key,
        )

    def get_incident(self, incident: UUID | str) -> IncidentOut:
        """One incident."""
        return self._ask("GET", f"/incidents/{self._part(incident)}", IncidentOut)

    def set_incident_phase(
        self,
        incident: UUID | str,
        phase: Literal["detected", "declared", "investigating", "contained", "eradicated", "recovered", "closed"],
        *,
        because: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Move the incident to another phase."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/phase",
            IncidentOut,
            body={"phase": phase, "because": because},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def set_incident_severity(
        self,
        incident: UUID | str,
        severity: int,
        because: str,
        *,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Change the severity, with the reason."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/severity",
            IncidentOut,
            body={"severity": severity, "because": because},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def set_incident_summary(
        self, incident: UUID | str, summary: str, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> IncidentOut:
        """Rewrite what is going on."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/summary",
            IncidentOut,
            body={"summary": summary},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def list_roles(self, incident: UUID | str) -> Iterator[SeatOut]:
        """Who holds which role now; an empty seat has no member."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/roles", SeatOut)

    def assign_incident_role(
        self,
        incident: UUID | str,
        role: str,
        member: str,
        *,
        because: str | None = None,
        idempotency_key: str | None = None,
    ) -> SeatOut:
        """Give a role to a contact of the plan; whoever held it steps back."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/roles/{self._part(role)}",
            SeatOut,
            body={"member": member, "because": because},
            idempotency_key=idempotency_key,
        )

    def list_facts(self, incident: UUID | str) -> Iterator[FactOut]:
        """The facts that were stated, by name."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/facts", FactOut)

    def get_fact(self, incident: UUID | str, name: str) -> FactOut:
        """One fact."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/facts/{self._part(name)}", FactOut)

    def state_fact(
        self,
        incident: UUID | str,
        name: str,
        value: bool | int | float | str,
        *,
        because: str | None = None,
        idempotency_key: str | None = None,
    ) -> FactOut:
        """State a fact, or change one."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/facts/{self._part(name)}",
            FactOut,
            body={"value": value, "because": because},
            idempotency_key=idempotency_key,
        )

    def take_fact_back(
        self, incident: UUID | str, name: str, because: str, *, idempotency_key: str | None = None
    ) -> None:
        """Take a fact back: it is not known any more. Steps that only it had opened, and nobody has begun, wait again."""
        return self._ask(
            "DELETE",
            f"/incidents/{self._part(incident)}/facts/{self._part(name)}",
            None,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def get_sheet(self, incident: UUID | str) -> SheetOut:
        """The whole sheet, with what in it contradicts what."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/sheet", SheetOut)

    def get_instant(self, incident: UUID | str, name: str) -> InstantOut:
        """When one instant was."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/sheet/instants/{self._part(name)}", InstantOut)

    def set_instant(
        self,
        incident: UUID | str,
        name: str,
        at: datetime,
        *,
        because: str | None = None,
        zone: str | None = None,
        idempotency_key: str | None = None,
    ) -> InstantOut:
        """Say when it was, or correct it. Deadlines that hang on it follow; what it contradicts shows in the sheet."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/sheet/instants/{self._part(name)}",
            InstantOut,
            body={"at": at, "because": because, "zone": zone},
            idempotency_key=idempotency_key,
        )

    def take_instant_back(
        self, incident: UUID | str, name: str, because: str, *, idempotency_key: str | None = None
    ) -> None:
        """Take an instant back: when that was is not known any more."""
        return self._ask(
            "DELETE",
            f"/incidents/{self._part(incident)}/sheet/instants/{self._part(name)}",
            None,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def get_role_fact(self, incident: UUID | str, name: str) -> RoleFactOut:
        """Whether the organization is that in this incident."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/sheet/roles/{self._part(name)}", RoleFactOut)

    def set_role_fact(
        self, incident: UUID | str, name: str, held: bool | None, because: str, *, idempotency_key: str | None = None
    ) -> RoleFactOut:
        """Say that the organization is, or is not, that in this incident, whatever the plan says."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/sheet/roles/{self._part(name)}",
            RoleFactOut,
            body={"held": held, "because": because},
            always=("held",),
            idempotency_key=idempotency_key,
        )

    def get_data_category(self, incident: UUID | str, name: str) -> DatumOut:
        """Whether data of that category is affected."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/sheet/data/{self._part(name)}", DatumOut)

    def state_data_category(
        self,
        incident: UUID | str,
        name: str,
        affected: bool | None,
        because: str,
        *,
        idempotency_key: str | None = None,
    ) -> DatumOut:
        """Say whether data of that category is affected."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/sheet/data/{self._part(name)}",
            DatumOut,
            body={"affected": affected, "because": because},
            always=("affected",),
            idempotency_key=idempotency_key,
        )

    def list_tasks(
        self,
        incident: UUID | str,
        *,
        state: Literal["waiting", "open", "doing", "blocked", "done", "skipped"] | None = None,
        role: str | None = None,
    ) -> Iterator[TaskOut]:
        """The tasks, by number."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/tasks", TaskOut, query={"state": state, "role": role}
        )

    def add_task(
        self,
        incident: UUID | str,
        title: str,
        role: str,
        *,
        instructions: str | None = None,
        due_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> TaskOut:
        """Add work that the playbook does not foresee."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks",
            TaskOut,
            body={"title": title, "role": role, "instructions": instructions, "due_at": due_at},
            idempotency_key=idempotency_key,
        )

    def get_task(self, incident: UUID | str, number: int) -> TaskOut:
        """One task."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/tasks/{self._part(number)}", TaskOut)

    def start_task(
        self, incident: UUID | str, number: int, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> TaskOut:
        """Say that somebody works on it now."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/start",
            TaskOut,
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def block_task(
        self, incident: UUID | str, number: int, reason: str, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> TaskOut:
        """Say what keeps it from going on; starting it says that it goes on."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/block",
            TaskOut,
            body={"reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def complete_task(
        self,
        incident: UUID | str,
        number: int,
        *,
        proof: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> TaskOut:
        """Say that it is done and what proves it."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/complete",
            TaskOut,
            body={"proof": proof},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def skip_task(
        self, incident: UUID | str, number: int, reason: str, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> TaskOut:
        """Say that it is not needed this time."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/skip",
            TaskOut,
            body={"reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def reopen_task(
        self, incident: UUID | str, number: int, reason: str, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> TaskOut:
        """Open a task again that was done or not needed."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/reopen",
            TaskOut,
            body={"reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def assign_task(
        self,
        incident: UUID | str,
        number: int,
        member: str | None,
        *,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> TaskOut:
        """Give it to a person; its role stays the owner."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/tasks/{self._part(number)}/assign",
            TaskOut,
            body={"member": member},
            always=("member",),
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def list_clocks(self, incident: UUID | str) -> Iterator[ClockOut]:
        """The clocks of duties to notify: late first, then by deadline."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/clocks", ClockOut)

    def list_situation_reports(
        self, incident: UUID | str, *, kind: Literal["report", "handover"] | None = None
    ) -> Iterator[ReportOut]:
        """The reports and hand-over notes, the newest first."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/situation", ReportOut, query={"kind": kind})

    def write_situation_report(
        self,
        incident: UUID | str,
        conditions: str,
        *,
        actions: str | None = None,
        needs: str | None = None,
        seen: int | None = None,
        next_due_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> ReportOut:
        """Write the next situation report."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/situation",
            ReportOut,
            body={
                "conditions": conditions,
                "actions": actions,
                "needs": needs,
                "seen": seen,
                "next_due_at": next_due_at,
            },
            idempotency_key=idempotency_key,
        )

    def write_handover_note(
        self,
        incident: UUID | str,
        role: str,
        conditions: str,
        *,
        open_work: str | None = None,
        needs: str | None = None,
        idempotency_key: str | None = None,
    ) -> ReportOut:
        """Write the note for who holds a role now."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/situation/hand-over",
            ReportOut,
            body={"role": role, "conditions": conditions, "open_work": open_work, "needs": needs},
            idempotency_key=idempotency_key,
        )

    def get_situation_report(self, incident: UUID | str, number: int) -> ReportOut:
        """One report or note."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/situation/{self._part(number)}", ReportOut)

    def acknowledge_handover_note(
        self, incident: UUID | str, number: int, *, idempotency_key: str | None = None
    ) -> ReportOut:
        """Say that you read the note and have taken over the role."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/situation/{self._part(number)}/acknowledge",
            ReportOut,
            idempotency_key=idempotency_key,
        )

    def list_board_windows(
        self, incident: UUID | str, *, by: Literal["function", "person", "time"] | None = None
    ) -> Iterator[WindowOut]:
        """The board by function, person or time: each window with the tasks to look at first."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/board", WindowOut, query={"by": by})

    def list_people_here(self, incident: UUID | str) -> Iterator[FaceOut]:
        """Who has the incident open now, and who had it within the last minutes."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/presence", FaceOut)

    def list_notes(self, incident: UUID | str, *, archived: bool | None = None) -> Iterator[NoteLine]:
        """The notes, last changed first; with `archived` those that were put away."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/notes", NoteLine, query={"archived": archived})

    def create_note(
        self,
        incident: UUID | str,
        *,
        title: str | None = None,
        text: str | None = None,
        idempotency_key: str | None = None,
    ) -> NoteOut:
        """Begin a note."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notes",
            NoteOut,
            body={"title": title, "text": text},
            idempotency_key=idempotency_key,
        )

    def get_note(self, incident: UUID | str, number: int) -> NoteOut:
        """One note."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/notes/{self._part(number)}", NoteOut)

    def edit_note(
        self,
        incident: UUID | str,
        number: int,
        text: str,
        *,
        title: str | None = None,
        base: int | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> NoteOut:
        """Change a note; what others saved since `base` is merged in."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/notes/{self._part(number)}",
            NoteOut,
            body={"title": title, "text": text, "base": base},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def archive_note(
        self, incident: UUID | str, number: int, *, away: bool | None = None, idempotency_key: str | None = None
    ) -> NoteOut:
        """Put a note away, or take it out again. Nothing of it is deleted."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notes/{self._part(number)}/archive",
            NoteOut,
            body={"away": away},
            idempotency_key=idempotency_key,
        )

    def restore_note(
        self, incident: UUID | str, number: int, number_: int, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> NoteOut:
        """Bring a former revision's text back, as a new revision."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notes/{self._part(number)}/restore",
            NoteOut,
            body={"number": number_},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def list_note_revisions(self, incident: UUID | str, number: int) -> Iterator[RevisionLine]:
        """Every state that the note had, the newest first."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/notes/{self._part(number)}/revisions", RevisionLine
        )

    def get_note_revision(self, incident: UUID | str, number: int, revision: int) -> RevisionOut:
        """One state of the note, with its text."""
        return self._ask(
            "GET",
            f"/incidents/{self._part(incident)}/notes/{self._part(number)}/revisions/{self._part(revision)}",
            RevisionOut,
        )

    def list_decisions(
        self, incident: UUID | str, *, state: Literal["open", "decided", "withdrawn"] | None = None
    ) -> Iterator[DecisionOut]:
        """The questions, and what was decided."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/decisions", DecisionOut, query={"state": state})

    def put_question(
        self,
        incident: UUID | str,
        question: str,
        options: Sequence[dict[str, Any]],
        role: str,
        *,
        authority: str | None = None,
        if_nobody_decides: str | None = None,
        due_at: datetime | None = None,
        facts: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> DecisionOut:
        """Put a question to a role."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/decisions",
            DecisionOut,
            body={
                "question": question,
                "options": options,
                "role": role,
                "authority": authority,
                "if_nobody_decides": if_nobody_decides,
                "due_at": due_at,
                "facts": facts,
            },
            idempotency_key=idempotency_key,
        )

    def get_decision(self, incident: UUID | str, number: int) -> DecisionOut:
        """One question and its answer."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/decisions/{self._part(number)}", DecisionOut)

    def take_decision(
        self,
        incident: UUID | str,
        number: int,
        chosen: str,
        reason: str,
        *,
        revisit_at: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> DecisionOut:
        """Answer a question, if the plan gives you the authority."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/decisions/{self._part(number)}",
            DecisionOut,
            body={"chosen": chosen, "reason": reason, "revisit_at": revisit_at},
            idempotency_key=idempotency_key,
        )

    def get_brief(self, incident: UUID | str, number: int) -> BriefOut:
        """The brief of a question: options, what is known and not, clocks, scope, who may decide."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/decisions/{self._part(number)}/brief", BriefOut)

    def recommend_option(
        self, incident: UUID | str, number: int, option: str, reason: str, *, idempotency_key: str | None = None
    ) -> DecisionOut:
        """Say which option you are for, and why; the decider sees it in the brief. It replaces what you said before."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/decisions/{self._part(number)}/recommend",
            DecisionOut,
            body={"option": option, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def dissent_from_decision(
        self, incident: UUID | str, number: int, reason: str, *, idempotency_key: str | None = None
    ) -> DecisionOut:
        """Write down that you disagree, and why."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/decisions/{self._part(number)}/dissent",
            DecisionOut,
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def revisit_decision(
        self, incident: UUID | str, number: int, reason: str, *, idempotency_key: str | None = None
    ) -> DecisionOut:
        """Ask a question again because something changed; the first answer stays as it was. Answers the new question."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/decisions/{self._part(number)}/revisit",
            DecisionOut,
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def list_findings(
        self, incident: UUID | str, *, state: Literal["suggested", "stated", "rejected"] | None = None
    ) -> Iterator[FindingOut]:
        """The findings, in the order in which things happened."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/findings", FindingOut, query={"state": state})

    def state_a_finding(
        self,
        incident: UUID | str,
        claim: str,
        confidence: Literal["low", "moderate", "high"],
        *,
        interpretation: str | None = None,
        source: str | None = None,
        raw: dict[str, Any] | None = None,
        techniques: Sequence[str] | None = None,
        tactics: Sequence[str] | None = None,
        hosts: Sequence[str] | None = None,
        tlp: Literal["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"] | None = None,
        cites: Sequence[str] | None = None,
        happened_from: datetime | None = None,
        happened_until: datetime | None = None,
        idempotency_key: str | None = None,
    ) -> FindingOut:
        """State a finding."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/findings",
            FindingOut,
            body={
                "claim": claim,
                "confidence": confidence,
                "interpretation": interpretation,
                "source": source,
                "raw": raw,
                "techniques": techniques,
                "tactics": tactics,
                "hosts": hosts,
                "tlp": tlp,
                "cites": cites,
                "happened_from": happened_from,
                "happened_until": happened_until,
            },
            idempotency_key=idempotency_key,
        )

    def get_finding(self, incident: UUID | str, number: int) -> FindingOut:
        """One finding."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/findings/{self._part(number)}", FindingOut)

    def judge_a_finding(
        self,
        incident: UUID | str,
        number: int,
        accept: bool,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> FindingOut:
        """Accept or reject what an analysis suggested."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/findings/{self._part(number)}/judge",
            FindingOut,
            body={"accept": accept, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def list_scope(self, incident: UUID | str, *, as_of: datetime | None = None) -> Iterator[ScopeOut]:
        """The scope ledger now, or as it stood at a time."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/scope", ScopeOut, query={"as_of": as_of})

    def add_to_scope(
        self,
        incident: UUID | str,
        kind: Literal["host", "account", "data_set", "data_subjects", "service", "location"],
        name: str,
        because: str,
        *,
        state: Literal["suspected", "confirmed", "contained", "eradicated", "recovered", "cleared"] | None = None,
        cites: Sequence[str] | None = None,
        count_low: int | None = None,
        count_high: int | None = None,
        first_seen: datetime | None = None,
        region: str | None = None,
        confidence: Literal["", "low", "moderate", "high"] | None = None,
        idempotency_key: str | None = None,
    ) -> ScopeOut:
        """Put something into scope."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/scope",
            ScopeOut,
            body={
                "kind": kind,
                "name": name,
                "because": because,
                "state": state,
                "cites": cites,
                "count_low": count_low,
                "count_high": count_high,
                "first_seen": first_seen,
                "region": region,
                "confidence": confidence,
            },
            idempotency_key=idempotency_key,
        )

    def get_scope_entry(self, incident: UUID | str, number: int) -> ScopeOut:
        """One entry of the scope ledger as it stands now."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/scope/{self._part(number)}", ScopeOut)

    def change_in_scope(
        self,
        incident: UUID | str,
        number: int,
        state: Literal["suspected", "confirmed", "contained", "eradicated", "recovered", "cleared"],
        because: str,
        *,
        cites: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> ScopeOut:
        """Move a scope entry to another state, on evidence."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/scope/{self._part(number)}",
            ScopeOut,
            body={"state": state, "because": because, "cites": cites},
            idempotency_key=idempotency_key,
        )

    def list_scope_changes(self, incident: UUID | str, number: int) -> Iterator[ScopeChangeOut]:
        """How an entry came to where it stands."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/scope/{self._part(number)}/changes", ScopeChangeOut
        )

    def count_in_scope(
        self,
        incident: UUID | str,
        number: int,
        because: str,
        *,
        count_low: int | None = None,
        count_high: int | None = None,
        region: str | None = None,
        confidence: Literal["", "low", "moderate", "high"] | None = None,
        cites: Sequence[str] | None = None,
        idempotency_key: str | None = None,
    ) -> ScopeOut:
        """Say anew how many an entry is about, where they live and how sure that is; what is left out is not known."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/scope/{self._part(number)}/count",
            ScopeOut,
            body={
                "count_low": count_low,
                "count_high": count_high,
                "region": region,
                "confidence": confidence,
                "because": because,
                "cites": cites,
            },
            idempotency_key=idempotency_key,
        )

    def list_remediations(
        self, incident: UUID | str, *, state: Literal["planned", "done", "verified", "failed"] | None = None
    ) -> Iterator[RemediationOut]:
        """What is done for scope entries, by number."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/remediations", RemediationOut, query={"state": state}
        )

    def plan_a_remediation(
        self,
        incident: UUID | str,
        entry: int,
        what: str,
        role: str,
        *,
        method: str | None = None,
        idempotency_key: str | None = None,
    ) -> RemediationOut:
        """Plan what is to be done for a scope entry."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/remediations",
            RemediationOut,
            body={"entry": entry, "what": what, "role": role, "method": method},
            idempotency_key=idempotency_key,
        )

    def get_remediation(self, incident: UUID | str, number: int) -> RemediationOut:
        """One measure."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/remediations/{self._part(number)}", RemediationOut)

    def do_a_remediation(
        self, incident: UUID | str, number: int, *, idempotency_key: str | None = None
    ) -> RemediationOut:
        """Say that a measure was carried out."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/remediations/{self._part(number)}/do",
            RemediationOut,
            idempotency_key=idempotency_key,
        )

    def verify_a_remediation(
        self,
        incident: UUID | str,
        number: int,
        held: bool,
        method: str,
        result: str,
        *,
        idempotency_key: str | None = None,
    ) -> RemediationOut:
        """Record the check of a measure; whoever carried it out cannot check it."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/remediations/{self._part(number)}/verify",
            RemediationOut,
            body={"held": held, "method": method, "result": result},
            idempotency_key=idempotency_key,
        )

    def list_evidence(self, incident: UUID | str) -> Iterator[EvidenceOut]:
        """What is in custody."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/evidence", EvidenceOut)

    def upload_evidence(
        self, incident: UUID | str, files: Sequence[Path], *, why: str | None = None, idempotency_key: str | None = None
    ) -> list[EvidenceOut]:
        """Take files into custody (multipart). Answers the items; content known before is the item that is there."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/evidence",
            list[EvidenceOut],
            form={"why": why},
            files={"files": files},
            idempotency_key=idempotency_key,
        )

    def get_evidence(self, incident: UUID | str, number: int) -> EvidenceOut:
        """One item in custody."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/evidence/{self._part(number)}", EvidenceOut)

    def verify_items(
        self, incident: UUID | str, *, items: Sequence[int] | None = None, idempotency_key: str | None = None
    ) -> list[EvidenceOut]:
        """Compare what is stored with the hashes of its intake, and record the result."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/evidence/verify",
            list[EvidenceOut],
            body={"items": items},
            idempotency_key=idempotency_key,
        )

    def request_analysis_run(self, incident: UUID | str, *, idempotency_key: str | None = None) -> RunOut:
        """Ask for a run of the rules over all the evidence; a worker carries it out."""
        return self._ask("POST", f"/incidents/{self._part(incident)}/analyses", RunOut, idempotency_key=idempotency_key)

    def list_analysis_runs(self, incident: UUID | str) -> Iterator[RunOut]:
        """The runs, the newest first."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/analyses", RunOut)

    def get_analysis_run(self, incident: UUID | str, number: int) -> RunOut:
        """One run: how far it is, or its account."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/analyses/{self._part(number)}", RunOut)

    def list_detections(
        self, incident: UUID | str, *, level: str | None = None, host: str | None = None, rule_id: str | None = None
    ) -> Iterator[DetectionOut]:
        """The detections of the newest run, a page at a time."""
        return self._pages(
            "GET",
            f"/incidents/{self._part(incident)}/detections",
            DetectionOut,
            query={"level": level, "host": host, "rule_id": rule_id},
        )

    def list_privy(self, incident: UUID | str) -> Iterator[PrivyOut]:
        """Who sees what is privileged here: counsel, then those whom counsel admitted."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/privilege", PrivyOut)

    def admit_to_privilege(
        self, incident: UUID | str, user: UUID, because: str, *, idempotency_key: str | None = None
    ) -> None:
        """Let somebody on the incident see what is privileged. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/admit",
            None,
            body={"user": user, "because": because},
            idempotency_key=idempotency_key,
        )

    def dismiss_from_privilege(
        self, incident: UUID | str, user: UUID, because: str, *, idempotency_key: str | None = None
    ) -> None:
        """End somebody's admission. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/dismiss",
            None,
            body={"user": user, "because": because},
            idempotency_key=idempotency_key,
        )

    def list_sealed_entries(self, incident: UUID | str) -> Iterator[SealedOut]:
        """What the sealed entries of the log are about, the newest first, with the salt that proves it."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/privilege/sealed", SealedOut)

    def list_privileged_notes(self, incident: UUID | str, *, archived: bool | None = None) -> Iterator[NoteLine]:
        """The privileged notes without their texts, last changed first."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/privilege/notes", NoteLine, query={"archived": archived}
        )

    def create_privileged_note(
        self,
        incident: UUID | str,
        *,
        title: str | None = None,
        text: str | None = None,
        idempotency_key: str | None = None,
    ) -> PrivilegedNoteOut:
        """Begin a privileged note."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/notes",
            PrivilegedNoteOut,
            body={"title": title, "text": text},
            idempotency_key=idempotency_key,
        )

    def get_privileged_note(self, incident: UUID | str, number: int) -> PrivilegedNoteOut:
        """One privileged note with its text."""
        return self._ask(
            "GET", f"/incidents/{self._part(incident)}/privilege/notes/{self._part(number)}", PrivilegedNoteOut
        )

    def edit_privileged_note(
        self,
        incident: UUID | str,
        number: int,
        text: str,
        *,
        title: str | None = None,
        base: int | None = None,
        idempotency_key: str | None = None,
    ) -> PrivilegedNoteOut:
        """Change a privileged note; what others saved since `base` is merged in."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/privilege/notes/{self._part(number)}",
            PrivilegedNoteOut,
            body={"title": title, "text": text, "base": base},
            idempotency_key=idempotency_key,
        )

    def lift_privileged_note(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> NoteOut:
        """Open a privileged note to everybody on the incident; the answer has its number from now on. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/notes/{self._part(number)}/lift",
            NoteOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def set_note_privileged(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> PrivilegedNoteOut:
        """Hide a note from all but those who are privy; the answer has its number from now on. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notes/{self._part(number)}/privilege",
            PrivilegedNoteOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_privileged_files(self, incident: UUID | str) -> Iterator[PrivilegedFileOut]:
        """The privileged files in custody."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/privilege/files", PrivilegedFileOut)

    def upload_privileged_files(
        self, incident: UUID | str, files: Sequence[Path], *, why: str | None = None, idempotency_key: str | None = None
    ) -> list[PrivilegedFileOut]:
        """Take privileged files into custody (multipart). Answers what is new."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/files",
            list[PrivilegedFileOut],
            form={"why": why},
            files={"files": files},
            idempotency_key=idempotency_key,
        )

    def read_privileged_file(self, incident: UUID | str, number: int) -> None:
        """The content of a privileged file."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/privilege/files/{self._part(number)}/content", None)

    def lift_privileged_file(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> EvidenceOut:
        """Open a privileged file to everybody on the incident; the answer has its number from now on. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/privilege/files/{self._part(number)}/lift",
            EvidenceOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def set_evidence_privileged(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> PrivilegedFileOut:
        """Hide an item from all but those who are privy; the answer has its number from now on. Counsel only."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/evidence/{self._part(number)}/privilege",
            PrivilegedFileOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def open_hr_track(
        self, incident: UUID | str, because: str, *, with_lead: bool | None = None, idempotency_key: str | None = None
    ) -> IncidentOut:
        """Open the HR track: an incident of its own, under this one, for legal and HR. For who has no such seat: 404."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/hr-track",
            IncidentOut,
            body={"because": because, "with_lead": with_lead},
            idempotency_key=idempotency_key,
        )

    def search_events(
        self, incident: UUID | str, *, q: str | None = None, order: Literal["newest", "oldest"] | None = None
    ) -> Iterator[EventOut]:
        """Events that a question matches (see the search language), a page at a time, those without a time last."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/events", EventOut, query={"q": q, "order": order})

    def count_values(
        self, incident: UUID | str, *, q: str | None = None, column: Sequence[str] | None = None, top: int | None = None
    ) -> dict[str, FacetOut]:
        """The most frequent values of columns (or own fields, as `fields.NAME`) in the events that a question matches."""
        return self._ask(
            "GET",
            f"/incidents/{self._part(incident)}/events/facets",
            dict[str, FacetOut],
            query={"q": q, "column": column, "top": top},
        )

    def count_over_time(
        self, incident: UUID | str, *, q: str | None = None, buckets: int | None = None
    ) -> HistogramOut:
        """How many events a question matches, in spans of equal length."""
        return self._ask(
            "GET",
            f"/incidents/{self._part(incident)}/events/histogram",
            HistogramOut,
            query={"q": q, "buckets": buckets},
        )

    def note_on_events(
        self,
        incident: UUID | str,
        events: Sequence[str],
        *,
        starred: bool | None = None,
        add_tags: Sequence[str] | None = None,
        drop_tags: Sequence[str] | None = None,
        comment: str | None = None,
        idempotency_key: str | None = None,
    ) -> list[MarkOut]:
        """Star, tag or comment events."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/events/marks",
            list[MarkOut],
            body={
                "events": events,
                "starred": starred,
                "add_tags": add_tags,
                "drop_tags": drop_tags,
                "comment": comment,
            },
            idempotency_key=idempotency_key,
        )

    def list_marks(self, incident: UUID | str, *, tag: str | None = None) -> Iterator[MarkOut]:
        """What analysts noted on events."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/events/marks", MarkOut, query={"tag": tag})

    def get_event(self, incident: UUID | str, event: str) -> EventOut:
        """One event (E-03.1842) with all the fields that its source gave it."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/events/{self._part(event)}", EventOut)

    def list_searches(self, incident: UUID | str) -> Iterator[SearchOut]:
        """Questions that somebody gave a name."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/searches", SearchOut)

    def keep_search(
        self, incident: UUID | str, name: str, *, query: str | None = None, idempotency_key: str | None = None
    ) -> SearchOut:
        """Keep a question; another one of that name gives way to it."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/searches",
            SearchOut,
            body={"name": name, "query": query},
            idempotency_key=idempotency_key,
        )

    def forget_search(self, incident: UUID | str, name: str, *, idempotency_key: str | None = None) -> None:
        """Forget a kept question."""
        return self._ask(
            "DELETE",
            f"/incidents/{self._part(incident)}/searches/{self._part(name)}",
            None,
            idempotency_key=idempotency_key,
        )

    def list_indicators(self, incident: UUID | str) -> Iterator[IndicatorOut]:
        """Single values that somebody asked to look for, withdrawn ones too."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/indicators", IndicatorOut)

    def look_for_indicator(
        self,
        incident: UUID | str,
        written: str,
        *,
        kind: str | None = None,
        source: str | None = None,
        confidence: int | None = None,
        tlp: str | None = None,
        why: str | None = None,
        idempotency_key: str | None = None,
    ) -> IndicatorOut:
        """Look for a value, from the next analysis on."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/indicators",
            IndicatorOut,
            body={"written": written, "kind": kind, "source": source, "confidence": confidence, "tlp": tlp, "why": why},
            idempotency_key=idempotency_key,
        )

    def get_indicator(self, incident: UUID | str, number: int) -> IndicatorOut:
        """One value that is, or was, looked for."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/indicators/{self._part(number)}", IndicatorOut)

    def withdraw_one_indicator(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> IndicatorOut:
        """Stop looking for a value."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/indicators/{self._part(number)}/withdraw",
            IndicatorOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_feeds(self, incident: UUID | str) -> Iterator[FeedOut]:
        """Files of indicators, each with what its import left out and why."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/feeds", FeedOut)

    def upload_feed(
        self,
        incident: UUID | str,
        file: Path,
        *,
        source: str | None = None,
        tlp: str | None = None,
        idempotency_key: str | None = None,
    ) -> FeedOut:
        """Take a file of indicators: STIX 2.1, MISP, CSV, OpenIOC, or a report (multipart)."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/feeds",
            FeedOut,
            form={"source": source, "tlp": tlp},
            files={"file": file},
            idempotency_key=idempotency_key,
        )

    def get_feed(self, incident: UUID | str, number: int) -> FeedOut:
        """One file of indicators."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/feeds/{self._part(number)}", FeedOut)

    def take_feed_back(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> FeedOut:
        """Stop looking for what a file names."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/feeds/{self._part(number)}/withdraw",
            FeedOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_yara(self, incident: UUID | str) -> Iterator[YaraOut]:
        """Files of YARA rules."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/yara", YaraOut)

    def upload_yara(self, incident: UUID | str, name: str, text: str, *, idempotency_key: str | None = None) -> YaraOut:
        """Scan files with YARA rules. Rules that do not compile are refused, the others are used; 422 where none is left."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/yara",
            YaraOut,
            body={"name": name, "text": text},
            idempotency_key=idempotency_key,
        )

    def get_yara(self, incident: UUID | str, number: int) -> YaraOut:
        """One file of YARA rules."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/yara/{self._part(number)}", YaraOut)

    def take_yara_back(self, incident: UUID | str, number: int, *, idempotency_key: str | None = None) -> YaraOut:
        """Stop scanning with a file of rules."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/yara/{self._part(number)}/withdraw",
            YaraOut,
            idempotency_key=idempotency_key,
        )

    def list_sightings(
        self, incident: UUID | str, *, kind: str | None = None, value: str | None = None
    ) -> Iterator[SightingOut]:
        """Indicators that the newest run met, a page at a time: how often, when first and last, the events that prove it."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/sightings", SightingOut, query={"kind": kind, "value": value}
        )

    def list_samples(self, incident: UUID | str, *, sha256: str | None = None) -> Iterator[SampleRow]:
        """Files of the evidence that are no logs, with triage's verdict, a page at a time."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/samples", SampleRow, query={"sha256": sha256})

    def get_sample(self, incident: UUID | str, sample: int) -> SampleOut:
        """One sample, with all that triage found."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/samples/{self._part(sample)}", SampleOut)

    def list_steps(self, incident: UUID | str, *, noise: bool | None = None) -> Iterator[dict[str, Any]]:
        """The attack in steps, in order of time; `noise` adds those that ordinary administration makes too."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/steps", dict[str, Any], query={"noise": noise})

    def get_matrix(self, incident: UUID | str) -> list[dict[str, Any]]:
        """The ATT&CK matrix: each tactic with the techniques that detections name."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/matrix", list[dict[str, Any]])

    def get_network(self, incident: UUID | str) -> dict[str, dict[str, Any]]:
        """Beacons, DNS tunnels, large uploads, long connections, rare destinations; and the largest conversations."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/network", dict[str, dict[str, Any]])

    def get_logons(self, incident: UUID | str, *, account: str | None = None) -> dict[str, dict[str, Any]]:
        """Who logged on from where to where (`edges`), and the ways that somebody may have moved (`paths`)."""
        return self._ask(
            "GET", f"/incidents/{self._part(incident)}/logons", dict[str, dict[str, Any]], query={"account": account}
        )

    def get_processes(
        self, incident: UUID | str, *, host: str | None = None, offset: int | None = None
    ) -> dict[str, Any]:
        """The processes of a host as a tree, parents before their children."""
        return self._ask(
            "GET",
            f"/incidents/{self._part(incident)}/processes",
            dict[str, Any],
            query={"host": host, "offset": offset},
        )

    def list_proposals(self, incident: UUID | str) -> dict[str, Any]:
        """What the analyses of the events propose as findings, each with its reasons and the events that prove it."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/proposals", dict[str, Any])

    def answer_proposal(
        self,
        incident: UUID | str,
        key: str,
        accept: bool,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> FindingOut:
        """State a step or proposal, named by its key, as a finding, or reject it; either is remembered."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/proposals/answer",
            FindingOut,
            body={"key": key, "accept": accept, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def stop_analysis_run(self, incident: UUID | str, number: int, *, idempotency_key: str | None = None) -> None:
        """Stop a run that waits or works."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/analyses/{self._part(number)}/stop",
            None,
            idempotency_key=idempotency_key,
        )

    def take_sample_out(
        self, incident: UUID | str, sample: int, why: str, *, idempotency_key: str | None = None
    ) -> bytes:
        """Take a sample out, as a ZIP archive encrypted with the password `infected`; the log keeps the reason."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/samples/{self._part(sample)}/take",
            bytes,
            body={"why": why},
            idempotency_key=idempotency_key,
        )

    def list_pagings(
        self,
        incident: UUID | str,
        *,
        state: Literal["calling", "answered", "unanswered", "cancelled"] | None = None,
        role: str | None = None,
    ) -> Iterator[PagingOut]:
        """Who was and is called for which seat, by number."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/pagings", PagingOut, query={"state": state, "role": role}
        )

    def start_calling(
        self, incident: UUID | str, role: str, reason: str, *, idempotency_key: str | None = None
    ) -> PagingOut:
        """Call for a seat: its holder, the backups, then whom the plan names when nobody answers."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/pagings",
            PagingOut,
            body={"role": role, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def get_paging(self, incident: UUID | str, number: int) -> PagingOut:
        """One of them."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/pagings/{self._part(number)}", PagingOut)

    def cancel_calling(
        self, incident: UUID | str, number: int, reason: str, *, idempotency_key: str | None = None
    ) -> PagingOut:
        """Call it off."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/pagings/{self._part(number)}/cancel",
            PagingOut,
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def say_reached(
        self, incident: UUID | str, number: int, rung: int, comes: bool, *, idempotency_key: str | None = None
    ) -> PagingOut:
        """Write down what somebody said whom you reached by voice."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/pagings/{self._part(number)}/reached",
            PagingOut,
            body={"rung": rung, "comes": comes},
            idempotency_key=idempotency_key,
        )

    def get_relations(self, incident: UUID | str) -> RelatedOut:
        """Parent, children, and what was merged."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/relations", RelatedOut)

    def close_incident(
        self,
        incident: UUID | str,
        outcome: str,
        reason: str,
        *,
        left_open: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Close the incident."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/close",
            IncidentOut,
            body={"outcome": outcome, "reason": reason, "left_open": left_open},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def reopen_incident(
        self, incident: UUID | str, reason: str, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> IncidentOut:
        """Take a closed incident up again; a merged one is parted from the other."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/reopen",
            IncidentOut,
            body={"reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def put_under(
        self, incident: UUID | str, parent: UUID, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> IncidentOut:
        """Put the incident under another. You lead both."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/parent",
            IncidentOut,
            body={"parent": parent, "reason": reason},
            idempotency_key=idempotency_key,
        )

    def take_out(
        self, incident: UUID | str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> IncidentOut:
        """Take the incident out from under its parent. You lead both."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/release",
            IncidentOut,
            body={"reason": reason},
            idempotency_key=idempotency_key,
        )

    def merge_incident(
        self,
        incident: UUID | str,
        into: UUID,
        reason: str,
        *,
        people: Sequence[UUID] | None = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Close the incident as part of another, where its work goes on. You lead both."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/merge",
            IncidentOut,
            body={"into": into, "reason": reason, "people": people},
            idempotency_key=idempotency_key,
        )

    def split_incident(
        self,
        incident: UUID | str,
        title: str,
        severity: int,
        reason: str,
        *,
        playbook: str | None = None,
        tasks: Sequence[int] | None = None,
        decisions: Sequence[int] | None = None,
        findings: Sequence[int] | None = None,
        scope: Sequence[int] | None = None,
        people: Sequence[UUID] | None = None,
        key: str | None = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Declare a part of the incident as one of its own, under it."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/split",
            IncidentOut,
            body={
                "title": title,
                "severity": severity,
                "reason": reason,
                "playbook": playbook,
                "tasks": tasks,
                "decisions": decisions,
                "findings": findings,
                "scope": scope,
                "people": people,
                "key": key,
            },
            idempotency_key=idempotency_key,
        )

    def list_messages(
        self,
        incident: UUID | str,
        *,
        state: Literal["draft", "in_review", "legal", "approved", "released", "recalled", "withdrawn"] | None = None,
    ) -> Iterator[OutgoingLine]:
        """The messages that you may know of, by number."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/messages", OutgoingLine, query={"state": state})

    def draft_message(
        self,
        incident: UUID | str,
        *,
        audience: str | None = None,
        template: str | None = None,
        subject: str | None = None,
        body: str | None = None,
        salutation: str | None = None,
        language: str | None = None,
        only_language: bool | None = None,
        acknowledge: bool | None = None,
        on_status: bool | None = None,
        status_word: Literal["investigating", "identified", "working", "watching", "resolved"] | None = None,
        idempotency_key: str | None = None,
    ) -> OutgoingOut:
        """Begin a message."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages",
            OutgoingOut,
            body={
                "audience": audience,
                "template": template,
                "subject": subject,
                "body": body,
                "salutation": salutation,
                "language": language,
                "only_language": only_language,
                "acknowledge": acknowledge,
                "on_status": on_status,
                "status_word": status_word,
            },
            idempotency_key=idempotency_key,
        )

    def get_message(self, incident: UUID | str, number: int) -> OutgoingOut:
        """One message, if you may know of it."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/messages/{self._part(number)}", OutgoingOut)

    def edit_message(
        self,
        incident: UUID | str,
        number: int,
        subject: str,
        body: str,
        *,
        salutation: str | None = None,
        language: str | None = None,
        only_language: bool | None = None,
        acknowledge: bool | None = None,
        on_status: bool | None = None,
        status_word: Literal["investigating", "identified", "working", "watching", "resolved"] | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> OutgoingOut:
        """Rewrite a message that has not gone."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}",
            OutgoingOut,
            body={
                "subject": subject,
                "body": body,
                "salutation": salutation,
                "language": language,
                "only_language": only_language,
                "acknowledge": acknowledge,
                "on_status": on_status,
                "status_word": status_word,
            },
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def submit_message(self, incident: UUID | str, number: int, *, idempotency_key: str | None = None) -> OutgoingOut:
        """Ask for the review of a draft."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/submit",
            OutgoingOut,
            idempotency_key=idempotency_key,
        )

    def review_message(
        self,
        incident: UUID | str,
        number: int,
        *,
        sha256: str | None = None,
        note: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> OutgoingOut:
        """Say that the text is right; then it is approved, or waits for counsel where the plan asks for that."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/review",
            OutgoingOut,
            body={"sha256": sha256, "note": note},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def approve_message_legally(
        self,
        incident: UUID | str,
        number: int,
        *,
        sha256: str | None = None,
        note: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> OutgoingOut:
        """Approve a reviewed text legally."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/approve",
            OutgoingOut,
            body={"sha256": sha256, "note": note},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def return_message(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> OutgoingOut:
        """Send a message back to its writers."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/return",
            OutgoingOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def withdraw_message(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> OutgoingOut:
        """Give a message up that has not gone."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/withdraw",
            OutgoingOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def let_message_stand(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> OutgoingOut:
        """Say that a message stands though a fact in it changed."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/stand",
            OutgoingOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def release_message(self, incident: UUID | str, number: int, *, idempotency_key: str | None = None) -> WaveOut:
        """Release one approved message by itself: a wave of one."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/release",
            WaveOut,
            idempotency_key=idempotency_key,
        )

    def recall_message(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> OutgoingOut:
        """Take back what of a message has not gone."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/messages/{self._part(number)}/recall",
            OutgoingOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_deliveries(self, incident: UUID | str, number: int) -> Iterator[DeliveryOut]:
        """Every recipient of a released message, for those with a part in all messages."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/messages/{self._part(number)}/deliveries", DeliveryOut
        )

    def list_waves(self, incident: UUID | str) -> Iterator[WaveLine]:
        """The waves, for those with a part in all messages; for others there are none."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/waves", WaveLine)

    def plan_wave(
        self,
        incident: UUID | str,
        steps: Sequence[dict[str, Any]],
        *,
        because: str | None = None,
        idempotency_key: str | None = None,
    ) -> WaveOut:
        """Put messages into an order."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/waves",
            WaveOut,
            body={"steps": steps, "because": because},
            idempotency_key=idempotency_key,
        )

    def get_wave(self, incident: UUID | str, number: int) -> WaveOut:
        """One wave: each message with what it waits for and how far it is."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/waves/{self._part(number)}", WaveOut)

    def change_wave(
        self,
        incident: UUID | str,
        number: int,
        steps: Sequence[dict[str, Any]],
        *,
        because: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> WaveOut:
        """Put a planned wave into another order."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/waves/{self._part(number)}",
            WaveOut,
            body={"steps": steps, "because": because},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def release_wave(
        self, incident: UUID | str, number: int, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> WaveOut:
        """Let a planned wave go, or a paused one go on."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/waves/{self._part(number)}/release",
            WaveOut,
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def pause_wave(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> WaveOut:
        """Hold everything of a wave that is not yet on its way."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/waves/{self._part(number)}/pause",
            WaveOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def recall_wave(
        self, incident: UUID | str, number: int, because: str, *, idempotency_key: str | None = None
    ) -> WaveOut:
        """Take back all of a wave that has not gone."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/waves/{self._part(number)}/recall",
            WaveOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def loosen_wave_step(
        self, incident: UUID | str, number: int, place: int, because: str, *, idempotency_key: str | None = None
    ) -> WaveOut:
        """Let one message go without what it waits for."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/waves/{self._part(number)}/steps/{self._part(place)}/loosen",
            WaveOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_audiences(self, incident: UUID | str) -> Iterator[AudienceOut]:
        """Who can be written to: the plan's audiences and those of the incident. For who only looks on there are none."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/audiences", AudienceOut)

    def add_audience(
        self,
        incident: UUID | str,
        title: str,
        kind: Literal[
            "executives",
            "staff",
            "customers",
            "victims",
            "partners",
            "regulators",
            "press",
            "law_enforcement",
            "insurer",
            "other",
        ],
        *,
        idempotency_key: str | None = None,
    ) -> AudienceOut:
        """Add an audience that the plan does not know."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/audiences",
            AudienceOut,
            body={"title": title, "kind": kind},
            idempotency_key=idempotency_key,
        )

    def fill_audience(
        self,
        incident: UUID | str,
        key: str,
        list: str,
        *,
        leave_out: bool | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> AudienceOut:
        """Give an audience its list. With broken lines nothing is stored, and each is named, unless `leave_out` is set."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/audiences/{self._part(key)}/recipients",
            AudienceOut,
            body={"list": list, "leave_out": leave_out},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def list_questions(self, incident: UUID | str) -> Iterator[QuestionOut]:
        """The sheet; who has no part in the messages sees the approved answers, who only looks on none."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/questions", QuestionOut)

    def write_question(
        self,
        incident: UUID | str,
        question: str,
        *,
        answer: str | None = None,
        audiences: Sequence[
            Literal[
                "executives",
                "staff",
                "customers",
                "victims",
                "partners",
                "regulators",
                "press",
                "law_enforcement",
                "insurer",
                "other",
            ]
        ]
        | None = None,
        idempotency_key: str | None = None,
    ) -> QuestionOut:
        """Write a question down."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/questions",
            QuestionOut,
            body={"question": question, "answer": answer, "audiences": audiences},
            idempotency_key=idempotency_key,
        )

    def change_question(
        self,
        incident: UUID | str,
        number: int,
        question: str,
        *,
        answer: str | None = None,
        audiences: Sequence[
            Literal[
                "executives",
                "staff",
                "customers",
                "victims",
                "partners",
                "regulators",
                "press",
                "law_enforcement",
                "insurer",
                "other",
            ]
        ]
        | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> QuestionOut:
        """Change a question or its answer; what was approved has to be approved again."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/questions/{self._part(number)}",
            QuestionOut,
            body={"question": question, "answer": answer, "audiences": audiences},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def drop_question(self, incident: UUID | str, number: int, *, idempotency_key: str | None = None) -> None:
        """Take a question off the sheet."""
        return self._ask(
            "DELETE",
            f"/incidents/{self._part(incident)}/questions/{self._part(number)}",
            None,
            idempotency_key=idempotency_key,
        )

    def approve_answer(
        self, incident: UUID | str, number: int, *, seen: Seen = None, idempotency_key: str | None = None
    ) -> QuestionOut:
        """Approve the answer as the facts give it now."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/questions/{self._part(number)}/approve",
            QuestionOut,
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def get_status_page(self, incident: UUID | str) -> StatusPageOut:
        """The public page and its address, for those with a part in all messages; 404 before it was first opened."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/status-page", StatusPageOut)

    def open_status_page(
        self, incident: UUID | str, title: str, *, language: str | None = None, idempotency_key: str | None = None
    ) -> StatusPageOut:
        """Open the public page, or change its heading. Updates are messages with `on_status`."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/status-page",
            StatusPageOut,
            body={"title": title, "language": language},
            idempotency_key=idempotency_key,
        )

    def close_status_page(
        self, incident: UUID | str, because: str, *, idempotency_key: str | None = None
    ) -> StatusPageOut:
        """Take the public page off."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/status-page/close",
            StatusPageOut,
            body={"because": because},
            idempotency_key=idempotency_key,
        )

    def list_duties(
        self,
        incident: UUID | str,
        *,
        verdict: Literal["may_apply", "cannot_tell", "not_in_force", "does_not_apply"] | None = None,
        ruling: Literal["confirmed", "rejected"] | None = None,
    ) -> Iterator[DutyOut]:
        """Every regime of the library and of the plan on the facts now, by id."""
        return self._pages(
            "GET", f"/incidents/{self._part(incident)}/duties", DutyOut, query={"verdict": verdict, "ruling": ruling}
        )

    def get_duty(self, incident: UUID | str, regime: str) -> DutyFullOut:
        """One duty."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/duties/{self._part(regime)}", DutyFullOut)

    def confirm_duty(
        self,
        incident: UUID | str,
        regime: str,
        reason: str,
        *,
        stage: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> DutyFullOut:
        """Counsel's word that it has to be notified."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/duties/{self._part(regime)}/confirm",
            DutyFullOut,
            body={"reason": reason, "stage": stage},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def reject_duty(
        self,
        incident: UUID | str,
        regime: str,
        reason: str,
        *,
        stage: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> DutyFullOut:
        """Counsel's word that it is not notified, and why."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/duties/{self._part(regime)}/reject",
            DutyFullOut,
            body={"reason": reason, "stage": stage},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def file_notice(
        self,
        incident: UUID | str,
        regime: str,
        stage: str,
        at: datetime,
        channel: str,
        *,
        reference: str | None = None,
        proof: str | None = None,
        evidence: int | None = None,
        notice: int | None = None,
        delay_reason: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> DutyFullOut:
        """Record that a notice was handed in. The first of a stage counts; another is kept as an addition."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/duties/{self._part(regime)}/file",
            DutyFullOut,
            body={
                "stage": stage,
                "at": at,
                "channel": channel,
                "reference": reference,
                "proof": proof,
                "evidence": evidence,
                "notice": notice,
                "delay_reason": delay_reason,
            },
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def strike_filing(
        self,
        incident: UUID | str,
        regime: str,
        filing: int,
        reason: str,
        *,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> DutyFullOut:
        """Strike a filing that was recorded by mistake: it stays readable, and the clocks count as if it had not been."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/duties/{self._part(regime)}/strike",
            DutyFullOut,
            body={"filing": filing, "reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def delay_notice(
        self,
        incident: UUID | str,
        regime: str,
        until: datetime,
        asked_by: str,
        reference: str,
        *,
        stage: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> DutyFullOut:
        """Hold notices back because law enforcement asked for it, where the regime knows such a delay."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/duties/{self._part(regime)}/delay",
            DutyFullOut,
            body={"until": until, "asked_by": asked_by, "reference": reference, "stage": stage},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def list_notices(self, incident: UUID | str) -> Iterator[NoticeLine]:
        """Drafts and final notices, by number."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/notices", NoticeLine)

    def draft_notice(
        self,
        incident: UUID | str,
        regime: str,
        stage: str,
        *,
        language: str | None = None,
        idempotency_key: str | None = None,
    ) -> NoticeOut:
        """Draft a notice of a stage from the facts; what no fact fills is a marked line."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notices",
            NoticeOut,
            body={"regime": regime, "stage": stage, "language": language},
            idempotency_key=idempotency_key,
        )

    def get_notice(self, incident: UUID | str, number: int) -> NoticeOut:
        """One notice."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/notices/{self._part(number)}", NoticeOut)

    def edit_notice(
        self,
        incident: UUID | str,
        number: int,
        *,
        texts: dict[str, str] | None = None,
        take: Sequence[str] | None = None,
        keep: Sequence[str] | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> NoticeOut:
        """Change a draft."""
        return self._ask(
            "PUT",
            f"/incidents/{self._part(incident)}/notices/{self._part(number)}",
            NoticeOut,
            body={"texts": texts, "take": take, "keep": keep},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def finish_notice(
        self,
        incident: UUID | str,
        number: int,
        *,
        reason: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> NoticeOut:
        """Make a draft final: its text and hash are kept."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/notices/{self._part(number)}/finish",
            NoticeOut,
            body={"reason": reason},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def get_notice_file(
        self, incident: UUID | str, number: int, *, form: Literal["pdf", "docx", "txt"] | None = None
    ) -> bytes:
        """The notice as PDF, Word document or plain text; a draft is marked as one."""
        return self._ask(
            "GET", f"/incidents/{self._part(incident)}/notices/{self._part(number)}/file", bytes, query={"form": form}
        )

    def make_referral_packet(
        self,
        incident: UUID | str,
        to: Literal["law_enforcement", "counsel"],
        recipient: str,
        *,
        items: Sequence[int] | None = None,
        with_log: bool | None = None,
        privileged: bool | None = None,
        idempotency_key: str | None = None,
    ) -> bytes:
        """Make the packet for law enforcement or outside counsel. The log says to whom it went, and its hash."""
        return self._ask(
            "POST",
            f"/incidents/{self._part(incident)}/referral",
            bytes,
            body={"to": to, "recipient": recipient, "items": items, "with_log": with_log, "privileged": privileged},
            idempotency_key=idempotency_key,
        )

    def answer_call(self, text: str, *, comes: bool | None = None, idempotency_key: str | None = None) -> Answered:
        """For SMS and voice gateways: a text that holds a reply code answers that call. It says the seat and no more."""
        return self._ask(
            "POST", "/pagings/answer", Answered, body={"text": text, "comes": comes}, idempotency_key=idempotency_key
        )

    def read_log(self, incident: UUID | str, *, after: int | None = None) -> Iterator[EntryOut]:
        """An incident's entries in order; `after` leaves out those up to a sequence number."""
        return self._pages("GET", f"/incidents/{self._part(incident)}/log", EntryOut, query={"after": after})

    def export_log(self, incident: UUID | str) -> bytes:
        """An incident's log as canonical JSON lines, as docs/verify-a-log.md checks them."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/log/export", bytes)

    def verify_log(self, incident: UUID | str) -> ProofOut:
        """Check an incident's chain from its first entry to its head."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/log/verify", ProofOut)

    def read_own_log(self, organization: str, *, after: int | None = None) -> Iterator[EntryOut]:
        """The entries of an organization's affairs outside incidents."""
        return self._pages("GET", f"/organizations/{self._part(organization)}/log", EntryOut, query={"after": after})

    def export_own_log(self, organization: str) -> bytes:
        """An organization's own log as canonical JSON lines."""
        return self._ask("GET", f"/organizations/{self._part(organization)}/log/export", bytes)

    def verify_own_log(self, organization: str) -> ProofOut:
        """Check an organization's own chain."""
        return self._ask("GET", f"/organizations/{self._part(organization)}/log/verify", ProofOut)

    def search_everything(
        self,
        q: str,
        *,
        kind: Literal[
            "incident",
            "task",
            "decision",
            "finding",
            "scope",
            "remediation",
            "note",
            "report",
            "evidence",
            "indicator",
            "log",
            "alert",
            "message",
            "person",
            "step",
        ]
        | None = None,
    ) -> Iterator[HitOut]:
        """What holds every word of `q`, the most telling first."""
        return self._pages("GET", "/search", HitOut, query={"q": q, "kind": kind})

    def list_breaches(self, *, organization: str | None = None) -> Iterator[BreachOut]:
        """The register of breaches, of incidents that you are on, by number."""
        return self._pages("GET", "/breaches", BreachOut, query={"organization": organization})

    def list_regimes(self) -> Iterator[RegimeOut]:
        """The law library: every regime of this version, by id."""
        return self._pages("GET", "/law", RegimeOut)

    def get_me(self) -> MeOut:
        """Who the token or session acts as."""
        return self._ask("GET", "/me", MeOut)

    def list_tokens(self) -> Iterator[TokenOut]:
        """Your keys, the newest first."""
        return self._pages("GET", "/tokens", TokenOut)

    def make_token(
        self,
        label: str,
        *,
        scopes: Sequence[Literal["read", "write", "admin", "alerts:in", "pages:answer"]] | None = None,
        days: int | None = None,
        organization: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewTokenOut:
        """Make a key that acts as you. A key cannot make one that may do more than itself."""
        return self._ask(
            "POST",
            "/tokens",
            NewTokenOut,
            body={"label": label, "scopes": scopes, "days": days, "organization": organization},
            idempotency_key=idempotency_key,
        )

    def end_token(self, handle: str, *, organization: str | None = None, idempotency_key: str | None = None) -> None:
        """End one of your keys."""
        return self._ask(
            "DELETE",
            f"/tokens/{self._part(handle)}",
            None,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_webhooks(self, *, organization: str | None = None) -> Iterator[WebhookOut]:
        """Your webhooks; to administrators, all of the organization."""
        return self._pages("GET", "/webhooks", WebhookOut, query={"organization": organization})

    def make_webhook(
        self,
        label: str,
        url: str,
        *,
        verbs: Sequence[str] | None = None,
        organization: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewWebhookOut:
        """Have an address told what happens, as far as you see it."""
        return self._ask(
            "POST",
            "/webhooks",
            NewWebhookOut,
            body={"label": label, "url": url, "verbs": verbs, "organization": organization},
            idempotency_key=idempotency_key,
        )

    def get_webhook(self, webhook: UUID | str, *, organization: str | None = None) -> WebhookOut:
        """One webhook."""
        return self._ask("GET", f"/webhooks/{self._part(webhook)}", WebhookOut, query={"organization": organization})

    def end_a_webhook(
        self, webhook: UUID | str, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> None:
        """End a webhook for good."""
        return self._ask(
            "DELETE",
            f"/webhooks/{self._part(webhook)}",
            None,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def pause_a_webhook(
        self, webhook: UUID | str, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> WebhookOut:
        """Send nothing for now; it is sent when the webhook is taken up again."""
        return self._ask(
            "POST",
            f"/webhooks/{self._part(webhook)}/pause",
            WebhookOut,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def resume_a_webhook(
        self, webhook: UUID | str, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> WebhookOut:
        """Take a webhook up again; it is told what it missed."""
        return self._ask(
            "POST",
            f"/webhooks/{self._part(webhook)}/resume",
            WebhookOut,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def get_war_book(self, *, organization: str | None = None) -> bytes:
        """The organization's war-book as PDF, for who sees contact data: administrators, responders and auditors."""
        return self._ask("GET", "/plan/war-book", bytes, query={"organization": organization})

    def get_incident_war_book(self, incident: UUID | str) -> bytes:
        """The incident's war-book as PDF: the room on paper, as it stands now. Guests get it without contact data."""
        return self._ask("GET", f"/incidents/{self._part(incident)}/war-book", bytes)

    def take_survival_copy(
        self,
        passphrase: str,
        *,
        incidents: Sequence[UUID] | None = None,
        organization: str | None = None,
        idempotency_key: str | None = None,
    ) -> bytes:
        """Make the encrypted copy: war-book, plan, contacts, and the papers and logs of incidents that you are on."""
        return self._ask(
            "POST",
            "/plan/survival-copy",
            bytes,
            body={"passphrase": passphrase, "incidents": incidents, "organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_plan_versions(self, *, organization: str | None = None) -> Iterator[PlanVersionOut]:
        """The imported states of the plan, the current one first."""
        return self._pages("GET", "/plan/versions", PlanVersionOut, query={"organization": organization})

    def import_plan_version(
        self, files: dict[str, str], *, organization: str | None = None, idempotency_key: str | None = None
    ) -> PlanVersionOut:
        """Import a plan; the same content again is the same version. A plan that does not hold together is refused."""
        return self._ask(
            "POST",
            "/plan/versions",
            PlanVersionOut,
            body={"files": files, "organization": organization},
            idempotency_key=idempotency_key,
        )

    def expected(self) -> ExpectedOut:
        """What is expected of you: calls, decisions, messages, duties, tasks, reports, mentions, seats; what waits for others."""
        return self._ask("GET", "/me/expected", ExpectedOut)

    def list_members(self, *, outside: bool | None = None, organization: str | None = None) -> Iterator[MemberOut]:
        """Everybody whom the plan names, by name."""
        return self._pages(
            "GET", "/people/members", MemberOut, query={"outside": outside, "organization": organization}
        )

    def get_member(self, key: str, *, organization: str | None = None) -> MemberOut:
        """One of them."""
        return self._ask("GET", f"/people/members/{self._part(key)}", MemberOut, query={"organization": organization})

    def get_reached(self, *, organization: str | None = None) -> dict[str, date | None]:
        """When each contact that was asked answered last (null: never); what `tocsin plan lint --reached` reads."""
        return self._ask("GET", "/people/reached", dict[str, date | None], query={"organization": organization})

    def list_comchecks(self, *, organization: str | None = None) -> Iterator[ComcheckOut]:
        """The rounds, the latest first."""
        return self._pages("GET", "/people/comchecks", ComcheckOut, query={"organization": organization})

    def start_comcheck(
        self,
        *,
        organization: str | None = None,
        reason: str | None = None,
        open_hours: float | None = None,
        idempotency_key: str | None = None,
    ) -> ComcheckOut:
        """Ask everybody whether they can be reached."""
        return self._ask(
            "POST",
            "/people/comchecks",
            ComcheckOut,
            query={"organization": organization},
            body={"reason": reason, "open_hours": open_hours},
            idempotency_key=idempotency_key,
        )

    def get_comcheck(self, number: int, *, organization: str | None = None) -> ComcheckOut:
        """One round."""
        return self._ask(
            "GET", f"/people/comchecks/{self._part(number)}", ComcheckOut, query={"organization": organization}
        )

    def close_comcheck(
        self, number: int, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> ComcheckOut:
        """End a round before its time."""
        return self._ask(
            "POST",
            f"/people/comchecks/{self._part(number)}/close",
            ComcheckOut,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_asks(
        self, number: int, *, answered: bool | None = None, organization: str | None = None
    ) -> Iterator[AskOut]:
        """Every way that was tried, and when an answer came by it."""
        return self._pages(
            "GET",
            f"/people/comchecks/{self._part(number)}/asks",
            AskOut,
            query={"answered": answered, "organization": organization},
        )

    def get_ask(self, number: int, ask: int, *, organization: str | None = None) -> AskOut:
        """One of them."""
        return self._ask(
            "GET",
            f"/people/comchecks/{self._part(number)}/asks/{self._part(ask)}",
            AskOut,
            query={"organization": organization},
        )

    def mark_reached(
        self, number: int, ask: int, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> AskOut:
        """Note that somebody was reached by telephone, radio or in person."""
        return self._ask(
            "POST",
            f"/people/comchecks/{self._part(number)}/asks/{self._part(ask)}/reached",
            AskOut,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_on_call(self, *, at: datetime | None = None, organization: str | None = None) -> Iterator[OnCallOut]:
        """Who is on call for each role of the plan, now or at another time."""
        return self._pages("GET", "/people/on-call", OnCallOut, query={"at": at, "organization": organization})

    def get_rota(self, role: str, *, organization: str | None = None) -> RotaOut:
        """A role's rota. The address of a calendar is not told: it often holds a secret."""
        return self._ask("GET", f"/people/on-call/{self._part(role)}", RotaOut, query={"organization": organization})

    def set_rota(
        self,
        role: str,
        members: Sequence[str],
        starts_on: date,
        handover: time,
        zone: str,
        *,
        organization: str | None = None,
        every_days: int | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> RotaOut:
        """Make a rotation for a role, or change it."""
        return self._ask(
            "PUT",
            f"/people/on-call/{self._part(role)}",
            RotaOut,
            query={"organization": organization},
            body={
                "members": members,
                "starts_on": starts_on,
                "handover": handover,
                "zone": zone,
                "every_days": every_days,
            },
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def end_rota(self, role: str, *, organization: str | None = None, idempotency_key: str | None = None) -> None:
        """Take a rotation away: from now on the plan's holder is called first."""
        return self._ask(
            "DELETE",
            f"/people/on-call/{self._part(role)}",
            None,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_slots(
        self, role: str, *, start: datetime | None = None, end: datetime | None = None, organization: str | None = None
    ) -> Iterator[SlotOut]:
        """Who serves when, from `start` (now) until `end` (four weeks later; 92 days at most). Gaps are in it."""
        return self._pages(
            "GET",
            f"/people/on-call/{self._part(role)}/slots",
            SlotOut,
            query={"start": start, "end": end, "organization": organization},
        )

    def list_shifts(self, role: str, *, organization: str | None = None) -> Iterator[ShiftOut]:
        """The shifts that go before a role's rota, the latest first; also those that were taken back."""
        return self._pages(
            "GET", f"/people/on-call/{self._part(role)}/shifts", ShiftOut, query={"organization": organization}
        )

    def put_shift(
        self,
        role: str,
        member: str,
        starts_at: datetime,
        ends_at: datetime,
        *,
        organization: str | None = None,
        because: str | None = None,
        idempotency_key: str | None = None,
    ) -> ShiftOut:
        """Have somebody take the role over for a time, whatever its rota says."""
        return self._ask(
            "POST",
            f"/people/on-call/{self._part(role)}/shifts",
            ShiftOut,
            query={"organization": organization},
            body={"member": member, "starts_at": starts_at, "ends_at": ends_at, "because": because},
            idempotency_key=idempotency_key,
        )

    def get_shift(self, role: str, shift: int, *, organization: str | None = None) -> ShiftOut:
        """One of them."""
        return self._ask(
            "GET",
            f"/people/on-call/{self._part(role)}/shifts/{self._part(shift)}",
            ShiftOut,
            query={"organization": organization},
        )

    def withdraw_shift(
        self, role: str, shift: int, *, organization: str | None = None, idempotency_key: str | None = None
    ) -> None:
        """Take a shift back from now on."""
        return self._ask(
            "DELETE",
            f"/people/on-call/{self._part(role)}/shifts/{self._part(shift)}",
            None,
            query={"organization": organization},
            idempotency_key=idempotency_key,
        )

    def list_alerts(
        self,
        *,
        state: Literal["new", "true", "false_positive", "near_miss", "duplicate"] | None = None,
        organization: str | None = None,
    ) -> Iterator[AlertOut]:
        """The alerts of your organization, the newest first."""
        return self._pages("GET", "/alerts", AlertOut, query={"state": state, "organization": organization})

    def report_alert(
        self,
        title: str,
        *,
        text: str | None = None,
        severity: int | None = None,
        organization: str | None = None,
        idempotency_key: str | None = None,
    ) -> AlertOut:
        """Report something as the person that you are. The same words again are counted."""
        return self._ask(
            "POST",
            "/alerts",
            AlertOut,
            body={"title": title, "text": text, "severity": severity, "organization": organization},
            idempotency_key=idempotency_key,
        )

    def get_alert(self, number: int, *, organization: str | None = None) -> AlertOut:
        """One alert."""
        return self._ask("GET", f"/alerts/{self._part(number)}", AlertOut, query={"organization": organization})

    def judge(
        self,
        number: int,
        state: Literal["new", "true", "false_positive", "near_miss", "duplicate"],
        *,
        organization: str | None = None,
        because: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> AlertOut:
        """Say what an alert is; a false positive, a near miss and a duplicate need a reason."""
        return self._ask(
            "POST",
            f"/alerts/{self._part(number)}/judge",
            AlertOut,
            query={"organization": organization},
            body={"state": state, "because": because},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def attach_to_incident(
        self,
        number: int,
        incident: UUID,
        *,
        organization: str | None = None,
        because: str | None = None,
        seen: Seen = None,
        idempotency_key: str | None = None,
    ) -> AlertOut:
        """Make an alert part of an incident that you work on."""
        return self._ask(
            "POST",
            f"/alerts/{self._part(number)}/attach",
            AlertOut,
            query={"organization": organization},
            body={"incident": incident, "because": because},
            seen=seen,
            idempotency_key=idempotency_key,
        )

    def declare_from_alert(
        self,
        number: int,
        severity: int,
        *,
        organization: str | None = None,
        title: str | None = None,
        playbook: str | None = None,
        summary: str | None = None,
        idempotency_key: str | None = None,
    ) -> IncidentOut:
        """Declare an incident from an alert. Repeated by the same person it gives the same incident."""
        return self._ask(
            "POST",
            f"/alerts/{self._part(number)}/declare",
            IncidentOut,
            query={"organization": organization},
            body={"severity": severity, "title": title, "playbook": playbook, "summary": summary},
            idempotency_key=idempotency_key,
        )

    def take_in(self, body: Any, *, idempotency_key: str | None = None) -> TakenIn:
        """Post an alert with the source's secret in X-Tocsin-Key; X-Tocsin-Signature where the source signs."""
        return self._ask("POST", "/alerts/in", TakenIn, body=body, idempotency_key=idempotency_key)

    def take_in_by_address(self, secret: str, body: Any, *, idempotency_key: str | None = None) -> TakenIn:
        """Post an alert with the source's secret in the address, for systems that cannot set a header."""
        return self._ask(
            "POST", f"/alerts/in/{self._part(secret)}", TakenIn, body=body, idempotency_key=idempotency_key
        )
