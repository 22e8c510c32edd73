"""Who holds which role: filled from the plan, handed over with a history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import Grant, LogEntry
from tocsin.incidents.actions.common import LEADS
from tocsin.incidents.models import Incident, RoleAssignment, TaskState
from tocsin.people.models import Member, User
from tocsin.people.queries import account_of
from tocsin.people.rotas import on_duty
from tocsin.plan.models import Function, IncidentRole, Role


def belongs_on(incident: Incident, role: Role) -> bool:
    """Whether a seat of the plan is one in this incident: on the HR track only those of legal and HR are."""
    return not incident.track or role.function is Function.LEGAL_HR_REGULATORY


@action("incident.open", system_only)
def open_incident(call: Call[Incident]) -> None:
    """Write the first entry of the incident's own chain: what was declared, by whom, under which plan."""
    incident = call.place
    call.record(
        incident,
        number=incident.number,
        title=incident.title,
        severity=incident.severity,
        exercise=incident.exercise,
        plan=incident.plan_version.version,
        instants=incident.instants,
        facts=incident.facts,
        declared_by=incident.declared_by,
    )


@action("roles.fill", system_only)
def fill_roles(call: Call[Incident]) -> list[RoleAssignment]:
    """Seat everybody whom the plan names, holder before backups; a seat that nobody can take stays empty and shows."""
    incident, made = call.place, []
    filled = set(incident.roles.values_list("role", flat=True))
    serving = on_duty(incident.organization, call.real_time)  # real time: so are rotas
    people = {m.key: m for m in Member.objects.filter(organization=incident.organization, active=True)}
    for key, role in incident.plan_version.plan.roles.items():
        if key in filled or not belongs_on(incident, role):
            continue
        member, because = serving.get(key) or _named(role, people)
        made.append(
            RoleAssignment.objects.create(
                incident=incident,
                role=key,
                title=role.title,
                function=role.function,
                because=because,
                assumed_at=call.now,
                **_seat(member),
            )
        )
        _let_in(call, made[-1].user_id, role.access)
    call.record(
        incident,
        roles=[
            {"role": a.role, "title": a.title, "holder": a.holder, "because": a.because, "account": bool(a.user_id)}
            for a in made
        ],
    )
    return made


def _named(role: Role, people: Mapping[str, Member]) -> tuple[Member | None, str]:
    """Who sits down where nobody is on call: the holder, then the backups."""
    for rank, named in enumerate([role.holder, *role.backups]):
        if member := people.get(named or ""):
            return member, "holder in the plan" if rank == 0 else f"backup {rank} in the plan"
    return None, "the plan names nobody"


def _seat(member: Member | None) -> dict[str, Any]:
    """Who sits down, with the account and the address they have now: what the plan says later changes no seat."""
    if member is None:
        return {"member": None}
    return {"member": member, "holder": member.name, "user": account_of(member), "address": member.mail[:254]}


def _let_in(call: Call[Incident], user_id: UUID | None, access: IncidentRole) -> None:
    if user_id:
        Grant.objects.get_or_create(chain=call.chain, user_id=user_id, role=access)


@action("role.assign", LEADS)
def assign_role(call: Call[Incident], *, role: str, member: Member, because: str = "") -> RoleAssignment:
    """Hand a role to somebody from now on; who held it until now stays in the history.

    Who hands over keeps seeing the incident as an observer. A role with an authority is handed on by its holder, or
    goes to somebody the plan names for it; who emptied its seat neither fills nor takes it. Raises Invalid otherwise,
    for an unknown role, a member of another organization, or the person who holds it already.
    """
    incident = call.place
    planned = incident.plan_version.plan.roles.get(role)
    if planned is None:
        raise Invalid(f"The plan has no role '{role}'.", "role")
    if member.organization_id != incident.organization_id:
        raise Invalid("This person does not belong to the organization.", "member")
    before = incident.roles.filter(role=role, renounced_at=None).first()
    seat = _seat(member)
    if before and before.member_id == member.pk and (before.user_id or seat["user"] is None):
        raise Invalid(f"{member.name} holds this role already.", "member")
    _check_hand_over(call, planned, before, member)
    if before:
        before.renounced_at = call.now
        before.save(update_fields=["renounced_at"])
    _let_in(call, seat["user"].pk if seat["user"] else None, planned.access)
    if before:
        _step_back(call, before, planned.access)
        # The role owns its work: what is not finished goes to the new holder, unless somebody else was given it.
        ended = (TaskState.DONE, TaskState.SKIPPED)
        incident.tasks.filter(role=role, member=before.member).exclude(state__in=ended).update(member=member)
    made = RoleAssignment.objects.create(
        incident=incident,
        role=role,
        title=planned.title,
        function=planned.function,
        because=because[:300],
        assumed_at=call.now,
        **seat,
    )
    call.record(made, role=role, title=planned.title, holder=member.name, before=before.holder if before else "",
                because=because)  # fmt: skip
    return made


