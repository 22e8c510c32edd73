"""The log told in sentences, its proof and its export; the plan that the incident runs under and where it deviates."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core import log as core_log
from tocsin.core.models import LogEntry
from tocsin.incidents.kept import always
from tocsin.incidents.models import Incident, Task, TaskState
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, place
from tocsin.people.pages import asked_number
from tocsin.people.queries import current_plan
from tocsin.plan.diff import diff

PAGE = 100
ACTORS_HOLD = 300
"""Seconds after which the whole log is looked through again for who acted in it."""
SUBJECTS = {
    "people": (gettext_lazy("People"), ("role", "roles", "access")),
    "work": (gettext_lazy("Work"), ("task", "tasks", "playbook", "remediation")),
    "decisions": (gettext_lazy("Decisions"), ("decision", "phase", "severity")),
    "evidence": (gettext_lazy("Evidence"), ("evidence", "analysis", "finding", "findings", "scope")),
    "clocks": (gettext_lazy("Clocks and facts"), ("clocks", "fact", "instant", "clock")),
    "notes": (gettext_lazy("Notes"), ("note", "notebook", "mention", "summary")),
}


@on_incident
def log(request: IncidentRequest) -> HttpResponse:
    """The log, newest first, a page at a time; by subject, by who, by words."""
    entries = LogEntry.objects.filter(chain=request.incident.chain)
    about, who, words = (asked(request, k) for k in ("about", "who", "q"))
    if about in SUBJECTS:
        of = Q()
        for subject in SUBJECTS[about][1]:
            of |= Q(verb__startswith=subject + ".")
        entries = entries.filter(of)
    if who:
        entries = entries.filter(actor__name=who)
    if words:
        entries = entries.filter(Q(payload__icontains=words) | Q(verb__icontains=words))
    before = asked_number(request, "before")
    if before is not None:
        entries = entries.filter(sequence__lt=before)
    rows = list(entries.order_by("-sequence")[: PAGE + 1])
    context = {
        "entries": rows[:PAGE],
        "older": rows[PAGE - 1].sequence if len(rows) > PAGE else None,
        "about": about, "who": who, "q": words,
        "subjects": [(key, label) for key, (label, _prefixes) in SUBJECTS.items()],
        "people": sorted(_actors(request.incident)),
    }  # fmt: skip
    return render(request, "incidents/log.html", context)


def _actors(incident: Incident) -> set[str]:
    """Who acted, by name: looked up in the whole log now and then, and in what was added since every time."""
    names = LogEntry.objects.filter(chain=incident.chain_id).order_by().values_list("actor__name", flat=True).distinct()
    length = incident.chain.length
    seen, known = always("actors", incident.chain_id, lambda: (length, frozenset(names)), holds=ACTORS_HOLD)
    return {*known, *(names.filter(sequence__gt=seen) if seen < length else ())}


@on_incident
def log_entry(request: IncidentRequest, sequence: int) -> HttpResponse:
    """One entry with everything that it recorded, its hash and what it follows from."""
    entries = LogEntry.objects.filter(chain=request.incident.chain)
    entry = entries.filter(sequence=sequence).first()
    if entry is None:
        return render(request, "404.html", status=404)
    chain = str(request.incident.chain.pk)
    cause = entry.cause if entry.cause and entry.cause.get("chain") == chain else None
    context = {
        "entry": entry,
        "alone": [entry],
        "cause": entries.filter(sequence=cause["sequence"]).first() if cause else None,
        "caused": entries.filter(cause__chain=chain, cause__sequence=sequence)[:20],
        "payload": sorted(entry.payload.items()),
    }
    return render(request, "incidents/log_entry.html", context)


@act_on
def verify_log(request: IncidentRequest) -> HttpResponse:
    """Check the chain anew, entry by entry, and say what came out."""
    proof = core_log.verify_lines(core_log.export(LogEntry.objects.filter(chain=request.incident.chain)))
    chain = request.incident.chain
    head = proof.heads.get(str(chain.pk), "")
    if proof.holds and proof.entries == chain.length and head == chain.head:
        said = _("The chain holds: %(count)d entries, each follows from the one before. Head: %(head)s")
        messages.success(request, said % {"count": proof.entries, "head": head})
    else:
        fault = proof.fault or _("it should have %(n)d entries and has %(m)d") % {"n": chain.length, "m": proof.entries}
        messages.error(request, _("The chain does not hold: %s") % fault)
    return redirect(place(request, "log"))


@on_incident
def log_download(request: IncidentRequest) -> HttpResponseBase:
    """The log as canonical JSON lines, as `tocsin verify --log` takes it."""
    lines = core_log.export(LogEntry.objects.filter(chain=request.incident.chain))
    answer = StreamingHttpResponse(lines, content_type="application/jsonl")
    answer.headers["Content-Disposition"] = f'attachment; filename="{request.incident.number}-log.jsonl"'
    return answer


@dataclass(frozen=True)
class Deviation:
    """One place where the incident went another way than the plan: what, why, who."""

    kind: str
    task: Task
    why: str


def deviations(tasks: list[Task]) -> list[Deviation]:
    """Steps that were skipped, work that was added, steps started before what they need was done."""
    by_step = {t.step_id: t for t in tasks if t.step_id}
    found: deque[Deviation] = deque()
    for task in tasks:
        if not task.step_id:
            found.append(Deviation(_("Added"), task, task.instructions))
        elif task.state == TaskState.SKIPPED:
            found.append(Deviation(_("Not needed"), task, task.proof))
        elif task.state in (TaskState.DOING, TaskState.DONE):
            began = task.opened_at or task.ended_at
            early = [
                n for s in task.needs
                if (n := by_step.get(s)) and (n.ended_at is None or (began and n.ended_at > began))
            ]  # fmt: skip
            if early:
                names = ", ".join(f"T-{n.number}" for n in early)
                found.append(Deviation(_("Started early"), task, _("before %s ended") % names))
    return list(found)


@on_incident
def incident_plan(request: IncidentRequest) -> HttpResponse:
    """The pinned plan version, what is newer since, and the deviations."""
    incident = request.incident
    tasks = list(Task.objects.filter(incident=incident))
    newest = current_plan(incident.organization)
    newer = newest if newest and newest.pk != incident.plan_version_id else None
    plan = incident.plan_version.plan
    context = {
        "version": incident.plan_version,
        "playbook": incident.playbook,
        "newer": newer,
        "changes": diff(plan, newer.plan) if newer else [],
        "deviations": deviations(tasks),
        "playbooks": sorted(plan.playbooks.values(), key=lambda p: p.title),
        "tasks_total": len(tasks),
    }
    return render(request, "incidents/plan.html", context)
