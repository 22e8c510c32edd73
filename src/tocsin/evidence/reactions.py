"""What evidence does when something happens: a requested run becomes a job, a finished run becomes suggestions."""

from __future__ import annotations

from tocsin.core.access import Actor
from tocsin.core.action import on
from tocsin.core.models import LogEntry
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.jobs import analyse
from tocsin.evidence.models import RunState
from tocsin.evidence.suggest import findings_from, scope_from
from tocsin.incidents.actions import complete_task, suggest_findings, suggest_scope
from tocsin.incidents.models import Incident, Task
from tocsin.plan.models import StepKind

SCAN = "scan-evidence"


@on("analysis.request")
def queue_run(entry: LogEntry) -> None:
    """The job is stored in the same transaction: a run that was asked for is never forgotten."""
    analyse.enqueue(run_id=entry.object_id)


@on("analysis.finish")
def suggest(entry: LogEntry) -> None:
    """Suggested findings and scope entries come out of the detections."""
    if entry.payload["state"] != RunState.DONE:
        return
    incident = Incident.objects.get(pk=entry.chain_id)
    detections = list(incident.detections.select_related("item"))
    source = f"analysis run {entry.payload['run']}"
    system = Actor.system("Analysis", cause=entry)
    if findings := findings_from(detections):
        suggest_findings(system, incident, suggestions=findings, source=source)
    if entries := scope_from(detections):
        suggest_scope(system, incident, suggestions=entries, source=source)


@on("analysis.finish", "tasks.advance", "evidence.take")
def run_scan_steps(entry: LogEntry) -> None:
    """A playbook's automation step `scan-evidence` asks for a run once there is evidence, and is done with its result."""
    incident = Incident.objects.select_related("plan_version").get(pk=entry.chain_id)
    step = _open_scan_step(incident)
    if step is None:
        return
    last, system = incident.runs.last(), Actor.system("Analysis", cause=entry)
    items = list(incident.evidence.values_list("number", flat=True))
    if last and last.state == RunState.DONE and sorted(last.items) == sorted(items):
        counts = last.report
        proof = (f"Run {last.number}: {counts['detections']} detections in {counts['records']} events; "
                 f"{counts['lost']} lost, {counts['not_understood']} not understood, {counts['skipped']} skipped.")  # fmt: skip
        complete_task(system, incident, task=step, proof=proof)
    elif (
        items
        and not incident.runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists()
        and not (last and sorted(last.items) == sorted(items))
    ):
        request_analysis(system, incident)


@on("analysis.finish")
def analyse_what_came_meanwhile(entry: LogEntry) -> None:
    """Evidence that was taken while a run worked gets a run of its own."""
    incident = Incident.objects.get(pk=entry.chain_id)
    run = incident.runs.get(number=entry.payload["run"])
    waiting = incident.runs.filter(state__in=(RunState.QUEUED, RunState.RUNNING)).exists()
    if not waiting and set(incident.evidence.values_list("number", flat=True)) - set(run.items):
        request_analysis(Actor.system("Analysis", cause=entry), incident, rules=run.rules)


def _open_scan_step(incident: Incident) -> Task | None:
    playbook = incident.playbook
    if playbook is None:
        return None
    wanted = [s.id for s in playbook.steps if s.kind == StepKind.AUTOMATION and s.automation == SCAN]
    return next((t for t in incident.tasks.filter(step_id__in=wanted) if t.live), None)
