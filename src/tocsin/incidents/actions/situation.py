"""Situation reports: written on a cadence, missed once in the log; hand-over notes: written and acknowledged."""

from __future__ import annotations

from datetime import datetime

from tocsin.core.access import incident_role, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import WORKS, fresh, next_number
from tocsin.incidents.models import Incident, Phase, RoleAssignment
from tocsin.incidents.models.situation import LONGEST, ReportKind, SituationReport
from tocsin.incidents.queries.situation import due_of, last_report, was_missed
from tocsin.plan.models import IncidentRole

ANYBODY_ON_IT = incident_role(*IncidentRole)
"""Who hands over keeps seeing the incident as an observer, and still has to write the note."""


@action("situation.write", WORKS)
def write_report(call: Call[Incident], *, conditions: str, actions: str, needs: str, seen: int | None = None,
                 next_due_at: datetime | None = None) -> SituationReport:  # fmt: skip
    """Write the next situation report. `seen` is the number of the last one that the writer saw, 0 for none.

    The same words sent twice by one person are one report. Raises Invalid when nothing is said, a part is too long,
    somebody else wrote a report in the meantime, or the next one is promised for later than the severity asks for.
    """
    incident = fresh(call)
    if incident.phase == Phase.CLOSED:
        raise Invalid("The incident is closed; re-open it to go on reporting.")
    said = {"conditions": conditions.strip(), "actions": actions.strip(), "needs": needs.strip()}
    _check_lengths(said)
    if not said["conditions"]:
        raise Invalid("Say in a sentence or two what is going on.", "conditions")
    last = last_report(incident)
    if last and last.written_by_id == call.actor.id and all(getattr(last, k) == v for k, v in said.items()):
        call.record(last, report=last.number, repeated=True)
        return last
    if seen is not None and seen != (last.number if last else 0):
        by = f"{last.written_by} wrote report {last.number}" if last else "The report you saw is not there any more"
        raise Invalid(f"{by} while you were writing. Your words stand below: look at theirs, then send yours again.")
    latest = due_of(incident, call.now)
    if next_due_at is not None and not call.now < next_due_at <= latest:
        raise Invalid(f"Severity {incident.severity} asks for the next report within "
                      f"{_cadence(incident)}: promise a time between now and then.", "next_due_at")  # fmt: skip
    number = next_number(incident.situation_reports)
    made = SituationReport.objects.create(
        incident=incident, number=number, written_at=call.now, written_by=call.actor.name[:200],
        written_by_id=call.actor.id, next_due_at=next_due_at or latest, sequence=call.sequence,
        **said,
    )  # fmt: skip
    call.record(made, report=number, next_due_at=made.next_due_at, **said)
    return made


def _cadence(incident: Incident) -> str:
    return str(incident.plan_version.plan.severity.levels[incident.severity].report_every)


def _check_lengths(said: dict[str, str]) -> None:
    for name, text in said.items():
        if len(text) > LONGEST:
            raise Invalid(f"This holds {LONGEST:,} characters, yours has {len(text):,}: shorten it by "
                          f"{len(text) - LONGEST:,}. Details belong to the log.", name)  # fmt: skip


@action("situation.hand_over", ANYBODY_ON_IT)
def write_handover(call: Call[Incident], *, seat: RoleAssignment, conditions: str, open_work: str = "",
                   needs: str = "") -> SituationReport:  # fmt: skip
    """Write the note for who takes over a role. `seat` is their spell: the one that began with the hand-over.

    Raises Invalid unless the writer held the role before, holds it now or leads; for a seat that was left; and where
    nothing is said.
    """
    incident = call.place
    seat = RoleAssignment.objects.get(pk=seat.pk)
    if seat.incident_id != incident.chain_id or seat.renounced_at or not seat.holder:
        raise Invalid("Nobody takes over this seat now: it was left or is empty.")
    before = incident.roles.filter(role=seat.role, renounced_at__isnull=False).exclude(holder="").last()
    _check_writer(call, seat)
    said = {"conditions": conditions.strip(), "actions": open_work.strip(), "needs": needs.strip()}
    _check_lengths(said)
    if not said["conditions"]:
        raise Invalid(f"Say what {seat.holder} has to know.", "conditions")
    known = seat.notes.filter(written_by_id=call.actor.id, **said).first()
    if known:
        call.record(known, report=known.number, repeated=True)
        return known
    made = SituationReport.objects.create(
        incident=incident, number=next_number(incident.situation_reports), kind=ReportKind.HANDOVER, seat=seat,
        written_at=call.now, written_by=call.actor.name[:200], written_by_id=call.actor.id, sequence=call.sequence,
        handed_from=before.holder if before else "", handed_to=seat.holder, taker_id=seat.user_id, **said,
    )  # fmt: skip
    call.record(made, report=made.number, role=seat.role, title=seat.title, before=made.handed_from,
                holder=seat.holder, conditions=said["conditions"], open_work=said["actions"], needs=said["needs"])  # fmt: skip
    return made


def _check_writer(call: Call[Incident], seat: RoleAssignment) -> None:
    if call.actor.is_system:
        return
    held = call.place.roles.filter(role=seat.role, user=call.actor.user_id).exists()
    leads = call.chain.grants.filter(user_id=call.actor.user_id, role=IncidentRole.LEAD).exists()
    if not (held or leads):
        raise Invalid(f"A hand-over note for '{seat.title}' comes from who held it, who holds it, or who leads.")


@action("situation.acknowledge", ANYBODY_ON_IT)
def acknowledge_handover(call: Call[Incident], *, report: SituationReport) -> None:
    """Say that the note was read and the role is taken over. Raises Invalid for anybody but the one it was written to
    (anybody who leads, where that one has no account), and for a note that was acknowledged already.
    """
    report = SituationReport.objects.get(pk=report.pk)
    if report.incident_id != call.place.chain_id or report.kind != ReportKind.HANDOVER or report.seat is None:
        raise Invalid("This is no hand-over note of this incident.")
    if report.acknowledged_at:
        raise Invalid(f"{report.acknowledged_by} has acknowledged this already.")
    leads = call.chain.grants.filter(user_id=call.actor.user_id, role=IncidentRole.LEAD).exists()
    theirs = report.taker_id == call.actor.user_id or (report.taker_id is None and leads)
    if not (theirs or call.actor.is_system):
        raise Invalid(f"{report.handed_to} takes over and acknowledges this.")
    report.acknowledged_at, report.acknowledged_by = call.now, call.actor.name[:200]
    report.save(update_fields=["acknowledged_at", "acknowledged_by"])
    call.record(report, report=report.number, role=report.seat.role, title=report.seat.title, before=report.handed_from)


@action("situation.overdue", system_only)
def mark_report_overdue(call: Call[Incident]) -> None:
    """Write down, once a report, that the next one is late. Raises Invalid when it is not so (any more)."""
    incident = fresh(call)
    last = last_report(incident)
    due = due_of(incident, last.written_at, last.next_due_at) if last else due_of(incident, incident.declared_at)
    after = last.number if last else 0
    if incident.phase == Phase.CLOSED or due >= call.now or was_missed(incident, after):
        raise Invalid("No situation report is late, or it was written down already.")
    call.record(incident, after=after, due_at=due)
