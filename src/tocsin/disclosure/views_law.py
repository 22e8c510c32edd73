"""The law library and the register of breaches: what may have to be told at all, and what was."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.core.access import Hidden
from tocsin.core.models import Organization
from tocsin.disclosure.regimes import regimes_of_plan
from tocsin.disclosure.register import as_csv, breaches_of
from tocsin.law.load import library
from tocsin.law.models import Regime
from tocsin.people.pages import Request, of_the_house, signed_in
from tocsin.people.queries import current_plan
from tocsin.plan.obligation_models import ObligationsFile


def _own(organization: Organization) -> ObligationsFile:
    version = current_plan(organization)
    return version.plan.obligations if version else ObligationsFile()


@of_the_house
def law(request: Request) -> HttpResponse:
    """Every regime of the library by jurisdiction, and the organization's own clauses first."""
    own = _own(request.organization)
    by_place: dict[str, list[Regime]] = defaultdict(list)
    for one in library():
        by_place[one.jurisdiction].append(one)
    context = {
        "own": own.clauses,
        "targets": len(own.targets),
        "places": sorted(by_place.items()),
        "total": len(library()),
    }
    return render(request, "disclosure/law.html", context)


@of_the_house
def regime(request: Request, regime: str) -> HttpResponse:
    """One regime: what it asks for, its stages, and where that comes from."""
    version = current_plan(request.organization)
    known = regimes_of_plan(version.plan) if version else {one.id: one for one in library()}
    if regime not in known:
        raise Hidden
    return render(request, "disclosure/law_regime.html", {"regime": known[regime], "known": known})


@signed_in
def breaches(request: Request) -> HttpResponse:
    """The register: a line for each breach of an incident that the person is on."""
    return render(request, "disclosure/breaches.html", {"breaches": breaches_of(request.actor, request.organization)})


@signed_in
def breaches_csv(request: Request) -> HttpResponse:
    """The same lines as CSV."""
    text = as_csv(breaches_of(request.actor, request.organization))
    name = f"breaches-{request.organization.slug}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
