"""Calling people for seats: who is called, start, call off, an answer; and the door of SMS and voice gateways."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import actor_of, asker_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.api.problems import problem
from tocsin.api.scopes import scoped
from tocsin.core.access import Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import Grant
from tocsin.incidents.calling import answer_by_code, call_for
from tocsin.people.actions import answer_paging, cancel_paging
from tocsin.people.answers import answered_by_code
from tocsin.people.called import call_by_code
from tocsin.people.guesses import may_try, was_wrong
from tocsin.people.models import Paging, PagingCall, PagingState, User, Via
from tocsin.people.paging import codes_in

router = Router(tags=["calls"])
gateway = Router(tags=["calls"])
CALLS = "/{uuid:incident}/pagings"
CALL = CALLS + "/{int:number}"


class CallOut(Schema):
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

    @staticmethod
    def resolve_name(row: PagingCall) -> str:
        """The member's name."""
        return row.member.name


class PagingOut(Schema):
    """The effort to fill one seat. `people` are those on its ladder, in order."""

    number: int
    role: str
    title: str
    reason: str
    state: PagingState
    people: list[str]
    seconds: int
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    ended_because: str
    answered_by: str | None
    calls: list[CallOut]

    @staticmethod
    def resolve_people(row: Paging) -> list[str]:
        """The names on the ladder."""
        return [p["name"] for p in row.ladder]

    @staticmethod
    def resolve_answered_by(row: Paging) -> str | None:
        """Who answered."""
        return row.answered_by.name if row.answered_by else None


class CallFor(Schema, extra="forbid"):
    """The seat (a key of the plan), and why somebody is called for it now."""

    role: str
    reason: str = Field(min_length=1, max_length=300)


class Because(Schema, extra="forbid"):
    """Why."""

    reason: str


class Said(Schema, extra="forbid"):
    """What somebody said whom you reached by voice: whether they come. `rung` counts people on the ladder from 0."""

    rung: int = Field(ge=0, le=1000)
    comes: bool


class Reply(Schema, extra="forbid"):
    """What came in by SMS or voice: the text with the six digits, and whether they come."""

    text: str = Field(max_length=2000)
    comes: bool = True


class Answered(Schema):
    """What to say to whoever answered."""

    said: str


def _rows(request: HttpRequest, incident: UUID) -> QuerySet[Paging]:
    rows = Paging.objects.filter(chain=incident_of(request, incident).chain)
    return rows.select_related("answered_by").prefetch_related("calls__member", "calls__paging")


@router.get(CALLS, response=Page[PagingOut])
def list_pagings(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: PagingState | None = None, role: str | None = None
) -> dict[str, Any]:
    """Who was and is called for which seat, by number."""
    wanted = {k: v for k, v in {"state": state, "role": role}.items() if v is not None}
    return paged.rows(_rows(request, incident).filter(**wanted), "number")


@router.post(CALLS, response={201: PagingOut})
def start_calling(request: HttpRequest, incident: UUID, given: CallFor) -> Status[Paging]:
    """Call for a seat: its holder, the backups, then whom the plan names when nobody answers."""
    place = incident_of(request, incident)
    if given.role not in place.plan_version.plan.roles:
        raise Invalid(f"The plan has no role '{given.role}'.", "role")
    made = call_for(actor_of(request), place, given.role, given.reason)
    return Status(201, numbered(_rows(request, incident), made.number))


@router.get(CALL, response=PagingOut)
def get_paging(request: HttpRequest, incident: UUID, number: int) -> Paging:
    """One of them."""
    return numbered(_rows(request, incident), number)


@router.post(CALL + "/cancel", response=PagingOut)
def cancel_calling(request: HttpRequest, incident: UUID, number: int, given: Because) -> Paging:
    """Call it off."""
    place = incident_of(request, incident)
    paging = numbered(_rows(request, incident), number)
    cancel_paging(actor_of(request), place, paging=paging, because=given.reason)
    return numbered(_rows(request, incident), number)


@router.post(CALL + "/reached", response=PagingOut)
def say_reached(request: HttpRequest, incident: UUID, number: int, given: Said) -> Paging:
    """Write down what somebody said whom you reached by voice."""
    place = incident_of(request, incident)
    asked = numbered(_rows(request, incident), number).calls.filter(rung=given.rung).first()
    if asked is None:
        raise Hidden
    answer_paging(actor_of(request), place, asked=asked, yes=given.comes, via=Via.VOICE)
    return numbered(_rows(request, incident), number)


@gateway.post("/answer", response=Answered)
@scoped("pages:answer")
def answer_call(request: HttpRequest, given: Reply) -> dict[str, str] | HttpResponse:
    """For SMS and voice gateways: a text that holds a reply code answers that call. It says the seat and no more.

    It takes a token with the scope `pages:answer` of somebody who is a responder or administrator in the organization
    that calls. Ten wrong codes in ten minutes close the door for as long.
    """
    user = asker_of(request)
    who = f"user {user.pk}"
    if not may_try(who):
        return problem(429, "Too many codes were wrong. Wait ten minutes.")
    asked = call_by_code(given.text)
    if asked is None and answered_by_code(given.text):
        return {"said": "They can be reached."}
    if asked is None or not _may_answer(user, asked):
        if codes_in(given.text):
            was_wrong(who)
        raise Invalid("No call waits for this code.", "text")
    return {"said": answer_by_code(asked, yes=given.comes, via=Via.API, door=f"Gateway of {user}")}


def _may_answer(user: User, asked: PagingCall) -> bool:
    roles = (OrgRole.ADMINISTRATOR, OrgRole.RESPONDER)
    return Grant.objects.filter(chain_id=asked.paging.chain.organization_id, user=user, role__in=roles).exists()
