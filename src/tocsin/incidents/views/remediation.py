"""Remediation: what is done for each scope entry, and the check by somebody else that it holds."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.incidents import actions
from tocsin.incidents.models import Remediation, ScopeEntry
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent, sent_number
from tocsin.people.pages import done


@on_incident
def remediation(request: IncidentRequest) -> HttpResponse:
    """Each scope entry with what is done for it; entries without anything stand at the end."""
    entries = list(ScopeEntry.objects.filter(incident=request.incident).exclude(state="cleared"))
    planned: dict[int, list[Remediation]] = {}
    for row in Remediation.objects.filter(incident=request.incident):
        planned.setdefault(row.entry_id, []).append(row)
    roles = request.incident.plan_version.plan.roles
    rows = list(Remediation.objects.filter(incident=request.incident).values_list("state", flat=True))
    context = {
        "entries": [(e, planned[e.pk]) for e in entries if e.pk in planned],
        "bare": [e for e in entries if e.pk not in planned][:200],
        "all_entries": entries,
        "titles": {key: role.title for key, role in roles.items()},
        "role_list": sorted(((k, r.title) for k, r in roles.items()), key=lambda r: r[1]),
        "counts": {state: rows.count(state) for state in set(rows)},
    }
    return render(request, "incidents/remediation.html", context)


def _row(request: IncidentRequest, number: int) -> Remediation:
    found = Remediation.objects.filter(incident=request.incident, number=number).first()
    if found is None:
        raise Hidden
    return found


@act_on
def plan(request: IncidentRequest) -> HttpResponse:
    """Plan an action for a scope entry."""
    number = sent_number(request, "entry") or 0
    entry = ScopeEntry.objects.filter(incident=request.incident, number=number).first()
    if entry is None:
        raise Hidden
    made = actions.plan_remediation(
        request.actor, request.incident, entry=entry, what=sent(request, "what"), role=sent(request, "role"),
        method=sent(request, "method"),
    )  # fmt: skip
    return done(request, place(request, "remediation"), _("R-%d is planned.") % made.number)


@act_on
def carry_out(request: IncidentRequest, row: int) -> HttpResponse:
    """Say that it was carried out."""
    actions.do_remediation(request.actor, request.incident, remediation=_row(request, row))
    said = _("R-%d is done. Somebody else has to verify it.") % row
    return done(request, place(request, "remediation"), said)


@act_on
def verify(request: IncidentRequest, row: int) -> HttpResponse:
    """Record the check."""
    held = sent(request, "held") == "yes"
    actions.verify_remediation(
        request.actor, request.incident, remediation=_row(request, row), held=held,
        method=sent(request, "method"), result=sent(request, "result"),
    )  # fmt: skip
    said = _("R-%d is verified.") if held else _("R-%d did not hold.")
    return done(request, place(request, "remediation"), said % row)
