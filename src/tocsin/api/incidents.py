"""Incidents: list, declare, look at one, steer it; who holds which role in it."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, organization_of
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import IncidentOut, SeatOut
from tocsin.core.access import visible
from tocsin.core.action import Invalid
from tocsin.incidents.actions import assign_role, declare, set_phase, set_severity, set_summary
from tocsin.incidents.models import Incident, Phase, RoleAssignment, Tlp
from tocsin.incidents.queries import seats
from tocsin.people.queries import member_by_key

router = Router(tags=["incidents"])
Because = Annotated[str, Field(max_length=2000)]


class Declaration(Schema, extra="forbid"):
    """What is declared. `key` makes a repeated declaration return the first."""

    title: str
    severity: int
    playbook: str | None = None
    summary: str = ""
    exercise: bool = False
    tlp: Tlp = Tlp.AMBER
    detected_at: Moment | None = None
    facts: dict[str, bool | int | float | str] = {}
    key: str | None = Field(None, max_length=100)
    organization: str | None = None


class PhaseChange(Schema, extra="forbid"):
    """The phase that is reached."""

    phase: Phase
    because: Because = ""


class SeverityChange(Schema, extra="forbid"):
    """A severity of the plan, and why it changes."""

    severity: int
    because: Because


class Summary(Schema, extra="forbid"):
    """What is going on, in a few lines."""

    summary: str = Field(max_length=20_000)


class Seating(Schema, extra="forbid"):
    """The key of a contact in the plan, and why the role is handed on."""

    member: str
    because: Because = ""


@router.get("", response=Page[IncidentOut])
def list_incidents(
    request: HttpRequest, paged: Query[Paged], phase: Phase | None = None, exercise: bool | None = None,
    organization: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The incidents that you are on, the newest first."""
    rows = Incident.objects.select_related("chain", "organization", "plan_version")
    wanted: dict[str, Any] = {"phase": phase, "exercise": exercise, "organization__slug": organization}
    seen = visible(actor_of(request), rows).filter(**{k: v for k, v in wanted.items() if v is not None})
    return paged.rows(seen, "-declared_at", "pk")


@router.post("", response={201: IncidentOut})
def declare_incident(request: HttpRequest, given: Declaration) -> Status[Incident]:
    """Declare an incident or an exercise; you lead it until the role is handed on."""
    values = given.dict(exclude={"organization", "playbook"})
    place = organization_of(request, given.organization)
    made = declare(actor_of(request), place, playbook_id=given.playbook, **values)
    return Status(201, incident_of(request, made.id))


@router.get("/{uuid:incident}", response=IncidentOut)
def get_incident(request: HttpRequest, incident: UUID) -> Incident:
    """One incident."""
    return incident_of(request, incident)


@router.put("/{uuid:incident}/phase", response=IncidentOut)
def set_incident_phase(request: HttpRequest, incident: UUID, given: PhaseChange, seen: Seen = None) -> Incident:
    """Move the incident to another phase."""
    place = incident_of(request, incident)
    set_phase(actor_of(request), place, phase=given.phase, because=given.because, revision=seen)
    return incident_of(request, incident)


@router.put("/{uuid:incident}/severity", response=IncidentOut)
def set_incident_severity(request: HttpRequest, incident: UUID, given: SeverityChange, seen: Seen = None) -> Incident:
    """Change the severity, with the reason."""
    place = incident_of(request, incident)
    set_severity(actor_of(request), place, severity=given.severity, because=given.because, revision=seen)
    return incident_of(request, incident)


@router.put("/{uuid:incident}/summary", response=IncidentOut)
def set_incident_summary(request: HttpRequest, incident: UUID, given: Summary, seen: Seen = None) -> Incident:
    """Rewrite what is going on."""
    set_summary(actor_of(request), incident_of(request, incident), summary=given.summary, revision=seen)
    return incident_of(request, incident)


@router.get("/{uuid:incident}/roles", response=Page[SeatOut])
def list_roles(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Who holds which role now; an empty seat has no member."""
    return paged.listed(seats(incident_of(request, incident)), key=lambda seat: (seat.role,))


@router.put("/{uuid:incident}/roles/{str:role}", response=SeatOut)
def assign_incident_role(request: HttpRequest, incident: UUID, role: str, given: Seating) -> RoleAssignment:
    """Give a role to a contact of the plan; whoever held it steps back."""
    place = incident_of(request, incident)
    member = member_by_key(place.organization, given.member)
    if member is None:
        raise Invalid(f"The plan knows nobody as '{given.member}'.", "member")
    assign_role(actor_of(request), place, role=role, member=member, because=given.because)
    return next(seat for seat in seats(place) if seat.role == role)