def _check_hand_over(call: Call[Incident], planned: Role, before: RoleAssignment | None, member: Member) -> None:
    """Raises Invalid when a role that the plan trusts with decisions would go where its holder and the plan do not say.

    An empty seat of that kind is not filled by the one who emptied it, nor with them: nobody takes an authority by
    taking its holder off. Whom the plan names for it may be seated at once, by anybody who leads.
    """
    named = [k for k in (planned.holder, *planned.backups) if k]
    if not planned.authority or before is None or call.actor.is_system or member.key in named:
        return
    contacts = call.place.plan_version.plan.contacts
    names = ", ".join(contacts[k].name for k in named)
    if before.member_id is None:
        if (by := _emptied_by(call.place, before.role)) and by in (call.actor.id, str(member.user_id)):
            raise Invalid(
                f"The plan trusts '{planned.title}' with decisions of its own, and who empties such a seat neither "
                f"fills nor takes it. Another lead can fill it, or it goes to somebody the plan names for it ({names}).",
                "member",
            )
    elif before.user_id != call.actor.user_id:
        raise Invalid(
            f"The plan trusts '{planned.title}' with decisions of its own: {before.holder} can hand it on, "
            f"or it goes to somebody the plan names for it ({names}).", "member",
        )  # fmt: skip


def _emptied_by(incident: Incident, role: str) -> str:
    """The id of who took the seat's last holder off: the cause of its last vacating. Empty when nobody ever did."""
    vacated = incident.chain.entries.filter(verb="role.vacate", payload__role=role).order_by("sequence").last()
    if vacated is None or vacated.cause is None:
        return ""
    cause = LogEntry.objects.get(chain_id=vacated.cause["chain"], sequence=vacated.cause["sequence"])
    return str(cause.actor["id"])


def _step_back(call: Call[Incident], before: RoleAssignment, access: IncidentRole) -> None:
    if not before.user_id:
        return
    plan = call.place.plan_version.plan
    others = call.place.roles.filter(user=before.user_id, renounced_at=None).values_list("role", flat=True)
    if not any(plan.roles[r].access == access for r in others if r in plan.roles):
        leads = Grant.objects.filter(chain=call.chain, role=IncidentRole.LEAD).exclude(user_id=before.user_id)
        if access == IncidentRole.LEAD and not leads.exists():
            return  # the one who takes over has no account: somebody must still be able to lead
        Grant.objects.filter(chain=call.chain, user_id=before.user_id, role=access).delete()
        Grant.objects.get_or_create(chain=call.chain, user_id=before.user_id, role=IncidentRole.OBSERVER)


@action("role.seat", system_only)
def seat_account(call: Call[Incident], *, seat: RoleAssignment, user: User) -> None:
    """The holder of a seat has an account from now on. Raises Invalid for a seat that is left, or has an account."""
    seat.refresh_from_db()
    if seat.incident_id != call.place.chain_id or seat.renounced_at or seat.user_id:
        raise Invalid("This seat is not one that waits for its holder's account.")
    seat.user = user
    seat.save(update_fields=["user"])
    call.record(seat, role=seat.role, title=seat.title, holder=seat.holder, account=str(user.pk))


@action("role.vacate", system_only)
def vacate_role(call: Call[Incident], *, seat: RoleAssignment, because: str) -> RoleAssignment:
    """Take a seat from somebody who was taken off: it stands empty until it is given to somebody. Raises Invalid
    for a seat that was left already.
    """
    incident = call.place
    seat.refresh_from_db()
    if seat.incident_id != incident.chain_id or seat.renounced_at or seat.member_id is None:
        raise Invalid("Nobody sits here any more.")
    seat.renounced_at = call.now
    seat.save(update_fields=["renounced_at"])
    ended = (TaskState.DONE, TaskState.SKIPPED)
    incident.tasks.filter(role=seat.role, member=seat.member).exclude(state__in=ended).update(member=None)
    empty = RoleAssignment.objects.create(
        incident=incident,
        role=seat.role,
        title=seat.title,
        function=seat.function,
        because=because[:300],
        assumed_at=call.now,
    )
    call.record(seat, role=seat.role, title=seat.title, before=seat.holder, because=because)
    return empty
