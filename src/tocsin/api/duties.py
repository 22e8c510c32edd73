"""Duties to notify of an incident: what may apply and why, counsel's word, filings, delays; the register; the library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, organization_of
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.core.access import Hidden
from tocsin.disclosure import actions
from tocsin.disclosure.following import duties_with_all
from tocsin.disclosure.models import Duty, Verdict, Word
from tocsin.disclosure.queries import live
from tocsin.disclosure.regimes import regimes_of
from tocsin.disclosure.register import Breach, breaches_of
from tocsin.incidents.models import Incident
from tocsin.law import engine
from tocsin.law.load import library
from tocsin.law.models import Regime
from tocsin.law.reasons import SENTENCES, Reason

router = Router(tags=["duties"])
outside = Router(tags=["duties"])
DUTY = "/{uuid:incident}/duties/{str:regime}"


class StageOut(Schema):
    """One stage of a duty. `state`: waiting, running, no_number, to_judge, held, filed, filed_late or not_needed."""

    stage: str
    recipient: str
    recipient_name: str
    state: str
    because: str
    starts_at: datetime | None
    due_at: datetime | None
    submitted_at: datetime | None
    expected: datetime | None
    missing: list[str]
    judge: list[str]
    own_target: bool
    mandatory: bool
    task: int | None = None


class DutyOut(Schema):
    """A regime on this incident's facts: never legal advice. `lost`: what a filed notice rested on and was withdrawn."""

    regime: str
    name: str
    jurisdiction: str
    citation: str
    verdict: str
    ruling: str
    ruled_by: str
    ruled_at: datetime | None
    ruling_reason: str
    reasons: list[str]
    missing: list[str]
    lost: list[str]
    stages: list[StageOut]
    revision: int


class FilingOut(Schema):
    """A notice that was handed in; the first of a stage counts, another is an addition. One that was struck was recorded by
    mistake and counts for nothing.
    """

    id: int
    stage: str
    first: bool
    submitted_at: datetime
    due_at: datetime | None
    channel: str
    reference: str
    proof: str
    evidence: int | None
    notice: int | None
    notice_sha256: str
    delay_reason: str
    by: str
    sequence: int
    struck_at: datetime | None
    struck_by: str
    struck_reason: str


class DelayOut(Schema):
    """A stage that is held back because an authority asked for it."""

    stage: str
    until: datetime
    asked_by: str
    reference: str
    by: str
    sequence: int


class RulingOut(Schema):
    """One word of counsel."""

    stage: str
    word: str
    reason: str
    by: str
    at: datetime
    sequence: int


class RegimeOut(Schema):
    """A regime: what it asks for and where that comes from. Research, not legal advice."""

    id: str
    name: str
    jurisdiction: str
    citation: str
    status: str
    trigger: str
    content: list[str]
    exceptions: list[str]
    source: list[str]
    confidence: str
    as_of: date | None
    caveat: str | None


class DutyFullOut(DutyOut):
    """One duty with what was filed, held back and ruled, and its rule (null: nobody knows it any more)."""

    filings: list[FilingOut]
    delays: list[DelayOut]
    rulings: list[RulingOut]
    rule: RegimeOut | None


class NotifiedOut(Schema):
    """A notice that went out."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    late: bool


class StruckOut(Schema):
    """A filing that was struck because it was recorded by mistake."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    by: str
    struck_at: datetime
    because: str


class NotNotifiedOut(Schema):
    """A duty that counsel rejected, and why."""

    duty: str
    because: str


class BreachOut(Schema):
    """A line of the register of breaches (GDPR Article 33(5))."""

    incident: UUID
    number: str
    title: str
    began: datetime | None
    detected: datetime | None
    aware: datetime | None
    facts: str
    data: list[str]
    people: str
    effects: list[str]
    remedies: list[str]
    notified: list[NotifiedOut]
    not_notified: list[NotNotifiedOut]
    undecided: list[str]
    struck: list[StruckOut]


