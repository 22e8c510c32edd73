"""The brief: what a decider has before them, made from the record of the incident at one instant.

It is plain JSON, so that it can be kept to the letter with the decision and read later as it was.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Decision, Incident, Task, TaskState
from tocsin.incidents.queries.facts import facts_of
from tocsin.incidents.queries.situation import last_report
from tocsin.plan.conditions import ConditionError, parse
from tocsin.plan.facts import DECISION, known_facts
from tocsin.plan.models import Fact, Plan, StepKind

FORMAT = "tocsin-brief/1"
FEW, MOST_OTHER = 6, 40
TIMES = frozenset({"at", "due_at", "opened_at", "decided_at"})
Brief = dict[str, Any]


def holders_of_authority(plan: Plan, authority: str) -> list[str]:
    """The roles that the plan gives an authority."""
    return [key for key, role in plan.roles.items() if authority in role.authority]


def trusted_roles(plan: Plan, authority: str, role: str) -> list[str]:
    """The roles that may take a decision: those the plan gives its authority; where it names none, the role asked."""
    return (holders_of_authority(plan, authority) if authority else []) or [role]


def rests_on(when: str, to_know: Iterable[str], options: Iterable[Mapping[str, Any]]) -> list[str]:
    """The facts that an answer rests on: those of the condition, those one should know, those that options wait for."""
    try:
        asked = sorted(parse(when).facts) if when else []
    except ConditionError:
        asked = []
    wanted = [f for option in options for f in option.get("requires", ())]
    named = [*asked, *to_know, *wanted]
    return [f for f in dict.fromkeys(named) if "." not in f]


def waits_for(option: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """The facts that an option needs to be true and that are not; empty when it can be chosen."""
    return [f for f in option.get("requires", ()) if facts.get(f) is not True]


def brief_of(decision: Decision, now: datetime, log: int | None = None) -> Brief:
    """The brief of a question at an instant of the incident's clock, when its log has `log` entries."""
    incident = decision.incident
    plan, facts, step = incident.plan_version.plan, facts_of(incident), incident.step(decision.step_id)
    level = plan.severity.levels.get(incident.severity)
    waiting = _waiting(incident, decision.step_id)
    return {
        "format": FORMAT,
        "at": now,
        "log": incident.chain.length if log is None else log,
        "incident": {"number": incident.number, "title": incident.title, "phase": incident.phase,
                     "severity": incident.severity, "severity_name": level.name if level else ""},
        "number": decision.number,
        "question": decision.question,
        "instructions": " ".join(step.instructions.split()) if step else "",
        "opened_at": decision.opened_at,
        "due_at": decision.due_at,
        "if_nobody_decides": decision.if_nobody_decides,
        "authority": decision.authority,
        "may_decide": _may_decide(incident, decision),
        "when": decision.when,
        "options": [_option(o, decision.recommendations, facts, plan) for o in decision.options],
        **_knowledge(incident, decision.rests_on, facts),
        "clocks": _clocks(incident, waiting),
        "waiting": [{"task": t.number, "title": t.title, "role": t.role} for t in waiting[:FEW]],
        "scope": _scope(incident),
        "findings": _findings(incident),
        "report": _report(incident),
        "before": _former(decision),
    }  # fmt: skip


def _may_decide(incident: Incident, decision: Decision) -> list[Brief]:
    plan = incident.plan_version.plan
    held = dict(incident.roles.filter(renounced_at=None).values_list("role", "holder"))
    return [
        {"role": key, "title": plan.roles[key].title, "holder": held.get(key, "")}
        for key in trusted_roles(plan, decision.authority, decision.role)
        if key in plan.roles
    ]


def _option(
    option: Mapping[str, Any], said: Iterable[Mapping[str, str]], facts: Mapping[str, Any], plan: Plan
) -> Brief:
    own = [s for s in said if s["option"] == option["id"]]
    counted = Counter(s.get("function", "") for s in own)
    return {
        "id": option["id"],
        "label": option["label"],
        "consequence": option.get("consequence", ""),
        "cost": option.get("cost"),
        "waits_for": [{"fact": f, "means": means(f, plan)} for f in waits_for(option, facts)],
        "for": [{"by": s["by"], "function": s.get("function", ""), "reason": s["reason"]} for s in own],
        "functions": dict(sorted(counted.items())),
    }


def means(fact: str, plan: Plan) -> str:
    """What a fact says, in words: the plan's, else Tocsin's, else its name without underscores."""
    found = _fact(fact, plan)
    return found.means if found else fact.replace("_", " ")


def _fact(fact: str, plan: Plan) -> Fact | None:
    return plan.facts.get(fact) or known_facts().get(fact)


