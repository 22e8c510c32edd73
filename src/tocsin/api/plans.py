"""Plan versions: list and import."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from tocsin.api.asking import actor_of, organization_of
from tocsin.api.paging import Page, Paged
from tocsin.api.scopes import scoped
from tocsin.api.shapes import PlanVersionOut
from tocsin.people.actions import import_plan
from tocsin.people.models import PlanVersion

router = Router(tags=["plan"])


class PlanFolder(Schema, extra="forbid"):
    """The plan's files: path inside the folder -> text."""

    files: dict[str, str]
    organization: str | None = None


def _shown(version: PlanVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "version": version.version,
        "imported_at": version.imported_at,
        "playbooks": sorted(version.plan.playbooks),
    }


@router.get("/versions", response=Page[PlanVersionOut])
def list_plan_versions(request: HttpRequest, paged: Query[Paged], organization: str | None = None) -> dict[str, Any]:
    """The imported states of the plan, the current one first."""
    page = paged.rows(organization_of(request, organization).plan_versions.all(), "-number")
    return page | {"items": [_shown(version) for version in page["items"]]}


@router.post("/versions", response={201: PlanVersionOut})
@scoped("admin")
def import_plan_version(request: HttpRequest, given: PlanFolder) -> Status[dict[str, Any]]:
    """Import a plan; the same content again is the same version. A plan that does not hold together is refused."""
    place = organization_of(request, given.organization)
    return Status(201, _shown(import_plan(actor_of(request), place, files=given.files)))
