"""Findings: stating one, and judging what the analysis suggests."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.incidents import actions
from tocsin.incidents.models import Finding
from tocsin.incidents.pages import IncidentRequest, act_on, place, sent, sent_time
from tocsin.people.pages import done


@act_on
def state(request: IncidentRequest) -> HttpResponse:
    """State a finding."""
    made = actions.state_finding(
        request.actor, request.incident, claim=sent(request, "claim"), confidence=sent(request, "confidence"),
        interpretation=sent(request, "interpretation"), source=sent(request, "source"),
        techniques=sent(request, "techniques").upper().replace(",", " ").split(),
        cites=sent(request, "cites").replace(",", " ").split(), happened_from=sent_time(request, "happened_from"),
    )  # fmt: skip
    return done(request, place(request, "investigation"), _("F-%d is stated.") % made.number)


@act_on
def judge(request: IncidentRequest, finding: int) -> HttpResponse:
    """Accept a suggested finding, or reject it with a reason."""
    row = Finding.objects.filter(incident=request.incident, number=finding).first()
    if row is None:
        raise Hidden
    accept = sent(request, "judgement") == "accept"
    actions.judge_finding(request.actor, request.incident, finding=row, accept=accept, reason=sent(request, "reason"))
    said = _("F-%d is accepted.") if accept else _("F-%d is rejected.")
    return done(request, place(request, "investigation"), said % finding)
