"""What the fact sheet shows beside itself: the duties that follow from it, the earliest first."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tocsin.disclosure.models import DutyReading, Verdict
from tocsin.disclosure.queries import duties_of, next_due
from tocsin.incidents.pages import IncidentRequest
from tocsin.incidents.queries import Sheet

MOST = 8


def duties_that_follow(request: IncidentRequest, sheet: Sheet) -> SafeString:  # noqa: ARG001  every slot is called alike
    """The duties that count now with their next limit, and how many nobody can tell."""
    reading = DutyReading.objects.filter(incident=request.incident).first()
    if reading is None:
        return SafeString()
    counting = [(duty, next_due(duty)) for duty in duties_of(request.incident) if duty.counts]
    context = {
        "incident": request.incident,
        "now": request.now,
        "rows": counting[:MOST],
        "more": max(0, len(counting) - MOST),
        "open": list(reading.verdicts.values()).count(Verdict.CANNOT_TELL),
        "reading": reading,
    }
    return SafeString(render_to_string("disclosure/_follows.html", context))
