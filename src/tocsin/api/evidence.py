"""Evidence, analysis runs and detections of an incident."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import DetectionOut, EvidenceOut, RunOut
from tocsin.core.access import Forbidden, may
from tocsin.core.action import Invalid
from tocsin.evidence.actions import Intake, request_analysis, take_evidence, verify_evidence
from tocsin.evidence.models import AnalysisRun, EvidenceItem, RunState
from tocsin.evidence.progress import progress_of
from tocsin.evidence.store import put, still_holds

router = Router(tags=["evidence"])


class Items(Schema, extra="forbid"):
    """The numbers of items; null means all."""

    items: Annotated[list[int], Field(max_length=10_000)] | None = None


@router.get("/{uuid:incident}/evidence", response=Page[EvidenceOut])
def list_evidence(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """What is in custody."""
    return paged.rows(incident_of(request, incident).evidence.all(), "number")


@router.get("/{uuid:incident}/evidence/{int:number}", response=EvidenceOut)
def get_evidence(request: HttpRequest, incident: UUID, number: int) -> EvidenceItem:
    """One item in custody."""
    return numbered(incident_of(request, incident).evidence.all(), number)


@router.post("/{uuid:incident}/evidence", response={201: list[EvidenceOut]})
def upload_evidence(
    request: HttpRequest,
    incident: UUID,
    files: Annotated[list[UploadedFile], File()],
    why: Annotated[str, Form()] = "",
) -> Status[list[EvidenceItem]]:
    """Take files into custody (multipart). Answers the items; content known before is the item that is there."""
    place, actor = incident_of(request, incident), actor_of(request)
    if not may(actor, place.chain, take_evidence):  # before anything is written to the store
        raise Forbidden(f"{actor.name} may not take evidence into custody here")
    intakes = [stored(f) for f in files]
    take_evidence(actor, place, intakes=intakes, why=why)
    return Status(201, list(place.evidence.filter(sha256__in=[i.stored.sha256 for i in intakes])))


def stored(upload: UploadedFile) -> Intake:
    """A file that was sent, as it lies in the store now. Raises Invalid for one that did not arrive."""
    name = upload.name or "unnamed"
    if upload.file is None:
        raise Invalid(f"{name} did not arrive.", "files")
    return Intake(name, put(upload.file, name))


@router.post("/{uuid:incident}/evidence/verify", response=list[EvidenceOut])
def verify_items(request: HttpRequest, incident: UUID, given: Items) -> list[EvidenceItem]:
    """Compare what is stored with the hashes of its intake, and record the result."""
    place, actor = incident_of(request, incident), actor_of(request)
    if not may(actor, place.chain, verify_evidence):
        raise Forbidden(f"{actor.name} may not verify evidence here")
    rows = place.evidence.all() if given.items is None else place.evidence.filter(number__in=given.items)
    items = list(rows)
    if missing := set(given.items or ()) - {i.number for i in items}:
        raise Invalid(f"There is no item {', '.join(map(str, sorted(missing)))}.", "items")
    verify_evidence(actor, place, checked=[(i, still_holds(i.sha256, i.bytes)) for i in items])
    return items


@router.post("/{uuid:incident}/analyses", response={201: RunOut})
def request_analysis_run(request: HttpRequest, incident: UUID) -> Status[dict[str, Any]]:
    """Ask for a run of the rules over all the evidence; a worker carries it out."""
    return Status(201, _run(request_analysis(actor_of(request), incident_of(request, incident))))


@router.get("/{uuid:incident}/analyses", response=Page[RunOut])
def list_analysis_runs(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The runs, the newest first."""
    page = paged.rows(incident_of(request, incident).runs.all(), "-number")
    return page | {"items": [_run(run) for run in page["items"]]}


@router.get("/{uuid:incident}/analyses/{int:number}", response=RunOut)
def get_analysis_run(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """One run: how far it is, or its account."""
    return _run(numbered(incident_of(request, incident).runs.all(), number))


def _run(run: AnalysisRun) -> dict[str, Any]:
    progress = progress_of(str(run.id)) if run.state == RunState.RUNNING else None
    shown = {name: getattr(run, name) for name in RunOut.model_fields if name != "percent"}
    return shown | {"percent": progress.percent if progress else None}


@router.get("/{uuid:incident}/detections", response=Page[DetectionOut])
def list_detections(
    request: HttpRequest,
    incident: UUID,
    paged: Query[Paged],
    level: str | None = None,
    host: str | None = None,
    rule_id: str | None = None,
) -> dict[str, Any]:
    """The detections of the newest run, a page at a time."""
    wanted = {k: v for k, v in {"level": level, "host": host, "rule_id": rule_id}.items() if v is not None}
    return paged.rows(incident_of(request, incident).detections.filter(**wanted).select_related("item"), "pk")
