"""The log: read on, export, verify, for an incident and for an organization's own affairs."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from tocsin.api.asking import LARGEST, actor_of, incident_of, organization_of
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import EntryOut, ProofOut
from tocsin.core import log
from tocsin.core.access import Hidden, reads_organization_log
from tocsin.core.models import Chain

router = Router(tags=["log"])
LINES = {"responses": {200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}}
After = Annotated[int, Query(ge=0, le=LARGEST)]


def _page(chain: Chain, after: int, paged: Paged) -> dict[str, Any]:
    page = paged.rows(chain.entries.filter(sequence__gt=after), "sequence")
    return page | {"items": [entry.body() | {"hash": entry.hash} for entry in page["items"]]}


def _export(chain: Chain, name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(log.export(chain.entries.all()), content_type="application/x-ndjson")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-log.jsonl"'
    return answer


def _proof(chain: Chain) -> dict[str, Any]:
    proof = log.verify_chain(chain)
    fault = str(proof.fault) if proof.fault else None
    return {"holds": proof.holds, "entries": proof.entries, "head": proof.heads.get(str(chain.id)), "fault": fault}


def _own(request: HttpRequest, slug: str) -> Chain:
    place = organization_of(request, slug)
    if not reads_organization_log(actor_of(request), place):
        raise Hidden
    return Chain.objects.get(pk=place.chain_id)


@router.get("/incidents/{uuid:incident}/log", response=Page[EntryOut])
def read_log(request: HttpRequest, incident: UUID, paged: Query[Paged], after: After = 0) -> dict[str, Any]:
    """An incident's entries in order; `after` leaves out those up to a sequence number."""
    return _page(incident_of(request, incident).chain, after, paged)


@router.get(
    "/incidents/{uuid:incident}/log/export",
    openapi_extra=LINES,
)
def export_log(request: HttpRequest, incident: UUID) -> StreamingHttpResponse:
    """An incident's log as canonical JSON lines, as docs/verify-a-log.md checks them."""
    found = incident_of(request, incident)
    return _export(found.chain, found.number)


@router.get("/incidents/{uuid:incident}/log/verify", response=ProofOut)
def verify_log(request: HttpRequest, incident: UUID) -> dict[str, Any]:
    """Check an incident's chain from its first entry to its head."""
    return _proof(incident_of(request, incident).chain)


@router.get("/organizations/{slug:organization}/log", response=Page[EntryOut])
def read_own_log(request: HttpRequest, organization: str, paged: Query[Paged], after: After = 0) -> dict[str, Any]:
    """The entries of an organization's affairs outside incidents."""
    return _page(_own(request, organization), after, paged)


@router.get(
    "/organizations/{slug:organization}/log/export",
    openapi_extra=LINES,
)
def export_own_log(request: HttpRequest, organization: str) -> StreamingHttpResponse:
    """An organization's own log as canonical JSON lines."""
    return _export(_own(request, organization), organization)


@router.get("/organizations/{slug:organization}/log/verify", response=ProofOut)
def verify_own_log(request: HttpRequest, organization: str) -> dict[str, Any]:
    """Check an organization's own chain."""
    return _proof(_own(request, organization))
