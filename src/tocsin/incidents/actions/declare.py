"""Declare an incident or an exercise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tocsin.core.access import OrgRole, organization_role, visible
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import instant
from tocsin.core.models import Chain, ChainKind, Grant, Organization
from tocsin.incidents.actions.common import check_fact, words
from tocsin.incidents.models import Incident, Tlp
from tocsin.people.queries import current_plan
from tocsin.plan.models import Anchor, IncidentRole


@action("incident.declare", organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER))
def declare(
    call: Call[Organization],
    *,
    title: str,
    severity: int,
    playbook_id: str | None = None,
    playbook_because: str = "",
    summary: str = "",
    exercise: bool = False,
    tlp: str = Tlp.AMBER,
    detected_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Incident:
    """Declare an incident under the plan as it stands now; `key` makes a repeated declaration return the first.

    The entry on the organization's chain names the incident by its id alone: its title belongs to those on it.
    Raises Invalid when there is no plan, no such playbook, severity or marking, or when the actor used the key for an
    incident that they no longer see. Keys are each declarer's own: one learns nothing of those that others used.
    """
    organization = call.place
    if key and len(key) > 100:
        raise Invalid("A key holds 100 characters.", "key")
    if key and (known := _declared_before(call, key)):
        if not visible(call.actor, Incident.objects.filter(pk=known.pk)).exists():
            raise Invalid("This key was used before. Take another.", "key")
        call.record(("incident", str(known.id)), repeated=True)
        return known
    version = current_plan(organization)
    if version is None:
        raise Invalid("There is no plan yet. Import one first: tocsin plan init, then tocsin plan import.")
    if severity not in version.plan.severity.levels:
        raise Invalid(f"The plan has no severity {severity}.", "severity")
    if tlp not in set(Tlp):
        raise Invalid(f"'{tlp}' is no marking; take one of {', '.join(Tlp)}.", "tlp")
    for name, value in (facts or {}).items():
        check_fact(name, value)
    if playbook_id and playbook_id not in version.plan.playbooks:
        raise Invalid(f"The plan has no playbook '{playbook_id}'.", "playbook")
    if detected_at and detected_at.tzinfo is None:
        raise Invalid("Say in which time zone it was detected.", "detected_at")
    if detected_at and detected_at > call.now:
        raise Invalid("It cannot have been detected in the future.", "detected_at")
    chain = Chain.objects.create(organization=organization, kind=ChainKind.INCIDENT, exercise=exercise)
    incident = Incident.objects.create(
        chain=chain,
        organization=organization,
        number=next_incident_number(organization, call.now, exercise=exercise),
        title=words(title, "title", "a title that says what happened")[:300],
        summary=summary.strip(),
        severity=severity,
        tlp=tlp,
        exercise=exercise,
        plan_version=version,
        playbook_id=playbook_id or "",
        playbook_because=playbook_because,
        facts=dict(facts or {}),
        instants={Anchor.DETECTED: instant(detected_at or call.now), Anchor.DECLARED: instant(call.now)},
        key=key,
        declared_at=call.now,
        declared_by=call.actor.name,
        declared_by_id=call.actor.id,
    )
    if not call.actor.is_system:
        Grant.objects.create(chain=chain, user_id=call.actor.user_id, role=IncidentRole.LEAD)
    call.record(("incident", str(incident.id)), exercise=exercise, plan=version.version)
    return incident


def _declared_before(call: Call[Organization], key: str) -> Incident | None:
    own = Incident.objects.filter(organization=call.place, declared_by_id=call.actor.id)
    return own.filter(key=key).first()


def next_incident_number(organization: Organization, now: datetime, *, exercise: bool) -> str:
    """The number that the next incident or exercise of this year gets."""
    prefix = f"{'EX' if exercise else 'INC'}-{now.year}-"
    taken = Incident.objects.filter(organization=organization, number__startswith=prefix)
    last = max((int(n.removeprefix(prefix)) for n in taken.values_list("number", flat=True)), default=0)
    return f"{prefix}{last + 1:03d}"
