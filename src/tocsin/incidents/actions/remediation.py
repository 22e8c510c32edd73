"""Remediation: what is done for a scope entry, and the check that it holds."""

from __future__ import annotations

from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import WORKS, next_number, words
from tocsin.incidents.models import Incident, Remediation, RemediationState, ScopeEntry


@action("remediation.plan", WORKS)
def plan_remediation(call: Call[Incident], *, entry: ScopeEntry, what: str, role: str, method: str = "") -> Remediation:
    """Plan an action for one scope entry; `method` says how it will be verified. Raises Invalid for an unknown role."""
    incident = call.place
    if entry.incident_id != incident.chain_id:
        raise Invalid("This entry belongs to another incident.")
    if role not in incident.plan_version.plan.roles:
        raise Invalid(f"The plan has no role '{role}'.", "role")
    planned = Remediation.objects.create(
        incident=incident, entry=entry, number=next_number(incident.remediations),
        action=words(what, "what", "what is to be done")[:300], role=role, method=method[:300],
        planned_at=call.now,
    )  # fmt: skip
    call.record(planned, remediation=planned.number, entry=entry.number, name=entry.name, action=planned.action)
    return planned


@action("remediation.do", WORKS)
def do_remediation(call: Call[Incident], *, remediation: Remediation) -> None:
    """Say that the action was carried out. It does not count before it is verified."""
    _same_incident(call, remediation)
    if remediation.state not in (RemediationState.PLANNED, RemediationState.FAILED):
        raise Invalid(f"R-{remediation.number} is '{RemediationState(remediation.state).label}' already.")
    remediation.state, remediation.done_at, remediation.done_by = RemediationState.DONE, call.now, call.actor.name
    remediation.done_by_id = call.actor.id
    remediation.save(update_fields=["state", "done_at", "done_by", "done_by_id"])
    call.record(remediation, remediation=remediation.number, action=remediation.action)


@action("remediation.verify", WORKS)
def verify_remediation(call: Call[Incident], *, remediation: Remediation, held: bool, method: str, result: str) -> None:
    """Record the check of an action: how, and what came out. Raises Invalid before the action was carried out,
    or when the one who did it checks it alone.
    """
    _same_incident(call, remediation)
    if remediation.state != RemediationState.DONE:
        raise Invalid(f"R-{remediation.number} has to be done before it can be verified.")
    # The system acts for whoever is at the command line: there the name tells people apart.
    same_name = remediation.done_by == call.actor.name
    if remediation.done_by_id == call.actor.id and (same_name or not call.actor.is_system):
        raise Invalid("Somebody else has to verify it: you carried it out.")
    remediation.state = RemediationState.VERIFIED if held else RemediationState.FAILED
    remediation.method = words(method, "method", "how it was checked")[:300]
    remediation.result = words(result, "result", "what came out")[:300]
    remediation.verified_at, remediation.verified_by = call.now, call.actor.name
    remediation.save()
    call.record(remediation, remediation=remediation.number, action=remediation.action, held=held,
                method=remediation.method, result=remediation.result)  # fmt: skip


def _same_incident(call: Call[Incident], remediation: Remediation) -> None:
    if remediation.incident_id != call.place.chain_id:
        raise Invalid("This action belongs to another incident.")
    remediation.refresh_from_db()
