"""What a person does to two incidents in one stroke: several actions, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.core.actions import admit
from tocsin.core.models import Chain
from tocsin.incidents import actions
from tocsin.incidents.actions.carrying import access_of
from tocsin.incidents.actions.roles import open_incident
from tocsin.incidents.models import Incident


@contextmanager
def both(*incidents: Incident) -> Iterator[None]:
    """Hold several chains, always in the same order: two people merging each way round must not wait in a circle."""
    with transaction.atomic():
        ids = sorted(str(i.chain_id) for i in incidents)
        for chain in ids:
            Chain.objects.select_for_update().get(pk=chain)
        yield


def merge(actor: Actor, source: Incident, target: Incident, *, reason: str, people: Sequence[UUID] = ()) -> None:
    """Merge one incident into another (see the action): the two held together. Raises what the action raises."""
    with both(source, target):
        actions.merge(actor, source, target=target, reason=reason, people=people)


def reopen(actor: Actor, incident: Incident, *, reason: str, revision: int | None = None) -> None:
    """Re-open an incident; one that was merged together with the one it went into. Raises what the action raises."""
    with both(*(i for i in (incident, incident.merged_into) if i is not None)):
        actions.reopen(actor, incident, reason=reason, revision=revision)


def split(
    actor: Actor, incident: Incident, *, title: str, severity: int, reason: str, playbook_id: str | None = None,
    tasks: Sequence[int] = (), decisions: Sequence[int] = (), findings: Sequence[int] = (), scope: Sequence[int] = (),
    people: Sequence[UUID] = (), key: str | None = None,
) -> Incident:  # fmt: skip
    """Declare part of an incident as one of its own, under it: what is named by number goes along. Open tasks and
    questions move; findings and scope are copied. `people` of this incident are let in. A repeated `key` returns the
    first. Raises what declaring and the actions raise; then nothing was done.
    """
    with transaction.atomic():
        known = Incident.objects.filter(organization=incident.organization, declared_by_id=actor.id, key=key)
        if key and (before := known.first()):
            if before.parent_id != incident.pk:
                raise Invalid("This key was used before. Take another.", "key")
            return before
        child = actions.declare(
            actor, incident.organization, title=title, severity=severity, playbook_id=playbook_id, tlp=incident.tlp,
            exercise=incident.exercise, detected_at=None, summary="", key=key,
        )  # fmt: skip
        actions.adopt(actor, incident.organization, parent=incident, child=child, reason=reason)
        for user, role in access_of(incident, people, child):
            admit(actor, child, user_id=user, role=role)
        actions.receive(actor, child, source=incident, tasks=tasks, decisions=decisions, findings=findings, scope=scope)
        if tasks or decisions:
            actions.hand_out(actor, incident, tasks=tasks, decisions=decisions, reason=reason)
        return child


def open_hr_track(actor: Actor, incident: Incident, *, because: str, with_lead: bool = False) -> Incident:
    """Open the HR track of an incident: the action, then its own first entries, its seats and its steps. Nothing of it is
    written to the organization's log or, in clear, to the incident's. Raises what the action raises.
    """
    with transaction.atomic():
        child = actions.open_hr_track_row(actor, incident, because=because, with_lead=with_lead)
        system = Actor.system("HR track")
        open_incident(system, child)
        actions.fill_roles(system, child)
        actions.start_playbook(system, child, playbook_id=incident.playbook_id, because=because)
        return child
