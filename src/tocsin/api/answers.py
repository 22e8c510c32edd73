"""What a person does about what the evidence tells: answer a suggestion, stop a run, take a sample out."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpRequest
from ninja import Router, Schema, Status

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.shapes import FindingOut
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions import stop_analysis
from tocsin.evidence.handing_out import hand_out
from tocsin.evidence.models import Sample
from tocsin.evidence.questions import suggestion_by_key
from tocsin.incidents.actions import answer_suggestion
from tocsin.incidents.models import Finding

router = Router(tags=["evidence"])


class ProposalAnswer(Schema, extra="forbid"):
    """Whether what is suggested under a key is stated as a finding; a rejection says why."""

    key: str
    accept: bool
    reason: str = ""


class Taking(Schema, extra="forbid"):
    """Why a sample is taken out."""

    why: str


@router.post("/{uuid:incident}/proposals/answer", response={201: FindingOut})
def answer_proposal(request: HttpRequest, incident: UUID, given: ProposalAnswer) -> Status[Finding]:
    """State a step or proposal, named by its key, as a finding, or reject it; either is remembered."""
    place = incident_of(request, incident)
    found = suggestion_by_key(place, given.key)
    if found is None:
        raise Invalid("Nothing is suggested under this key now.", "key")
    made = answer_suggestion(actor_of(request), place, suggestion=found, accept=given.accept, reason=given.reason)
    return Status(201, made)


@router.post("/{uuid:incident}/analyses/{int:number}/stop", response={204: None})
def stop_analysis_run(request: HttpRequest, incident: UUID, number: int) -> Status[None]:
    """Stop a run that waits or works."""
    place = incident_of(request, incident)
    stop_analysis(actor_of(request), place, run=numbered(place.runs.all(), number))
    return Status(204, None)


@router.post(
    "/{uuid:incident}/samples/{int:sample}/take",
    openapi_extra={"responses": {200: {"content": {"application/zip": {"schema": {"type": "string"}}}}}},
)
def take_sample_out(request: HttpRequest, incident: UUID, sample: int, given: Taking) -> FileResponse:
    """Take a sample out, as a ZIP archive encrypted with the password `infected`; the log keeps the reason."""
    place = incident_of(request, incident)
    found = Sample.objects.filter(incident=place, pk=sample).select_related("item").first()
    if found is None:
        raise Hidden
    archive = hand_out(actor_of(request), place, found, given.why)
    name = f"{found.sha256[:16] or 'sample'}.zip"
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")
