"""What the intruder did: the timeline by tactic, the narrative, and the table of rules that matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

from tocsin.core.models import LogEntry
from tocsin.evidence.models import Detection
from tocsin.evidence.suggest import WORTH_A_FINDING, rank
from tocsin.incidents.models import Finding, Phase
from tocsin.lab.attack import tactics_for, techniques_of
from tocsin.reports.attack import ORDER
from tocsin.reports.data import Detection as Row
from tocsin.reports.data import (
    Fact,
    Inference,
    NarrativePart,
    Rule,
    Statement,
    Timeline,
    TimelineEvent,
)
from tocsin.reports.story.gathered import Gathered
from tocsin.reports.text import Rich, Run, code

MOST_CITES = 6
EVENTS_A_FINDING = 3
# The fields that say best what an event did, in this order.
_TELLING = ("CommandLine", "ScriptBlockText", "TargetObject", "TargetFilename", "ImageLoaded", "ServiceName",
            "TaskName", "PipeName", "QueryName", "DestinationIp", "TargetImage", "Image", "TargetUserName")  # fmt: skip


def lane(tactics: Iterable[str]) -> str:
    """The lane of the timeline that tactics belong to: the first in the order of the matrix."""
    known = [t for t in tactics if t in ORDER]
    return min(known, key=ORDER.__getitem__, default="no-tactic")


def timeline(g: Gathered) -> Timeline:
    """Every rule's matches on a host as marks in their tactic's lane, and what the responders did beside them."""
    return Timeline(events=(*_intruder(g), *_responders(g)), rules=tuple(_rules(g)))


def _intruder(g: Gathered) -> list[TimelineEvent]:
    groups: dict[tuple[str, str, str, str], list[Detection]] = defaultdict(list)
    for d in g.detections:
        if d.time and rank(d.level) >= WORTH_A_FINDING:
            groups[lane(tactics_for(techniques_of(d.tags), d.tags)), d.rule_id, d.host, f"{d.time:%Y-%m-%d %H}"].append(
                d
            )
    return [
        TimelineEvent(
            lane=where,
            t=group[0].time,
            label=group[0].title,
            text=(group[0].title, " on ", code(host)) if host else group[0].title,
            technique=next(iter(techniques_of(group[0].tags)), None),
            count=len(group),
            cites=_cites(group),
        )
        for (where, _, host, _), group in groups.items()
        if group[0].time
    ]


def _cites(group: Iterable[Detection]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(d.cite for d in group))[:MOST_CITES]


def _responders(g: Gathered) -> list[TimelineEvent]:
    events = []
    for entry in g.entries:
        told = _responder_event(entry)
        if told:
            where, label = told
            events.append(TimelineEvent(lane=where, t=entry.shown_time, label=label, text=label,
                                        cites=(f"L-{entry.sequence}",)))  # fmt: skip
    events += [
        TimelineEvent(lane="notices", t=t.ended_at, label=t.title, text=t.title, cites=(g.cite("task.complete", t.pk),))
        for t in g.incident.tasks.filter(kind="notification", state="done")
        if t.ended_at
    ]
    return events


def _responder_event(entry: LogEntry) -> tuple[str, str] | None:
    match entry.verb:
        case "incident.open":
            return "detect", "Declared"
        case "analysis.finish":
            return "detect", f"Analysis: {entry.payload['detections']} matches"
        case "decision.take":
            return "respond", f"Decided: {entry.payload['label']}"
        case "phase.set":
            where = "recover" if entry.payload["phase"] in (Phase.RECOVERED, Phase.CLOSED) else "respond"
            return where, str(Phase(entry.payload["phase"]).label)
        case "remediation.verify" if entry.payload["held"]:
            return "recover", f"Verified: {entry.payload['action']}"
    return None


def _rules(g: Gathered) -> list[Rule]:
    marks = [(g.incident.declared_at, "declared")]
    marks += [
        (t, p.value) for p in (Phase.CONTAINED, Phase.ERADICATED, Phase.RECOVERED) if (t := g.incident.instant(p))
    ]
    return [Rule(t=t, label=label) for t, label in marks]


def narrative(g: Gathered) -> tuple[NarrativePart, ...]:
    """By tactic in the order of the matrix, within it by time: each finding, then the gravest events behind it."""
    by_cite: dict[str, list[Detection]] = defaultdict(list)
    for d in g.detections:
        by_cite[d.cite].append(d)
    far = g.now
    ordered = sorted(g.findings, key=lambda f: (ORDER[lane(f.tactics)], f.happened_from or far, f.number))
    return tuple(
        NarrativePart(tactic=where, statements=tuple(s for f in group for s in _statements(g, f, by_cite)))
        for where, group in groupby(ordered, key=lambda f: lane(f.tactics))
    )


def _statements(g: Gathered, finding: Finding, by_cite: dict[str, list[Detection]]) -> list[Statement]:
    good, rest = g.resolved(finding.cites)
    cites = good[:MOST_CITES] or (f"L-{finding.sequence}",)
    claim = f"{finding.claim} (cites: {', '.join(rest)})" if rest else finding.claim
    techniques = tuple(finding.techniques)
    if finding.state == "stated" and finding.confidence == "high":
        head: Statement = Fact(text=claim, t=finding.happened_from, techniques=techniques, cites=cites)
    else:
        by = f"accepted by {finding.judged_by}" if finding.judged_by else f"stated by {finding.stated_by}"
        accepted = by if finding.state == "stated" else "not yet judged by a person"
        because = finding.interpretation or finding.source or "an analyst stated it"
        head = Inference(text=claim, confidence=finding.confidence, t=finding.happened_from,
                         because=f"{because} ({accepted.rstrip('. ')})", cites=cites)  # fmt: skip
    told: set[tuple[str, str]] = set()
    facts: list[Fact] = []
    for cite in finding.cites:
        for d in by_cite.get(cite, ()):
            # A finding for one technique tells only of the rules for it, not of all that matched the same event.
            if techniques and not set(techniques) & set(techniques_of(d.tags)):
                continue
            if (d.rule_id, d.host) not in told and len(facts) < EVENTS_A_FINDING:
                told.add((d.rule_id, d.host))
                facts.append(Fact(text=_event(d), t=d.time, techniques=techniques, cites=(d.cite,)))
    return [head, *sorted(facts, key=lambda f: f.t or g.now)]


def _event(d: Detection) -> Rich:
    field = next((f for f in _TELLING if d.fields.get(f)), None)
    runs: list[Run] = [f"{d.title} on ", code(d.host or "an unnamed host")]
    if field:
        runs += [f": {field} ", code(str(d.fields[field])[:300])]
    return tuple(runs)


def detection_rows(g: Gathered) -> tuple[Row, ...]:
    """One row a rule, the gravest and most frequent first, each citing events it matched."""
    groups: dict[str, list[Detection]] = defaultdict(list)
    for d in g.detections:
        groups[d.rule_id].append(d)
    ordered = sorted(groups.values(), key=lambda ds: (-rank(ds[0].level), -len(ds), ds[0].title))
    return tuple(_row(number, ds) for number, ds in enumerate(ordered, 1))


def _row(number: int, ds: list[Detection]) -> Row:
    times = [d.time for d in ds if d.time]
    level = ds[0].level if ds[0].level in ("critical", "high", "medium", "low") else "informational"
    return Row(
        ref=f"X-{number:02d}",
        rule_id=ds[0].rule_id,
        title=ds[0].title,
        author=ds[0].author or "not named in the rule",
        level=level,
        count=len(ds),
        hosts=tuple(sorted({d.host for d in ds if d.host})),
        techniques=tuple(techniques_of(ds[0].tags)),
        first_seen=min(times, default=None),
        last_seen=max(times, default=None),
        cites=_cites(ds),
    )
