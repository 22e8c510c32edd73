"""The on-call pages: a week of all roles, one role with its rota, and the acts on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tocsin.core import clock
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.people.actions import end_rota, put_shift, set_rota, withdraw_shift
from tocsin.people.duty import Slot
from tocsin.people.models import Member, RotaKind, Shift
from tocsin.people.pages import Request, act, done, of_the_house, whole_number
from tocsin.people.rotas import AHEAD, Duty, duties, next_turn, week_of

STEP = timedelta(minutes=30)
SPARE = 3
LIST = timedelta(days=60)


@dataclass(frozen=True)
class Cell:
    """A stretch on the week's strip: how many half hours wide, who serves in it, and how it is told apart."""

    width: int
    slot: Slot
    name: str
    tone: int
    is_now: bool

    @property
    def short(self) -> str:
        """What fits: the name, or its initials where the stretch is short."""
        return self.name if self.width >= 36 else "".join(w[0] for w in self.name.split()[:2])


@dataclass(frozen=True)
class Row:
    """One role in the week: its strip, who serves now and who comes next."""

    duty: Duty
    cells: list[Cell]
    now: Slot | None
    now_name: str
    next: Slot | None
    next_name: str
    others: list[str]


@of_the_house
def on_call(request: Request) -> HttpResponse:
    """A week of every role: who now, who next; a time in which nobody serves is red."""
    now, zone = clock.now(), timezone.get_current_timezone_name()
    start, end = week_of(_asked_day(request, now), zone)
    names = _names(request)
    # From now too, whatever week is looked at: who serves now and next is what the page is for.
    ahead = {d.role: d for d in duties(request.organization, now, now + AHEAD)}
    rows = [_row(duty, ahead[duty.role], start, now, names) for duty in duties(request.organization, start, end)]
    days = [_day(start, n) for n in range(7)]
    context = {
        "rows": [r for r in rows if r.duty.has_rota or r.duty.shifts],
        "without": [r for r in rows if not r.duty.has_rota and not r.duty.shifts],
        "days": days,
        "width": sum(d["width"] for d in days), "start": start, "is_this_week": start <= now < end, "now": now,
        "earlier": (start - timedelta(days=3)).date(), "later": (end + timedelta(days=3)).date(),
    }  # fmt: skip
    return render(request, "people/on_call.html", context)


def _asked_day(request: Request, now: datetime) -> datetime:
    try:
        asked = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return now
    if not 1990 <= asked.year <= 2200:
        return now
    return datetime.combine(asked, time(12), timezone.get_current_timezone())


def _names(request: Request) -> dict[str, str]:
    return dict(Member.objects.filter(organization=request.organization).values_list("key", "name"))


def _day(start: datetime, number: int) -> dict[str, Any]:
    """A day of the week's head: its date, and its width in half hours, which is 46 or 50 when the clocks change."""
    local = timezone.localtime(start).date() + timedelta(days=number)
    zone = timezone.get_current_timezone()
    begins = datetime.combine(local, time(0), zone).astimezone(UTC)
    ends = datetime.combine(local + timedelta(days=1), time(0), zone).astimezone(UTC)
    return {"date": local, "width": round((ends - begins) / STEP)}


def _row(duty: Duty, ahead: Duty, start: datetime, now: datetime, names: dict[str, str]) -> Row:
    order = list(dict.fromkeys(s.turn.who for s in duty.slots if s.turn))
    cells, at = [], 0
    for slot in duty.slots:
        until = round((slot.end - start) / STEP)
        if until > at:
            who = slot.turn.who if slot.turn else ""
            tone = order.index(who) % 4 + 1 if who else 0
            cells.append(Cell(until - at, slot, names.get(who, ""), tone, slot.start <= now < slot.end))
            at = until
    current = ahead.slots[0] if ahead.slots else None
    following = next_turn(ahead, now)
    planned = [names.get(k, k) for k in (duty.planned.holder, *duty.planned.backups) if k]
    return Row(duty, cells, current, _who(current, names), following, _who(following, names), planned)


def _who(slot: Slot | None, names: dict[str, str]) -> str:
    return names.get(slot.turn.who, "") if slot and slot.turn else ""


