"""The role board: who holds what, since when, who held it before; handing over; letting people in."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.core.actions import admit, dismiss
from tocsin.core.models import Grant
from tocsin.incidents import actions
from tocsin.incidents.board import FUNCTION_WORDS
from tocsin.incidents.calling import seat_states
from tocsin.incidents.duty_card import card_text
from tocsin.incidents.models import RoleAssignment
from tocsin.incidents.pages import IncidentRequest, act_on, member_of, on_incident, people_of, place, read_time, sent
from tocsin.incidents.queries import seats as seats_of
from tocsin.people.models import User
from tocsin.people.pages import done
from tocsin.plan.models import IncidentRole, Role


@dataclass
class Seat:
    """One role of the plan in this incident: who holds it, and who held it before."""

    key: str
    role: Role
    held: RoleAssignment | None = None
    before: list[RoleAssignment] = field(default_factory=list)


@on_incident
def roles(request: IncidentRequest) -> HttpResponse:
    """Every seat of the plan, by function, as of now or `?at=`."""
    at = read_time(request.GET.get("at", ""), "at")
    plan = request.incident.plan_version.plan
    seats = {key: Seat(key, role) for key, role in plan.roles.items()}
    spells = list(RoleAssignment.objects.filter(incident=request.incident).select_related("member"))
    if request.incident.track:  # there are seats of legal and HR there, and of those who were named
        seats = {key: seat for key, seat in seats.items() if key in {s.role for s in spells}}
    for spell in spells:
        seat = seats.get(spell.role)
        if seat is None or (at and spell.assumed_at > at):
            continue
        if spell.renounced_at is None or (at and spell.renounced_at > at):
            seat.held = spell
        else:
            seat.before.append(spell)
    groups: dict[str, list[Seat]] = {}
    for key, words in FUNCTION_WORDS.items():
        if found := [s for s in seats.values() if s.role.function == key]:
            groups[str(words)] = found
    grants = Grant.objects.filter(chain=request.incident.chain).select_related("user").order_by("user__name")
    people: dict[User, list[str]] = {}
    for grant in grants:
        people.setdefault(grant.user, []).append(grant.role)
    context = {
        "groups": groups, "at": at,
        "states": {} if at else seat_states(request.incident, [s.held for s in seats.values() if s.held], calls=True),
        "at_text": request.GET.get("at", ""), "on_it": people.items(),
        "members": people_of(request.incident),
        "access_roles": list(IncidentRole), "wanted": request.GET.get("role", ""),
        "role_list": sorted(((k, r.title) for k, r in plan.roles.items()), key=lambda r: r[1]),
        "accounts": User.objects.filter(grants__chain_id=request.organization.pk).exclude(pk__in=[u.pk for u in people])
        .distinct().order_by("name"),
    }  # fmt: skip
    return render(request, "incidents/roles.html", context)


@on_incident
def duty_card(request: IncidentRequest, role: str) -> HttpResponse:
    """A seat's duty card: what its holder needs on one page, also to print. Raises Hidden for an unknown role."""
    held = next((s for s in seats_of(request.incident) if s.role == role), None)
    if held is None:
        raise Hidden
    return render(request, "incidents/duty_card.html", {"seat": held, "card": card_text(request.incident, held)})


@act_on
def hand_over(request: IncidentRequest) -> HttpResponse:
    """Hand a role to somebody."""
    member = member_of(request)
    if member is None:
        raise Invalid(_("Choose who takes the role."), "member")
    made = actions.assign_role(
        request.actor, request.incident, role=sent(request, "role"), member=member, because=sent(request, "because")
    )
    said = _("%(holder)s holds the role %(title)s now.") % {"holder": made.holder, "title": made.title}
    return done(request, place(request, "roles"), said)


def _account(request: IncidentRequest, chain: UUID) -> User:
    chosen, accounts = sent(request, "user"), User.objects.filter(grants__chain_id=chain).distinct()
    found = next((u for u in accounts if str(u.pk) == chosen), None)
    if found is None:
        raise Invalid(_("Choose a person from the list."), "user")
    return found


@act_on
def let_in(request: IncidentRequest) -> HttpResponse:
    """Let somebody onto the incident."""
    user = _account(request, request.organization.pk)
    admit(request.actor, request.incident, user_id=user.pk, role=sent(request, "role"))
    return done(request, place(request, "roles"), _("%s is on the incident now.") % user)


@act_on
def take_off(request: IncidentRequest) -> HttpResponse:
    """Take a role on the incident from somebody."""
    # Who is on the incident, whether or not a role in the organization is left to them.
    user = _account(request, request.incident.chain_id)
    dismiss(request.actor, request.incident, user_id=user.pk, role=sent(request, "role"))
    return done(request, place(request, "roles"), _("%s lost the role.") % user)
