"""Investigation: what is in custody, what an analysis made of it, findings, and the detections behind them."""

from __future__ import annotations

from collections import Counter
from typing import IO, Any, cast

from django.db.models import Case, Value, When
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions import (
    Intake,
    request_analysis,
    stop_analysis,
    take_evidence,
    transfer_evidence,
    verify_evidence,
)
from tocsin.evidence.models import AnalysisRun, Custody, Detection, EvidenceItem, RunState
from tocsin.evidence.progress import progress_of
from tocsin.evidence.store import put, still_holds
from tocsin.evidence.suggest import LEVELS
from tocsin.evidence.views_detections import drawn_groups
from tocsin.incidents.kept import LAB, drawn
from tocsin.incidents.models import Finding, Incident
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent
from tocsin.incidents.queries.privilege import is_counsel, is_privy, seen
from tocsin.lab.attack import TACTICS, tactics_of
from tocsin.people.pages import asked_number, done

FINDINGS, ITEMS, MARKS = 10, 6, 300
SUREST = [When(confidence=c, then=Value(n)) for n, c in enumerate(("high", "moderate", "low"))]


@on_incident
def investigation(request: IncidentRequest) -> HttpResponse:
    """Evidence, the last run's account, findings, and the detections with their filters."""
    incident = request.incident
    items = list(incident.evidence.all()[:ITEMS])
    hands: dict[int, list[Custody]] = {}
    for step in Custody.objects.filter(item__in=items):
        hands.setdefault(step.item_id, []).append(step)
    run = incident.runs.last()
    found = Finding.objects.filter(incident=incident)
    # What waits for a judgement comes first: suggestions, the surest at the top, then what was stated.
    shown = found.exclude(state="rejected").order_by("-state", Case(*SUREST, default=3), "happened_from", "number")
    most = 60 if request.GET.get("findings") == "all" else FINDINGS
    counts = Counter(found.order_by().values_list("state", flat=True))
    context = {
        "tab": "overview",
        "items": [(i, hands.get(i.pk, [])) for i in items],
        "items_total": incident.evidence.count(),
        "privy": is_privy(request.actor, incident),
        "findings": shown[:most],
        "findings_total": counts.total() - counts["rejected"],
        "findings_all": most > FINDINGS,
        "rejected": found.filter(state="rejected")[:FINDINGS] if counts["rejected"] else (),
        "finding_counts": counts,
        "timeline": drawn("evidence/_timeline.html", incident, request.now, lambda: {"timeline": timeline(incident)},
                          but=LAB) if run else "",
        "detections": drawn_groups(request),
        **_run(run),
    }  # fmt: skip
    return render(request, "evidence/investigation.html", context)


def _run(run: AnalysisRun | None) -> dict[str, Any]:
    """The last run's state, and its account in the words and order that the page uses."""
    if run is None:
        return {"run": None}
    report = run.report or {}
    troubled = [f for f in report.get("files", ()) if f["status"] != "read" or f["lost"] or f["problems"]]
    return {
        "run": run,
        "running": run.state in (RunState.QUEUED, RunState.RUNNING),
        "progress": progress_of(str(run.pk)) if run.state == RunState.RUNNING else None,
        "report": report,
        "troubled": troubled[:50],
        "troubled_more": max(0, len(troubled) - 50),
    }


def timeline(incident: Incident) -> dict[str, Any] | None:
    """Detections of weight as marks, one lane for each tactic; None when no time is known."""
    found = Detection.objects.filter(incident=incident, time__isnull=False, level__in=LEVELS[2:]).order_by("time")
    rows = [(at, *rest) for at, *rest in found.values_list("time", "title", "level", "tags", "host") if at]
    if not rows:
        return None
    first, span = rows[0][0], (rows[-1][0] - rows[0][0]).total_seconds() or 1.0
    marks: dict[tuple[str, str, int], dict[str, Any]] = {}
    for at, title, level, tags, host in rows:
        for tactic in tactics_of(tags) or ["other"]:
            # Marks that would lie on each other are one, so that ten thousand detections stay a small page.
            key = (tactic, level, int((at - first).total_seconds() / span * 120))
            label = f"{title} · {host}" if host else title
            marks.setdefault(key, {"at": at.isoformat(), "lane": tactic, "label": label, "level": level})
    used = {m["lane"] for m in marks.values()}
    lanes = [{"id": key, "label": label} for key, label in TACTICS.items() if key in used]
    if "other" in used:
        lanes.append({"id": "other", "label": _("No tactic named")})
    return {"label": _("Detections by tactic and time"), "lanes": lanes, "marks": list(marks.values())[:MARKS]}


