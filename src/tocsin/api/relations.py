"""How an incident ends and which others it belongs with: close, re-open, merge, split, parent and child."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import LARGEST, actor_of, incident_of
from tocsin.api.etags import Seen
from tocsin.api.shapes import IncidentOut
from tocsin.incidents import actions, together
from tocsin.incidents.models import Incident
from tocsin.incidents.queries.relations import related

router = Router(tags=["incidents"])
OF = "/{uuid:incident}"
Reason = Annotated[str, Field(min_length=1, max_length=2000)]
Numbers = Annotated[list[Annotated[int, Field(ge=1, le=LARGEST)]], Field(max_length=500)]
People = Annotated[list[UUID], Field(max_length=500)]


class RelatedOut(Schema):
    """What the incident belongs with, as far as you are on it; nothing says that there is more."""

    parent: UUID | None
    children: list[UUID]
    merged_into: UUID | None
    absorbed: list[UUID]


class Closing(Schema, extra="forbid"):
    """How it came out (true_positive, near_miss, false_positive) and why; `left_open` is needed while work is open."""

    outcome: str
    reason: Reason
    left_open: str = Field("", max_length=2000)


class Reopening(Schema, extra="forbid"):
    """Why it is taken up again."""

    reason: Reason


class Adoption(Schema, extra="forbid"):
    """Which incident this one stands under from now on."""

    parent: UUID
    reason: str = Field("", max_length=2000)


class Release(Schema, extra="forbid"):
    """Why it stands on its own again."""

    reason: str = Field("", max_length=2000)


class Merging(Schema, extra="forbid"):
    """Into which incident, why, and the accounts of those who are let into it."""

    into: UUID
    reason: Reason
    people: People = []


class Splitting(Schema, extra="forbid"):
    """What the part is, and what goes along by its numbers: open work moves, findings and scope are copied.

    A repeated `key` returns the first.
    """

    title: str = Field(max_length=300)
    severity: int = Field(ge=-LARGEST, le=LARGEST)
    reason: Reason
    playbook: str | None = None
    tasks: Numbers = []
    decisions: Numbers = []
    findings: Numbers = []
    scope: Numbers = []
    people: People = []
    key: str | None = Field(None, max_length=100)


@router.get(OF + "/relations", response=RelatedOut)
def get_relations(request: HttpRequest, incident: UUID) -> RelatedOut:
    """Parent, children, and what was merged."""
    found = related(actor_of(request), incident_of(request, incident))
    return RelatedOut(
        parent=found.parent.pk if found.parent else None,
        children=[i.pk for i in found.children],
        merged_into=found.merged_into.pk if found.merged_into else None,
        absorbed=[i.pk for i in found.absorbed],
    )


@router.post(OF + "/close", response=IncidentOut)
def close_incident(request: HttpRequest, incident: UUID, given: Closing, seen: Seen = None) -> Incident:
    """Close the incident."""
    actions.close(actor_of(request), incident_of(request, incident), revision=seen, **given.dict())
    return incident_of(request, incident)


@router.post(OF + "/reopen", response=IncidentOut)
def reopen_incident(request: HttpRequest, incident: UUID, given: Reopening, seen: Seen = None) -> Incident:
    """Take a closed incident up again; a merged one is parted from the other."""
    together.reopen(actor_of(request), incident_of(request, incident), reason=given.reason, revision=seen)
    return incident_of(request, incident)


@router.put(OF + "/parent", response=IncidentOut)
def put_under(request: HttpRequest, incident: UUID, given: Adoption) -> Incident:
    """Put the incident under another. You lead both."""
    child, parent = incident_of(request, incident), incident_of(request, given.parent)
    actions.adopt(actor_of(request), child.organization, parent=parent, child=child, reason=given.reason)
    return incident_of(request, incident)


@router.post(OF + "/release", response=IncidentOut)
def take_out(request: HttpRequest, incident: UUID, given: Release) -> Incident:
    """Take the incident out from under its parent. You lead both."""
    child = incident_of(request, incident)
    actions.release(actor_of(request), child.organization, child=child, reason=given.reason)
    return incident_of(request, incident)


@router.post(OF + "/merge", response=IncidentOut)
def merge_incident(request: HttpRequest, incident: UUID, given: Merging) -> Incident:
    """Close the incident as part of another, where its work goes on. You lead both."""
    target = incident_of(request, given.into)
    together.merge(actor_of(request), incident_of(request, incident), target, reason=given.reason, people=given.people)
    return incident_of(request, incident)


@router.post(OF + "/split", response={201: IncidentOut})
def split_incident(request: HttpRequest, incident: UUID, given: Splitting) -> Status[Incident]:
    """Declare a part of the incident as one of its own, under it."""
    values = given.dict(exclude={"playbook"})
    made = together.split(actor_of(request), incident_of(request, incident), playbook_id=given.playbook, **values)
    return Status(201, incident_of(request, made.id))
