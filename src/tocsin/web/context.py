"""What the page shell needs on every page: wings, the person's menu, the clock; inside an incident its bar and tabs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from typing import Any

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from tocsin.alerts.queries import READERS, new_alerts
from tocsin.core import clock
from tocsin.disclosure.pages import tally
from tocsin.incidents.calling import alarms, seat_states
from tocsin.incidents.expected import expected_count
from tocsin.incidents.kept import LAB, LEDGER, QUIET, once
from tocsin.incidents.models import Incident, Phase, RoleAssignment, ScopeEntry, Task, TaskState
from tocsin.incidents.pages import how_near, lead_of
from tocsin.people.pages import is_of_the_house
from tocsin.people.queries import READS_CONTACTS

Context = dict[str, Any]
PREPARE = ("/plan", "/team", "/on-call", "/comcheck", "/law", "/breaches", "/log")
LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)


def shell(request: HttpRequest) -> Context:
    """The context of the shell; lazy, so that a page which does not draw the shell asks the database nothing."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"now": clock.now(), "home_url": "/"}
    incident: Incident | None = getattr(request, "incident", None)
    organization = getattr(request, "organization", None)
    context: Context = {
        "now": clock.now(),
        "person_name": str(user),
        "organization": organization,
        "organizations": getattr(request, "organizations", []),
        "sign_out_url": reverse("sign-out"),
        "menu_links": [
            {"url": reverse("you"), "label": _("Your account")},
            {"url": reverse("mfa_index"), "label": _("Sign-in and security")},
        ],
        "can": getattr(request, "can", None),
        "wings": _wings(request),
        "search_url": reverse("search"),
    }
    if incident is None:
        return context | {"tabs": _wing_tabs(request, context["can"])}
    return context | _incident(request, incident)


def _wings(request: HttpRequest) -> list[Context]:
    prepare = request.path.startswith(PREPARE)
    respond = request.path.startswith(("/incidents", "/alerts")) or request.path == "/"
    # Lazy: a fragment that draws no bar asks nothing.
    count = SimpleLazyObject(lambda: expected_count(request.user))  # type: ignore[arg-type]  # somebody signed in
    me = {"label": _("Expected of you"), "url": reverse("me"), "current": request.path == reverse("me"), "count": count}
    wings: list[Context] = [{"label": _("Respond"), "url": reverse("incidents"), "current": respond}]
    # Who is only on an incident sees neither plan nor team: a link to them would lead to nothing.
    if is_of_the_house(request):
        wings.insert(0, {"label": _("Prepare"), "url": reverse("plan"), "current": prepare})
    return [me, *wings]


def _wing_tabs(request: HttpRequest, can: Any) -> list[Context]:
    if request.path.startswith(("/incidents", "/alerts")) and can is not None and can.at.organization & set(READERS):
        waiting = new_alerts(request.organization)  # type: ignore[attr-defined]  # set by people.pages.signed_in
        count = {"count": _("%d new") % waiting} if waiting else {}
        return [_tab(request, "incidents", _("Incidents"), []), _tab(request, "alerts", _("Alerts"), [], **count)]
    if not request.path.startswith(PREPARE):
        return []
    if not is_of_the_house(request):
        return []
    pages = [("plan", _("Plan")), ("team", _("Team")), ("on-call", _("On call")), ("law", _("Law"))]
    if can is not None and READS_CONTACTS(can.at):
        pages.append(("comcheck", _("Comcheck")))
    if can is not None and can.at.organization & {"administrator", "auditor"}:
        pages.append(("organization-log", _("Log")))
    return [_tab(request, name, label, []) for name, label in pages]


def _tab(request: HttpRequest, name: str, label: str, args: list[str], **more: Any) -> Context:
    url = reverse(name, args=args)
    here = request.path == url or (name not in ("room", "plan") and request.path.startswith(url + "/"))
    return {"url": url, "label": label, "current": here, **more}


