"""Comcheck: asking everybody whether they can be reached, taking their answers, and closing the round."""

from __future__ import annotations

from datetime import timedelta

from tocsin.core.access import OrgRole, organization_role, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import Organization
from tocsin.people.comcheck import OPEN_FOR, asked_keys, new_code, results
from tocsin.people.models import Comcheck, ComcheckAsk, Member
from tocsin.people.paging import by_hand
from tocsin.people.queries import current_plan

LONGEST = timedelta(days=60)
HAND = "hand"


@action("comcheck.start", organization_role(OrgRole.ADMINISTRATOR))
def start_comcheck(call: Call[Organization], *, reason: str = "", open_for: timedelta = OPEN_FOR) -> Comcheck:
    """Ask every person in the plan and every party that a role names, on each of their ways, whether they are reached.

    The questions are kept here; the ticker sends them. Raises Invalid while a round is open, or nobody can be asked.
    """
    if Comcheck.objects.filter(organization=call.place, closed_at=None).exists():
        raise Invalid("A Comcheck is under way. Wait until it closes, or close it.")
    if not timedelta(minutes=1) <= open_for <= LONGEST:
        raise Invalid("A Comcheck is open for a minute to 60 days.", "open_for")
    version = current_plan(call.place)
    asked = asked_keys(version.plan) if version else set()
    rows = Member.objects.filter(organization=call.place, active=True)
    members = [m for m in rows if m.key in asked]
    ways = [(m, place, way) for m in members for place, way in enumerate(m.methods) if len(way["url"]) <= 500]
    if not ways:
        raise Invalid("The plan names nobody with a way to be reached. Fill contacts.yaml and import the plan.")
    last = Comcheck.objects.filter(organization=call.place).first()
    made = Comcheck.objects.create(
        organization=call.place,
        number=last.number + 1 if last else 1,
        started_at=call.now,
        closes_at=call.now + open_for,
        asked_by=call.actor.name[:200],
        reason=" ".join(reason.split())[:300],
    )
    asks = [
        ComcheckAsk(
            comcheck=made,
            member=member,
            place=place,
            kind=way["kind"],
            address=way["url"],
            by_hand=by_hand(way),
            code=None if by_hand(way) else new_code(),
        )
        for member, place, way in ways
    ]
    ComcheckAsk.objects.bulk_create(asks, batch_size=500)
    call.record(
        made,
        number=made.number,
        people=len({a.member_id for a in asks}),
        ways=len(asks),
        by_hand=sum(a.by_hand for a in asks),
        closes_at=made.closes_at,
        reason=made.reason,
    )
    return made


def _answered(call: Call[Organization], ask: ComcheckAsk, how: str) -> None:
    """Take an answer. Raises Invalid for a question of elsewhere. The first answer on a way stands."""
    rows = ComcheckAsk.objects.select_related("comcheck", "member").filter(comcheck__organization=call.place)
    found = rows.filter(pk=ask.pk).first()
    if found is None or (how != HAND and not found.member.active):
        raise Invalid("This question does not exist any more.")
    again = found.answered_at is not None
    if not again:
        found.answered_at, found.answered_how = call.now, how
        found.save(update_fields=["answered_at", "answered_how"])
    call.record(
        found.comcheck,
        number=found.comcheck.number,
        member=found.member.name,
        kind=found.kind,
        how=how,
        seconds=int((call.now - found.comcheck.started_at).total_seconds()),
        late=bool(found.comcheck.closed_at),
        **({"repeated": True} if again else {}),
    )


@action("comcheck.answer", system_only)
def answer_comcheck(call: Call[Organization], *, ask: ComcheckAsk, how: str) -> None:
    """Somebody answered by link or code; who holds those is the person. A second answer changes nothing."""
    _answered(call, ask, how)


@action("comcheck.mark", organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER))
def mark_reached(call: Call[Organization], *, ask: ComcheckAsk) -> None:
    """Note that somebody was reached by telephone, radio or in person. Raises Invalid for a way that asks by itself."""
    if not ask.by_hand:
        raise Invalid("This way asks by itself; only the person answers it.", "ask")
    _answered(call, ask, HAND)


@action("comcheck.close", organization_role(OrgRole.ADMINISTRATOR))
def close_comcheck(call: Call[Organization], *, comcheck: Comcheck) -> Comcheck:
    """End a round and write down how it went. Answers that come later still count as reached, and are called late."""
    found = Comcheck.objects.filter(pk=comcheck.pk, organization=call.place, closed_at=None).first()
    if found is None:
        raise Invalid("This Comcheck is closed already.")
    found.closed_at = call.now
    found.save(update_fields=["closed_at"])
    people = results(found.asks.select_related("member", "comcheck"))
    silent = [r.member.name for r in people if r.first is None]
    call.record(found, number=found.number, people=len(people), reached=len(people) - len(silent), silent=silent)
    return found
