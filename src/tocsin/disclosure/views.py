"""Obligations of an incident: duties to notify with their stages, why, what is missing to tell, and counsel's word."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.disclosure.actions import confirm_duty, delay_stage, file_stage, reject_duty, strike_filing
from tocsin.disclosure.duty_pages import DutyRow, duty_row, lines, most_asked
from tocsin.disclosure.following import duties_with_all
from tocsin.disclosure.models import Duty, NoticeClock, Verdict, Word
from tocsin.disclosure.notices.content import languages, spoken
from tocsin.disclosure.pages import counted, shown
from tocsin.disclosure.queries import live, rank
from tocsin.disclosure.regimes import regimes_of
from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Incident, Task, TaskState
from tocsin.incidents.pages import (
    IncidentRequest,
    act_on,
    facts_of,
    on_incident,
    place,
    sent,
    sent_number,
    sent_time,
)
from tocsin.incidents.queries import facts_of as stated_facts
from tocsin.people.pages import done
from tocsin.plan.models import Anchor

MOST_FULL = 15
"""Duties that are drawn with all their stages; the later ones have a line each, and a page of their own."""
FOLDED = (Verdict.CANNOT_TELL, Verdict.DOES_NOT_APPLY, Verdict.NOT_IN_FORCE)


@on_incident
def obligations(request: IncidentRequest) -> HttpResponse:
    """Duties that count, the earliest deadline first; then what counsel rejected, and what is folded away."""
    incident = request.incident
    rows = rows_of(request, sorted(duties_with_all(incident), key=rank))
    found = shown(incident, request.now)
    by_law = live(incident)
    shown_with_duty = {c.task_id for row in rows for c in row.duty.clocks.all()}
    stored = {row.duty.regime for row in rows}
    folds = [(v, sum(d.verdict == v and d.regime.id not in stored for d in by_law)) for v in FOLDED]
    counting = [r for r in rows if r.duty.counts]
    context = {
        "duties": counting[:MOST_FULL],
        "later": counting[MOST_FULL:],
        "rejected": [r for r in rows if r.duty.ruling == Word.REJECTED],
        "turned": [r for r in rows if not r.duty.ruling and not r.duty.counts],
        "duties_total": len(counting),
        "notices": [s for s in found if s.notice and s.stage is None and s.notice.task_id not in shown_with_duty],
        "counts": counted(s.standing for s in found),
        "deadlines": len(found),
        "folds": [(str(v), v.label, n) for v, n in folds if n],
        "asked_by_law": most_asked(by_law, incident),
    } | _known(incident)
    return render(request, "disclosure/obligations.html", context)


def rows_of(request: IncidentRequest, duties: list[Duty]) -> list[DutyRow]:
    """Duties ready to draw."""
    incident, regimes = request.incident, regimes_of(request.incident)
    notices = {n.task_id: n for n in NoticeClock.objects.filter(incident=incident).select_related("task")}
    return [duty_row(d, regimes.get(d.regime), incident, notices, request.now) for d in duties]


def _known(incident: Incident) -> dict[str, Any]:
    """What is known and not: the facts that steps wait for, those stated, and the times."""
    words = facts_of(incident)
    asked: dict[str, int] = {}
    said = stated_facts(incident)
    for condition in Task.objects.filter(incident=incident, state=TaskState.WAITING).values_list("when", flat=True):
        for fact in missing_facts(condition, said):
            if "." in fact:  # follows from a decision or a step by itself: nobody has to state it
                continue
            asked[fact] = asked.get(fact, 0) + 1
    return {
        "asked": [(f, words.get(f), n) for f, n in sorted(asked.items(), key=lambda p: (-p[1], p[0]))],
        "facts": [(f, words.get(f), v) for f, v in sorted(incident.facts.items())],
        "instants": [(a, moment) for a in Anchor if (moment := incident.instant(a))],
        "anchors": list(Anchor),
    }


@on_incident
def duties_folded(request: IncidentRequest, verdict: str) -> HttpResponse:
    """The duties of one verdict that nobody had to do with, each in a line: a fragment, or a page without JavaScript."""
    if verdict not in set(FOLDED):
        raise Hidden
    stored = set(Duty.objects.filter(incident=request.incident).values_list("regime", flat=True))
    found = [d for d in live(request.incident) if d.verdict == verdict and d.regime.id not in stored]
    context = {"lines": lines(found, request.incident), "verdict": Verdict(verdict)}
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, f"disclosure/{'_folded' if fragment else 'folded'}.html", context)


@on_incident
def duty(request: IncidentRequest, regime: str) -> HttpResponse:
    """One duty: its reasons and stages, what was filed, counsel's word and history, and where the rule comes from."""
    incident = request.incident
    known = regimes_of(incident).get(regime)
    stored = next((d for d in duties_with_all(incident) if d.regime == regime), None)
    if stored is None and known is None:
        raise Hidden
    context: dict[str, Any] = {"regime": known}
    if known is not None:
        home = incident.plan_version.plan.organization.countries
        context["notice_languages"] = [(code, one.name) for code, one in languages().items()]
        context["notice_language"] = spoken(known, home)
    if stored is not None:
        context["row"] = rows_of(request, [stored])[0]
        context["rulings"] = list(stored.rulings.order_by("-id"))
    else:
        by_law = next(d for d in live(incident) if d.regime.id == regime)
        context["line"] = lines([by_law], incident)[0]
        context["verdict"] = Verdict(by_law.verdict)
    return render(request, "disclosure/duty.html", context)


