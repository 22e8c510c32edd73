"""Whom an incident needs and has not called yet, in which order, and what its pages say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from tocsin.core.access import Actor
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident, Phase, RoleAssignment, TaskState
from tocsin.incidents.queries import seats
from tocsin.people.actions import AnsweredBefore, Rung, answer_paging, start_paging
from tocsin.people.models import Member, Paging, PagingCall, PagingState, Via
from tocsin.people.paging import DEFAULT_PATIENCE
from tocsin.people.queries import member_by_key
from tocsin.plan.models import IncidentRole, Role

LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)
URGENT = 2
"""Down to this severity work goes on round the clock, so that a task that opens calls its role."""


@dataclass(frozen=True)
class Need:
    """A seat that somebody has to be called for, and why."""

    seat: RoleAssignment
    reason: str


def by_itself(incident: Incident) -> bool:
    """Whether this incident calls people by itself: while it is not closed, and where a person declared it.

    What the system declared, as a headless response does, calls nobody until a lead says so: nobody waits for them.
    """
    return incident.phase != Phase.CLOSED and incident.declared_by_id != Actor.system().id


def patience_of(incident: Incident) -> timedelta:
    """How long one person is waited for: the escalation rule of the severity, else the starter plan's time."""
    rules = incident.plan_version.plan.escalation
    rule = next((r for r in rules if r.severity == incident.severity), None)
    if rule is None:
        return DEFAULT_PATIENCE[incident.severity]
    offset = rule.no_answer_after
    return offset.elapsed or timedelta(days=offset.business_days + 30 * offset.months) or timedelta(minutes=1)


def headline_of(incident: Incident) -> str:
    """What a message may say of an incident: its severity and its number."""
    level = incident.plan_version.plan.severity.levels[incident.severity]
    said = {"number": incident.number, "severity": incident.severity, "name": level.name}
    return _("severity %(severity)s (%(name)s), incident %(number)s") % said


def ladder_of(incident: Incident, role: str) -> list[Rung]:
    """Whom to call for a seat, in order: who holds it, the plan's holder and backups, then whom the plan names when
    nobody answers. Nobody stands on it twice, and who was taken off the seat does not stand on it.
    """
    plan, held = incident.plan_version.plan, {s.role: s for s in seats(incident)}
    planned, seat = plan.roles[role], held.get(role)
    found: list[Rung] = []
    if seat and seat.member:
        found.append(Rung(seat.member, _("holder")))
    for rank, backup in _planned(incident, planned):
        found.append(Rung(backup, _("backup %d in the plan") % rank if rank else _("holder in the plan")))
    rule = next((r for r in plan.escalation if r.severity == incident.severity), None)
    for key in rule.then if rule else ():
        named, other = plan.roles.get(key), held.get(key)
        if named is None or key == role:
            continue
        member = other.member if other and other.member else member_by_key(incident.organization, named.holder)
        if member:
            why = _("the plan calls the role %s when nobody answers") % named.title
            found.append(Rung(member, why, seat=False))
    gone = _taken_off(incident, seat)
    once = {r.member.pk: r for r in reversed(found) if r.member.active and r.member.pk != gone}
    return [r for r in found if once.get(r.member.pk) is r]


def _planned(incident: Incident, planned: Role) -> list[tuple[int, Member]]:
    keys = [planned.holder, *planned.backups]
    found = [(rank, member_by_key(incident.organization, key)) for rank, key in enumerate(keys)]
    return [(rank, member) for rank, member in found if member]


def _taken_off(incident: Incident, seat: RoleAssignment | None) -> int | None:
    """Whose seat was emptied last; None while somebody sits in it."""
    if seat is None or seat.member_id:
        return None
    before = incident.roles.filter(role=seat.role, renounced_at__isnull=False).order_by("-renounced_at", "-pk").first()
    return before.member_id if before else None


def is_here(incident: Incident, seat: RoleAssignment) -> bool:
    """Whether a seat's holder knows already: they declared it, answered a call for it, or did something in it."""
    if seat.member_id is None:
        return False
    if PagingCall.objects.filter(paging__chain=incident.chain_id, member=seat.member_id, answer="yes").exists():
        return True
    return seat.user_id is not None and acted(incident, seat.user_id)


def acted(incident: Incident, user: UUID) -> bool:
    """Whether somebody declared the incident or did something in it."""
    if incident.declared_by_id == str(user):
        return True
    return LogEntry.objects.filter(chain=incident.chain_id, actor__id=str(user)).exists()


