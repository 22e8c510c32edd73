"""The Alerts page: what waits, one alert in the pane beside it, and what can be done with it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tocsin.alerts.actions import judge_alert
from tocsin.alerts.models import Alert, AlertSource, AlertState
from tocsin.alerts.queries import READERS, alerts_for, incident_of, takes_back
from tocsin.alerts.triage import attach, declare_from
from tocsin.core.access import Forbidden, Hidden, visible
from tocsin.core.action import Invalid
from tocsin.core.models import Grant
from tocsin.incidents.models import Incident, Phase
from tocsin.incidents.pages import asked, sent, sent_number
from tocsin.incidents.views.listing import answers, declare_form
from tocsin.people.pages import Page, Request, View, asked_number, signed_in
from tocsin.people.queries import current_plan
from tocsin.plan.choose import fitting_playbook
from tocsin.plan.models import IncidentRole

SHOWN = 100
RAW = 20_000
JUDGED = ("true", "false_positive", "near_miss", "duplicate")


def reader(page: Page[Any]) -> View[Any]:
    """A page for who sees the organization's alerts; for everybody else there is nothing there."""

    def view(request: Request, *args: Any, **given: Any) -> HttpResponseBase:
        if not request.can.at.organization & set(READERS):
            raise Hidden
        return page(request, *args, **given)

    return signed_in(view)


def _found(request: Request, number: int) -> Alert:
    found = alerts_for(request.actor, request.organization).filter(number=min(number, 2**31 - 1)).first()
    if found is None:
        raise Hidden
    found.organization = request.organization
    return found


@reader
def alerts(request: Request, alert: int | None = None) -> HttpResponse:
    """New alerts first, the gravest first among them; then what was judged. The chosen one stands beside them."""
    rows = alerts_for(request.actor, request.organization).defer("raw", "text")
    sources = AlertSource.objects.filter(organization=request.organization)
    source = asked_number(request, "source")
    if source is not None:
        rows = rows.filter(source=source)
    if words := asked(request, "q")[:200]:
        rows = rows.filter(title__icontains=words)
    state = asked(request, "state")
    waiting, judged = _waiting(rows), rows.filter(state=state if state in JUDGED else None) if state else rows
    judged = judged.exclude(state=AlertState.NEW).order_by(F("judged_at").desc(nulls_last=True), "-number")
    new = [] if state in JUDGED else list(waiting[: SHOWN + 1])
    old = [] if state == AlertState.NEW else list(judged[: (SHOWN if state in JUDGED else 30) + 1])
    # Beside the list the first that waits stands open; on a phone, where there is no beside, only one that was chosen.
    shown = alert if alert is not None else new[0].number if new else None
    chosen = _found(request, shown) if shown is not None else None
    context = {
        "new": new[:SHOWN],
        "more_new": waiting.count() - SHOWN if len(new) > SHOWN else 0,
        "judged": old[: SHOWN if state in JUDGED else 30],
        "sources": sources,
        "refusing": [s for s in sources if s.refused],
        "state": state,
        "source": source,
        "words": words,
        "states": [(s, AlertState(s).label) for s in ("new", *JUDGED)],
        "chosen": chosen,
        "opened": alert is not None,
        "kept": f"?{request.GET.urlencode()}" if request.GET else "",
        "any": rows.exists() or bool(words or state or source),
    }
    return render(request, "alerts/alerts.html", context | (_pane(request, chosen) if chosen else {}))


