"""The team: everybody the plan names, by person and by seat; one person; accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core import clock
from tocsin.core.access import Hidden, OrgRole
from tocsin.core.models import Grant
from tocsin.people.comcheck import Reached, reachability
from tocsin.people.models import ApiToken, ComcheckAsk, Member, PlanVersion, User
from tocsin.people.pages import Request, of_the_house
from tocsin.people.queries import READS_CONTACTS, current_plan, taken_out
from tocsin.people.rotas import Duty, duties

PAGE, ACCOUNTS = 40, 15
NIGHT = (22, 7)
PARTIES = {
    "counsel": gettext_lazy("Counsel"),
    "insurer": gettext_lazy("Insurers"),
    "regulator": gettext_lazy("Regulators"),
    "law_enforcement": gettext_lazy("Law enforcement"),
    "press": gettext_lazy("Press office"),
    "provider": gettext_lazy("Providers"),
    "supplier": gettext_lazy("Suppliers"),
    "customer": gettext_lazy("Customers"),
    "": gettext_lazy("Other parties"),
}


@dataclass(frozen=True)
class Line:
    """One person of the team as the page shows them."""

    member: Member
    seats: list[tuple[str, int]] = field(default_factory=list)
    reached: Reached | None = None
    there: datetime | None = None

    @property
    def asleep(self) -> bool:
        """Whether it is night where they are."""
        return self.there is not None and not NIGHT[1] <= self.there.hour < NIGHT[0]

    @property
    def side(self) -> str:
        """The heading they stand under."""
        return str(PARTIES.get(self.member.party, PARTIES[""])) if self.member.outside else _("In the house")


@dataclass(frozen=True)
class Seat:
    """One role of the plan: who holds it, who comes after, who is on call now."""

    duty: Duty
    people: list[Member | str]
    now: Member | None = None
    until: datetime | None = None


def local_time(zone: str, now: datetime) -> datetime | None:
    """The time of day where somebody is; None when the plan does not say where that is."""
    try:
        return now.astimezone(ZoneInfo(zone)) if zone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def seats_of(version: PlanVersion | None) -> dict[str, list[tuple[str, int]]]:
    """Contact key -> the roles they stand in the plan for, each with their rank (0 holds it, 1 is the first backup)."""
    found: dict[str, list[tuple[str, int]]] = {}
    for role in version.plan.roles.values() if version else ():
        for rank, key in enumerate([role.holder, *role.backups]):
            if key:
                found.setdefault(key, []).append((role.title, rank))
    return found


@of_the_house
def team(request: Request) -> HttpResponse:
    """Everybody the plan names and how to reach them; who has an account and may do what."""
    version = current_plan(request.organization)
    reads = READS_CONTACTS(request.can.at)
    query, side = request.GET.get("q", "").strip()[:100], request.GET.get("side", "")
    reached = reachability(request.organization, version) if reads else {}
    members = _members(request, query, side, {k for k, r in reached.items() if r.stale})
    page = Paginator(members, PAGE).get_page(request.GET.get("page"))
    now, seats = clock.now(), seats_of(version)
    lines = [Line(m, seats.get(m.key, []), reached.get(m.pk), local_time(m.time_zone, now)) for m in page.object_list]
    context = {
        "page": page, "lines": lines, "reads": reads, "q": query, "side": side,
        "query": urlencode({k: v for k, v in (("q", query), ("side", side)) if v}),
        "seats": _seats(request) if side == "seats" else [],
        "counts": _counts(request, reached), "role_choices": list(OrgRole),
        "gone": taken_out(request.organization) if request.can["user_reactivate"] else [],
    }  # fmt: skip
    return render(request, "people/team.html", context | (_accounts(request, query) if reads else {}))


def _members(request: Request, query: str, side: str, stale: set[int]) -> QuerySet[Member]:
    rows = Member.objects.filter(organization=request.organization, active=True).order_by("outside", "party", "name")
    if query:
        words = Q(name__icontains=query) | Q(title__icontains=query) | Q(organization_name__icontains=query)
        rows = rows.filter(words | Q(key__icontains=query))
    if side in ("in", "out"):
        rows = rows.filter(outside=side == "out")
    return rows.filter(pk__in=stale) if side == "stale" else rows


def _counts(request: Request, reached: dict[int, Reached]) -> dict[str, int]:
    rows = Member.objects.filter(organization=request.organization, active=True)
    outside, every = rows.filter(outside=True).count(), rows.count()
    stale = rows.filter(pk__in=[k for k, r in reached.items() if r.stale]).count()
    return {"all": every, "in": every - outside, "out": outside, "stale": stale}


def _seats(request: Request) -> list[Seat]:
    now = clock.now()
    members = {m.key: m for m in Member.objects.filter(organization=request.organization, active=True)}
    found = []
    for duty in duties(request.organization, now, now + timedelta(minutes=1)):
        named = [duty.planned.holder, *duty.planned.backups]
        on = duty.slots[0].turn if duty.slots else None
        found.append(
            Seat(
                duty,
                [members.get(k, k) for k in named if k],
                members.get(on.who) if on else None,
                on.end if on else None,
            )
        )
    return found


def _accounts(request: Request, query: str) -> dict[str, Any]:
    """Who has an account, a page of them: their roles and keys."""
    grants = Grant.objects.filter(chain_id=request.organization.pk).select_related("user").order_by("user__name")
    roles: dict[Any, list[str]] = {}
    for grant in grants:
        roles.setdefault(grant.user, []).append(grant.role)
    lower = query.lower()
    shown = [u for u in roles if lower in u.name.lower() or lower in u.email.lower()]
    page = Paginator(shown, ACCOUNTS).get_page(request.GET.get("accounts"))
    keys: dict[Any, list[ApiToken]] = {}
    for token in ApiToken.objects.filter(user__in=page.object_list, revoked_at=None).order_by("created_at"):
        keys.setdefault(token.user_id, []).append(token)
    return {
        "accounts": [(user, roles[user], keys.get(user.pk, [])) for user in page.object_list],
        "accounts_page": page,
        "roles_of": {user.pk: held for user, held in roles.items()},
        "stays": _who_stays(request, roles),
    }


def _who_stays(request: Request, roles: dict[User, list[str]]) -> set[Any]:
    """Whom the administrator who looks cannot take out: themselves, and the last administrator."""
    administrators = [user.pk for user, held in roles.items() if OrgRole.ADMINISTRATOR in held]
    return {request.user.pk, *(administrators if len(administrators) == 1 else ())}


@of_the_house
def person(request: Request, key: str) -> HttpResponse:
    """One person: seats, ways in order and what became of them, shifts to come, and how each Comcheck went."""
    member = (
        Member.objects.filter(organization=request.organization, key=key, active=True).select_related("user").first()
    )
    if member is None:
        raise Hidden
    version, now, reads = current_plan(request.organization), clock.now(), READS_CONTACTS(request.can.at)
    answers: dict[str, datetime] = {}
    rounds: dict[int, list[ComcheckAsk]] = {}
    if reads:
        asks = ComcheckAsk.objects.filter(member=member).select_related("comcheck").order_by("-comcheck_id", "place")
        for ask in asks[:200]:
            rounds.setdefault(ask.comcheck_id, []).append(ask)
            if ask.answered_at:
                answers[ask.address] = max(ask.answered_at, answers.get(ask.address, ask.answered_at))
    line = Line(
        member, seats_of(version).get(key, []),
        reachability(request.organization, version).get(member.pk) if reads else None, local_time(member.time_zone, now),
    )  # fmt: skip
    coming = [
        (duty, slot)
        for duty in duties(request.organization, now, now + timedelta(days=60))
        for slot in duty.slots
        if slot.turn and slot.turn.who == key
    ]
    context = {"line": line, "member": member, "reads": reads, "answers": answers, "coming": coming[:12], "now": now,
               "rounds": list(rounds.values())[:8], "party": PARTIES.get(member.party) if member.party else ""}  # fmt: skip
    return render(request, "people/person.html", context)
