"""People: the members that the plan names, and Comchecks."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import actor_of, numbered, organization_of
from tocsin.api.paging import Page, Paged
from tocsin.api.scopes import scoped
from tocsin.core.access import Forbidden, Hidden
from tocsin.core.models import Organization
from tocsin.people import actions
from tocsin.people.comcheck import Reached, reachability, reached_days
from tocsin.people.models import Comcheck, ComcheckAsk, Member
from tocsin.people.queries import current_plan, reads_contacts
from tocsin.plan.models import Contact

router = Router(tags=["people"])


class Way(Schema):
    """A way to reach somebody; `url` is an Apprise URL, tel: or mailto:."""

    kind: str
    url: str
    verified: date | None = None


class MemberOut(Schema):
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
    methods: list[Way] | None = None
    note: str | None = None
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    stale: bool | None = Field(None, description="Gone silent for longer than the plan's rhythm of Comchecks.")


class ComcheckOut(Schema):
    """One round of asking everybody."""

    number: int
    started_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    asked_by: str
    reason: str


class ComcheckIn(Schema, extra="forbid"):
    """Why everybody is asked, and for how many hours answers are awaited."""

    reason: str = Field("", max_length=300)
    open_hours: float = Field(24, gt=0, le=1440)


class AskOut(Schema):
    """One way of one person that was tried. Addresses are not in it: see the member."""

    id: int
    member: str
    kind: str
    place: int
    by_hand: bool
    answered_at: datetime | None
    answered_how: str

    @staticmethod
    def resolve_member(ask: ComcheckAsk) -> str:
        """The contact's key."""
        return ask.member.key


def _reader(request: HttpRequest, slug: str | None) -> Organization:
    """The organization, for whoever sees contact data. Raises Hidden or Forbidden."""
    place = organization_of(request, slug)
    if not reads_contacts(actor_of(request), place):
        raise Forbidden("How people are reached is seen by administrators, responders and auditors.")
    return place


# Members --------------------------------------------------------------------------------------


def _shown(member: Member, reached: dict[int, Reached] | None) -> dict[str, Any]:
    names = [name for name in Contact.model_fields if name not in ("organization", "methods", "note")]
    shown = {"key": member.key, "organization_name": member.organization_name, "account": member.user_id is not None}
    shown |= {name: getattr(member, name) for name in names}
    if reached is not None:
        at = reached.get(member.pk)
        shown |= {"methods": member.methods, "note": member.note, "stale": at.stale if at else None}
        shown |= {"asked_at": at.asked_at, "answered_at": at.answered_at} if at else {}
    return shown


def _reach(request: HttpRequest, place: Organization) -> dict[int, Reached] | None:
    return reachability(place, current_plan(place)) if reads_contacts(actor_of(request), place) else None


@router.get("/members", response=Page[MemberOut])
def list_members(
    request: HttpRequest, paged: Query[Paged], outside: bool | None = None, organization: str | None = None
) -> dict[str, Any]:
    """Everybody whom the plan names, by name."""
    place = organization_of(request, organization)
    rows = Member.objects.filter(organization=place, active=True)
    page = paged.rows(rows if outside is None else rows.filter(outside=outside), "name")
    reached = _reach(request, place)
    return page | {"items": [_shown(m, reached) for m in page["items"]]}


@router.get("/members/{str:key}", response=MemberOut)
def get_member(request: HttpRequest, key: str, organization: str | None = None) -> dict[str, Any]:
    """One of them."""
    place = organization_of(request, organization)
    found = Member.objects.filter(organization=place, key=key, active=True).first()
    if found is None:
        raise Hidden
    return _shown(found, _reach(request, place))


@router.get("/reached", response=dict[str, date | None])
def get_reached(request: HttpRequest, organization: str | None = None) -> dict[str, date | None]:
    """When each contact that was asked answered last (null: never); what `tocsin plan lint --reached` reads."""
    place = _reader(request, organization)
    return {key: at.date() if at else None for key, at in reached_days(place).items()}


# Comchecks ------------------------------------------------------------------------------------


@router.get("/comchecks", response=Page[ComcheckOut])
def list_comchecks(request: HttpRequest, paged: Query[Paged], organization: str | None = None) -> dict[str, Any]:
    """The rounds, the latest first."""
    return paged.rows(Comcheck.objects.filter(organization=_reader(request, organization)), "-number")


def _comcheck(request: HttpRequest, number: int, slug: str | None) -> Comcheck:
    return numbered(Comcheck.objects.filter(organization=_reader(request, slug)), number)


@router.get("/comchecks/{int:number}", response=ComcheckOut)
def get_comcheck(request: HttpRequest, number: int, organization: str | None = None) -> Comcheck:
    """One round."""
    return _comcheck(request, number, organization)


@router.post("/comchecks", response={201: ComcheckOut})
@scoped("admin")
def start_comcheck(request: HttpRequest, given: ComcheckIn, organization: str | None = None) -> Status[Comcheck]:
    """Ask everybody whether they can be reached."""
    place, open_for = organization_of(request, organization), timedelta(hours=given.open_hours)
    return Status(201, actions.start_comcheck(actor_of(request), place, reason=given.reason, open_for=open_for))


@router.post("/comchecks/{int:number}/close", response=ComcheckOut)
@scoped("admin")
def close_comcheck(request: HttpRequest, number: int, organization: str | None = None) -> Comcheck:
    """End a round before its time."""
    found = _comcheck(request, number, organization)
    return actions.close_comcheck(actor_of(request), found.organization, comcheck=found)


@router.get("/comchecks/{int:number}/asks", response=Page[AskOut])
def list_asks(
    request: HttpRequest,
    number: int,
    paged: Query[Paged],
    answered: bool | None = None,
    organization: str | None = None,
) -> dict[str, Any]:
    """Every way that was tried, and when an answer came by it."""
    rows = _comcheck(request, number, organization).asks.select_related("member")
    return paged.rows(rows if answered is None else rows.filter(answered_at__isnull=not answered), "pk")


def _ask(request: HttpRequest, number: int, ask: int, slug: str | None) -> ComcheckAsk:
    found = (
        _comcheck(request, number, slug).asks.select_related("member", "comcheck__organization").filter(pk=ask).first()
    )
    if found is None:
        raise Hidden
    return found


@router.get("/comchecks/{int:number}/asks/{int:ask}", response=AskOut)
def get_ask(request: HttpRequest, number: int, ask: int, organization: str | None = None) -> ComcheckAsk:
    """One of them."""
    return _ask(request, number, ask, organization)


@router.post("/comchecks/{int:number}/asks/{int:ask}/reached", response=AskOut)
def mark_reached(request: HttpRequest, number: int, ask: int, organization: str | None = None) -> ComcheckAsk:
    """Note that somebody was reached by telephone, radio or in person."""
    found = _ask(request, number, ask, organization)
    actions.mark_reached(actor_of(request), found.comcheck.organization, ask=found)
    return _ask(request, number, ask, organization)
