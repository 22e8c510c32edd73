"""The situation as reported: the last report, when the next one is due, what changed since, who owes a note."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count

from tocsin.core.clock import calendar_of
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.incidents.models.situation import ReportKind, SituationReport


def last_report(incident: Incident) -> SituationReport | None:
    """The report that holds now; hand-over notes are none. One query."""
    return incident.situation_reports.filter(kind=ReportKind.REPORT).last()


def due_of(incident: Incident, since: datetime, promised: datetime | None = None) -> datetime:
    """When the report after one of `since` is due: by the severity's cadence, and not later than was promised.

    A severity that got worse shortens what was promised; one that got better does not lengthen it.
    """
    plan = incident.plan_version.plan
    calendar = calendar_of(plan.organization.time_zone, plan.organization.countries)
    due = calendar.due(since, plan.severity.levels[incident.severity].report_every)
    return min(due, promised) if promised else due


def lamp_of(due: datetime, now: datetime, since: datetime) -> str:
    """How near the next report is: late, soon (the last quarter of the cadence, an hour at most) or nothing."""
    if due <= now:
        return "late"
    return "soon" if due - now <= min((due - since) / 4, timedelta(hours=1)) else ""


def was_missed(incident: Incident, after: int) -> bool:
    """Whether the log says already that the report after number `after` is late."""
    missed = LogEntry.objects.filter(chain_id=incident.chain_id, verb="situation.overdue", payload__after=after)
    return missed.exists()


@dataclass(frozen=True)
class Changes:
    """What was done since a report, in numbers: entries of the log by verb."""

    verbs: dict[str, int]

    def count(self, *verbs: str) -> int:
        """How many entries of these verbs there are."""
        return sum(self.verbs.get(v, 0) for v in verbs)

    @property
    def total(self) -> int:
        """All entries that people read as news: what Tocsin writes for itself does not count."""
        return sum(n for v, n in self.verbs.items() if not v.startswith(("message.", "clocks.", "situation.")))


def changes_since(incident: Incident, sequence: int) -> Changes:
    """What the log holds after an entry, by verb. One query."""
    after = LogEntry.objects.filter(chain_id=incident.chain_id, sequence__gt=sequence).order_by()
    return Changes(dict(after.values_list("verb").annotate(n=Count("pk"))))


@dataclass(frozen=True)
class OpenHandover:
    """A role that changed hands: who has it now, who had it before, and the note between them (None: not written)."""

    seat: RoleAssignment
    before: RoleAssignment
    note: SituationReport | None

    @property
    def waits_for(self) -> str:
        """What is missing: a note, or its acknowledgement."""
        return "note" if self.note is None else "acknowledgement"

    def concerns(self, user: UUID) -> bool:
        """Whether this person handed over or takes over."""
        return user in (self.seat.user_id, self.before.user_id)


def open_handovers(spells: Iterable[RoleAssignment], notes: Iterable[SituationReport]) -> list[OpenHandover]:
    """The hand-overs that wait for a note or for its acknowledgement; `spells` and `notes` of one incident."""
    latest: dict[int, SituationReport] = {}
    for note in notes:
        if note.seat_id is not None:
            latest[note.seat_id] = note
    past: dict[str, RoleAssignment] = {}
    found = []
    for spell in spells:
        if spell.renounced_at is not None:
            if spell.holder:
                past[spell.role] = spell
            continue
        before, said = past.get(spell.role), latest.get(spell.pk)
        if before and spell.holder and spell.member_id != before.member_id and not (said and said.acknowledged_at):
            found.append(OpenHandover(spell, before, said))
    return found


def handovers_of(incident: Incident) -> list[OpenHandover]:
    """The hand-overs of an incident that wait for something. Two queries."""
    notes = incident.situation_reports.filter(kind=ReportKind.HANDOVER)
    return open_handovers(incident.roles.order_by("assumed_at", "id"), notes)
