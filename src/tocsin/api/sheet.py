"""The fact sheet of an incident: instants, roles, data, flags and people affected, each with who said it and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of
from tocsin.core.access import Hidden
from tocsin.incidents.actions import mark_instant, set_data_category, set_entity_role, withdraw_instant
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import Sheet, contradictions, sheet_of
from tocsin.incidents.queries.sheet import Stated
from tocsin.incidents.sheet_words import DATA, ROLES
from tocsin.plan.models import Anchor

router = Router(tags=["facts"])
INSTANT = "/{uuid:incident}/sheet/instants/{str:name}"
ROLE = "/{uuid:incident}/sheet/roles/{str:name}"
DATUM = "/{uuid:incident}/sheet/data/{str:name}"


class SourceOut(Schema):
    """Who said it, when, why, with which entry of the log; `zone` is the one in which an instant was typed."""

    by: str
    at: datetime
    because: str
    sequence: int
    zone: str


class InstantOut(Schema):
    """When something was reached."""

    name: str
    at: datetime
    source: SourceOut | None


class AnswerOut(Schema):
    """A flag, a role or a category of data: yes or no. A role without a source stands in the plan."""

    name: str
    value: bool
    source: SourceOut | None


class SheetValueOut(Schema):
    """A stated fact that is neither yes nor no."""

    name: str
    value: Any
    source: SourceOut | None


class PeopleOut(Schema):
    """A group of people of the scope ledger: S-`number`, where they live ('' while not known), how many, how sure."""

    number: int
    name: str
    region: str
    low: int | None
    high: int | None
    confidence: str
    state: str
    source: SourceOut | None


class AffectedOut(Schema):
    """How many people of a region are affected: `low` null where nobody counted, `high` where nobody knows."""

    region: str
    low: int | None
    high: int | None
    confidence: str
    entries: list[int]


class ContradictionOut(Schema):
    """What contradicts what: the names of two parts, such as `instant.contained`, and words."""

    about: list[str]
    words: str


class SheetOut(Schema):
    """The fact sheet. What is not in it is not known."""

    instants: list[InstantOut]
    roles: list[AnswerOut]
    data: list[AnswerOut]
    flags: list[AnswerOut]
    facts: list[SheetValueOut]
    people: list[PeopleOut]
    affected: list[AffectedOut]
    total: AffectedOut
    home_countries: list[str]
    zone: str
    contradictions: list[ContradictionOut]


class RoleFactOut(Schema):
    """What the organization is, or is not, in this incident; null: neither the plan nor anybody here says so."""

    name: str
    held: bool | None
    source: SourceOut | None


class DatumOut(Schema):
    """Whether data of a category is affected; null: not known."""

    name: str
    affected: bool | None
    source: SourceOut | None


class InstantGiven(Schema, extra="forbid"):
    """When it was and how that is known. `zone` (IANA) is where the person's clock hangs; the log keeps it."""

    at: Moment
    because: str = Field("", description="Needed when an instant that is set already is corrected.")
    zone: str = ""


class RoleGiven(Schema, extra="forbid"):
    """Whether we are that in this incident, and why; null: what the plan says counts again."""

    held: bool | None
    because: str


class DatumGiven(Schema, extra="forbid"):
    """Whether data of that category is affected, and how that is known; null: it is not known any more."""

    affected: bool | None
    because: str


class Withdrawal(Schema, extra="forbid"):
    """Why it is not known any more."""

    because: str


@router.get("/{uuid:incident}/sheet", response=SheetOut)
def get_sheet(request: HttpRequest, incident: UUID) -> dict[str, Any]:
    """The whole sheet, with what in it contradicts what."""
    return _shown(sheet_of(incident_of(request, incident)))


@router.get(INSTANT, response=InstantOut)
def get_instant(request: HttpRequest, incident: UUID, name: str) -> dict[str, Any]:
    """When one instant was."""
    return _instant(incident_of(request, incident), name)


@router.put(INSTANT, response=InstantOut)
def set_instant(request: HttpRequest, incident: UUID, name: str, given: InstantGiven) -> dict[str, Any]:
    """Say when it was, or correct it. Deadlines that hang on it follow; what it contradicts shows in the sheet."""
    place = incident_of(request, incident)
    if name not in set(Anchor):
        raise Hidden
    mark_instant(actor_of(request), place, anchor=name, **given.dict())
    return _instant(place, name)


@router.api_operation(["DELETE"], INSTANT, response={204: None})
def take_instant_back(request: HttpRequest, incident: UUID, name: str, given: Withdrawal) -> Status[None]:
    """Take an instant back: when that was is not known any more."""
    place = incident_of(request, incident)
    if name not in place.instants:
        raise Hidden
    withdraw_instant(actor_of(request), place, anchor=name, because=given.because)
    return Status(204, None)


@router.get(ROLE, response=RoleFactOut)
def get_role_fact(request: HttpRequest, incident: UUID, name: str) -> dict[str, Any]:
    """Whether the organization is that in this incident."""
    return _role(incident_of(request, incident), name)


@router.put(ROLE, response=RoleFactOut)
def set_role_fact(request: HttpRequest, incident: UUID, name: str, given: RoleGiven) -> dict[str, Any]:
    """Say that the organization is, or is not, that in this incident, whatever the plan says."""
    place = incident_of(request, incident)
    _role(place, name)
    set_entity_role(actor_of(request), place, role=name, held=given.held, because=given.because)
    return _role(place, name)


@router.get(DATUM, response=DatumOut)
def get_data_category(request: HttpRequest, incident: UUID, name: str) -> dict[str, Any]:
    """Whether data of that category is affected."""
    return _datum(incident_of(request, incident), name)


@router.put(DATUM, response=DatumOut)
def state_data_category(request: HttpRequest, incident: UUID, name: str, given: DatumGiven) -> dict[str, Any]:
    """Say whether data of that category is affected."""
    place = incident_of(request, incident)
    _datum(place, name)
    set_data_category(actor_of(request), place, category=name, affected=given.affected, because=given.because)
    return _datum(place, name)


def _shown(sheet: Sheet) -> dict[str, Any]:
    return {
        "instants": [{"name": name, "at": s.value, "source": s.source} for name, s in sheet.instants.items()],
        "roles": _answers(sheet.roles),
        "data": _answers(sheet.data_categories),
        "flags": _answers(sheet.flags),
        "facts": _answers(sheet.facts),
        "people": sheet.people,
        "affected": sheet.affected,
        "total": sheet.total,
        "home_countries": sheet.home_countries,
        "zone": sheet.zone,
        "contradictions": contradictions(sheet),
    }


def _answers(stated: Any) -> list[dict[str, Any]]:
    return [{"name": name, "value": s.value, "source": s.source} for name, s in stated.items()]


def _instant(place: Incident, name: str) -> dict[str, Any]:
    found = sheet_of(place).instants.get(name)
    if found is None:
        raise Hidden
    return {"name": name, "at": found.value, "source": found.source}


def _role(place: Incident, name: str) -> dict[str, Any]:
    found: Stated[bool] | None = sheet_of(place).roles.get(name)
    if found is None and name not in ROLES:
        raise Hidden
    return {"name": name, "held": found.value if found else None, "source": found.source if found else None}


def _datum(place: Incident, name: str) -> dict[str, Any]:
    found = sheet_of(place).data_categories.get(name)
    if name not in DATA:
        raise Hidden
    return {"name": name, "affected": found.value if found else None, "source": found.source if found else None}