def _knowledge(incident: Incident, names: list[str], facts: Mapping[str, Any]) -> Brief:
    """What is known and not known of the facts the answer rests on, with who stated it; then what else is stated."""
    plan, stated = incident.plan_version.plan, _who_stated(incident)
    known = [
        {"fact": f, "means": means(f, plan), "value": facts[f], **stated.get(f, {"by": "", "at": None, "because": ""})}
        for f in names
        if f in facts
    ]
    unknown = [
        {"fact": f, "means": means(f, plan), "kind": found.kind if (found := _fact(f, plan)) else ""}
        for f in names
        if f not in facts
    ]
    other = [
        {"fact": f, "means": means(f, plan), "value": v}
        for f, v in sorted(incident.facts.items())
        if f not in names and not f.startswith(DECISION)
    ]
    return {"known": known, "unknown": unknown, "also_known": other[:MOST_OTHER]}


def _who_stated(incident: Incident) -> dict[str, Brief]:
    """Who stated each fact last, when and why. One query over the log."""
    rows = incident.chain.entries.filter(verb="fact.set", object_kind="fact").order_by("sequence")
    return {
        e.object_id: {"by": e.actor["name"], "at": e.shown_time, "because": e.payload.get("because", "")} for e in rows
    }


def _waiting(incident: Incident, step_id: str) -> list[Task]:
    """The steps that go on only when this question is answered. One query; none for a question asked by hand."""
    if not step_id:
        return []
    answer = f"{DECISION}{step_id}"
    found = []
    for task in incident.tasks.exclude(state__in=(TaskState.DONE, TaskState.SKIPPED)):
        step = incident.step(task.step_id)
        after = step.due.after_step if step and step.due else None
        if step_id in task.needs or after == step_id or (task.when and answer in parse(task.when).facts):
            found.append(task)
    return found


def _clocks(incident: Incident, waiting: list[Task]) -> list[Brief]:
    """Duties to notify whose time runs, earliest first; `hangs` says that one waits for this answer."""
    rows = incident.tasks.filter(kind=StepKind.NOTIFICATION, due_at__isnull=False)
    rows = rows.exclude(state__in=(TaskState.DONE, TaskState.SKIPPED)).order_by("due_at", "number")
    plan, facts, hangs = incident.plan_version.plan, facts_of(incident), {t.pk for t in waiting}
    return [
        {"task": t.number, "title": t.title, "due_at": t.due_at, "live": t.live, "hangs": t.pk in hangs,
         "missing": [means(f, plan) for f in missing_facts(t.when, facts)]}
        for t in rows[:FEW]
    ]  # fmt: skip


def _scope(incident: Incident) -> list[Brief]:
    """How many things of each kind are affected, by state; of people the range that the entries add up to."""
    kinds: dict[str, Brief] = {}
    for row in incident.scope.exclude(state="cleared"):
        kind = kinds.setdefault(row.kind, {"kind": row.kind, "count": 0, "states": {}, "low": 0, "high": 0})
        kind["count"] += 1
        kind["states"][row.state] = kind["states"].get(row.state, 0) + 1
        kind["low"] += row.count_low or 0
        kind["high"] += row.count_high or row.count_low or 0
    return list(kinds.values())


def _findings(incident: Incident) -> list[Brief]:
    rows = incident.findings.exclude(state="rejected").order_by("-sequence", "-number")
    return [
        {"number": f.number, "claim": f.claim[:500], "confidence": f.confidence, "stated": f.state == "stated"}
        for f in rows[:FEW]
    ]


def _report(incident: Incident) -> Brief | None:
    last = last_report(incident)
    if last is None:
        return None
    return {"number": last.number, "conditions": last.conditions, "needs": last.needs, "by": last.written_by,
            "at": last.written_at}  # fmt: skip


def _former(decision: Decision) -> Brief | None:
    former = decision.before
    if former is None:
        return None
    return {"number": former.number, "label": former.chosen_label, "reason": former.reason, "by": former.decided_by,
            "decided_at": former.decided_at}  # fmt: skip


def read_brief(text: str) -> Brief:
    """A kept brief for a page: its times as times again. Raises ValueError for a text that is no brief."""
    found = json.loads(text)
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"this is no brief of the form {FORMAT}")
    timed: Brief = _timed(found)
    return timed


def _timed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: datetime.fromisoformat(v) if k in TIMES and isinstance(v, str) else _timed(v) for k, v in value.items()
        }
    return [_timed(v) for v in value] if isinstance(value, list) else value


def shaken(decision: Decision) -> list[Brief]:
    """The facts that a decision rests on and that are not now what they were when it was taken. One query, or none."""
    if not decision.brief or not decision.rests_on:
        return []
    kept = {k["fact"]: k["value"] for k in read_brief(decision.brief)["known"]}
    now = facts_of(decision.incident)
    return [
        {"fact": f, "means": means(f, decision.incident.plan_version.plan), "was": kept.get(f), "now": now.get(f)}
        for f in decision.rests_on
        if kept.get(f) != now.get(f)
    ]
