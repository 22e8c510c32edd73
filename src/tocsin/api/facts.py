"""Facts of an incident: what is stated, and taking it back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from tocsin.api.asking import actor_of, incident_of
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import FactOut
from tocsin.core.access import Hidden
from tocsin.incidents.actions import set_fact, withdraw_fact

router = Router(tags=["facts"])
FACT = "/{uuid:incident}/facts/{str:name}"


class Fact(Schema, extra="forbid"):
    """What is so, and how it is known."""

    value: bool | int | float | str
    because: str = ""


class FactWithdrawal(Schema, extra="forbid"):
    """Why it is not known any more."""

    because: str


@router.get("/{uuid:incident}/facts", response=Page[FactOut])
def list_facts(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The facts that were stated, by name."""
    stated = [{"name": name, "value": value} for name, value in incident_of(request, incident).facts.items()]
    return paged.listed(stated, key=lambda fact: (fact["name"],))


@router.get(FACT, response=FactOut)
def get_fact(request: HttpRequest, incident: UUID, name: str) -> dict[str, Any]:
    """One fact."""
    stated = incident_of(request, incident).facts
    if name not in stated:
        raise Hidden
    return {"name": name, "value": stated[name]}


@router.put(FACT, response=FactOut)
def state_fact(request: HttpRequest, incident: UUID, name: str, given: Fact) -> dict[str, Any]:
    """State a fact, or change one."""
    place = incident_of(request, incident)
    set_fact(actor_of(request), place, name=name, value=given.value, because=given.because)
    return {"name": name, "value": place.facts[name]}


@router.api_operation(["DELETE"], FACT, response={204: None})
def take_fact_back(request: HttpRequest, incident: UUID, name: str, given: FactWithdrawal) -> Status[None]:
    """Take a fact back: it is not known any more. Steps that only it had opened, and nobody has begun, wait again."""
    place = incident_of(request, incident)
    if name not in place.facts:
        raise Hidden
    withdraw_fact(actor_of(request), place, name=name, because=given.because)
    return Status(204, None)