def needed(incident: Incident) -> list[Need]:
    """The seats that the incident needs now and nobody was called for: those that the plan calls at this severity, who
    leads, and, where work goes on round the clock, those whose tasks are open. Who is being called for another seat
    is not called twice at once; who is here, or was called for this seat, is not called again.
    """
    plan = incident.plan_version.plan
    level = plan.severity.levels[incident.severity]
    why = _("severity %(severity)s (%(name)s) calls this role") % {"severity": incident.severity, "name": level.name}
    wanted = dict.fromkeys(level.call, why)
    for key, role in plan.roles.items():
        if role.access == IncidentRole.LEAD:
            wanted.setdefault(key, _("somebody must lead"))
    if incident.severity <= URGENT:
        for task in incident.tasks.filter(state__in=LIVE).order_by("due_at", "number"):
            wanted.setdefault(task.role, _("T-%(number)d, %(title)s, needs this role now")
                              % {"number": task.number, "title": task.title})  # fmt: skip
    pagings = list(Paging.objects.filter(chain=incident.chain_id).prefetch_related("calls"))
    called = {(p.role, p.holder_id) for p in pagings}
    calling = [p for p in pagings if p.state == PagingState.CALLING]
    busy = {p.role for p in calling} | {p.at_hand["member"] for p in calling}
    found = []
    for seat in seats(incident):
        if seat.role not in wanted or (seat.role, seat.member_id) in called or busy & {seat.role, seat.member_id}:
            continue
        if not is_here(incident, seat):
            found.append(Need(seat, wanted[seat.role]))
            busy.add(seat.member_id) if seat.member_id else None
    return found


def call_for(actor: Actor, incident: Incident, role: str, reason: str) -> Paging:
    """Call for a seat along its ladder. Raises Invalid when it is being called for already or nobody can be reached."""
    seat = next((s for s in seats(incident) if s.role == role), None)
    return start_paging(
        actor,
        incident,
        role=role,
        title=incident.plan_version.plan.roles[role].title,
        headline=headline_of(incident),
        reason=reason,
        ladder=ladder_of(incident, role),
        holder=seat.member if seat else None,
        patience=patience_of(incident),
    )


def answer_by_code(asked: PagingCall, *, yes: bool, via: Via, door: str) -> str:
    """Answer a call whose code somebody sent; what they are told. Raises Invalid when it is called off or has ended."""
    try:
        asked = answer_paging(Actor.system(door), asked, asked=asked, yes=yes, via=via)
    except AnsweredBefore:
        asked.paging.refresh_from_db()
    title = asked.paging.title
    if asked.answer == "no":
        return _("Thank you for saying so. Somebody else is called as %s.") % title
    if asked.paging.answered_by_id != asked.member_id:
        return _("Thank you. %(name)s has answered as %(title)s already.") % {
            "name": asked.paging.answered_by, "title": title,
        }  # fmt: skip
    return _("You are on it: %s. Your message's link shows what is expected of you.") % title


@dataclass(frozen=True)
class SeatState:
    """How a seat stands as a page tells it: `lamp` is late (red), soon (bronze) or nothing; `words` say it."""

    seat: RoleAssignment
    paging: Paging | None
    lamp: str
    words: str


def seat_states(incident: Incident, held: Iterable[RoleAssignment], *, calls: bool = False) -> dict[str, SeatState]:
    """How each seat stands, by role: held and known to be here, being called, called in vain, empty. One query; with
    `calls`, each person who was called, two more.
    """
    latest: dict[str, Paging] = {}
    rows = Paging.objects.filter(chain=incident.chain_id).select_related("answered_by", "holder")
    for paging in (rows.prefetch_related("calls__member") if calls else rows).order_by("number"):
        latest[paging.role] = paging
    return {seat.role: _state(seat, latest.get(seat.role)) for seat in held}


def _state(seat: RoleAssignment, paging: Paging | None) -> SeatState:
    if paging and paging.state == PagingState.CALLING:
        lamp = "soon" if seat.member_id else "late"
        return SeatState(seat, paging, lamp, _("called, no answer yet: %s") % paging.at_hand["name"])
    # What was called for an earlier holder says nothing of this one.
    own = paging if paging and paging.holder_id == seat.member_id else None
    if own and own.state == PagingState.UNANSWERED:
        return SeatState(seat, own, "late", _("nobody answered"))
    if own and own.state == PagingState.ANSWERED and own.answered_by_id != seat.member_id:
        return SeatState(seat, own, "soon", _("%s sees to it") % own.answered_by)
    if seat.member_id is None:
        return SeatState(seat, paging, "late", _("nobody holds it"))
    answered = bool(paging and paging.state == PagingState.ANSWERED)
    return SeatState(seat, paging, "", _("answered") if answered else "")


def without_anybody(held: Mapping[UUID, Iterable[RoleAssignment]]) -> dict[UUID, int]:
    """How many seats of each incident nobody holds, or nobody answered for. One query, however many incidents."""
    latest: dict[tuple[UUID, str], Paging] = {}
    for paging in Paging.objects.filter(chain__in=list(held)).select_related("answered_by").order_by("number"):
        latest[paging.chain_id, paging.role] = paging
    return {
        place: sum(_state(s, latest.get((place, s.role))).lamp == "late" for s in seats_of_it)
        for place, seats_of_it in held.items()
    }


def alarms(states: Iterable[SeatState]) -> list[SeatState]:
    """The seats that everybody on the incident has to know of, the red ones first."""
    return sorted((s for s in states if s.lamp), key=lambda s: s.lamp != "late")
