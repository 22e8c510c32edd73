"""Situation reports and hand-over notes: reading, writing from suggestions, acknowledging."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.incidents import actions
from tocsin.incidents.models import Phase, ReportKind, RoleAssignment, SituationReport
from tocsin.incidents.models.situation import LONGEST
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent, sent_number, sent_time
from tocsin.incidents.queries.situation import changes_since, due_of, handovers_of, lamp_of, last_report
from tocsin.incidents.situation import draft_handover, draft_report
from tocsin.people.pages import done

PAGE = 20


def _writing(request: IncidentRequest) -> dict[str, Any]:
    """What the form for the next report starts from."""
    incident, last = request.incident, last_report(request.incident)
    tasks = list(incident.tasks.select_related("member"))
    return {
        "report": last,
        "draft": draft_report(incident, tasks, last, request.now),
        "longest": LONGEST,
        "latest": due_of(incident, request.now),
        "cadence": incident.plan_version.plan.severity.levels[incident.severity].report_every,
        "changes": changes_since(incident, last.sequence).total if last else None,
    }


@on_incident
def situation(request: IncidentRequest) -> HttpResponse:
    """All reports and notes, the newest first, and the form for the next one."""
    incident, writing = request.incident, _writing(request)
    last = writing["report"]
    due = due_of(incident, last.written_at if last else incident.declared_at, last.next_due_at if last else None)
    reports = incident.situation_reports.select_related("seat").order_by("-number")
    context = {
        **writing,
        "page": Paginator(reports, PAGE).get_page(request.GET.get("page")),
        "due": None if incident.phase == Phase.CLOSED else due,
        "lamp": lamp_of(due, request.now, last.written_at if last else incident.declared_at),
        "handovers": handovers_of(incident),
    }
    return render(request, "incidents/situation.html", context)


@on_incident
def situation_form(request: IncidentRequest) -> HttpResponse:
    """The form for the next report, as the fragment that the room folds out."""
    return render(request, "incidents/situation_form.html", _writing(request))


@act_on
def write(request: IncidentRequest) -> HttpResponse:
    """Write the next report."""
    made = actions.write_report(
        request.actor, request.incident, conditions=sent(request, "conditions"), actions=sent(request, "actions"),
        needs=sent(request, "needs"), seen=sent_number(request, "seen"), next_due_at=sent_time(request, "next_due_at"),
    )  # fmt: skip
    return done(request, place(request, "situation"), _("Report %d is written.") % made.number)


def _seat(request: IncidentRequest, number: int) -> RoleAssignment:
    found = request.incident.roles.filter(pk=number, renounced_at=None).exclude(holder="").first()
    if found is None:
        raise Hidden
    return found


@on_incident
def handover(request: IncidentRequest, seat: int) -> HttpResponse:
    """Read a role's notes, and write the one for who takes over."""
    incident, taken = request.incident, _seat(request, seat)
    if request.method == "POST":
        made = actions.write_handover(
            request.actor, incident, seat=taken, conditions=sent(request, "conditions"),
            open_work=sent(request, "actions"), needs=sent(request, "needs"),
        )  # fmt: skip
        return done(request, place(request, "situation"), _("The note for %s is written.") % made.handed_to)
    tasks = list(incident.tasks.select_related("member"))
    held = incident.roles.filter(role=taken.role, renounced_at__isnull=False).exclude(holder="")
    context = {
        "seat": taken,
        "before": held.last(),
        "notes": taken.notes.all(),
        "longest": LONGEST,
        "draft": draft_handover(incident, taken, tasks, last_report(incident), request.now),
    }
    return render(request, "incidents/situation_handover.html", context)


@act_on
def acknowledge(request: IncidentRequest, report: int) -> HttpResponse:
    """Say that a note was read and the role is taken over."""
    note = SituationReport.objects.filter(incident=request.incident, number=report, kind=ReportKind.HANDOVER).first()
    if note is None:
        raise Hidden
    actions.acknowledge_handover(request.actor, request.incident, report=note)
    return done(request, place(request, "situation"), _("You have taken over."))
