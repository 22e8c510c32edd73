"""On call: who serves now, rotas, and shifts that go before them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, organization_of
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.api.scopes import scoped
from tocsin.core import clock
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.core.models import Organization
from tocsin.people import actions
from tocsin.people.models import Member, Rota, RotaKind, Shift
from tocsin.people.queries import member_by_key
from tocsin.people.rotas import Duty, because, duties

router = Router(tags=["on call"])
LONGEST = timedelta(days=92)
KEY = "The key of a contact in the plan."
ROLE = "/on-call/{str:role}"


class OnCallOut(Schema):
    """Who is on call for a role. `member` is null where no rota names anybody: then the plan's holder is called."""

    role: str
    title: str
    member: str | None
    name: str
    until: datetime | None
    because: str
    has_rota: bool


class RotaOut(Schema):
    """The rota of a role: a calendar that the plan names, a rotation made here, or none."""

    role: str
    title: str
    kind: RotaKind | None
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


class RotaIn(Schema, extra="forbid"):
    """Members (contact keys) take turns, each for `every_days`, and hand over at a local time in `zone`."""

    members: list[str] = Field(min_length=1, max_length=100)
    starts_on: date
    handover: time
    zone: str = Field(max_length=64)
    every_days: int = Field(7, ge=1, le=92)


class SlotOut(Schema):
    """A stretch of time; nobody serves in it where `member` is null."""

    start: datetime
    end: datetime
    member: str | None
    source: Literal["calendar", "rota", "shift", ""]
    said: str


class ShiftOut(Schema):
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

    @staticmethod
    def resolve_member(shift: Shift) -> str:
        """The contact's key."""
        return shift.member.key


class ShiftIn(Schema, extra="forbid"):
    """Who takes the role over, from when until when, and why."""

    member: str = Field(max_length=80, description=KEY)
    starts_at: Moment
    ends_at: Moment
    because: str = Field("", max_length=300)


def _names(place: Organization) -> dict[str, str]:
    return dict(Member.objects.filter(organization=place).values_list("key", "name"))


@router.get("/on-call", response=Page[OnCallOut])
def list_on_call(
    request: HttpRequest, paged: Query[Paged], at: Moment | None = None, organization: str | None = None
) -> dict[str, Any]:
    """Who is on call for each role of the plan, now or at another time."""
    place = organization_of(request, organization)
    moment, names = at or clock.now(), _names(place)
    found = [_on_call(d, place, names) for d in duties(place, moment, moment + timedelta(microseconds=1))]
    return paged.listed(found, key=lambda one: (one["role"],))


def _on_call(duty: Duty, place: Organization, names: dict[str, str]) -> dict[str, Any]:
    turn = duty.slots[0].turn
    return {
        "role": duty.role, "title": duty.planned.title, "has_rota": duty.has_rota,
        "member": turn.who if turn else None, "name": names.get(turn.who, "") if turn else "",
        "until": turn.end if turn else None, "because": because(turn, place.time_zone) if turn else "",
    }  # fmt: skip


def _duty(place: Organization, role: str, start: datetime, end: datetime) -> Duty:
    found = duties(place, start, end, role)
    if not found:
        raise Hidden
    return found[0]


@router.get(ROLE, response=RotaOut)
def get_rota(request: HttpRequest, role: str, organization: str | None = None) -> dict[str, Any]:
    """A role's rota. The address of a calendar is not told: it often holds a secret."""
    now = clock.now()
    return _rota(_duty(organization_of(request, organization), role, now, now + timedelta(days=1)))


def _rota(duty: Duty) -> dict[str, Any]:
    rota = duty.rota or Rota(kind=RotaKind.HERE, revision=0)
    names = (
        "revision",
        "members",
        "starts_on",
        "handover",
        "zone",
        "every_days",
        "fetched_at",
        "error",
        "failing_since",
    )
    return {name: getattr(rota, name) for name in names} | {
        "role": duty.role, "title": duty.planned.title, "kind": duty.rota.kind if duty.rota else None,
        "remarks": [*rota.remarks, *(f"'{e.summary}' names nobody of the plan" for e in duty.unknown)],
    }  # fmt: skip


