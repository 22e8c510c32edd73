"""Who is on call: calendars that were read, rotations made here, and shifts that go before both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import available_timezones

from tocsin.core.access import OrgRole, organization_role, system_only
from tocsin.core.action import Call, Invalid, Stale, action
from tocsin.core.models import Organization
from tocsin.people.duty import Spelt
from tocsin.people.models import Member, Rota, RotaKind, Shift
from tocsin.people.queries import current_plan
from tocsin.plan.models import Role

KEEPS = organization_role(OrgRole.ADMINISTRATOR)
SWAPS = organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER)
LONGEST_SHIFT = timedelta(days=92)


def _role(call: Call[Organization], key: str) -> Role:
    version = current_plan(call.place)
    role = version.plan.roles.get(key) if version else None
    if role is None:
        raise Invalid(f"The plan has no role '{key}'.", "role")
    return role


@action("rota.read", system_only)
def read_calendar(
    call: Call[Organization], *, role: str, source: str, text: str = "", spelt: Spelt | None = None,
    until: datetime | None = None, error: str = "", last_good: datetime | None = None,
) -> Rota:  # fmt: skip
    """Keep what a calendar says until `until`, or that it could not be read: then the last good copy stays in use.

    `last_good` is when the copy that is in use was last seen to be current. Another `source` than before drops the
    old copy. Raises Invalid for a role that the plan does not have, or whose calendar is another by now.
    """
    planned = _role(call, role)
    if planned.on_call is None or source != (planned.on_call.url or planned.on_call.file):
        raise Invalid(f"The plan names another calendar for {planned.title} by now.", "source")
    rota = Rota.objects.filter(organization=call.place, role=role).first()
    if rota is None or rota.kind != RotaKind.CALENDAR or rota.source != source:
        if rota is not None:
            rota.delete()
        rota = Rota(organization=call.place, role=role, kind=RotaKind.CALENDAR, source=source)
    rota.digest = hashlib.sha256(text.encode()).hexdigest() if text else rota.digest
    if spelt is not None:
        rota.text = text
        rota.turns, rota.remarks = [e.kept() for e in spelt.entries], spelt.remarks
        rota.turns_from, rota.turns_until, rota.fetched_at = call.real_time, until, call.real_time
        rota.error, rota.failing_since = "", None
    else:
        rota.error, rota.failing_since = error[:300], rota.failing_since or call.real_time
        rota.fetched_at = last_good or rota.fetched_at
    rota.save()
    call.record(rota, role=role, title=planned.title, entries=len(rota.turns), remarks=len(rota.remarks),
                sha256=rota.digest, **({"error": rota.error} if rota.error else {}))  # fmt: skip
    return rota


@action("rota.set", KEEPS)
def set_rota(
    call: Call[Organization], *, role: str, members: Sequence[str], starts_on: date, handover: time, zone: str,
    every_days: int = 7, revision: int | None = None,
) -> Rota:  # fmt: skip
    """Make a rotation for a role, or change it: the members (contact keys) take turns, each for `every_days` days.

    Raises Invalid for what does not fit, for a role whose calendar the plan names, and when somebody else changed it
    since `revision`.
    """
    planned = _role(call, role)
    if planned.on_call is not None:
        raise Invalid(f"The plan names a calendar for {planned.title}; take it out of the plan first.", "role")
    if zone not in available_timezones():
        raise Invalid(f"'{zone}' is no time zone; write one as Europe/Stockholm.", "zone")
    if not 1 <= every_days <= 92:
        raise Invalid("A turn lasts 1 to 92 days.", "every_days")
    if not 1990 <= starts_on.year <= 2200:
        raise Invalid("The first day lies between 1990 and 2200.", "starts_on")
    known = {m.key: m for m in Member.objects.filter(organization=call.place, active=True, key__in=members)}
    if strangers := [key for key in members if key not in known]:
        raise Invalid(f"The plan knows nobody as '{strangers[0]}'.", "members")
    if not members or len(members) > 100 or len(set(members)) != len(members):
        raise Invalid("Name 1 to 100 people, each of them once.", "members")
    rota = Rota.objects.filter(organization=call.place, role=role).first()
    if rota and rota.kind == RotaKind.HERE and revision is not None and rota.revision != revision:
        raise Stale("Somebody else changed this rota in the meantime; look at it again.", "revision")
    if rota and rota.kind == RotaKind.CALENDAR:
        rota.delete()
        rota = None
    number = rota.revision + 1 if rota else 1
    rota = rota or Rota(organization=call.place, role=role, kind=RotaKind.HERE)
    rota.members, rota.starts_on, rota.handover = list(members), starts_on, handover.replace(second=0, microsecond=0)
    rota.zone, rota.every_days, rota.revision = zone, every_days, number
    rota.save()
    call.record(
        rota, role=role, title=planned.title, members=[known[key].name for key in members], zone=zone,
        starts_on=starts_on.isoformat(), handover=f"{handover:%H:%M}", every_days=every_days, revision=number,
    )  # fmt: skip
    return rota


@action("rota.end", KEEPS)
def end_rota(call: Call[Organization], *, rota: Rota) -> None:
    """Take a rotation away: from now on the plan's holder and backups are called. Raises Invalid for a calendar's."""
    found = Rota.objects.filter(pk=rota.pk, organization=call.place).first()
    if found is None:
        raise Invalid("This rota was taken away already.")
    if found.kind == RotaKind.CALENDAR and _names_calendar(call, found.role):
        raise Invalid("The plan names this calendar; take it out of the plan.")
    call.record(found, role=found.role)
    found.delete()


def _names_calendar(call: Call[Organization], role: str) -> bool:
    version = current_plan(call.place)
    planned = version.plan.roles.get(role) if version else None
    return bool(planned and planned.on_call)


@action("shift.put", SWAPS)
def put_shift(
    call: Call[Organization], *, role: str, member: Member, starts_at: datetime, ends_at: datetime, because: str = ""
) -> Shift:
    """Have somebody take a role over for a time, whatever its rota says. The one put last goes before earlier ones.

    The same again is the same shift. Raises Invalid for times that do not fit and people of elsewhere.
    """
    planned = _role(call, role)
    if member.organization_id != call.place.pk or not member.active:
        raise Invalid("This person does not belong to the organization.", "member")
    if not starts_at < ends_at <= starts_at + LONGEST_SHIFT:
        raise Invalid("A shift ends after it begins, and at most 92 days later.", "ends_at")
    if ends_at <= call.now:
        raise Invalid("This time is over; what happened then stays as it was.", "ends_at")
    same = Shift.objects.filter(organization=call.place, role=role, withdrawn_at=None).order_by("-pk").first()
    again = same is not None and (same.member_id, same.starts_at, same.ends_at) == (member.pk, starts_at, ends_at)
    shift = same if again and same else Shift.objects.create(
        organization=call.place, role=role, member=member, starts_at=starts_at, ends_at=ends_at,
        because=because[:300], made_by=call.actor.name[:200], made_at=call.now,
    )  # fmt: skip
    call.record(shift, role=role, title=planned.title, member=member.name, starts_at=starts_at, ends_at=ends_at,
                because=because[:300], **({"repeated": True} if again else {}))  # fmt: skip
    return shift


@action("shift.withdraw", SWAPS)
def withdraw_shift(call: Call[Organization], *, shift: Shift) -> None:
    """Take a shift back from now on; what was served of it stays in the history. Raises Invalid when it is over."""
    live = Shift.objects.filter(pk=shift.pk, organization=call.place, withdrawn_at=None, ends_at__gt=call.now)
    found = live.select_related("member").first()
    if found is None:
        raise Invalid("This shift is over or was taken back already.")
    found.withdrawn_at = call.now
    if found.starts_at < call.now:  # half of it was served: the rest is the rota's again
        found.ends_at = call.now
    found.save(update_fields=["withdrawn_at", "ends_at"])
    call.record(found, role=found.role, member=found.member.name, starts_at=found.starts_at, ends_at=found.ends_at)
