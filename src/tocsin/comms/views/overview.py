"""Communications at a glance: warnings, what waits for whom, waves, statements that are ready, the public page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.comms.filling import fill, values_of
from tocsin.comms.models import StatusPage, Wave
from tocsin.comms.models.waves import LIVE
from tocsin.comms.pages import GROUPS, my_part, numbers, said, shown_steps
from tocsin.comms.queries import standing_of, visible_messages
from tocsin.comms.views.public import address_of
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest, on_incident
from tocsin.plan.models import Message as Planned

SHOWN_WAVES = 4


@on_incident
def communications(request: IncidentRequest) -> HttpResponse:
    """Messages by state, the waves as a board, and warnings of facts that changed. Only what the person may know."""
    part, incident = my_part(request), request.incident
    messages = visible_messages(part)
    waves = list(incident.waves.order_by("-number")) if part.whole else []
    in_wave = numbers(waves)
    groups = [
        (
            state,
            [(m, in_wave.get(m.pk), standing_of(m) if m.released_at else None) for m in messages if m.state == state],
        )
        for state in GROUPS
    ]
    page = StatusPage.objects.filter(incident=incident).first()
    context = {
        "part": part,
        "groups": [(state, rows) for state, rows in groups if rows],
        "total": len(messages),
        "warned": [(m, [said(incident, f["fact"]) for f in m.outdated]) for m in messages if m.outdated],
        "waves": [(w, shown_steps(w, request.now)) for w in _live_first(waves)[:SHOWN_WAVES]],
        "more_waves": _live_first(waves)[SHOWN_WAVES:],
        "to_plan": [m for m in messages if not m.over and m.pk not in in_wave] if part.whole else [],
        "ready": _ready(incident) if part.works else [],
        "status_page": page,
        "status_address": address_of(page) if page and part.whole else "",
    }
    return render(request, "comms/communications.html", context)


def _live_first(waves: list[Wave]) -> list[Wave]:
    return sorted(waves, key=lambda w: (w.state not in LIVE, -w.number))


def _ready(incident: Incident) -> list[tuple[Planned, int]]:
    """The plan's statements that are kept ready, each with how many facts it still lacks."""
    found = []
    for planned in incident.plan_version.plan.messages.values():
        if planned.holding:
            text = fill(planned.title, planned.body, values_of(incident, planned.language), planned.language)
            found.append((planned, len(text.missing)))
    return found
