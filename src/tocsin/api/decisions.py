"""Decisions of an incident: questions, briefs, recommendations, answers, objections."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import DecisionOut
from tocsin.core.canonical import plain
from tocsin.incidents import actions
from tocsin.incidents.briefs import brief_of
from tocsin.incidents.models import Decision, DecisionState
from tocsin.incidents.queries import now_in
from tocsin.plan.decision_models import MOST_MONEY

router = Router(tags=["decisions"])
DECISION = "/{uuid:incident}/decisions/{int:number}"


FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Money = Annotated[int, Field(ge=0, le=MOST_MONEY)]


class OptionCost(Schema, extra="forbid"):
    """What an option costs: whole units of a currency (ISO 4217), from `low` to `high`; `note` says what for."""

    currency: str = Field(pattern="^[A-Z]{3}$")
    low: Money
    high: Money | None = None
    note: str = Field("", max_length=200)


class Option(Schema, extra="forbid"):
    """One of the answers that can be given; it cannot be chosen until every fact under `requires` is stated as true."""

    id: str = Field(max_length=80)
    label: str = Field(max_length=300)
    consequence: str = Field("", max_length=2000)
    cost: OptionCost | None = None
    requires: list[FactName] = Field([], max_length=20)


class Question(Schema, extra="forbid"):
    """What is to be decided, by which role of the plan."""

    question: str
    options: Annotated[list[Option], Field(min_length=2, max_length=20)]
    role: str
    authority: str = Field("", max_length=80)
    if_nobody_decides: str = Field("", max_length=5000)
    due_at: Moment | None = None
    facts: list[FactName] = Field([], max_length=40)


class Answer(Schema, extra="forbid"):
    """The id of an option, and why."""

    chosen: str
    reason: str
    revisit_at: Moment | None = None


class Recommendation(Schema, extra="forbid"):
    """Which option you are for, and why."""

    option: str = Field(max_length=80)
    reason: str = Field(max_length=1000)


class BriefOut(Schema):
    """What the decider has before them: `brief` as of now for an open question; as it was kept for a taken one.

    `kept` holds the very text whose SHA-256 (hex) stands in the log's entry; both are empty while it is open, or for a
    decision that was taken before briefs were kept.
    """

    brief: dict[str, Any]
    kept: str
    sha256: str


class Objection(Schema, extra="forbid"):
    """Why somebody disagrees, or what changed."""

    reason: str = Field(max_length=5000)


@router.get("/{uuid:incident}/decisions", response=Page[DecisionOut])
def list_decisions(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: DecisionState | None = None
) -> dict[str, Any]:
    """The questions, and what was decided."""
    rows = incident_of(request, incident).decisions.select_related("before")
    return paged.rows(rows.filter(state=state) if state else rows, "number")


@router.post("/{uuid:incident}/decisions", response={201: DecisionOut})
def put_question(request: HttpRequest, incident: UUID, given: Question) -> Status[Decision]:
    """Put a question to a role."""
    return Status(201, actions.open_decision(actor_of(request), incident_of(request, incident), **given.dict()))


@router.get(DECISION, response=DecisionOut)
def get_decision(request: HttpRequest, incident: UUID, number: int) -> Decision:
    """One question and its answer."""
    return numbered(incident_of(request, incident).decisions.all(), number)


@router.post(DECISION, response=DecisionOut)
def take_decision(request: HttpRequest, incident: UUID, number: int, given: Answer) -> Decision:
    """Answer a question, if the plan gives you the authority."""
    place = incident_of(request, incident)
    asked = numbered(place.decisions.all(), number)
    actions.decide(actor_of(request), place, decision=asked, **given.dict())
    return numbered(place.decisions.all(), number)


@router.get(DECISION + "/brief", response=BriefOut)
def get_brief(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """The brief of a question: options, what is known and not, clocks, scope, who may decide."""
    place = incident_of(request, incident)
    asked = numbered(place.decisions.select_related("before"), number)
    asked.incident = place
    if asked.brief or asked.state != DecisionState.OPEN:
        return {"brief": json.loads(asked.brief or "{}"), "kept": asked.brief, "sha256": asked.brief_sha256}
    return {"brief": plain(brief_of(asked, now_in(place))), "kept": "", "sha256": ""}


@router.post(DECISION + "/recommend", response=DecisionOut)
def recommend_option(request: HttpRequest, incident: UUID, number: int, given: Recommendation) -> Decision:
    """Say which option you are for, and why; the decider sees it in the brief. It replaces what you said before."""
    place = incident_of(request, incident)
    asked = numbered(place.decisions.all(), number)
    actions.recommend(actor_of(request), place, decision=asked, **given.dict())
    return numbered(place.decisions.all(), number)


@router.post(DECISION + "/dissent", response=DecisionOut)
def dissent_from_decision(request: HttpRequest, incident: UUID, number: int, given: Objection) -> Decision:
    """Write down that you disagree, and why."""
    place = incident_of(request, incident)
    asked = numbered(place.decisions.all(), number)
    actions.dissent(actor_of(request), place, decision=asked, reason=given.reason)
    return numbered(place.decisions.all(), number)


@router.post(DECISION + "/revisit", response={201: DecisionOut})
def revisit_decision(request: HttpRequest, incident: UUID, number: int, given: Objection) -> Status[Decision]:
    """Ask a question again because something changed; the first answer stays as it was. Answers the new question."""
    place = incident_of(request, incident)
    asked = numbered(place.decisions.all(), number)
    return Status(201, actions.revisit(actor_of(request), place, decision=asked, reason=given.reason))