@router.get(ROLE + "/slots", response=Page[SlotOut])
def list_slots(
    request: HttpRequest, role: str, paged: Query[Paged], start: Moment | None = None, end: Moment | None = None,
    organization: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Who serves when, from `start` (now) until `end` (four weeks later; 92 days at most). Gaps are in it."""
    begins = start or clock.now()
    ends = end or begins + timedelta(days=28)
    if not begins < ends <= begins + LONGEST:
        raise Invalid("The time ends after it begins, and at most 92 days later.", "end")
    duty = _duty(organization_of(request, organization), role, begins, ends)
    found: list[dict[str, Any]] = [
        {"start": s.start, "end": s.end, "member": s.turn.who if s.turn else None,
         "source": s.turn.source if s.turn else "", "said": s.turn.said if s.turn else ""}
        for s in duty.slots
    ]  # fmt: skip
    return paged.listed(found, key=lambda one: (one["start"].astimezone(UTC).isoformat(),))


@router.put(ROLE, response=RotaOut)
@scoped("admin")
def set_rota(
    request: HttpRequest, role: str, given: RotaIn, seen: Seen = None, organization: str | None = None
) -> dict[str, Any]:
    """Make a rotation for a role, or change it."""
    place = organization_of(request, organization)
    actions.set_rota(
        actor_of(request), place, role=role, members=given.members, starts_on=given.starts_on,
        handover=given.handover.replace(tzinfo=None), zone=given.zone, every_days=given.every_days, revision=seen,
    )  # fmt: skip
    return get_rota(request, role, organization)


@router.delete(ROLE, response={204: None})
@scoped("admin")
def end_rota(request: HttpRequest, role: str, organization: str | None = None) -> Status[None]:
    """Take a rotation away: from now on the plan's holder is called first."""
    place = organization_of(request, organization)
    rota = Rota.objects.filter(organization=place, role=role).first()
    if rota is None:
        raise Hidden
    actions.end_rota(actor_of(request), place, rota=rota)
    return Status(204, None)


@router.get(ROLE + "/shifts", response=Page[ShiftOut])
def list_shifts(
    request: HttpRequest, role: str, paged: Query[Paged], organization: str | None = None
) -> dict[str, Any]:
    """The shifts that go before a role's rota, the latest first; also those that were taken back."""
    rows = Shift.objects.filter(organization=organization_of(request, organization), role=role)
    return paged.rows(rows.select_related("member"), "-starts_at")


@router.get(ROLE + "/shifts/{int:shift}", response=ShiftOut)
def get_shift(request: HttpRequest, role: str, shift: int, organization: str | None = None) -> Shift:
    """One of them."""
    rows = Shift.objects.filter(organization=organization_of(request, organization), role=role)
    found = rows.select_related("member").filter(pk=shift).first()
    if found is None:
        raise Hidden
    return found


@router.post(ROLE + "/shifts", response={201: ShiftOut})
def put_shift(request: HttpRequest, role: str, given: ShiftIn, organization: str | None = None) -> Status[Shift]:
    """Have somebody take the role over for a time, whatever its rota says."""
    place = organization_of(request, organization)
    member = member_by_key(place, given.member)
    if member is None:
        raise Invalid(f"The plan knows nobody as '{given.member}'.", "member")
    made = actions.put_shift(
        actor_of(request), place, role=role, member=member, starts_at=given.starts_at, ends_at=given.ends_at,
        because=given.because,
    )  # fmt: skip
    return Status(201, made)


@router.delete(ROLE + "/shifts/{int:shift}", response={204: None})
def withdraw_shift(request: HttpRequest, role: str, shift: int, organization: str | None = None) -> Status[None]:
    """Take a shift back from now on."""
    found = get_shift(request, role, shift, organization)
    actions.withdraw_shift(actor_of(request), found.organization, shift=found)
    return Status(204, None)