@act_on
def rule(request: IncidentRequest, regime: str) -> HttpResponse:
    """Counsel's word on a duty or a stage."""
    ruling = {"confirmed": confirm_duty, "rejected": reject_duty}.get(sent(request, "word"))
    if ruling is None:
        raise Invalid(_("Choose whether it is confirmed or rejected."), "word")
    ruling(
        request.actor, request.incident, regime=regime, reason=sent(request, "reason"), stage=sent(request, "stage"),
        revision=sent_number(request, "revision"),
    )  # fmt: skip
    return done(request, place(request, "duty", regime), _("Counsel's word was recorded."))


@act_on
def file(request: IncidentRequest, regime: str) -> HttpResponse:
    """Record that a notice was handed in."""
    at = sent_time(request, "at")
    if at is None:
        raise Invalid(_("Please say when it was handed in."), "at")
    filing = file_stage(
        request.actor, request.incident, regime=regime, stage=sent(request, "stage"), at=at,
        channel=sent(request, "channel"), reference=sent(request, "reference"), proof=sent(request, "proof"),
        evidence=sent_number(request, "evidence"), notice=sent_number(request, "notice"),
        delay_reason=sent(request, "delay_reason"),
    )  # fmt: skip
    said = _("Recorded as filed.") if filing.first else _("It was filed before; this was recorded as an addition.")
    return done(request, place(request, "duty", regime), said)


@act_on
def strike(request: IncidentRequest, regime: str) -> HttpResponse:
    """Strike a filing that was recorded by mistake."""
    strike_filing(
        request.actor, request.incident, regime=regime, filing=sent_number(request, "filing") or 0,
        reason=sent(request, "reason"),
    )  # fmt: skip
    return done(
        request, place(request, "duty", regime), _("Struck. It stays readable, and its clock counts without it.")
    )


@act_on
def delay(request: IncidentRequest, regime: str) -> HttpResponse:
    """Record that law enforcement asked to hold a notice back."""
    until = sent_time(request, "until")
    if until is None:
        raise Invalid(_("Please say until when it is held back."), "until")
    delay_stage(
        request.actor, request.incident, regime=regime, stage=sent(request, "stage"), until=until,
        asked_by=sent(request, "asked_by"), reference=sent(request, "reference"),
    )  # fmt: skip
    return done(request, place(request, "duty", regime), _("The delay was recorded."))
