"""What happens to evidence: taken into custody, handed on, verified, analysed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.core.access import Hidden, incident_role, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import plain, storable
from tocsin.evidence.models import AnalysisRun, Custody, Detection, EvidenceItem, RunState, Sample, Sighting
from tocsin.evidence.store import Stored
from tocsin.incidents.actions.common import next_number, words
from tocsin.incidents.actions.privilege import next_number_kept
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

HANDLES = incident_role(IncidentRole.LEAD, IncidentRole.RESPONDER)


@dataclass(frozen=True)
class Intake:
    """A file that lies in the store already: how it was called, where it came from, when it was collected."""

    name: str
    stored: Stored
    source: str = ""
    collected_at: datetime | None = None


@action("evidence.take", HANDLES)
def take_evidence(call: Call[Incident], *, intakes: Sequence[Intake], why: str = "") -> list[EvidenceItem]:
    """Take files into custody. The same content a second time is the item that is there, and the entry says so."""
    incident = call.place
    known = {i.sha256: i for i in incident.evidence.all()}
    number = next_number_kept(EvidenceItem(incident=incident), privileged=False)
    made: list[EvidenceItem] = []
    again: list[dict[str, str]] = []
    for intake in intakes:
        if same := known.get(intake.stored.sha256):
            again.append({"name": intake.name, "is": same.label})
            continue
        item = EvidenceItem.objects.create(
            incident=incident, number=number + len(made), name=storable(intake.name)[:500],
            source=storable(intake.source)[:1000],
            bytes=intake.stored.bytes, sha256=intake.stored.sha256, collected_at=intake.collected_at,
            taken_at=call.now, taken_by=call.actor.name,
        )  # fmt: skip
        known[item.sha256] = item
        made.append(item)
    Custody.objects.bulk_create(
        Custody(item=i, at=call.now, by=call.actor.name, what=why[:500] or "taken into custody", sequence=call.sequence)
        for i in made
    )
    call.record(
        incident,
        items=[{"item": i.label, "name": i.name, "bytes": i.bytes, "sha256": i.sha256} for i in made],
        known=again,
        why=why,
    )
    return made


@action("evidence.transfer", HANDLES)
def transfer_evidence(call: Call[Incident], *, item: EvidenceItem, to: str, why: str) -> None:
    """Record that an item went to somebody. Raises Invalid without a recipient or a reason."""
    _same_incident(call, item)
    Custody.objects.create(
        item=item, at=call.now, by=call.actor.name, to=words(to, "to", "who received it")[:200],
        what=words(why, "why", "why it was handed over")[:500], sequence=call.sequence,
    )  # fmt: skip
    call.record(item, item=item.label, to=to, why=why, sha256=item.sha256)


@action("evidence.verify", HANDLES)
def verify_evidence(call: Call[Incident], *, checked: Sequence[tuple[EvidenceItem, bool]]) -> None:
    """Record a check of stored items against their hashes; `checked` pairs an item with whether it holds."""
    for item, holds in checked:
        _same_incident(call, item)
        item.verified_at, item.intact = call.now, holds
        item.save(update_fields=["verified_at", "intact"])
    call.record(
        call.place,
        verified=[i.label for i, holds in checked if holds],
        broken=[{"item": i.label, "sha256": i.sha256} for i, holds in checked if not holds],
    )


@action("analysis.request", HANDLES)
def request_analysis(call: Call[Incident], *, rules: str = "") -> AnalysisRun:
    """Ask for a run of the rules over all the evidence. Raises Invalid without evidence, or while a run is waiting."""
    incident = call.place
    items = list(incident.evidence.values_list("number", flat=True))
    if not items:
        raise Invalid("There is no evidence yet. Take a file into custody first.")
    if incident.runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        raise Invalid("An analysis is running already; it will take in what is there.")
    run = AnalysisRun.objects.create(
        incident=incident, number=next_number(incident.runs), rules=rules, items=items, started_at=call.now,
        requested_by=call.actor.name,
    )  # fmt: skip
    call.record(run, run=run.number, items=len(items), rules=rules)
    return run


@action("analysis.start", system_only)
def start_analysis(call: Call[Incident], *, run: AnalysisRun, rules: dict[str, Any]) -> None:
    """Record that a run began, with which rules."""
    run.refresh_from_db()
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        raise Invalid(f"Run {run.number} has ended.")
    run.state, run.started_at = RunState.RUNNING, call.now
    run.save(update_fields=["state", "started_at"])
    call.record(run, run=run.number, rules=rules)


@action("analysis.finish", system_only)
def finish_analysis(
    call: Call[Incident], *, run: AnalysisRun, report: dict[str, Any], detections: list[Detection],
    kinds: dict[int, str], stages: Sequence[dict[str, Any]] = (), sightings: Sequence[Sighting] = (),
    samples: Sequence[Sample] = (),
) -> None:  # fmt: skip
    """Store what a run found and its account, all at once. What earlier runs found gives way to it.

    A run that read no event and found no sample ends as 'empty', never as 'done'. `kinds` names what each item (by number) was.
    Raises Invalid when the run ended before: a run that was taken up twice counts once.
    """
    incident = call.place
    run.refresh_from_db()
    if run.state != RunState.RUNNING:
        raise Invalid(f"Run {run.number} has ended.")
    for earlier in (incident.detections, incident.sightings, incident.samples):
        earlier.all().delete()
    for detection in detections:
        detection.incident, detection.run = incident, run
        detection.fields = plain(detection.fields)
    Detection.objects.bulk_create(detections, batch_size=1000)
    Sighting.objects.bulk_create(sightings, batch_size=500)
    Sample.objects.bulk_create(samples, batch_size=50)
    for item in incident.evidence.filter(number__in=kinds):
        item.kind = kinds[item.number]
        item.save(update_fields=["kind"])
    run.state = RunState.EMPTY if report["empty"] and not samples else RunState.DONE
    run.report, run.stages, run.ended_at = plain(report), plain(list(stages)), call.now
    run.save(update_fields=["state", "report", "stages", "ended_at"])
    counts = {k: report[k] for k in ("bytes", "records", "lost", "not_understood", "skipped")}
    call.record(
        run, run=run.number, state=run.state, detections=len(detections), sightings=len(sightings), samples=len(samples),
        stages={stage["name"]: stage["state"] for stage in stages}, **counts,
    )  # fmt: skip


@action("analysis.fail", system_only)
def fail_analysis(call: Call[Incident], *, run: AnalysisRun, error: str) -> None:
    """Record that a run ended without a result, and why. Raises Invalid when it ended before."""
    run.refresh_from_db()
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        raise Invalid(f"Run {run.number} has ended.")
    run.state, run.error, run.ended_at = RunState.FAILED, error, call.now
    run.save(update_fields=["state", "error", "ended_at"])
    call.record(run, run=run.number, error=error)


@action("analysis.stop", HANDLES)
def stop_analysis(call: Call[Incident], *, run: AnalysisRun) -> None:
    """Stop a run that waits or works; what it found so far is not kept, the events that it loaded are.

    Raises Invalid when it ended before.
    """
    _own_run(call, run)
    run.state, run.error, run.ended_at = RunState.FAILED, f"Stopped by {call.actor.name}.", call.now
    run.save(update_fields=["state", "error", "ended_at"])
    call.record(run, run=run.number)


def _own_run(call: Call[Incident], run: AnalysisRun) -> None:
    if run.incident_id != call.place.chain_id:
        raise Invalid("This run belongs to another incident.")
    run.refresh_from_db()
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        raise Invalid(f"Run {run.number} has ended.")


def _same_incident(call: Call[Incident], item: EvidenceItem) -> None:
    if item.incident_id != call.place.chain_id:
        raise Invalid("This item belongs to another incident.")
    if item.privileged:
        raise Hidden
