"""Decisions of an incident: questions, answers, objections."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import DecisionOut
from tocsin.incidents import actions
from tocsin.incidents.models import Decision, DecisionState

router = Router(tags=["decisions"])
DECISION = "/{uuid:incident}/decisions/{int:number}"


class Option(Schema, extra="forbid"):
    """One of the answers that can be given."""

    id: str = Field(max_length=80)
    label: str = Field(max_length=300)
    consequence: str = Field("", max_length=2000)


class Question(Schema, extra="forbid"):
    """What is to be decided, by which role of the plan."""

    question: str
    options: Annotated[list[Option], Field(min_length=2, max_length=20)]
    role: str
    authority: str = Field("", max_length=80)
    if_nobody_decides: str = Field("", max_length=5000)
    due_at: Moment | None = None


class Answer(Schema, extra="forbid"):
    """The id of an option, and why."""

    chosen: str
    reason: str
    revisit_at: Moment | None = None


class Objection(Schema, extra="forbid"):
    """Why somebody disagrees, or what changed."""

    reason: str = Field(max_length=5000)


@router.get("/{uuid:incident}/decisions", response=Page[DecisionOut])
def list_decisions(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: DecisionState | None = None
) -> dict[str, Any]:
    """The questions, and what was decided."""
    rows = incident_of(request, incident).decisions.all()
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