@on_incident
def run_progress(request: IncidentRequest) -> HttpResponse:
    """How far the running analysis is, asked every other second while it runs."""
    return render(request, "evidence/_progress.html", _run(request.incident.runs.last()))


@on_incident
def evidence(request: IncidentRequest) -> HttpResponse:
    """The whole inventory."""
    items = EvidenceItem.objects.filter(incident=request.incident)
    after = asked_number(request, "after")
    if after is not None:
        items = items.filter(number__gt=after)
    rows = list(items.prefetch_related("custody")[:201])
    kept = EvidenceItem.kept.filter(incident=request.incident, privileged=True)
    context = {
        "items": [(i, list(i.custody.all())) for i in rows[:200]],
        "next": rows[199].number if len(rows) > 200 else None,
        "counsel": is_counsel(request.actor, request.incident),
        "privy": (privy := is_privy(request.actor, request.incident)),
        "privileged": seen(request.actor, kept.prefetch_related("custody")) if privy else (),
    }
    return render(request, "evidence/inventory.html", context)


@act_on
def upload(request: IncidentRequest) -> HttpResponse:
    """Take the files of a form into custody, then analyse what is there."""
    # Asked before the files are stored: who may not take evidence does not fill the store either.
    if not request.can["evidence_take"]:
        raise Forbidden(_("Taking evidence is for those who lead or respond in this incident."))
    files = request.FILES.getlist("files")
    if not files:
        raise Invalid(_("Choose one or more files."), "files")
    stored = [(f.name or "upload", put(cast("IO[bytes]", f.file), f.name or "upload")) for f in files]
    intakes = [Intake(name, content, _("uploaded")) for name, content in stored]
    made = take_evidence(request.actor, request.incident, intakes=intakes, why=sent(request, "why"))
    said = ngettext("%d file is in custody.", "%d files are in custody.", len(made)) % len(made)
    if made:
        said += " " + _ask_for_run(request)
    if "application/json" in request.headers.get("Accept", ""):  # a note that a file was dropped into
        kept = {i.sha256: i.label for i in EvidenceItem.objects.filter(incident=request.incident)}
        items = [{"name": name, "item": kept[content.sha256]} for name, content in stored]
        return JsonResponse({"items": items, "said": said})
    return done(request, place(request, "investigation"), said)


def _ask_for_run(request: IncidentRequest) -> str:
    if not request.incident.runs.filter(state=RunState.QUEUED).exists():  # else the playbook asked for one already
        try:
            request_analysis(request.actor, request.incident)
        except Invalid as busy:  # one runs, without these files: they are safe, and the person is told
            return str(busy)
    return _("The analysis has started.")


@act_on
def analyse(request: IncidentRequest) -> HttpResponse:
    """Run the rules over all the evidence."""
    request_analysis(request.actor, request.incident)
    return done(request, place(request, "investigation"), _("The analysis has started."))


@act_on
def stop(request: IncidentRequest) -> HttpResponse:
    """Stop the run that waits or works."""
    run = request.incident.runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).last()
    if run is None:
        raise Invalid(_("No analysis is running."))
    stop_analysis(request.actor, request.incident, run=run)
    return done(request, place(request, "investigation"), _("Run %d is stopped.") % run.number)


@act_on
def verify(request: IncidentRequest) -> HttpResponse:
    """Check every stored item against its hash."""
    if not request.can["evidence_verify"]:
        raise Forbidden(_("Checking evidence is for those who lead or respond in this incident."))
    items = list(EvidenceItem.objects.filter(incident=request.incident))
    checked = [(i, still_holds(i.sha256, i.bytes)) for i in items]
    verify_evidence(request.actor, request.incident, checked=checked)
    broken = [i.label for i, holds in checked if not holds]
    said = _("All items still have their hashes.") if not broken else _("Broken: %s") % ", ".join(broken)
    return done(request, place(request, "investigation"), said)


@act_on
def hand_on(request: IncidentRequest, item: int) -> HttpResponse:
    """Record that an item went to somebody."""
    found = EvidenceItem.objects.filter(incident=request.incident, number=item).first()
    if found is None:
        raise Hidden
    transfer_evidence(request.actor, request.incident, item=found, to=sent(request, "to"), why=sent(request, "why"))
    return done(request, place(request, "investigation"), _("The hand-over of %s is recorded.") % found.label)
