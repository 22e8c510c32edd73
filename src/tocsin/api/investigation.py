"""Findings and the scope ledger of an incident."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, numbered
from tocsin.api.etags import told
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import FindingOut, RemediationOut, ScopeChangeOut, ScopeOut
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.actions import add_scope, change_scope, count_scope, judge_finding, state_finding
from tocsin.incidents.kept import LEDGER
from tocsin.incidents.models import Finding, Incident, Remediation, RemediationState, ScopeKind, ScopeState, Tlp
from tocsin.incidents.queries import ScopeAsOf, now_in, scope_as_of

router = Router(tags=["investigation"])


class Statement(Schema, extra="forbid"):
    """A finding: the claim, what it rests on, how sure."""

    claim: str
    confidence: Literal["low", "moderate", "high"]
    interpretation: str = ""
    source: str = ""
    raw: dict[str, Any] = {}
    techniques: list[str] = []
    tactics: list[str] = []
    hosts: list[str] = []
    tlp: Tlp = Tlp.AMBER
    cites: list[str] = []
    happened_from: Moment | None = None
    happened_until: Moment | None = None


class FindingJudgement(Schema, extra="forbid"):
    """Whether a suggested finding is accepted; a rejection says why."""

    accept: bool
    reason: str = ""


class Addition(Schema, extra="forbid"):
    """Something that is affected, or may be; counts are people or records, as a range."""

    kind: ScopeKind
    name: str
    because: str
    state: ScopeState = ScopeState.SUSPECTED
    cites: list[str] = []
    count_low: int | None = None
    count_high: int | None = None
    first_seen: Moment | None = None
    region: str = Field("", description="Where those people live: DE, US-CA, EU; empty while not known.")
    confidence: Literal["", "low", "moderate", "high"] = ""


class Counting(Schema, extra="forbid"):
    """How many an entry is about, where they live (DE, US-CA; empty: not known), how sure that is, and how it is known."""

    count_low: int | None = None
    count_high: int | None = None
    region: str = ""
    confidence: Literal["", "low", "moderate", "high"] = ""
    because: str
    cites: list[str] = []


class Change(Schema, extra="forbid"):
    """Another state, and what shows it."""

    state: ScopeState
    because: str
    cites: list[str] = []


class Measure(Schema, extra="forbid"):
    """What is to be done for a scope entry, by which role of the plan, and how it will be checked."""

    entry: int = Field(ge=0)
    what: str
    role: str
    method: str = ""


class Check(Schema, extra="forbid"):
    """Whether a measure held, how that was checked, and what came out."""

    held: bool
    method: str
    result: str


@router.get("/{uuid:incident}/findings", response=Page[FindingOut])
def list_findings(
    request: HttpRequest, incident: UUID, paged: Query[Paged],
    state: Literal["suggested", "stated", "rejected"] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The findings, in the order in which things happened."""
    rows = incident_of(request, incident).findings.all()
    return paged.rows(rows.filter(state=state) if state else rows, "happened_from", "number")


@router.post("/{uuid:incident}/findings", response={201: FindingOut})
def state_a_finding(request: HttpRequest, incident: UUID, given: Statement) -> Status[Finding]:
    """State a finding."""
    return Status(201, state_finding(actor_of(request), incident_of(request, incident), **given.dict()))


@router.get("/{uuid:incident}/findings/{int:number}", response=FindingOut)
def get_finding(request: HttpRequest, incident: UUID, number: int) -> Finding:
    """One finding."""
    return numbered(incident_of(request, incident).findings.all(), number)


@router.post("/{uuid:incident}/findings/{int:number}/judge", response=FindingOut)
def judge_a_finding(request: HttpRequest, incident: UUID, number: int, given: FindingJudgement) -> Finding:
    """Accept or reject what an analysis suggested."""
    place = incident_of(request, incident)
    finding = numbered(place.findings.all(), number)
    judge_finding(actor_of(request), place, finding=finding, accept=given.accept, reason=given.reason)
    return numbered(place.findings.all(), number)


def _ledger(rows: list[ScopeAsOf]) -> list[dict[str, Any]]:
    return [
        {
            "number": r.entry.number, "kind": r.entry.kind, "name": r.entry.name, "state": r.state,
            "since": r.since, "because": r.because, "cites": r.cites, "by": r.by,
            "count_low": r.count_low, "count_high": r.count_high, "region": r.region, "confidence": r.confidence,
        }
        for r in rows
    ]  # fmt: skip


