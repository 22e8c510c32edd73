"""The HR track: what is done about a person, as an incident of its own that only legal, HR and whom they name see."""

from __future__ import annotations

from tocsin.core.access import Forbidden
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import instant
from tocsin.core.models import Chain, ChainKind, Grant
from tocsin.incidents.actions.common import TAKES_PART, words
from tocsin.incidents.actions.declare import next_incident_number
from tocsin.incidents.actions.privilege import seal
from tocsin.incidents.models import Incident, RoleAssignment, Tlp
from tocsin.incidents.queries.privilege import has_hr_steps, may_open_hr_track
from tocsin.plan.models import Anchor, IncidentRole, Track

HR = str(Track.HR)


@action("hr_track.open", TAKES_PART)
def open_hr_track_row(call: Call[Incident], *, because: str, with_lead: bool = False) -> Incident:
    """Make the incident of the HR track, under this one, with nobody in it but who opens it, as its lead.

    `with_lead` lets in whoever leads this one too. The entry is sealed: nobody else on this incident, and no
    administrator, learns of it. `together.open_hr_track` seats the others and starts the steps. Raises Forbidden for who
    sits in no legal or HR seat that the plan names them for, Invalid without a reason, where the playbook has no step of
    the track, or where the track is open already.
    """
    parent = call.place
    if not call.actor.is_system and not may_open_hr_track(call.actor, parent):
        raise Forbidden(
            "The HR track is opened by somebody whom the plan names for a legal or HR seat, and who sits in it."
        )
    why = words(because, "because", "the reason")
    if parent.track or parent.children.filter(track=HR).exists():
        raise Invalid("The HR track is open already.")
    if not has_hr_steps(parent):
        raise Invalid("The playbook that runs has no step of an HR track. Start the one for insiders first.")
    parent.refresh_from_db()
    child = _row(call, parent, why)
    if not call.actor.is_system:
        Grant.objects.create(chain=child.chain, user_id=call.actor.user_id, role=IncidentRole.LEAD)
    if with_lead:
        _take_lead_along(call, parent, child)
    seal(call, child, number=child.number, because=why, with_lead=with_lead)
    return child


def _row(call: Call[Incident], parent: Incident, why: str) -> Incident:
    chain = Chain.objects.create(
        organization_id=parent.organization_id, kind=ChainKind.INCIDENT, exercise=parent.exercise,
        clock_real=call.chain.clock_real, clock_shown=call.chain.clock_shown, clock_speed=call.chain.clock_speed,
    )  # fmt: skip
    return Incident.objects.create(
        chain=chain, organization=parent.organization, parent=parent, track=HR, exercise=parent.exercise,
        number=next_incident_number(parent.organization, call.now, exercise=parent.exercise),
        title=f"HR track of {parent.number}", summary=why, severity=parent.severity, tlp=Tlp.RED,
        plan_version=parent.plan_version, facts=parent.facts,
        entity_roles=parent.entity_roles, data_categories=parent.data_categories,
        instants={**parent.instants, Anchor.DECLARED: instant(call.now)},
        declared_at=call.now, declared_by=call.actor.name, declared_by_id=call.actor.id,
    )  # fmt: skip


def _take_lead_along(call: Call[Incident], parent: Incident, child: Incident) -> None:
    roles = parent.plan_version.plan.roles
    for seat in parent.roles.filter(renounced_at=None).exclude(holder=""):
        if seat.role not in roles or roles[seat.role].access != IncidentRole.LEAD:
            continue
        RoleAssignment.objects.create(
            incident=child, role=seat.role, title=seat.title, function=seat.function, member=seat.member, user=seat.user,
            address=seat.address, holder=seat.holder, because="named when the track was opened", assumed_at=call.now,
        )  # fmt: skip
        if seat.user_id:
            Grant.objects.get_or_create(chain=child.chain, user_id=seat.user_id, role=IncidentRole.LEAD)
        return
