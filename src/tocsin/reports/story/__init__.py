"""The whole story of an incident, pieced together from its log, analysis, scope and work into a report's data."""

from __future__ import annotations

from datetime import datetime

from tocsin.incidents.models import Incident as IncidentRow
from tocsin.incidents.models import Phase
from tocsin.lab.attack import attack_version
from tocsin.reports.data import Incident, LogHead, Meta, Record, ReportData
from tocsin.reports.story.attack import detection_rows, narrative, timeline
from tocsin.reports.story.gathered import Gathered, gather
from tocsin.reports.story.registers import clocks, decisions, evidence, log_entries, remediation, scope, tasks
from tocsin.reports.story.summary import durations, key_times, limits, summary


def build(incident: IncidentRow, generated: datetime) -> ReportData:
    """The technical incident report as it stands at `generated`. Reads only; the same state gives the same data."""
    g = gather(incident, generated)
    return ReportData(
        meta=Meta(
            tlp=incident.tlp,
            generated=generated,
            status="Final" if incident.phase == Phase.CLOSED else "Draft",
            restriction=g.restriction,
        ),
        incident=_head(g),
        record=_record(g),
        limits=limits(g),
        summary=summary(g),
        key_times=key_times(g),
        durations=durations(g),
        timeline=timeline(g),
        narrative=narrative(g),
        scope=scope(g),
        decisions=decisions(g),
        clocks=clocks(g),
        tasks=tasks(g),
        remediation=remediation(g),
        detections=detection_rows(g),
        evidence=evidence(g),
        log_entries=log_entries(g),
    )


def _head(g: Gathered) -> Incident:
    incident = g.incident
    return Incident(
        id=incident.number,
        organization=incident.organization.name,
        title=incident.title,
        subtitle=incident.summary,
        severity=f"Severity {incident.severity}: {g.plan.severity.levels[incident.severity].name}",
        severity_level=incident.severity,
        status=_status(incident),
        exercise=incident.exercise,
        declared=incident.declared_at,
        closed=incident.instant(Phase.CLOSED),
    )


def _status(incident: IncidentRow) -> str:
    """The phase, and of a closed incident how it came out."""
    phase = str(Phase(incident.phase).label)
    return f"{phase}: {incident.get_outcome_display().lower()}" if incident.outcome else phase


def _record(g: Gathered) -> Record:
    rules = g.account.get("rules", {})
    return Record(
        log=LogHead(entries=g.incident.chain.length, head=g.incident.chain.head),
        plan_name=f"Plan {g.incident.plan_version.number} of {g.plan.organization.name}",
        plan_version=g.incident.plan_version.version,
        attack_version=attack_version(),
        rules=f"{rules['loaded']:,} Sigma rules, state {rules['digest'][:12]}" if rules else "",
    )
