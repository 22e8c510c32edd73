"""The data of a technical incident report: what the story writes and what the page and the PDF print."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from tocsin.reports.parts import (
    Assumption,
    Cause,
    Cite,
    Cites,
    Confidence,
    DetectionRef,
    Duration,
    EvidenceId,
    Fact,
    Figure,
    Incident,
    Inference,
    KeyTime,
    LaneId,
    Limit,
    LogHead,
    Meta,
    NarrativePart,
    Part,
    Person,
    Record,
    Rule,
    Sha256,
    Sources,
    Statement,
    Summary,
    Technique,
    Timeline,
    TimelineEvent,
    Tlp,
    Utc,
    Version,
)
from tocsin.reports.registers import (
    Clock,
    Custody,
    Decision,
    Detection,
    EvidenceItem,
    GrowthPoint,
    Indicator,
    LogEntry,
    Option,
    Recommendation,
    Remediation,
    Scope,
    ScopeEntry,
    ScopeState,
    Task,
)

# One place to import from: whoever fills a report needs all of these.
__all__ = [
    "Assumption",
    "Cause",
    "Cite",
    "Cites",
    "Clock",
    "Confidence",
    "Custody",
    "Decision",
    "Detection",
    "DetectionRef",
    "Duration",
    "EvidenceId",
    "EvidenceItem",
    "Fact",
    "Figure",
    "GrowthPoint",
    "Incident",
    "Indicator",
    "Inference",
    "KeyTime",
    "LaneId",
    "Limit",
    "LogEntry",
    "LogHead",
    "Meta",
    "NarrativePart",
    "Option",
    "Part",
    "Person",
    "Recommendation",
    "Record",
    "Remediation",
    "ReportData",
    "Rule",
    "Scope",
    "ScopeEntry",
    "ScopeState",
    "Sha256",
    "Sources",
    "Statement",
    "Summary",
    "Task",
    "Technique",
    "Timeline",
    "TimelineEvent",
    "Tlp",
    "Utc",
    "Version",
    "cites_in",
    "head_of",
    "natural",
    "seconds",
]


class ReportData(Part):
    """The whole report. Everything after `record` may be empty; absence is then said in words."""

    format: Literal["tocsin.report/1"] = "tocsin.report/1"
    meta: Meta
    incident: Incident
    record: Record
    limits: tuple[Limit, ...] = ()
    summary: Summary
    key_times: Annotated[tuple[KeyTime, ...], Field(max_length=7)] = ()
    durations: tuple[Duration, ...] = ()
    timeline: Timeline = Timeline()
    narrative: tuple[NarrativePart, ...] = ()
    scope: Scope = Scope()
    decisions: tuple[Decision, ...] = ()
    clocks: tuple[Clock, ...] = ()
    tasks: tuple[Task, ...] = ()
    remediation: tuple[Remediation, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    detections: tuple[Detection, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    log_entries: tuple[LogEntry, ...] = ()

    @model_validator(mode="after")
    def _cites_resolve(self) -> ReportData:
        """Refuse a report that cites an evidence item, detection or log entry that does not exist."""
        evidence = {item.id for item in self.evidence}
        detections = {row.ref for row in self.detections}
        for cite in cites_in(self):
            head = head_of(cite)
            if head.startswith("E-") and head not in evidence:
                raise ValueError(f"{cite} is cited but {head} is not in the evidence inventory")
            if head.startswith("X-") and head not in detections:
                raise ValueError(f"{cite} is cited but is not in the table of detections")
            if head.startswith("L-") and int(head[2:]) > self.record.log.entries:
                raise ValueError(f"{cite} is cited but the log ends at entry {self.record.log.entries}")
        return self

    @model_validator(mode="after")
    def _durations_resolve(self) -> ReportData:
        """Refuse a duration between key times that are not there."""
        keys = {time.key for time in self.key_times}
        for duration in self.durations:
            for end in (duration.start, duration.end):
                if end not in keys:
                    raise ValueError(f"duration {duration.label!r} refers to the key time {end!r}, not in key_times")
        return self


def head_of(cite: str) -> str:
    """Return the item, detection or entry that a cite leads to: E-03 of E-03#1842 and of E-03.1842."""
    return re.split(r"[#.]", cite, maxsplit=1)[0]


def cites_in(part: object) -> list[str]:
    """Return every cite under `part`, in order and with repeats."""
    if isinstance(part, tuple):
        return [cite for child in part for cite in cites_in(child)]
    if not isinstance(part, BaseModel):
        return []
    found: list[str] = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        found += list(value) if name == "cites" else cites_in(value)
    return found


def natural(ref: str) -> tuple[str, int]:
    """Return a sort key that puts E-9 before E-10."""
    match = re.match(r"([A-Z]+)-(\d+)", ref)
    return (match[1], int(match[2])) if match else (ref, 0)


def seconds(start: datetime, end: datetime) -> float:
    """Return the seconds from `start` to `end`."""
    return (end - start).total_seconds()
