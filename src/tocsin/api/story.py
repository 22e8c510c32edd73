"""What the evidence tells together: attack steps, the ATT&CK matrix, network, processes, logons, what they propose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from tocsin.api.asking import incident_of
from tocsin.api.paging import Page, Paged
from tocsin.core.action import Invalid
from tocsin.core.canonical import instant, plain
from tocsin.evidence.questions import (
    logons_of,
    matrix_of,
    network_of,
    processes_of,
    proposals_of,
    steps_of,
)
from tocsin.lab.analyses.answer import Answer
from tocsin.lab.lake import LakeError, QueryError

router = Router(tags=["what the evidence tells"])
Given = TypeVar("Given")
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/{uuid:incident}/steps", response=Page[dict[str, Any]])
def list_steps(request: HttpRequest, incident: UUID, paged: Query[Paged], noise: bool = False) -> dict[str, Any]:
    """The attack in steps, in order of time; `noise` adds those that ordinary administration makes too."""
    steps = (step for step in steps_of(incident_of(request, incident)) if noise or not step.is_noise)
    page = paged.listed(steps, key=lambda step: (instant(step.first) if step.first else "~", step.key))
    told = [_told(step) | {"sentence": step.sentence, "is_noise": step.is_noise} for step in page["items"]]
    return page | {"items": told}


@router.get("/{uuid:incident}/matrix", response=list[dict[str, Any]])
def get_matrix(request: HttpRequest, incident: UUID) -> list[dict[str, Any]]:
    """The ATT&CK matrix: each tactic with the techniques that detections name."""
    return [_told(column) for column in matrix_of(incident_of(request, incident))]


@router.get("/{uuid:incident}/network", response=dict[str, dict[str, Any]])
def get_network(request: HttpRequest, incident: UUID, limit: Limit = 100) -> dict[str, dict[str, Any]]:
    """Beacons, DNS tunnels, large uploads, long connections, rare destinations; and the largest conversations."""
    answers = _answered(lambda: network_of(incident_of(request, incident)))
    return {
        name: _shown(answer, [getattr(one, "proposal", one) for one in answer.found[:limit]])
        for name, answer in answers.items()
    }


@router.get("/{uuid:incident}/logons", response=dict[str, dict[str, Any]])
def get_logons(
    request: HttpRequest, incident: UUID, limit: Limit = 200, account: str = ""
) -> dict[str, dict[str, Any]]:
    """Who logged on from where to where (`edges`), and the ways that somebody may have moved (`paths`)."""
    answers = _answered(lambda: logons_of(incident_of(request, incident)))
    edges = [one for one in answers["edges"].found if account.lower() in one.account]
    paths = [one.proposal for one in answers["paths"].found]
    return {"edges": _shown(answers["edges"], edges[:limit]), "paths": _shown(answers["paths"], paths[:limit])}


@router.get("/{uuid:incident}/processes", response=dict[str, Any])
def get_processes(
    request: HttpRequest, incident: UUID, host: Annotated[str, Query(max_length=300)] = "", limit: Limit = 200,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> dict[str, Any]:  # fmt: skip
    """The processes of a host as a tree, parents before their children."""
    place = incident_of(request, incident)
    if not host:
        raise Invalid("Say of which host, for example host=ws-017.", "host")
    answer = _answered(lambda: processes_of(place, host))
    return _shown(answer, answer.found[offset : offset + limit])


@router.get("/{uuid:incident}/proposals", response=dict[str, Any])
def list_proposals(request: HttpRequest, incident: UUID, limit: Limit = 100) -> dict[str, Any]:
    """What the analyses of the events propose as findings, each with its reasons and the events that prove it."""
    answer = _answered(lambda: proposals_of(incident_of(request, incident)))
    return _shown(answer, answer.found[:limit])


def _answered(make: Callable[[], Given]) -> Given:
    try:
        return make()
    except (LakeError, QueryError) as error:
        raise Invalid(str(error)) from error


def _shown(answer: Answer[Any], found: Iterable[Any]) -> dict[str, Any]:
    shown = {"total": answer.total, "considered": answer.considered, "notes": list(answer.notes)}
    return {"found": [_told(one) for one in found], **shown}


def _told(one: Any) -> dict[str, Any]:
    told: dict[str, Any] = plain(asdict(one))
    return told
