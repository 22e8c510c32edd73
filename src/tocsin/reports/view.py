"""What is printed, from what is known: caps said aloud, cites tied to anchors. For the page and the PDF."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from tocsin.reports import figure
from tocsin.reports.attack import LANES, ORDER
from tocsin.reports.charts import draw_growth, draw_pulse, figure_view
from tocsin.reports.data import (
    Clock,
    Decision,
    EvidenceItem,
    LogEntry,
    NarrativePart,
    ReportData,
    Statement,
    Task,
    cites_in,
    head_of,
    natural,
    seconds,
)

View = dict[str, Any]

# How much of each a reader is given. The rest is in the files beside the report, and the report says so.
CAPS = {
    "limits": 40,
    "scope": 150,
    "decisions": 60,
    "clocks": 60,
    "tasks": 60,
    "remediation": 80,
    "recommendations": 40,
    "detections": 120,
    "indicators": 120,
}
CAP_STATEMENTS, CAP_EVIDENCE, CAP_CUSTODY, CAP_CITES, CAP_HOSTS = 20, 200, 6, 4, 4
FILES = {"scope": "scope.csv", "detections": "detections.jsonl", "indicators": "detections.jsonl"}
_LEVELS = ("critical", "high", "medium", "low", "informational")
_FAR = datetime.max.replace(tzinfo=UTC)


def build(data: ReportData) -> View:
    """Return the report as plain strings, numbers, lists and dicts.

    Times are ISO 8601 in UTC. A sentence is a list of strings and {code}. Every cite is {text, to}; `to`
    names an anchor that is printed, or is None. `more` holds, for each table that was cut, how that is said.
    """
    rows = _ordered(data)
    shown = {name: tuple(found)[: CAPS[name]] for name, found in rows.items()}
    narrative = [_told(part) for part in sorted(data.narrative, key=lambda part: ORDER[part.tactic])]
    drawn = figure.draw(data.timeline)
    marks = drawn.marks if drawn else ()
    cited = set(cites_in((data.summary, data.key_times, *shown.values(), *(told for _, told, _ in narrative))))
    cited |= {cite for mark in marks for cite in mark.cites[:CAP_CITES]}
    evidence, entries = _evidence(data, cited), _entries(data, cited)
    anchors = {item.id for item in evidence} | {f"L-{entry.seq}" for entry in entries}
    anchors |= {row.ref for row in data.detections} & {getattr(row, "ref", "") for row in shown["detections"]}
    out: View = {name: [_plain(row, anchors) for row in found] for name, found in shown.items()}
    _judge(out, data)
    more = {name: len(rows[name]) - len(found) for name, found in shown.items()}
    more["evidence"] = len(data.evidence) - len(evidence)
    head = {name: _plain(getattr(data, name), anchors) for name in ("meta", "incident", "record", "summary")}
    out |= head | {
        "key_times": _key_times(data, anchors),
        "figure": figure_view(drawn, lambda cites: tie(cites, anchors)),
        "pulse": draw_pulse(data.timeline, data.incident.declared),
        "narrative": [_tactic(part, told, left, anchors) for part, told, left in narrative],
        "growth": draw_growth(data.scope.growth, data.meta.generated),
        "scope_unit": data.scope.unit,
        "task_groups": _task_groups(out["tasks"]),
        "evidence": [_item(item, anchors) for item in evidence],
        "log_entries": [_plain(entry, anchors) | {"anchor": f"L-{entry.seq}"} for entry in entries],
        "more": {name: _more(n, FILES.get(name, "log.jsonl")) for name, n in more.items()},
        "counts": _counts(data),
    }
    return out


def tie(cites: Sequence[str], anchors: set[str]) -> list[dict[str, str | None]]:
    """Return the first few cites with their anchors, and how many more there are."""
    out: list[dict[str, str | None]] = []
    # where not all fit, the row of the detection goes first: it leads to all its events
    kept = cites if len(cites) <= CAP_CITES else sorted(cites, key=lambda cite: not cite.startswith("X-"))
    for cite in kept[:CAP_CITES]:
        head = head_of(cite)
        out.append({"text": cite, "to": head if head in anchors else None})
    if len(cites) > CAP_CITES:
        out.append({"text": f"+{len(cites) - CAP_CITES:,}", "to": None})
    return out


def _plain(part: BaseModel, anchors: set[str]) -> View:
    out: View = _tied(part.model_dump(mode="json"), anchors)
    return out


def _tied(value: Any, anchors: set[str]) -> Any:
    if isinstance(value, list):
        return [_tied(child, anchors) for child in value]
    if isinstance(value, dict):
        return {k: tie(v, anchors) if k == "cites" else _tied(v, anchors) for k, v in value.items()}
    return value


def _ordered(data: ReportData) -> dict[str, Sequence[BaseModel]]:
    """Return every table in the order in which a reader needs it."""
    open_tasks = (task for task in data.tasks if task.status not in ("done", "skipped"))
    detections = sorted(data.detections, key=lambda row: (_LEVELS.index(row.level), -row.count, row.title))
    decisions = sorted(data.decisions, key=_decision_order)
    clocks = sorted(data.clocks, key=_clock_order)
    tasks = sorted(open_tasks, key=_task_order)
    recommendations = sorted(data.recommendations, key=lambda row: row.rank)
    return {
        "limits": data.limits,
        "scope": data.scope.entries,
        "decisions": decisions,
        "clocks": clocks,
        "tasks": tasks,
        "remediation": data.remediation,
        "recommendations": recommendations,
        "detections": detections,
        "indicators": data.indicators,
    }


def _decision_order(decision: Decision) -> tuple[bool, datetime, str]:
    """Open ones first, by when they are due; then those taken, in order."""
    when = decision.decided if decision.choice is not None else decision.due
    return decision.choice is not None, when or _FAR, decision.ref


def _clock_order(clock: Clock) -> tuple[int, datetime]:
    rank = {"late": 0, "running": 1, "waiting": 2, "met": 3, "sent": 3, "rejected": 4}
    unsent_late = clock.status == "late" and clock.sent is None
    return (0 if unsent_late else max(1, rank[clock.status])), clock.deadline or _FAR


def _task_order(task: Task) -> tuple[datetime, str]:
    return task.due or _FAR, task.ref


def _judge(out: View, data: ReportData) -> None:
    """Add what follows from the time of the report: what is late, what is left."""
    now = data.meta.generated
    for row in (*out["tasks"], *out["decisions"]):
        row["late"] = row["due"] is not None and _at(row["due"]) < now and row.get("choice") is None
    for row in out["clocks"]:
        start, limit, sent = (_at(row[k]) if row[k] else None for k in ("started", "deadline", "sent"))
        row["allowed_s"] = seconds(start, limit) if start and limit else None
        row["used_s"] = max(0.0, seconds(start, sent or now)) if start else None
        row["left_s"] = seconds(sent or now, limit) if limit else None
        allowed, used = row["allowed_s"], row["used_s"] if row["status"] != "waiting" else 0.0
        row["bar"] = min(100 / 72, used / allowed) if allowed and used is not None else None
    for row in out["detections"]:
        row["hosts_more"] = max(0, len(row["hosts"]) - CAP_HOSTS)
        row["hosts"] = row["hosts"][:CAP_HOSTS]


def _at(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


def _task_groups(tasks: list[View]) -> list[View]:
    """Group open tasks by function; the function whose first task is due first comes first."""
    groups: dict[str, list[View]] = {}
    for task in tasks:
        groups.setdefault(task["function"], []).append(task)
    return [{"function": function, "tasks": own} for function, own in groups.items()]


def _told(part: NarrativePart) -> tuple[NarrativePart, tuple[Statement, ...], int]:
    """Order the statements of a tactic by time; one without a time stays behind the one before it."""
    keyed, last = [], datetime.min.replace(tzinfo=UTC)
    for statement in part.statements:
        last = getattr(statement, "t", None) or last
        keyed.append((last, statement))
    ordered = tuple(statement for _, statement in sorted(keyed, key=lambda pair: pair[0]))
    return part, ordered[:CAP_STATEMENTS], len(ordered) - CAP_STATEMENTS


def _tactic(part: NarrativePart, told: Iterable[Statement], left: int, anchors: set[str]) -> View:
    lane = LANES[part.tactic]
    statements = [_plain(statement, anchors) for statement in told]
    return {
        "tactic": lane.label,
        "id": lane.attack,
        "statements": statements,
        "more": _more(left, "timeline.csv"),
    }


def _key_times(data: ReportData, anchors: set[str]) -> View:
    """Return the strip: times, the duration from each to the next, and durations that span several."""
    at = {time.key: time.t for time in data.key_times}
    judged: dict[tuple[str, str], View] = {}
    for duration in data.durations:
        a, b = at[duration.start], at[duration.end]
        length = seconds(a, b) if a and b else None
        over = length is not None and duration.target_s is not None and length > duration.target_s
        judged[duration.start, duration.end] = {
            "label": duration.label,
            "s": length,
            "target_s": duration.target_s,
            "over": over,
        }
    keys = [time.key for time in data.key_times]
    steps = [judged.pop(pair, None) for pair in itertools.pairwise(keys)]
    times = [_plain(time, anchors) for time in data.key_times]
    return {"times": times, "steps": [*steps, None] if times else [], "others": list(judged.values())}


def _evidence(data: ReportData, cited: set[str]) -> list[EvidenceItem]:
    """Return what the inventory prints: all that is cited, and then the first of the rest."""
    heads = {head_of(cite) for cite in cited}
    first = [item for item in data.evidence if item.id in heads]
    rest = [item for item in data.evidence if item.id not in heads]
    return sorted(first + rest[: max(0, CAP_EVIDENCE - len(first))], key=lambda item: natural(item.id))


def _item(item: EvidenceItem, anchors: set[str]) -> View:
    out = _plain(item, anchors)
    out["custody_more"] = max(0, len(item.custody) - CAP_CUSTODY)
    out["custody"] = out["custody"][:CAP_CUSTODY]
    return out


def _entries(data: ReportData, cited: set[str]) -> list[LogEntry]:
    return sorted((e for e in data.log_entries if f"L-{e.seq}" in cited), key=lambda entry: entry.seq)


def _more(n: int, file: str) -> str:
    return f"and {n:,} more, all in {file}" if n > 0 else ""


def _counts(data: ReportData) -> View:
    """Return the numbers that the ledes of the sections say."""
    tasks = Counter(task.status for task in data.tasks)
    return {
        "clocks": dict(Counter(clock.status for clock in data.clocks)),
        "tasks_done": tasks["done"] + tasks["skipped"],
        "tasks_open": len(data.tasks) - tasks["done"] - tasks["skipped"],
        "decisions_open": sum(decision.choice is None for decision in data.decisions),
        "decisions_taken": sum(decision.choice is not None for decision in data.decisions),
        "detections": sum(row.count for row in data.detections),
        "rules": len(data.detections),
        "evidence": len(data.evidence),
        "bytes": sum(item.bytes for item in data.evidence),
        "events": sum(item.events or 0 for item in data.evidence),
        "scope": dict(Counter(entry.state for entry in data.scope.entries)),
    }
