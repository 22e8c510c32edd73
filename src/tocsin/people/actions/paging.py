"""Calling people for a seat: start, the next method or person, an answer, nobody left, call it off."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max

from tocsin.core.access import incident_role, system_only
from tocsin.core.action import Call, Invalid, Place, action
from tocsin.people.models import Member, Paging, PagingCall, PagingState, Via
from tocsin.people.paging import CODE_DIGITS, LONGEST_ADDRESS, GiveUp, Pass, Try, next_step, rounds, whole_wait
from tocsin.plan.models import IncidentRole

LEADS = incident_role(IncidentRole.LEAD)
LINK_OUTLIVES = timedelta(hours=1)
"""How long a link and a code answer beyond the time in which they should: who comes late is still welcome."""


class AnsweredBefore(Invalid):
    """The same person gave the same answer before: a double tap, or a second message's link."""


@dataclass(frozen=True)
class Rung:
    """One person on the ladder, why they are called, and whether they take the seat when they answer.

    Who is called only because nobody else answered does not: they see to it that somebody comes.
    """

    member: Member
    why: str
    seat: bool = True

    @property
    def methods(self) -> list[dict[str, str]]:
        """Their methods, without addresses that are too long to be sent to."""
        return [m for m in self.member.methods if len(m["url"]) <= LONGEST_ADDRESS]


@action("paging.start", LEADS)
def start_paging(
    call: Call[Place],
    *,
    role: str,
    title: str,
    headline: str,
    reason: str,
    ladder: Sequence[Rung],
    holder: Member | None,
    patience: timedelta,
) -> Paging:
    """Begin to call for a seat, first the first of the ladder. `headline` is what a message may say of the incident.

    Who has no contact method is left out, and the log names them. Raises Invalid when the seat is being called for
    already, or nobody on the ladder can be reached.
    """
    if Paging.objects.filter(chain=call.chain, role=role, state=PagingState.CALLING).exists():
        raise Invalid(f"Somebody is being called for '{title}' already.", "role")
    reachable = [r for r in ladder if r.methods]
    if not reachable:
        raise Invalid(f"There is nobody to call for '{title}': nobody the plan names has a contact method.", "role")
    last = Paging.objects.filter(chain=call.chain).aggregate(n=Max("number"))["n"] or 0
    paging = Paging.objects.create(
        chain=call.chain,
        number=last + 1,
        role=role,
        title=title[:200],
        headline=headline[:300],
        reason=reason[:300],
        holder=holder,
        ladder=[{"member": r.member.pk, "name": r.member.name, "why": r.why, "seat": r.seat} for r in reachable],
        seconds=max(1, int(patience.total_seconds())),
        next_at=call.now,
        started_at=call.now,
        started_by=call.actor.name,
        sequence=call.sequence,
    )
    without = [r.member.name for r in ladder if not r.methods]
    call.record(
        paging, number=paging.number, role=role, title=paging.title, reason=paging.reason,
        seconds=paging.seconds, people=[r.member.name for r in reachable], unreachable=without,
    )  # fmt: skip
    return paging


@action("paging.call", system_only)
def call_next(call: Call[Place], *, paging: Paging) -> PagingCall:
    """Take the next step: this person's next method, or the next person's first. What is sent, a reaction queues.

    Raises Invalid when the paging is over, or nobody is left (`give_up` writes that down).
    """
    _calling(call, paging)
    asked = paging.calls.filter(rung=paging.rung).first()
    step = next_step(_with(asked, paging).effort) if asked else Pass(paging.rung)
    passed = ""
    if isinstance(step, Pass):
        passed = asked.member.name if asked else ""
        declined = bool(asked and asked.answer == "no")
        left = paging.left(step.rung)
        if not left:
            raise Invalid("Nobody is left to call.")
        paging.rung = left[0]
        asked = _opened(call, paging)
        step = next_step(_with(asked, paging).effort)
    else:
        declined = False
    if not isinstance(step, Try) or asked is None:
        raise Invalid("Nobody is left to call.")
    asked.tried = step.round + 1
    asked.save(update_fields=["tried"])
    paging.next_at = call.now + step.wait
    paging.save(update_fields=["rung", "next_at"])
    at = rounds(asked.methods)[step.round]
    call.record(
        asked, paging=paging.number, title=paging.title, holder=asked.member.name, why=asked.why, round=step.round,
        sent=asked.methods[at.machine]["kind"] if at.machine is not None else "",
        by_hand=[asked.methods[p]["kind"] for p in at.hand], passed=passed, declined=declined,
        answer_by=asked.answer_by,
    )  # fmt: skip
    return asked


