"""Survival mode: the war-book as PDF, and the encrypted copy for a stick."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import Field, SecretStr

from tocsin.api.asking import actor_of, incident_of, organization_of
from tocsin.core import clock
from tocsin.core.access import Hidden, OrgRole, visible
from tocsin.core.models import Grant, Organization
from tocsin.incidents.models import Incident
from tocsin.people.queries import current_plan, reads_contacts
from tocsin.reports.survival import LONGEST, take_copy
from tocsin.reports.warbook import Issue, printed, warbook
from tocsin.reports.warbook.incident import incident_book

router = Router(tags=["survival"])
_BYTES = {"schema": {"type": "string", "format": "binary"}}
PDF: dict[str, Any] = {"responses": {200: {"content": {"application/pdf": _BYTES}}}}
ZIP: dict[str, Any] = {"responses": {200: {"content": {"application/zip": _BYTES}}}}


class CopyWanted(Schema, extra="forbid"):
    """What goes into the copy, and what locks it: a passphrase that takes 2^77 tries to guess, or it is refused."""

    passphrase: SecretStr = Field(max_length=LONGEST)
    incidents: list[UUID] = Field([], max_length=50)
    organization: str | None = None


@router.get("/plan/war-book", openapi_extra=PDF)
def get_war_book(request: HttpRequest, organization: str | None = None) -> HttpResponse:
    """The organization's war-book as PDF, for who sees contact data: administrators, responders and auditors."""
    place = _house(request, organization)
    version = current_plan(place)
    if version is None or not reads_contacts(actor_of(request), place):
        raise Hidden
    issue = Issue(clock.now(), version.version, version.number, address=settings.BASE_URL,
                  made_by=actor_of(request).name)  # fmt: skip
    return _file(printed(warbook(version.plan, issue)), "application/pdf", f"war-book-plan-{version.number}.pdf")


@router.get("/incidents/{uuid:incident}/war-book", openapi_extra=PDF)
def get_incident_war_book(request: HttpRequest, incident: UUID) -> HttpResponse:
    """The incident's war-book as PDF: the room on paper, as it stands now. Guests get it without contact data."""
    found = incident_of(request, incident)
    version = found.plan_version
    reads = reads_contacts(actor_of(request), found.organization)
    issue = Issue(clock.now(), version.version, version.number, made_by=actor_of(request).name)
    return _file(printed(incident_book(found, issue, reads=reads)), "application/pdf", f"war-book-{found.number}.pdf")


@router.post("/plan/survival-copy", openapi_extra=ZIP)
def take_survival_copy(request: HttpRequest, given: CopyWanted) -> HttpResponse:
    """Make the encrypted copy: war-book, plan, contacts, and the papers and logs of incidents that you are on."""
    place = _house(request, given.organization)
    rows = Incident.objects.select_related("chain", "organization", "plan_version").filter(organization=place)
    chosen = list(visible(actor_of(request), rows).filter(pk__in=given.incidents))
    if len(chosen) != len(set(given.incidents)):
        raise Hidden
    made = take_copy(actor_of(request), place, incidents=chosen, passphrase=given.passphrase.get_secret_value())
    return _file(made.content, "application/zip", made.name)


def _house(request: HttpRequest, slug: str | None) -> Organization:
    """The organization, for who holds a role in it; a role in one of its incidents is not enough. Raises Hidden."""
    place = organization_of(request, slug)
    held = Grant.objects.filter(chain_id=place.chain_id, user_id=actor_of(request).user_id, role__in=list(OrgRole))
    if not held.exists():
        raise Hidden
    return place


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
