"""What the API says and takes of communications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from tocsin.api.asking import LARGEST, Moment
from tocsin.comms.models import Message, MessageState, StatusWord, Wave, WaveState
from tocsin.comms.pages import StepShown, text_of
from tocsin.comms.queries import Delivered, standing_of
from tocsin.plan.comms_models import AudienceKind

Hash = Field(None, pattern="^[0-9a-f]{64}$", description="The SHA-256 of the text that you read.")


class StandingOut(Schema):
    """How many recipients are where; `read` confirmed having read it."""

    total: int
    waiting: int
    queued: int
    sent: int
    failed: int
    fenced: int
    recalled: int
    read: int


class OutgoingLine(Schema):
    """A message in the list."""

    number: int
    state: MessageState
    audience: str = Field(description="Its key.")
    audience_title: str
    subject: str
    language: str
    template: str
    task: int | None = Field(description="The number of the task that asked for it.")
    on_status: bool
    outdated: list[dict[str, Any]] = Field(description="Facts in it that changed since: `fact`, `was`, `now`.")
    author: str
    created_at: datetime
    changed_at: datetime
    released_at: datetime | None
    finished_at: datetime | None
    revision: int


class AgreedOut(Schema):
    """Who said what to a text; `void` when the text or a fact in it changed since."""

    kind: str
    by: str
    at: datetime
    note: str
    sha256: str
    void: bool
    sequence: int


class OutgoingOut(OutgoingLine):
    """A message. `text` is the exact text that was approved, or while it is not, the text with the facts as they are."""

    salutation: str
    body: str = Field(description="As it was written, with its placeholders.")
    text: str
    sha256: str = Field(description="Over subject, an empty line and text.")
    missing: list[str] = Field(description="Facts that it asks for and nobody knows yet.")
    facts: dict[str, Any]
    only_language: bool
    acknowledge: bool
    status_word: str
    because: str
    approvals: list[AgreedOut]
    delivery: StandingOut


def line_out(message: Message) -> dict[str, Any]:
    """A message as a line of the list."""
    named = {"audience": message.audience.key, "audience_title": message.audience.title,
             "task": message.task.number if message.task else None}  # fmt: skip
    return {n: getattr(message, n) for n in OutgoingLine.model_fields if n not in named} | named


def message_out(message: Message) -> dict[str, Any]:
    """A message with its text, approvals and delivery."""
    text, frozen = text_of(message), bool(message.sha256) and message.state not in ("draft", "in_review")
    names = ("salutation", "body", "only_language", "acknowledge", "status_word", "because")
    return (
        line_out(message)
        | {name: getattr(message, name) for name in names}
        | {
            "subject": message.final_subject if frozen else text.subject,
            "text": message.final_text if frozen else text.body,
            "sha256": message.sha256 if frozen else text.sha256,
            "missing": [] if frozen else list(text.missing),
            "facts": message.facts if frozen else text.facts,
            "approvals": list(message.approvals.all()),
            "delivery": standing_of(message),
        }
    )


class OutgoingNew(Schema, extra="forbid"):
    """A message to an audience of the plan or the incident: from a `template` of the plan, or in words of its own."""

    audience: str = Field("", max_length=80)
    template: str = Field("", max_length=80)
    subject: str = Field("", max_length=300)
    body: str = ""
    salutation: str = Field("", max_length=200)
    language: str = Field("", max_length=16)
    only_language: bool = False
    acknowledge: bool = False
    on_status: bool = False
    status_word: StatusWord | None = None


class OutgoingText(Schema, extra="forbid"):
    """The whole of a message's words and settings. Whatever was approved of it becomes void."""

    subject: str = Field(max_length=300)
    body: str
    salutation: str = Field("", max_length=200)
    language: str = Field("en", max_length=16)
    only_language: bool = False
    acknowledge: bool = False
    on_status: bool = False
    status_word: StatusWord | None = None


