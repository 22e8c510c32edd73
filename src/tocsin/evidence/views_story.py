"""What the evidence tells together: attack steps, the ATT&CK matrix, network, processes, logons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core.action import Invalid
from tocsin.evidence.drawing import detected_on, logon_graph
from tocsin.evidence.models import Detection
from tocsin.evidence.questions import (
    answers_of,
    hosts_of,
    logons_of,
    matrix_of,
    network_of,
    open_proposals_of,
    processes_of,
    steps_of,
    suggestion_by_key,
)
from tocsin.incidents.actions import answer_suggestion
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, place, sent
from tocsin.lab.lake import LakeError, QueryError
from tocsin.people.pages import done

STEPS, EDGES, PATHS, TALKS, PROCESSES, PROPOSED = 40, 150, 20, 100, 100, 20
LEVELS = ("critical", "high", "medium")
"""Of detections that a process is marked with."""
NETWORK = {
    "beacons": gettext_lazy("Beacons"),
    "tunnels": gettext_lazy("DNS tunnels"),
    "uploads": gettext_lazy("Large uploads"),
    "long": gettext_lazy("Long connections"),
    "rare": gettext_lazy("Rare destinations"),
}


def _asked(make: Callable[[], Any]) -> tuple[Any, str]:
    """Return an answer, or None and why there is none."""
    try:
        return make(), ""
    except (LakeError, QueryError) as wrong:
        return None, str(wrong)


@on_incident
def steps(request: IncidentRequest) -> HttpResponse:
    """The attack in steps, and the matrix."""
    every = steps_of(request.incident)
    told = [step for step in every if not step.is_noise]
    page = Paginator(told, STEPS).get_page(asked(request, "page"))
    matrix = matrix_of(request.incident)
    context = {
        "tab": "steps",
        "steps": page.object_list,
        "answered": answers_of(request.incident),
        "page": page,
        "kept": "",
        "total": len(told),
        "noise": [step for step in every if step.is_noise],
        "matrix": [column for column in matrix if column.cells],
        "quiet": [column.name for column in matrix if not column.cells],
        "techniques": sum(len(column.cells) for column in matrix),
    }
    return render(request, "evidence/steps.html", context)


@on_incident
def technique(request: IncidentRequest, technique: str) -> HttpResponse:
    """The detections of one technique, by rule."""
    tag = f"attack.{technique.lower()}"
    rows = [row for row in Detection.objects.filter(incident=request.incident).select_related("item").order_by("time")
            if tag in [str(one).lower() for one in row.tags]]  # fmt: skip
    context = {"tab": "steps", "technique": technique.upper(), "rows": rows[:500], "total": len(rows)}
    return render(request, "evidence/technique.html", context)


@on_incident
def network(request: IncidentRequest) -> HttpResponse:
    """What stands out in the traffic, each with its reasoning, and the largest conversations."""
    answers, error = _asked(lambda: network_of(request.incident))
    parts = []
    for name, word in NETWORK.items() if answers else ():
        answer = answers[name]
        parts.append((name, word, [one.proposal for one in answer.found[:PROPOSED]], answer))
    talks = answers["conversations"] if answers else None
    context = {
        "tab": "network",
        "error": error,
        "parts": parts,
        "talks": talks.found[:TALKS] if talks else (),
        "talks_total": talks.total if talks else 0,
        "considered": talks.considered if talks else 0,
    }
    return render(request, "evidence/network.html", context)


@on_incident
def processes(request: IncidentRequest) -> HttpResponse:
    """The processes of one host as a tree."""
    hosts, error = _asked(lambda: hosts_of(request.incident))
    host, text = asked(request, "host"), asked(request, "q").lower()
    answer = None
    if hosts and not host:
        host = _likeliest(request, [name for name, _ in hosts if name])
    if host:
        answer, error = _asked(lambda: processes_of(request.incident, host))
    tree = list(answer.found) if answer else []
    shown = _with_ancestors(tree, text) if text else tree
    page = Paginator(shown, PROCESSES).get_page(asked(request, "page"))
    detected = detected_on(tree, _gravest(request, host)) if tree else {}
    context = {
        "detected": detected, "tab": "processes", "error": error, "hosts": hosts or [], "host": host, "q": asked(request, "q"),
        "tree": page.object_list, "page": page, "total": len(tree), "found": len(shown), "notes": answer.notes if answer else (),
        "kept": urlencode({"host": host, "q": asked(request, "q")}),
    }  # fmt: skip
    return render(request, "evidence/processes.html", context)


def _gravest(request: IncidentRequest, host: str) -> list[Detection]:
    """Return what was detected on a host, the gravest first."""
    rows = Detection.objects.filter(incident=request.incident, level__in=LEVELS, host__istartswith=host)
    return sorted(rows.only("level", "title", "fields"), key=lambda row: LEVELS.index(row.level))


def _likeliest(request: IncidentRequest, hosts: list[str]) -> str:
    """Return the host with the gravest detections, else the one with the most events."""
    rows = Detection.objects.filter(incident=request.incident, level__in=("critical", "high")).values_list(
        "host", flat=True
    )
    named = {name.partition(".")[0].lower() for name in rows if name}
    return next((host for host in hosts if host in named), hosts[0] if hosts else "")


def _with_ancestors(tree: list[Any], text: str) -> list[Any]:
    """Return the processes that hold a text, with all that they descend from."""
    by_id = {one.id: one for one in tree}
    wanted: set[int] = set()
    for one in tree:
        if text in f"{one.program} {one.command_line} {one.user}".lower():
            above: Any = one
            while above is not None and above.id not in wanted:
                wanted.add(above.id)
                above = by_id.get(above.parent)
    return [one for one in tree if one.id in wanted]


@on_incident
def logons(request: IncidentRequest) -> HttpResponse:
    """Who logged on from where to where, and the ways that somebody may have moved."""
    answers, error = _asked(lambda: logons_of(request.incident))
    account = asked(request, "account").lower()
    edges = [one for one in (answers["edges"].found if answers else ()) if account in one.account]
    context = {
        "tab": "logons",
        "error": error,
        "account": account,
        "edges": edges[:EDGES],
        "edges_total": len(edges),
        "paths": answers["paths"].found[:PATHS] if answers else (),
        "paths_total": answers["paths"].total if answers else 0,
        "graph": logon_graph(edges, answers["paths"].found if answers and not account else ()),
        "notes": answers["contacts"].notes if answers else (),
    }
    return render(request, "evidence/logons.html", context)


@on_incident
def proposed(request: IncidentRequest) -> HttpResponse:
    """What the analyses over the lake propose as findings: a fragment for the overview, a page without JavaScript."""
    answer, error = _asked(lambda: open_proposals_of(request.incident))
    context = {
        "tab": "overview",
        "error": error,
        "proposals": answer[0][: PROPOSED * 3] if answer else (),
        "notes": answer[1] if answer else (),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "evidence/_proposals.html" if fragment else "evidence/proposals.html", context)


@act_on
def answer(request: IncidentRequest) -> HttpResponse:
    """State a finding that the analyses propose, or that a step of the attack is, or reject it with a reason."""
    found = suggestion_by_key(request.incident, sent(request, "key"))
    if found is None:
        raise Invalid(_("The analysis does not propose this any more. Look again."))
    accept = sent(request, "judgement") == "accept"
    made = answer_suggestion(
        request.actor, request.incident, suggestion=found, accept=accept, reason=sent(request, "reason")
    )
    said = _("F-%d is stated.") if accept else _("F-%d is rejected, and will not be proposed again.")
    return done(request, place(request, "investigation"), said % made.number)
