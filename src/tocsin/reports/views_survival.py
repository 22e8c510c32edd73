"""Survival mode: the war-book to print, and the encrypted copy to carry."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from tocsin.core import clock
from tocsin.core.access import Hidden, visible
from tocsin.core.action import Invalid
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest, on_incident
from tocsin.people.pages import Request, act, of_the_house
from tocsin.people.queries import current_plan, reads_contacts
from tocsin.reports.survival import new_passphrase, take_copy
from tocsin.reports.warbook import Issue, printed, warbook
from tocsin.reports.warbook.incident import incident_book

MOST = 50
"""How many incidents one copy takes along: each brings its report, which takes seconds to set."""


@require_safe
@of_the_house
def war_book(request: Request) -> HttpResponse:
    """The organization's war-book as PDF, for who sees contact data. Raises Hidden where there is no plan, PdfError."""
    version = current_plan(request.organization)
    if version is None or not reads_contacts(request.actor, request.organization):
        raise Hidden
    issue = Issue(clock.now(), version.version, version.number, address=settings.BASE_URL, made_by=str(request.user))
    return _pdf(printed(warbook(version.plan, issue)), f"war-book-{request.organization.slug}-plan-{version.number}")


@require_safe
@on_incident
def incident_war_book(request: IncidentRequest) -> HttpResponse:
    """The incident's war-book as PDF, for who is on it; with numbers and addresses for who sees contact data."""
    incident = request.incident
    reads = reads_contacts(request.actor, incident.organization)
    issue = Issue(clock.now(), incident.plan_version.version, incident.plan_version.number, made_by=str(request.user))
    return _pdf(
        printed(incident_book(incident, issue, reads=reads)), f"war-book-{incident.number}-L{incident.chain.length}"
    )


def _pdf(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@require_safe
@never_cache
@of_the_house
def stick(request: Request) -> HttpResponse:
    """What the copy for a stick would hold, and its passphrase: shown here once, kept nowhere."""
    if not request.can["survival_export"]:
        raise Hidden
    context = {
        "incidents": _own(request),
        "passphrase": new_passphrase(),
        "version": current_plan(request.organization),
    }
    return render(request, "reports/stick.html", context)


@sensitive_post_parameters("passphrase")
@never_cache
@act
def take_stick(request: Request) -> HttpResponse:
    """Make the copy and hand it out. Raises Invalid until the box says that the passphrase is written down."""
    if request.POST.get("written") != "yes":
        raise Invalid(_("Write the passphrase down first, then tick the box: nobody can show it again."), "written")
    wanted = set(request.POST.getlist("incident"))
    chosen = [i for i in _own(request) if str(i.pk) in wanted]
    if len(chosen) != len(wanted):
        raise Hidden
    made = take_copy(
        request.actor, request.organization, incidents=chosen, passphrase=request.POST.get("passphrase", "").strip()
    )
    answer = HttpResponse(made.content, content_type="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    answer.headers["X-Content-SHA256"] = made.sha256
    return answer


def _own(request: Request) -> list[Incident]:
    """The incidents of this organization that the person is on, the newest first."""
    rows = Incident.objects.select_related("chain", "organization", "plan_version")
    return list(visible(request.actor, rows).filter(organization=request.organization)[:MOST])