@action("paging.unanswered", system_only)
def give_up(call: Call[Place], *, paging: Paging) -> None:
    """Everybody on the ladder was called and nobody answered. Links still answer until they end.

    Raises Invalid when the paging is over, or somebody is left to call.
    """
    _calling(call, paging)
    asked = paging.calls.filter(rung=paging.rung).first()
    if asked is None or not isinstance(next_step(_with(asked, paging).effort), GiveUp):
        raise Invalid("There is still somebody to call.")
    paging.state, paging.next_at, paging.ended_at = PagingState.UNANSWERED, None, call.now
    paging.save(update_fields=["state", "next_at", "ended_at"])
    call.record(paging, number=paging.number, role=paging.role, title=paging.title,
                people=[p["name"] for p in paging.ladder])  # fmt: skip


@action("paging.answer", LEADS)
def answer_paging(call: Call[Place], *, asked: PagingCall, yes: bool, via: str) -> PagingCall:
    """Write down what a called person answered. The first yes ends the calling; a later one learns who has the seat.

    A lead says so for somebody they reached by voice. Raises AnsweredBefore for the same answer a second time, and
    Invalid when the seat is called off, or the link or code has ended.
    """
    asked.refresh_from_db()
    paging = asked.paging
    paging.refresh_from_db()
    _here(call, paging)
    via = Via(via) if call.actor.is_system else Via.VOICE
    if asked.answer == "yes" or (asked.answer == "no" and not yes):
        raise AnsweredBefore(f"{asked.member.name} has answered already.")
    if via in (Via.LINK, Via.CODE, Via.API) and not asked.live(call.real_time):
        raise Invalid("This call has ended. Ring whoever leads, or wait to be called again.")
    if paging.state == PagingState.CANCELLED:
        raise Invalid(f"Nobody is needed for '{paging.title}' any more: {paging.ended_because}")
    late = not paging.open
    asked.answer, asked.answered_at, asked.via = "yes" if yes else "no", call.now, via
    asked.save(update_fields=["answer", "answered_at", "via"])
    if yes and not late:
        paging.state, paging.answered_by = PagingState.ANSWERED, asked.member
        paging.ended_at, paging.next_at = call.now, None
        paging.save(update_fields=["state", "answered_by", "ended_at", "next_at"])
    taken = paging.answered_by.name if late and paging.answered_by else ""
    call.record(
        asked, paging=paging.number, role=paging.role, title=paging.title, holder=asked.member.name, yes=yes,
        via=via, late=late, taken_by=taken, seat=asked.takes_seat,
    )  # fmt: skip
    return asked


@action("paging.cancel", LEADS)
def cancel_paging(call: Call[Place], *, paging: Paging, because: str) -> None:
    """Call it off: nobody is called any more for this. Raises Invalid when it is over already, and without a reason."""
    _here(call, paging)
    paging.refresh_from_db()
    if not paging.open:
        raise Invalid("Nobody is being called for this any more.")
    if not (because := because.strip()):
        raise Invalid("Please give the reason.", "because")
    paging.state, paging.ended_at, paging.next_at = PagingState.CANCELLED, call.now, None
    paging.ended_because = because[:300]
    paging.save(update_fields=["state", "ended_at", "next_at", "ended_because"])
    call.record(paging, number=paging.number, role=paging.role, title=paging.title, because=paging.ended_because)


def _here(call: Call[Place], paging: Paging) -> None:
    if paging.chain_id != call.chain.pk:
        raise Invalid("Nobody is called like that here.")


def _calling(call: Call[Place], paging: Paging) -> None:
    """The paging as it stands under the chain's lock. Raises Invalid when it is over."""
    _here(call, paging)
    paging.refresh_from_db()
    if paging.state != PagingState.CALLING:
        raise Invalid(f"'{paging.title}' is not being called any more.")


def _with(asked: PagingCall, paging: Paging) -> PagingCall:
    asked.paging = paging
    return asked


def _opened(call: Call[Place], paging: Paging) -> PagingCall:
    """A call to the person at hand, with a code that no live call has."""
    person = paging.at_hand
    member = Member.objects.get(pk=person["member"])
    methods = Rung(member, "").methods or [{"kind": "in_person", "url": ""}]  # all were taken off since
    wait = whole_wait(paging.patience, len(rounds(methods)))
    return PagingCall.objects.create(
        paging=paging,
        rung=paging.rung,
        member=member,
        why=person["why"],
        methods=methods,
        called_at=call.now,
        answer_by=call.now + wait,
        code=_code(call),
        expires_at=call.real_time + wait + LINK_OUTLIVES,
    )


def _code(call: Call[Place]) -> str:
    ended = PagingCall.objects.filter(expires_at__lt=call.real_time).exclude(code="")
    ended.update(code="")
    for _attempt in range(100):
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        if not PagingCall.objects.filter(code=code).exists():
            return code
    raise Invalid("Too many people are being called at once to give each of them a code.")