@of_the_house
def on_call_role(request: Request, role: str) -> HttpResponse:
    """One role: who serves in the weeks to come, where that comes from, and what can be changed."""
    now = clock.now()
    found = duties(request.organization, now, now + LIST, role)
    if not found:
        raise Hidden
    (duty,) = found
    names, rota = _names(request), duty.rota
    chosen = [names.get(k, k) for k in rota.members] if rota and rota.kind == RotaKind.HERE else []
    context = {
        "duty": duty, "rota": rota, "names": names, "now": now,
        "people": Member.objects.filter(organization=request.organization, active=True).order_by("outside", "name"),
        "lines": [(slot, names.get(slot.turn.who, "") if slot.turn else "") for slot in duty.slots[:40]],
        "host": (duty.planned.on_call.url.split("/")[2].rpartition("@")[2] if duty.planned.on_call.url else "")
        if duty.planned.on_call else "",
        "chosen": [*chosen, *[""] * SPARE] if chosen else [""] * (SPARE + 1),
        "order": [names.get(k, k) for k in (duty.planned.holder, *duty.planned.backups) if k],
        "today": timezone.localtime(now).date(),
        "horizon": now + LIST,
    }  # fmt: skip
    return render(request, "people/on_call_role.html", context)


def _member(request: Request, given: str, field: str) -> Member:
    """The member that a field of a form names: by key, or by name where only one has it. Raises Invalid."""
    text = " ".join(given.split())
    rows = Member.objects.filter(organization=request.organization, active=True)
    found = list(rows.filter(key=text)) or list(rows.filter(name__iexact=text)[:2])
    if len(found) != 1:
        said = _("The plan knows nobody as “%s”.") if not found else _("Several are called “%s”; write the key.")
        raise Invalid(said % text, field)
    return found[0]


@act
def save_rota(request: Request, role: str) -> HttpResponse:
    """Make or change a rotation."""
    given = [g for g in request.POST.getlist("members") if g.strip()]
    members = [_member(request, g, "members").key for g in given[:100]]
    set_rota(
        request.actor, request.organization, role=role, members=members,
        starts_on=_day_of(request, "starts_on"), handover=_time_of(request, "handover"),
        zone=request.POST.get("zone", ""), every_days=whole_number(request.POST.get("every_days", "")) or 0,
        revision=whole_number(request.POST.get("revision", "")),
    )  # fmt: skip
    return done(request, "on-call", _("The rota is kept. Who serves now and next stands above."))


@act
def drop_rota(request: Request, role: str) -> HttpResponse:
    """Take a rotation away."""
    rota = request.organization.rotas.filter(role=role).first()
    if rota is None:
        raise Invalid(_("This rota was taken away already."))
    if request.POST.get("sure") != "yes":
        raise Invalid(_("Tick the box to say that you mean it."), "sure")
    end_rota(request.actor, request.organization, rota=rota)
    return done(request, "on-call", _("The rota is gone. The plan's holder is called first."))


@act
def add_shift(request: Request, role: str) -> HttpResponse:
    """Put somebody on call for a time."""
    shift = put_shift(
        request.actor, request.organization, role=role, member=_member(request, request.POST.get("member", ""), "member"),
        starts_at=_moment(request, "starts_at"), ends_at=_moment(request, "ends_at"),
        because=request.POST.get("because", "").strip(),
    )  # fmt: skip
    return done(request, "on-call", _("%s is on call for that time.") % shift.member.name)


@act
def take_shift_back(request: Request, role: str, shift: str) -> HttpResponse:
    """Take a shift back."""
    number = whole_number(shift) or 0
    found = Shift.objects.filter(pk=number, organization=request.organization, role=role).first()
    if found is None:
        raise Hidden
    withdraw_shift(request.actor, request.organization, shift=found)
    return done(request, "on-call", _("The shift was taken back."))


def _day_of(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.POST.get(name, ""))
    except ValueError as error:
        raise Invalid(_("Write a date as 2026-11-30."), name) from error


def _time_of(request: Request, name: str) -> time:
    try:
        return time.fromisoformat(request.POST.get(name, "")).replace(tzinfo=None)
    except ValueError as error:
        raise Invalid(_("Write a time of day as 08:00."), name) from error


def _moment(request: Request, name: str) -> datetime:
    """A local time of the reader's zone, as an instant. Raises Invalid."""
    try:
        given = datetime.fromisoformat(request.POST.get(name, ""))
        local = given if given.tzinfo else given.replace(tzinfo=timezone.get_current_timezone())
        return local.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(_("Write a date and a time."), name) from error