class Agreeing(Schema, extra="forbid"):
    """With `sha256`, the hash of the text that you read, another text is refused with 412."""

    sha256: str | None = Hash
    note: str = Field("", max_length=2000)


class MessageReason(Schema, extra="forbid"):
    """Why."""

    because: str = Field(max_length=5000)


class DeliveryOut(Schema):
    """One recipient, and how the delivery went: waiting, queued, sent, failed, fenced or recalled."""

    number: int
    name: str
    address: str
    state: str
    error: str
    attempts: int
    acknowledged_at: datetime | None


def delivery_out(row: Delivered) -> dict[str, Any]:
    """One recipient."""
    one = row.delivery
    return {"number": one.number, "name": one.name, "address": one.address, "state": row.state, "error": row.error,
            "attempts": row.attempts, "acknowledged_at": one.acknowledged_at}  # fmt: skip


class WaveStepIn(Schema, extra="forbid"):
    """A message in its turn. `after` are places above it, from 1; left out: whom such people usually wait for."""

    message: int = Field(ge=1, le=LARGEST)
    not_before: Moment | None = None
    after: list[int] | None = Field(None, max_length=50)
    after_task: int | None = Field(None, ge=1, le=LARGEST)


class WaveIn(Schema, extra="forbid"):
    """The messages in order; `because` where somebody would hear later than they should."""

    steps: list[WaveStepIn] = Field(min_length=1, max_length=50)
    because: str = Field("", max_length=2000)


class WaveStepOut(Schema):
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


class WaveLine(Schema):
    """A wave in the list."""

    number: int
    state: WaveState
    planned_by: str
    planned_at: datetime
    released_by: str
    released_at: datetime | None
    ended_at: datetime | None
    because: str
    order_because: str
    revision: int


class WaveOut(WaveLine):
    """A wave with its messages."""

    steps: list[WaveStepOut]


def wave_out(wave: Wave, steps: list[StepShown]) -> dict[str, Any]:
    """A wave with its messages."""
    rows = [
        {"place": s.step.place, "message": s.message.number, "standing": s.word, "waits_for": s.waits,
         "not_before": s.step.not_before, "after": s.step.after, "loosened": s.step.loosened, "sha256": s.step.sha256,
         "after_task": s.step.after_task.number if s.step.after_task else None, "delivery": s.standing}
        for s in steps
    ]  # fmt: skip
    return {n: getattr(wave, n) for n in WaveLine.model_fields} | {"steps": rows}


class AudienceIn(Schema, extra="forbid"):
    """An audience that the plan does not know."""

    title: str = Field(max_length=200)
    kind: AudienceKind


class AudienceOut(Schema):
    """Whom an audience reaches. Names only for those with a part in the communications."""

    key: str
    title: str
    kind: AudienceKind
    reaches: int
    folded: int = Field(description="How many share an address with another.")
    unreachable: list[str] = Field(description="People of the plan to whom nothing can be written.")
    listed: int = Field(description="How many stand on the list that it was given.")
    revision: int


class ListIn(Schema, extra="forbid"):
    """One recipient a line: `name, address, language`, `Name <address>` or an address alone. It replaces the list."""

    list: str = Field(max_length=4_000_000)
    leave_out: bool = Field(False, description="Store the good lines though others are broken.")


class QuestionIn(Schema, extra="forbid"):
    """A question and its answer; `audiences` are kinds of people, none for all."""

    question: str = Field(max_length=500)
    answer: str = Field("", max_length=5000)
    audiences: list[AudienceKind] = Field(default_factory=list, max_length=20)


class QuestionOut(Schema):
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


class StatusPageIn(Schema, extra="forbid"):
    """The heading that the public reads."""

    title: str = Field(max_length=200)
    language: str = Field("en", max_length=16)


class StatusPageOut(Schema):
    """The public page; its address opens without an account."""

    title: str
    language: str
    open: bool
    url: str
    opened_at: datetime
    opened_by: str
