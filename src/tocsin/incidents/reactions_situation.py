"""The cadence of situation reports: a late one is written down once, and its lead is reminded through the outbox."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Phase, ReportKind, SituationReport
from tocsin.incidents.pages import lead_of
from tocsin.incidents.queries.situation import due_of, was_missed
from tocsin.people.called import letter_address


@every(15)
def watch_reports() -> None:
    """Write down each situation report that is late, once, on the incident's own clock."""
    last = SituationReport.objects.filter(incident=OuterRef("pk"), kind=ReportKind.REPORT).order_by("-number")
    live = Incident.objects.exclude(phase=Phase.CLOSED).select_related("chain", "plan_version").annotate(
        last_number=Subquery(last.values("number")[:1]), last_at=Subquery(last.values("written_at")[:1]),
        promised=Subquery(last.values("next_due_at")[:1]),
    )  # fmt: skip

    def when_late(incident: Any) -> None:
        due = due_of(incident, incident.last_at or incident.declared_at, incident.promised)
        if due < incident.chain.time(clock.now()) and not was_missed(incident, incident.last_number or 0):
            with suppress(Invalid):  # somebody wrote it, or another process wrote it down, in this second
                actions.mark_report_overdue(Actor.system("Clock"), incident)

    each(live, when_late)


@on("situation.overdue")
def remind_the_lead(entry: LogEntry) -> None:
    """Who leads is reminded by their first written contact method. The message tells nothing of the incident itself."""
    incident = Incident.objects.select_related("plan_version", "organization").get(pk=entry.chain_id)
    lead = lead_of(incident, list(incident.roles.filter(renounced_at=None).select_related("member")))
    address = letter_address(lead.member) if lead and lead.member else ""
    if lead is None or not address:
        return
    number = incident.number
    queue_message(
        Actor.system(cause=entry), incident, key=f"situation-overdue:{incident.pk}:{entry.payload['after']}",
        address=address, recipient=lead.holder, subject=f"{number}: the situation report is late",
        body=f"The next situation report of {number} was due. You lead: write it, or have it written.\n"
             f"{settings.BASE_URL}/incidents/{number}/situation\n",
    )  # fmt: skip