def _waiting(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    return rows.filter(state=AlertState.NEW).order_by(F("severity").asc(nulls_last=True), "-last_at", "-number")


def _pane(request: Request, alert: Alert) -> dict[str, Any]:
    raw = alert.raw
    if isinstance(raw, dict) and set(raw) == {"mail", "attachments"}:
        text = str(raw["mail"])
    else:
        text = json.dumps(raw, indent=2, ensure_ascii=False) if raw is not None else ""
    working = Grant.objects.filter(user_id=request.actor.user_id, role__in=(IncidentRole.LEAD, IncidentRole.RESPONDER))
    live = visible(request.actor, Incident.objects.filter(organization=request.organization)).exclude(
        phase=Phase.CLOSED
    )
    return {
        "alert": alert,
        "raw": text[:RAW],
        "raw_cut": max(0, len(text) - RAW),
        "incident_link": incident_of(request.actor, alert),
        "incidents": list(live.filter(chain__in=working.values("chain_id")).order_by("-declared_at")[:50]),
        "may_judge": request.can["alert_judge"],
        "takes_back": alert.judged and takes_back(request.actor, alert),
        "may_declare": request.can["incident_declare"] and current_plan(request.organization) is not None,
    }


def _after(request: Request, said: str) -> HttpResponse:
    """Say it, and go on with the next alert that waits."""
    messages.success(request, said)
    waiting = _waiting(alerts_for(request.actor, request.organization)).values_list("number", flat=True).first()
    to = reverse("alert", args=[waiting]) if waiting else reverse("alerts")
    return _to(request, to)


def _to(request: HttpRequest, to: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return redirect(to)


@require_POST
@reader
def judge(request: Request, alert: int) -> HttpResponse:
    """Say what the alert is."""
    row = _found(request, alert)
    state = sent(request, "state")
    if not state:
        raise Invalid(_("Choose what it is."), "state")
    because, revision = sent(request, "because"), sent_number(request, "revision")
    judge_alert(request.actor, request.organization, alert=row, state=state, because=because, revision=revision)
    if state == AlertState.NEW:
        messages.success(request, _("%s is open again.") % row.called)
        return _to(request, reverse("alert", args=[alert]))
    word = str(AlertState(state).label).lower()
    return _after(request, _("%(alert)s is judged: %(word)s.") % {"alert": row.called, "word": word})


@require_POST
@reader
def attach_to(request: Request, alert: int) -> HttpResponse:
    """Make the alert part of an incident that the person works on."""
    row = _found(request, alert)
    rows = Incident.objects.filter(organization=request.organization).select_related("chain", "organization")
    incident = visible(request.actor, rows).filter(number=sent(request, "incident").replace("\x00", "")).first()
    if incident is None:
        raise Invalid(_("Choose an incident from the list."), "incident")
    attach(request.actor, row, incident, because=sent(request, "because"), revision=sent_number(request, "revision"))
    return _after(request, _("%(alert)s is part of %(incident)s.") % {"alert": row.called, "incident": incident.number})


@reader
def declare_alert(request: Request, alert: int) -> HttpResponse:
    """Declare an incident from the alert: the form is filled in, so that one press declares."""
    if not request.can["incident_declare"]:
        raise Forbidden(_("Declaring takes the role administrator or responder."))
    row = _found(request, alert)
    version = current_plan(request.organization)
    if version is None:
        return render(request, "incidents/declare.html", {"plan": None})
    techniques = [t for t in row.observables.get("technique", ()) if isinstance(t, str)]
    to = reverse("declare-alert", args=[alert])
    if request.method == "POST":
        try:
            given = answers(request, version.plan, techniques)
            incident = declare_from(request.actor, row, **given)
        except Invalid as refused:
            return declare_form(request, version, request.POST, refused=refused, to=to, given=_given(row))
        return redirect("room", incident.number)
    if known := incident_of(request.actor, row):
        return redirect("room", known.number)
    playbook, because = fitting_playbook(version.plan, f"{row.title} {row.text}", techniques, ())
    values = {
        "title": row.title,
        "summary": _summary(row),
        "severity": row.severity or playbook.severity,
        "playbook": playbook.id,
        "exercise": "no",
    }
    return declare_form(request, version, values, to=to, given=_given(row), because=because)


def _given(alert: Alert) -> str:
    return _("From alert %(alert)s of %(source)s. Everything is filled in; set right what is wrong, then press.") % {
        "alert": alert.called, "source": alert.source.name,
    }  # fmt: skip


def _summary(alert: Alert) -> str:
    """What the alert says, as the first lines of what is going on."""
    who = "; ".join(f"{kind} {', '.join(map(str, values[:4]))}" for kind, values in list(alert.observables.items())[:4])
    text = Truncator(alert.text).chars(1500)
    came = _("Alert %(alert)s from %(source)s") % {"alert": alert.called, "source": alert.source.name}
    times = _(", %d times") % alert.count if alert.count > 1 else ""
    head = f"{came}{times}" + (f": {who}." if who else ".")
    return f"{head}\n\n{text}".strip() if text.strip() != alert.title else head
