"""Alerts: the place where systems post them, and for people the list, judging, attaching and declaring."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.alerts.actions import judge_alert, take_alerts
from tocsin.alerts.gathering import GATHERING, answer_to, arrival_of
from tocsin.alerts.models import Alert, AlertSource, AlertState, SourceKind
from tocsin.alerts.queries import alerts_for, incident_of
from tocsin.alerts.reports import reported
from tocsin.alerts.triage import attach, declare_from
from tocsin.api.asking import LARGEST, actor_of, numbered, organization_of
from tocsin.api.asking import incident_of as asked_incident
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.api.scopes import scoped
from tocsin.api.shapes import IncidentOut
from tocsin.core.action import Invalid
from tocsin.incidents.models import Incident
from tocsin.people.models import Scope
from tocsin.people.queries import current_plan
from tocsin.plan.choose import fitting_playbook

router = Router(tags=["alerts"])
Because = Annotated[str, Field(max_length=1000)]
ANY_JSON: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A JSON object, a list of objects, or one object a line, as the source's mapping reads it.",
        "content": {"application/json": {"schema": {}}},
    },
    "responses": {
        401: {
            "description": "Unauthorized. The signature does not belong to this body and this source.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    },
}


class TakenIn(Schema):
    """What was taken in: the numbers of the alerts, those that came before and were counted among them."""

    said: str
    alerts: list[str]
    ignored: int = 0
    refused: int = 0


class AlertOut(Schema):
    """One alert. `incident` is there only for who is on it."""

    number: str
    source: str
    title: str
    text: str
    severity: int | None
    observables: dict[str, list[str]]
    url: str
    count: int
    first_at: datetime
    last_at: datetime
    state: AlertState
    judged_by: str
    judged_at: datetime | None
    because: str
    reopened: str
    dropped: str
    revision: int
    incident: UUID | None = None


class Report(Schema, extra="forbid"):
    """What somebody saw. `organization` is needed by who is in several."""

    title: str = Field(min_length=1, max_length=300)
    text: str = Field("", max_length=8000)
    severity: int | None = Field(None, ge=1, le=4)
    organization: str | None = None


class Judgement(Schema, extra="forbid"):
    """What the alert is, and why; `new` takes a judgement back."""

    state: AlertState
    because: Because = ""


class Attaching(Schema, extra="forbid"):
    """The incident that the alert becomes part of; judging it true is part of it."""

    incident: UUID
    because: Because = ""


class FromAlert(Schema, extra="forbid"):
    """What is declared; what is left out comes from the alert, and the playbook from the plan."""

    severity: int
    title: str | None = Field(None, max_length=300)
    playbook: str | None = None
    summary: str | None = Field(None, max_length=20_000)


def _out(request: HttpRequest, alert: Alert) -> AlertOut:
    incident = incident_of(actor_of(request), alert)
    same = {f: getattr(alert, f) for f in AlertOut.model_fields if f not in ("number", "source", "incident")}
    return AlertOut(number=alert.called, source=alert.source.name, incident=incident.pk if incident else None, **same)


def _alert(request: HttpRequest, number: int, organization: str | None) -> Alert:
    rows = alerts_for(actor_of(request), organization_of(request, organization)).select_related("organization")
    return numbered(rows, min(number, LARGEST))


@router.get("", response=Page[AlertOut])
def list_alerts(
    request: HttpRequest, paged: Query[Paged], state: AlertState | None = None, organization: str | None = None
) -> dict[str, Any]:
    """The alerts of your organization, the newest first."""
    rows = alerts_for(actor_of(request), organization_of(request, organization))
    page = paged.rows(rows.filter(state=state) if state else rows, "-number")
    return page | {"items": [_out(request, a) for a in page["items"]]}


@router.post("", response={201: AlertOut})
@scoped(Scope.ALERTS_IN)
def report_alert(request: HttpRequest, given: Report) -> Status[AlertOut]:
    """Report something as the person that you are. The same words again are counted."""
    actor, place = actor_of(request), organization_of(request, given.organization)
    reading = reported(given.title, given.text, given.severity, by=actor.name)
    source = AlertSource.objects.filter(organization=place, kind=SourceKind.CLI, active=True).first()
    if source is None:
        raise Invalid("No source takes reports: an administrator adds one of the kind 'cli' under Alerts, Sources.")
    number = take_alerts(actor, place, source=source, readings=[reading]).numbers[0]
    if number is None:
        raise Invalid("That is more than this source may bring now. Try again later.")
    return Status(201, _out(request, _alert(request, number, place.slug)))


@router.get("/{int:number}", response=AlertOut)
def get_alert(request: HttpRequest, number: int, organization: str | None = None) -> AlertOut:
    """One alert."""
    return _out(request, _alert(request, number, organization))


@router.post("/{int:number}/judge", response=AlertOut)
def judge(
    request: HttpRequest, number: int, given: Judgement, seen: Seen = None, organization: str | None = None
) -> AlertOut:
    """Say what an alert is; a false positive, a near miss and a duplicate need a reason."""
    alert = _alert(request, number, organization)
    judge_alert(actor_of(request), alert.organization, alert=alert, revision=seen, **given.dict())
    return _out(request, _alert(request, number, organization))


@router.post("/{int:number}/attach", response=AlertOut)
def attach_to_incident(
    request: HttpRequest, number: int, given: Attaching, seen: Seen = None, organization: str | None = None
) -> AlertOut:
    """Make an alert part of an incident that you work on."""
    alert = _alert(request, number, organization)
    attach(actor_of(request), alert, asked_incident(request, given.incident), because=given.because, revision=seen)
    return _out(request, _alert(request, number, organization))


@router.post("/{int:number}/declare", response={201: IncidentOut})
def declare_from_alert(
    request: HttpRequest, number: int, given: FromAlert, organization: str | None = None
) -> Status[Incident]:
    """Declare an incident from an alert. Repeated by the same person it gives the same incident."""
    alert = _alert(request, number, organization)
    title = given.title or alert.title
    summary = alert.text if given.summary is None else given.summary
    playbook, because = given.playbook, ""
    version = current_plan(alert.organization)
    if playbook is None and version:
        chosen, because = fitting_playbook(
            version.plan, f"{title} {summary}", alert.observables.get("technique", ()), ()
        )
        playbook = chosen.id
    made = declare_from(
        actor_of(request), alert, title=title, severity=given.severity, summary=summary, playbook_id=playbook,
        playbook_because=because,
    )  # fmt: skip
    return Status(201, asked_incident(request, made.pk))


def _take(request: HttpRequest, secret: str) -> HttpResponse:
    arrival = arrival_of(secret, request.body, request.headers.get("X-Tocsin-Signature", ""))
    GATHERING.take(arrival)
    found = answer_to(arrival)
    return JsonResponse(found.body, status=found.status, headers=found.headers, content_type=found.kind)


@router.post("/in", auth=None, throttle=[], response={202: TakenIn}, openapi_extra=ANY_JSON)
def take_in(request: HttpRequest) -> HttpResponse:
    """Post an alert with the source's secret in X-Tocsin-Key; X-Tocsin-Signature where the source signs."""
    return _take(request, request.headers.get("X-Tocsin-Key", ""))


@router.post("/in/{secret}", auth=None, throttle=[], response={202: TakenIn}, openapi_extra=ANY_JSON)
def take_in_by_address(request: HttpRequest, secret: str) -> HttpResponse:
    """Post an alert with the source's secret in the address, for systems that cannot set a header."""
    return _take(request, secret)
