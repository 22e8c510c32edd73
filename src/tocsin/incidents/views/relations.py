"""How an incident ends and which others it belongs with: close, re-open, merge, split, parent and child."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tocsin.core.access import Hidden, visible
from tocsin.core.action import Invalid
from tocsin.incidents import actions, together
from tocsin.incidents.actions.carrying import left_open
from tocsin.incidents.actions.relations import last_end
from tocsin.incidents.models import Incident, Outcome, Phase
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, place, sent, sent_number
from tocsin.incidents.queries.privilege import has_hr_steps, hr_track_of, may_open_hr_track
from tocsin.incidents.queries.relations import also_led, newcomers, related
from tocsin.people.pages import done, whole_number

PICKED = ("tasks", "decisions", "findings", "scope")
OUTCOMES = (
    (Outcome.TRUE_POSITIVE, gettext_lazy("It happened, and did harm or would have.")),
    (Outcome.NEAR_MISS, gettext_lazy("It happened, and something stopped it before it did harm.")),
    (Outcome.FALSE_POSITIVE, gettext_lazy("It did not happen: what was seen has another cause.")),
)


@on_incident
def relations(request: IncidentRequest) -> HttpResponse:
    """What the incident belongs with, how it came out, and what can be done about either."""
    incident, over = request.incident, request.incident.phase == Phase.CLOSED
    leads = request.can["incident_close"]
    context: dict[str, Any] = {
        "related": related(request.actor, incident),
        "also_led": also_led(request.actor, incident) if leads else [],
        "over": over,
        "end": last_end(incident) if over else None,
        "leads": leads,
        "may_open_hr": may_open_hr_track(request.actor, incident)
        and not over
        and not hr_track_of(request.actor, incident)
        and has_hr_steps(incident),
    }
    return render(request, "incidents/relations.html", context)


def _form(request: IncidentRequest, template: str, context: dict[str, Any], refused: Invalid | None) -> HttpResponse:
    """A form; one that was refused comes back as it was filled in, with what is wrong."""
    picked = {name: {int(n) for n in request.POST.getlist(name) if whole_number(n)} for name in PICKED}
    context |= {"values": request.POST, "picked": picked, "people": request.POST.getlist("people")}
    if refused is None:
        return render(request, template, context)
    return render(request, template, context | {"error": str(refused), "field": refused.field}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@on_incident
def close(request: IncidentRequest) -> HttpResponse:
    """Close, with the outcome and what stays open."""
    refused = None
    if request.method == "POST":
        try:
            actions.close(
                request.actor, request.incident, outcome=sent(request, "outcome"), reason=sent(request, "reason"),
                left_open=sent(request, "left_open"), revision=sent_number(request, "revision"),
            )  # fmt: skip
            return redirect("relations", request.incident.number)
        except Invalid as error:
            refused = error
    context = {
        "still": left_open(request.incident),
        "outcomes": OUTCOMES,
        "over": request.incident.phase == Phase.CLOSED,
    }
    return _form(request, "incidents/close.html", context, refused)


@act_on
def reopen(request: IncidentRequest) -> HttpResponse:
    """Take a closed incident up again."""
    seen = sent_number(request, "revision")
    together.reopen(request.actor, request.incident, reason=sent(request, "reason"), revision=seen)
    return done(request, place(request, "relations"), _("%s is open again.") % request.incident.number)


def _other(request: IncidentRequest, text: str, field: str) -> Incident:
    """The incident that a form or an address names by its id, if the person is on it. Raises Invalid, or Hidden."""
    try:
        wanted = UUID(text)
    except ValueError:
        raise Invalid(_("Choose an incident from the list."), field) from None
    rows = Incident.objects.select_related("chain", "organization", "plan_version")
    found = visible(request.actor, rows).filter(pk=wanted).first()
    if found is None:
        raise Hidden
    return found


@act_on
def hr_track(request: IncidentRequest) -> HttpResponse:
    """Open the HR track. For who has no legal or HR seat there is no such address."""
    if not may_open_hr_track(request.actor, request.incident):
        raise Hidden
    named = sent(request, "with_lead") == "yes"
    child = together.open_hr_track(request.actor, request.incident, because=sent(request, "because"), with_lead=named)
    return done(request, reverse("room", args=[child.number]), _("The HR track is open as %s.") % child.number)


@act_on
def adopt(request: IncidentRequest) -> HttpResponse:
    """Put this incident under another, or another under this."""
    other, here = _other(request, sent(request, "other"), "other"), request.incident
    parent, child = (other, here) if sent(request, "as") == "parent" else (here, other)
    actions.adopt(request.actor, here.organization, parent=parent, child=child, reason=sent(request, "reason"))
    said = _("%(child)s stands under %(parent)s now.") % {"child": child.number, "parent": parent.number}
    return done(request, place(request, "relations"), said)


@act_on
def release(request: IncidentRequest) -> HttpResponse:
    """Take an incident out from under its parent: this one, or one that stands under it."""
    child = _other(request, sent(request, "child") or str(request.incident.pk), "child")
    actions.release(request.actor, request.organization, child=child, reason=sent(request, "reason"))
    return done(request, place(request, "relations"), _("%s stands on its own now.") % child.number)


def _people(request: IncidentRequest) -> list[UUID]:
    try:
        return [UUID(p) for p in request.POST.getlist("people")]
    except ValueError:
        raise Invalid(_("Choose people from the list."), "people") from None


def _numbers(request: IncidentRequest, name: str) -> list[int]:
    found = [whole_number(n) for n in request.POST.getlist(name)]
    return [n for n in found if n is not None]


@require_http_methods(["GET", "HEAD", "POST"])
@on_incident
def merge(request: IncidentRequest) -> HttpResponse:
    """Merge this incident into another: first which, then what moves and who comes along."""
    source, refused = request.incident, None
    named = sent(request, "target") or asked(request, "target")
    target = _other(request, named, "target") if named else None
    if request.method == "POST":
        try:
            target = target or _other(request, "", "target")
            together.merge(request.actor, source, target, reason=sent(request, "reason"), people=_people(request))
            return redirect("relations", source.number)
        except Invalid as error:
            refused = error
    context: dict[str, Any] = {"choices": also_led(request.actor, source), "target": target}
    if target is not None:
        context |= {
            "still": left_open(source),
            "findings": source.findings.exclude(state="rejected").count(),
            "scope_count": source.scope.count(),
            "newcomers": newcomers(source, target),
        }
    return _form(request, "incidents/merge.html", context, refused)


@require_http_methods(["GET", "HEAD", "POST"])
@on_incident
def split(request: IncidentRequest) -> HttpResponse:
    """Declare part of this incident as one of its own."""
    incident, refused = request.incident, None
    if request.method == "POST":
        try:
            return redirect("room", _split(request).number)
        except Invalid as error:
            refused = error
    plan = incident.plan_version.plan
    context = {
        "still": left_open(incident),
        "scope": incident.scope.all()[:200],
        "findings": incident.findings.exclude(state="rejected")[:100],
        "levels": sorted(plan.severity.levels.items()),
        "playbooks": sorted(plan.playbooks.values(), key=lambda p: p.title),
        "newcomers": [n for n in newcomers(incident, None) if n.user.pk != request.user.pk],
        "key": sent(request, "key") or uuid4().hex,
    }
    return _form(request, "incidents/split.html", context, refused)


def _split(request: IncidentRequest) -> Incident:
    severity = sent_number(request, "severity")
    if severity is None:
        raise Invalid(_("Say how bad it is; it can be changed at any time."), "severity")
    return together.split(
        request.actor, request.incident, title=sent(request, "title"), severity=severity,
        reason=sent(request, "reason"), playbook_id=sent(request, "playbook") or None,
        tasks=_numbers(request, "tasks"), decisions=_numbers(request, "decisions"),
        findings=_numbers(request, "findings"), scope=_numbers(request, "scope"), people=_people(request),
        key=sent(request, "key") or None,
    )  # fmt: skip
