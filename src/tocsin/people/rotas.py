"""Who is on call, as the database knows it: the plan's calendar or a rotation made here, under the shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from tocsin.core.models import Organization
from tocsin.people.duty import Entry, Person, Rotation, Slot, Turn, slots, turns_of, turns_of_rotation
from tocsin.people.models import Member, Rota, RotaKind, Shift
from tocsin.people.queries import current_plan
from tocsin.plan.models import Role

BEHIND, AHEAD = timedelta(days=14), timedelta(days=120)
"""For which time around the day on which a calendar was read it is spelt out."""


@dataclass(frozen=True)
class Duty:
    """The rota of one role in a time: who serves when, what a person should know, and where it comes from."""

    role: str
    planned: Role
    rota: Rota | None
    slots: list[Slot] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    unknown: list[Entry] = field(default_factory=list)

    @property
    def has_rota(self) -> bool:
        """Whether anything says who serves; without, the plan's holder does, and no time is a gap."""
        return self.rota is not None or self.planned.on_call is not None

    @property
    def gaps(self) -> list[Slot]:
        """The stretches in which nobody serves although there is a rota."""
        return [s for s in self.slots if s.turn is None] if self.has_rota else []


def rota_of(organization: Organization, role: str, planned: Role | None) -> Rota | None:
    """The rota that counts now: the plan's calendar where it names one, else the rotation made here."""
    found = Rota.objects.filter(organization=organization, role=role).first()
    return found if found and counts(found, planned) else None


def counts(rota: Rota, planned: Role | None) -> bool:
    """Whether this rota is the one that the plan leaves to count."""
    if planned is None:
        return False
    if planned.on_call is None:
        return rota.kind == RotaKind.HERE
    return rota.kind == RotaKind.CALENDAR and rota.source == (planned.on_call.url or planned.on_call.file)


def persons(organization: Organization) -> list[Person]:
    """Everybody whom a calendar's entry can name."""
    found = []
    for member in Member.objects.filter(organization=organization, active=True).select_related("user"):
        mails = {m["url"].removeprefix("mailto:").lower() for m in member.methods if m["url"].startswith("mailto:")}
        if member.user:
            mails.add(member.user.email.lower())
        found.append(Person(member.key, member.name, frozenset(mails)))
    return found


def turns_of_rota(
    rota: Rota | None, people: Sequence[Person], start: datetime, end: datetime
) -> tuple[list[Turn], list[Entry]]:
    """The turns that a rota gives between two instants, and its entries that name nobody of the plan."""
    if rota is None:
        return [], []
    if rota.kind == RotaKind.CALENDAR:
        entries = [e for e in map(Entry.read, rota.turns) if e.start < end and e.end > start]
        return turns_of(entries, people)
    if rota.starts_on is None or rota.handover is None:
        return [], []
    rotation = Rotation(tuple(rota.members), rota.starts_on, rota.handover, rota.zone, rota.every_days)
    return turns_of_rotation(rotation, start, end), []


def _shifts(organization: Organization, roles: Sequence[str], start: datetime, end: datetime) -> list[Shift]:
    """Shifts that touch the time, in the order in which they were put; those taken back before they began left out."""
    rows = Shift.objects.filter(organization=organization, role__in=roles, starts_at__lt=end, ends_at__gt=start)
    stands = Q(withdrawn_at=None) | Q(withdrawn_at__gt=F("starts_at"))
    return list(rows.filter(stands).select_related("member").order_by("pk"))


def duties(organization: Organization, start: datetime, end: datetime, role: str = "") -> list[Duty]:
    """The rotas of all roles of the plan (or of one) between two instants, in the plan's order."""
    version = current_plan(organization)
    planned = {k: r for k, r in version.plan.roles.items() if role in ("", k)} if version else {}
    rotas = {r.role: r for r in Rota.objects.filter(organization=organization, role__in=planned)}
    shifts = _shifts(organization, list(planned), start, end)
    people = persons(organization) if any(r.kind == RotaKind.CALENDAR for r in rotas.values()) else []
    active = set(Member.objects.filter(organization=organization, active=True).values_list("key", flat=True))
    found = []
    for key, seat in planned.items():
        rota = rotas.get(key)
        rota = rota if rota and counts(rota, seat) else None
        turns, unknown = turns_of_rota(rota, people, start, end)
        own = [s for s in shifts if s.role == key]
        over = [Turn(s.starts_at, s.ends_at, s.member.key, "shift", s.because, s.pk) for s in own]
        layers = [t for t in [*turns, *over] if t.who in active]  # who left the plan serves no more: a gap shows
        found.append(Duty(key, seat, rota, slots(layers, start, end), own, unknown))
    return found


def on_duty(organization: Organization, at: datetime) -> dict[str, tuple[Member, str]]:
    """Who is on call for each role of the current plan at an instant, and why; no entry where no rota names anybody.

    The reason reads as "on call until Mon 30 Nov 08:00 CET (calendar)", in the organization's zone.
    """
    serving = {}
    for duty in duties(organization, at, at + timedelta(microseconds=1)):
        if turn := duty.slots[0].turn if duty.slots else None:
            serving[duty.role] = turn
    members = Member.objects.filter(organization=organization, key__in={t.who for t in serving.values()}, active=True)
    known = {m.key: m for m in members}
    return {role: (known[turn.who], because(turn, organization.time_zone))
            for role, turn in serving.items() if turn.who in known}  # fmt: skip


def because(turn: Turn, zone: str) -> str:
    """Why somebody is on call, in words that are kept."""
    until = turn.end.astimezone(ZoneInfo(zone or "UTC"))
    source = {"calendar": "calendar", "rota": "rota", "shift": "shift"}[turn.source]
    return f"on call until {until:%a %d %b %H:%M %Z} ({source})"


def next_turn(duty: Duty, after: datetime) -> Slot | None:
    """The first stretch after an instant in which somebody else serves than at it."""
    now = next((s for s in duty.slots if s.start <= after < s.end), None)
    who = now.turn.who if now and now.turn else ""
    later = (s for s in duty.slots if s.start > after)
    return next((s for s in later if s.turn is None or s.turn.who != who), None)


def week_of(day: datetime, zone: str) -> tuple[datetime, datetime]:
    """The local week (Monday to Monday) around an instant, as instants in UTC."""
    local = day.astimezone(ZoneInfo(zone)).date()
    monday = local - timedelta(days=local.weekday())
    begins = datetime(monday.year, monday.month, monday.day, tzinfo=ZoneInfo(zone))
    after = monday + timedelta(days=7)
    return begins.astimezone(UTC), datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
