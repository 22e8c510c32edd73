"""Obligations: the clocks of duties to notify, and the facts and instants that they hang on."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.disclosure.pages import counted, shown
from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Task, TaskState
from tocsin.incidents.pages import IncidentRequest, facts_of, on_incident
from tocsin.plan.models import Anchor


@on_incident
def obligations(request: IncidentRequest) -> HttpResponse:
    """One row a duty, late first, then earliest; beside them what is not known yet."""
    incident = request.incident
    words = facts_of(incident)
    asked: dict[str, int] = {}
    for condition in Task.objects.filter(incident=incident, state=TaskState.WAITING).values_list("when", flat=True):
        for fact in missing_facts(condition, incident.facts):
            if "." in fact:  # follows from a decision or a step by itself: nobody has to state it
                continue
            asked[fact] = asked.get(fact, 0) + 1
    rows = shown(incident, request.now)
    context = {
        "clocks": rows,
        "counts": counted(row.standing for row in rows),
        "asked": [(f, words.get(f), n) for f, n in sorted(asked.items(), key=lambda p: (-p[1], p[0]))],
        "facts": [(f, words.get(f), v) for f, v in sorted(incident.facts.items())],
        "instants": [(a, incident.instant(a)) for a in Anchor],
        "anchors": list(Anchor),
    }
    return render(request, "disclosure/obligations.html", context)