class Ruled(Schema, extra="forbid"):
    """Counsel's reason; `stage` only where the word is on one stage alone."""

    reason: str = Field(max_length=5000)
    stage: str = Field("", max_length=200)


class Filed(Schema, extra="forbid"):
    """What was handed in: which stage, when, by which way; `evidence` and `notice` are numbers, of a final notice."""

    stage: str = Field(max_length=200)
    at: Moment
    channel: str = Field(max_length=100)
    reference: str = Field("", max_length=200)
    proof: str = Field("", max_length=500)
    evidence: int | None = Field(None, ge=1, le=10**9)
    notice: int | None = Field(None, ge=1, le=10**9)
    delay_reason: str = Field("", max_length=5000)


class Struck(Schema, extra="forbid"):
    """The id of the filing, and why it is struck."""

    filing: int = Field(ge=1, le=2**63 - 1)
    reason: str = Field(max_length=5000)


class Held(Schema, extra="forbid"):
    """Until when, who asked, and under which document; without `stage`, all that may be held back."""

    until: Moment
    asked_by: str = Field(max_length=200)
    reference: str = Field(max_length=200)
    stage: str = Field("", max_length=200)


@router.get("/{uuid:incident}/duties", response=Page[DutyOut])
def list_duties(
    request: HttpRequest, incident: UUID, paged: Query[Paged], verdict: Verdict | None = None,
    ruling: Word | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Every regime of the library and of the plan on the facts now, by id."""
    place = incident_of(request, incident)
    found = _duties(place)
    chosen = [
        d for d in found
        if (verdict is None or d["verdict"] == verdict) and (ruling is None or d["ruling"] == ruling)
    ]  # fmt: skip
    return paged.listed(chosen, key=lambda d: (d["regime"],))


@router.get(DUTY, response=DutyFullOut)
def get_duty(request: HttpRequest, incident: UUID, regime: str) -> dict[str, Any]:
    """One duty."""
    return _one(incident_of(request, incident), regime)


@router.post(DUTY + "/confirm", response=DutyFullOut)
def confirm_duty(request: HttpRequest, incident: UUID, regime: str, given: Ruled, seen: Seen = None) -> dict[str, Any]:
    """Counsel's word that it has to be notified."""
    return _act(request, incident, regime, actions.confirm_duty, given, revision=seen)


@router.post(DUTY + "/reject", response=DutyFullOut)
def reject_duty(request: HttpRequest, incident: UUID, regime: str, given: Ruled, seen: Seen = None) -> dict[str, Any]:
    """Counsel's word that it is not notified, and why."""
    return _act(request, incident, regime, actions.reject_duty, given, revision=seen)


@router.post(DUTY + "/file", response={201: DutyFullOut})
def file_notice(
    request: HttpRequest, incident: UUID, regime: str, given: Filed, seen: Seen = None
) -> Status[dict[str, Any]]:
    """Record that a notice was handed in. The first of a stage counts; another is kept as an addition."""
    return Status(201, _act(request, incident, regime, actions.file_stage, given, revision=seen))


@router.post(DUTY + "/strike", response=DutyFullOut)
def strike_filing(
    request: HttpRequest, incident: UUID, regime: str, given: Struck, seen: Seen = None
) -> dict[str, Any]:  # fmt: skip
    """Strike a filing that was recorded by mistake: it stays readable, and the clocks count as if it had not been."""
    return _act(request, incident, regime, actions.strike_filing, given, revision=seen)


@router.post(DUTY + "/delay", response={201: DutyFullOut})
def delay_notice(
    request: HttpRequest, incident: UUID, regime: str, given: Held, seen: Seen = None
) -> Status[dict[str, Any]]:
    """Hold notices back because law enforcement asked for it, where the regime knows such a delay."""
    return Status(201, _act(request, incident, regime, actions.delay_stage, given, revision=seen))


@outside.get("/breaches", response=Page[BreachOut])
def list_breaches(request: HttpRequest, paged: Query[Paged], organization: str | None = None) -> dict[str, Any]:
    """The register of breaches, of incidents that you are on, by number."""
    rows = breaches_of(actor_of(request), organization_of(request, organization))
    return paged.listed([_breach(b) for b in rows], key=lambda b: (b["number"],))


@outside.get("/law", response=Page[RegimeOut])
def list_regimes(request: HttpRequest, paged: Query[Paged]) -> dict[str, Any]:  # noqa: ARG001  every operation is asked alike
    """The law library: every regime of this version, by id."""
    return paged.listed([_rule(regime) for regime in library()], key=lambda r: (r["id"],))


def _act(
    request: HttpRequest, incident: UUID, regime: str, action: Callable[..., object], given: Schema, **more: Any
) -> dict[str, Any]:
    place = incident_of(request, incident)
    if regime not in regimes_of(place):
        raise Hidden
    action(actor_of(request), place, regime=regime, **given.dict(), **more)
    return _one(incident_of(request, incident), regime)


def _one(place: Incident, regime: str) -> dict[str, Any]:
    found = next((d for d in _duties(place) if d["regime"] == regime), None)
    if found is None:
        raise Hidden
    stored = next((d for d in duties_with_all(place) if d.regime == regime), None)
    known = regimes_of(place).get(regime)
    return found | {
        "filings": list(stored.filings.all()) if stored else [],
        "delays": list(stored.delays.all()) if stored else [],
        "rulings": list(stored.rulings.all()) if stored else [],
        "rule": _rule(known) if known else None,
    }


def _duties(place: Incident) -> list[dict[str, Any]]:
    """The stored duties as they stand, and every other regime as it is worked out now."""
    regimes, stored = regimes_of(place), {d.regime: d for d in duties_with_all(place)}
    found = [_stored(duty, regimes.get(duty.regime)) for duty in stored.values()]
    return found + [_worked_out(duty) for duty in live(place) if duty.regime.id not in stored]


def _stored(duty: Duty, regime: Regime | None) -> dict[str, Any]:
    stages = [
        {name: getattr(c, name) for name in StageOut.model_fields if name != "task"}
        | {"task": c.task.number if c.task else None}
        for c in duty.clocks.all()
    ]
    return {
        **{n: getattr(duty, n) for n in ("regime", "name", "verdict", "ruling", "ruled_by", "ruled_at",
                                         "ruling_reason", "missing", "revision")},
        "jurisdiction": regime.jurisdiction if regime else "", "citation": regime.citation if regime else "",
        "reasons": [Reason(r["key"], r["values"]).sentence for r in duty.reasons if r["key"] in SENTENCES],
        "lost": [name for _kind, name in duty.lost], "stages": stages,
    }  # fmt: skip


def _worked_out(duty: engine.Duty) -> dict[str, Any]:
    stages = [{name: getattr(c, name) for name in StageOut.model_fields if name != "task"} for c in duty.stages]
    return {
        "regime": duty.regime.id, "name": duty.regime.name, "jurisdiction": duty.regime.jurisdiction,
        "citation": duty.regime.citation, "verdict": duty.verdict, "ruling": "", "ruled_by": "", "ruled_at": None,
        "ruling_reason": "", "reasons": [r.sentence for r in duty.reasons], "missing": list(duty.missing), "lost": [],
        "stages": stages, "revision": 0,
    }  # fmt: skip


def _rule(regime: Regime) -> dict[str, Any]:
    return {name: getattr(regime, name) for name in RegimeOut.model_fields}


def _breach(b: Breach) -> dict[str, Any]:
    names = ("began", "detected", "aware", "data", "people", "effects", "remedies", "notified", "undecided", "struck")
    return {name: getattr(b, name) for name in names} | {
        "incident": b.incident.pk, "number": b.incident.number, "title": b.incident.title, "facts": b.what,
        "not_notified": [{"duty": name, "because": why} for name, why in b.not_notified],
    }  # fmt: skip