@router.get("/{uuid:incident}/scope", response=Page[ScopeOut])
def list_scope(
    request: HttpRequest, incident: UUID, paged: Query[Paged], as_of: Moment | None = None
) -> dict[str, Any] | HttpResponse:
    """The scope ledger now, or as it stood at a time."""
    place = incident_of(request, incident)

    def make() -> dict[str, Any]:
        ledger = _ledger(scope_as_of(place, as_of or now_in(place)))
        return paged.listed(ledger, key=lambda entry: (entry["kind"], entry["number"]))

    return told(request, place, make, LEDGER)


@router.post("/{uuid:incident}/scope", response={201: ScopeOut})
def add_to_scope(request: HttpRequest, incident: UUID, given: Addition) -> Status[dict[str, Any]]:
    """Put something into scope."""
    place = incident_of(request, incident)
    made = add_scope(actor_of(request), place, **given.dict())
    return Status(201, _one(place, made.number))


@router.get("/{uuid:incident}/scope/{int:number}", response=ScopeOut)
def get_scope_entry(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """One entry of the scope ledger as it stands now."""
    return _one(incident_of(request, incident), number)


@router.get("/{uuid:incident}/scope/{int:number}/changes", response=Page[ScopeChangeOut])
def list_scope_changes(request: HttpRequest, incident: UUID, number: int, paged: Query[Paged]) -> dict[str, Any]:
    """How an entry came to where it stands."""
    return paged.rows(numbered(incident_of(request, incident).scope.all(), number).changes.all(), "at", "pk")


@router.post("/{uuid:incident}/scope/{int:number}", response=ScopeOut)
def change_in_scope(request: HttpRequest, incident: UUID, number: int, given: Change) -> dict[str, Any]:
    """Move a scope entry to another state, on evidence."""
    place = incident_of(request, incident)
    change_scope(actor_of(request), place, entry=numbered(place.scope.all(), number), **given.dict())
    return _one(place, number)


@router.put("/{uuid:incident}/scope/{int:number}/count", response=ScopeOut)
def count_in_scope(request: HttpRequest, incident: UUID, number: int, given: Counting) -> dict[str, Any]:
    """Say anew how many an entry is about, where they live and how sure that is; what is left out is not known."""
    place = incident_of(request, incident)
    count_scope(actor_of(request), place, entry=numbered(place.scope.all(), number), **given.dict())
    return _one(place, number)


def _one(place: Incident, number: int) -> dict[str, Any]:
    found = next((r for r in _ledger(scope_as_of(place, now_in(place))) if r["number"] == number), None)
    if found is None:
        raise Hidden
    return found


@router.get("/{uuid:incident}/remediations", response=Page[RemediationOut])
def list_remediations(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: RemediationState | None = None
) -> dict[str, Any]:
    """What is done for scope entries, by number."""
    rows = incident_of(request, incident).remediations.select_related("entry")
    return paged.rows(rows.filter(state=state) if state else rows, "number")


@router.get("/{uuid:incident}/remediations/{int:number}", response=RemediationOut)
def get_remediation(request: HttpRequest, incident: UUID, number: int) -> Remediation:
    """One measure."""
    return numbered(incident_of(request, incident).remediations.select_related("entry"), number)


@router.post("/{uuid:incident}/remediations", response={201: RemediationOut})
def plan_a_remediation(request: HttpRequest, incident: UUID, given: Measure) -> Status[Remediation]:
    """Plan what is to be done for a scope entry."""
    place = incident_of(request, incident)
    entry = place.scope.filter(number=given.entry).first()
    if entry is None:
        raise Invalid(f"There is no scope entry {given.entry}.", "entry")
    made = actions.plan_remediation(
        actor_of(request), place, entry=entry, what=given.what, role=given.role, method=given.method
    )
    return Status(201, made)


@router.post("/{uuid:incident}/remediations/{int:number}/do", response=RemediationOut)
def do_a_remediation(request: HttpRequest, incident: UUID, number: int) -> Remediation:
    """Say that a measure was carried out."""
    place = incident_of(request, incident)
    rows = place.remediations.select_related("entry")
    actions.do_remediation(actor_of(request), place, remediation=numbered(rows, number))
    return numbered(rows, number)


@router.post("/{uuid:incident}/remediations/{int:number}/verify", response=RemediationOut)
def verify_a_remediation(request: HttpRequest, incident: UUID, number: int, given: Check) -> Remediation:
    """Record the check of a measure; whoever carried it out cannot check it."""
    place = incident_of(request, incident)
    rows = place.remediations.select_related("entry")
    actions.verify_remediation(actor_of(request), place, remediation=numbered(rows, number), **given.dict())
    return numbered(rows, number)