def _incident(request: HttpRequest, incident: Incident) -> Context:
    """What the bar and the tabs of an incident's page show. What takes queries is asked when a template draws it:
    templates call what can be called, so a fragment without a bar costs nothing of this."""
    now: datetime = request.now  # type: ignore[attr-defined]  # set by incidents.pages.on_incident
    chain = incident.chain
    bar = cache(partial(_bar, request, incident, now))
    speed = chain.clock_speed if chain.clock else 1
    return {
        "incident": incident,
        "now": now,
        "clock_speed": speed if chain.clock else None,
        "exercise": {"name": incident.title + "."} if incident.exercise else None,
        "severity_name": incident.plan_version.plan.severity.levels[incident.severity].name,
        "live_url": reverse("events", args=[incident.number]),
        "live_after": chain.length,
        **{name: partial(_drawn, bar, name) for name in BAR},
    }


BAR = ("lead", "unfilled", "seat_alarms", "next_due", "next_due_state", "tabs")


def _drawn(bar: Callable[[], Context], name: str) -> Any:
    return bar()[name]


def _bar(request: HttpRequest, incident: Incident, now: datetime) -> Context:
    facts = _facts(incident, now)
    return {
        **{name: facts[name] for name in ("lead", "unfilled", "seat_alarms", "next_due")},
        "next_due_state": how_near(facts["next_due"], now),
        "tabs": _tabs(request, incident, facts),
    }


def _facts(incident: Incident, now: datetime) -> Context:
    """What the bar says to everybody on the incident alike."""
    scope = ScopeEntry.objects.filter(incident=incident)
    seats = once("seats in the bar", incident, partial(_seats, incident), but=QUIET | {"task"})
    work = once("work in the bar", incident, partial(_work, incident), but=QUIET)
    duties = once("duties in the bar", incident, partial(_duties, incident, now), but=QUIET | {"task"})
    dues = (work["due"], duties["decisions"]["due"], duties["clocks"].due)
    next_due = min((due for due in dues if due), default=None)
    return {
        **seats,
        "next_due": next_due,
        "tasks": work,
        "open_decisions": duties["decisions"]["open"],
        "clocks": duties["clocks"],
        "scope": once("scope in the bar", incident, scope.count, but=LEDGER),
        "detections": once("detections in the bar", incident, incident.detections.count, but=LAB),
    }


def _seats(incident: Incident) -> Context:
    held = list(RoleAssignment.objects.filter(incident=incident, renounced_at=None))
    return {
        "lead": lead_of(incident, held),
        "unfilled": [a for a in held if not a.holder],
        "seat_alarms": [] if incident.phase == Phase.CLOSED else alarms(seat_states(incident, held).values()),
    }


def _work(incident: Incident) -> Context:
    return Task.objects.filter(incident=incident).aggregate(
        all=Count("pk"), ended=Count("pk", filter=Q(state__in=(TaskState.DONE, TaskState.SKIPPED))),
        due=Min("due_at", filter=Q(state__in=LIVE)),
    )  # fmt: skip


def _duties(incident: Incident, now: datetime) -> Context:
    return {
        "decisions": incident.decisions.filter(state="open").aggregate(open=Count("pk"), due=Min("due_at")),
        "clocks": tally(incident, now),
    }


def _tabs(request: HttpRequest, incident: Incident, facts: Context) -> list[Context]:
    tasks, open_decisions = facts["tasks"], facts["open_decisions"]
    late, running = facts["clocks"].late, facts["clocks"].running
    obligations = _("%d late") % late if late else running
    rows: list[tuple[str, str, Context]] = [
        ("room", _("Room"), {}),
        ("tasks", _("Tasks"), {"count": f"{tasks['ended']}/{tasks['all']}" if tasks["all"] else ""}),
        ("investigation", _("Investigation"), {"count": facts["detections"]}),
        ("scope", _("Scope"), {"count": facts["scope"]}),
        ("sheet", _("Facts"), {}),
        ("decisions", _("Decisions"), {"count": _("%d open") % open_decisions if open_decisions else ""}),
        ("communications", _("Communications"), {}),
        ("obligations", _("Obligations"), {"count": obligations, "state": "late" if late else ""}),
        ("remediation", _("Remediation"), {}),
        ("report", _("Report"), {}),
        ("notebook", _("Notes"), {}),
        ("log", _("Log"), {"count": incident.chain.length}),
        ("roles", _("Roles"), {}),
        ("relations", _("Related"), {}),
        ("incident-plan", _("Plan"), {}),
    ]
    return [_tab(request, name, label, [incident.number], **more) for name, label, more in rows]
