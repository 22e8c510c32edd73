"""The registers of a report: scope, decisions, clocks, tasks, remediation, evidence, cited log entries."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tocsin.disclosure.models import ClockState
from tocsin.disclosure.queries import clocks_of
from tocsin.incidents.brief_view import value_words
from tocsin.incidents.briefs import read_brief
from tocsin.incidents.models import Decision, DecisionState, ScopeEntry, ScopeKind, TaskState
from tocsin.incidents.sentences import sentence
from tocsin.plan.models import Function
from tocsin.plan.show import FUNCTION_TITLES
from tocsin.reports import data as r
from tocsin.reports.story.duties import stages
from tocsin.reports.story.gathered import Gathered

_TASK_STATUS = {
    TaskState.OPEN: "ready",
    TaskState.BLOCKED: "ready",
    TaskState.WAITING: "waiting",
    TaskState.DOING: "doing",
    TaskState.DONE: "done",
    TaskState.SKIPPED: "skipped",
}
_CLOCK_STATUS = {
    ClockState.WAITING: "waiting",
    ClockState.RUNNING: "running",
    ClockState.MET: "met",
    ClockState.LATE: "late",
    ClockState.NOT_NEEDED: "rejected",
}
EFFECT_CITES = 4


def scope(g: Gathered) -> r.Scope:
    """The ledger as it stands, and how the number of hosts in each state grew."""
    return r.Scope(entries=tuple(_scope_entry(g, e) for e in g.scope), growth=_growth(g.scope))


def _scope_entry(g: Gathered, e: ScopeEntry) -> r.ScopeEntry:
    good, rest = g.resolved(e.cites)
    people = f" Cites: {', '.join(rest)}." if rest else ""
    people += f" {e.count_low or 0:,} to {e.count_high:,} people or records." if e.count_high else ""
    return r.ScopeEntry(
        ref=f"S-{e.number}",
        kind=str(ScopeKind(e.kind).label),
        name=e.name,
        state=e.state,
        first_seen=e.first_seen,
        state_since=e.state_since,
        effect=f"{e.because}.{people}" if e.because and not e.because.endswith(".") else f"{e.because}{people}",
        cites=good[:EFFECT_CITES],
    )


def _growth(entries: list[ScopeEntry]) -> tuple[r.GrowthPoint, ...]:
    changes = sorted((c.at, e.pk, c.state) for e in entries if e.kind == ScopeKind.HOST for c in e.changes.all())
    states: dict[int, str] = {}
    points: dict[Any, Counter[str]] = {}
    for at, entry, state in changes:
        states[entry] = state
        points[at] = Counter(s for s in states.values() if s != "cleared")
    return tuple(r.GrowthPoint(t=at, **counts) for at, counts in points.items())


def decisions(g: Gathered) -> tuple[r.Decision, ...]:
    """Every decision, taken or open."""
    return tuple(
        r.Decision(
            ref=f"D-{d.number}",
            question=d.question,
            options=tuple(r.Option(name=o["label"], consequence=o.get("consequence", "")) for o in d.options),
            opened=d.opened_at,
            due=d.due_at,
            decider=d.decided_by or g.plan.roles[d.role].title,
            decided=d.decided_at,
            choice=d.chosen_label if d.state == DecisionState.DECIDED else None,
            basis=d.reason,
            **_brief(d),
            dissent="; ".join(f"{o['by']}: {o['reason']}" for o in d.dissent),
            revisit=d.revisit_at,
            cites=(g.cite("decision.take" if d.decided_at else "decision.open", d.pk),),
        )
        for d in g.incident.decisions.all()
    )


def _brief(decision: Decision) -> dict[str, Any]:
    """What the kept brief said was known and not known, and what of it is not so any more."""
    kept = read_brief(decision.brief) if decision.brief else {"known": [], "unknown": []}
    return {
        "known": tuple(f"{k['means']}: {value_words(k['value'])}" for k in kept["known"]),
        "unknown": tuple(u["means"] for u in kept["unknown"]),
        "changed": "; ".join(c["means"] for c in decision.changed),
    }


def clocks(g: Gathered) -> tuple[r.Clock, ...]:
    """Every stage of a duty by law, then the notices that only the playbook foresees."""
    by_law, taken = stages(g)
    return by_law + tuple(
        r.Clock(
            obligation=c.regime or "by plan",
            title=c.title,
            recipient=c.recipient or "see the playbook",
            stage=c.title,
            starts_on=c.anchor.replace("_", " "),
            started=c.started_at,
            deadline=c.due_at,
            sent=c.ended_at if c.state in (ClockState.MET, ClockState.LATE) else None,
            status=_CLOCK_STATUS[ClockState(c.state)],
            because=c.because,
            cites=(f"L-{c.sequence}",),
        )
        for c in clocks_of(g.incident)
        if c.task_id not in taken
    )


def tasks(g: Gathered) -> tuple[r.Task, ...]:
    """All work: what to do next, what waits, what is done."""
    return tuple(
        r.Task(
            ref=f"T-{t.number}",
            title=f"{t.title} (only if {t.when})" if t.when and t.state == TaskState.WAITING else t.title,
            function=FUNCTION_TITLES[Function(t.function)],
            role=g.plan.roles[t.role].title if t.role in g.plan.roles else t.role,
            person=t.member.name if t.member else None,
            due=t.due_at,
            status=_TASK_STATUS[TaskState(t.state)],
            proof=t.proof or t.done_when,
            cites=(g.cite("task.complete", t.pk) if t.state == TaskState.DONE else g.cite_last("playbook.start"),),
        )
        for t in g.incident.tasks.select_related("member")
    )


def remediation(g: Gathered) -> tuple[r.Remediation, ...]:
    """What is done for each scope entry and how it was verified."""
    return tuple(
        r.Remediation(
            ref=f"R-{x.number}",
            action=x.action,
            target=x.entry.name,
            owner=g.plan.roles[x.role].title if x.role in g.plan.roles else x.role,
            done=x.done_at,
            method=x.method,
            result=x.result,
            verified_by=x.verified_by,
            verified=x.verified_at,
            cites=(g.cite("remediation.verify" if x.verified_at else "remediation.plan", x.pk),),
        )
        for x in g.incident.remediations.select_related("entry")
    )


def evidence(g: Gathered) -> tuple[r.EvidenceItem, ...]:
    """The inventory: hashes, custody, how many events each item gave and what was lost in it."""
    read: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for row in g.account.get("files", ()):
        read[row["item"]] += row["records"]
        lost[row["item"]] += row["lost"] + row["not_understood"]
    hosts: dict[int, str] = {}
    for d in g.detections:
        hosts.setdefault(d.item_id, d.host)
    return tuple(
        r.EvidenceItem(
            id=i.label,
            name=i.name,
            kind=i.kind,
            host=hosts.get(i.pk, ""),
            collected=i.collected_at or i.taken_at,
            by=i.taken_by,
            bytes=i.bytes,
            sha256=i.sha256,
            events=read[i.label] if g.account else None,
            note=f"{lost[i.label]} records lost or not understood" if lost[i.label] else "",
            custody=tuple(r.Custody(t=c.at, text=f"{c.what}{' to ' + c.to if c.to else ''}") for c in i.custody.all()),
        )
        for i in g.items
    )


def log_entries(g: Gathered) -> tuple[r.LogEntry, ...]:
    """The log in words; the report prints the entries that it cites."""
    return tuple(
        r.LogEntry(seq=e.sequence, t=e.shown_time, actor=e.actor["name"], text=sentence(e), hash=e.hash)
        for e in g.entries
    )
