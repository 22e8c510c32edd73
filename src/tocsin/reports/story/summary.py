"""The summary, the times that matter, and what the investigation could not see."""

from __future__ import annotations

from collections import Counter

from tocsin.evidence.suggest import rank
from tocsin.incidents.models import DecisionState, Phase, ScopeState
from tocsin.lab.attack import TACTICS
from tocsin.plan.models import Anchor
from tocsin.reports.data import Duration, Fact, Figure, Inference, KeyTime, Limit, Statement, Summary
from tocsin.reports.story.gathered import Gathered
from tocsin.reports.story.registers import clocks

HIGH = 3
FILES_NAMED = 12


def count(n: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 host, 12 hosts, no host."""
    return f"{n:,} {one if n == 1 else many or one + 's'}" if n else f"no {one}"


def summary(g: Gathered) -> Summary:
    """The story in one sentence with numbers, then a few statements, then the numbers alone."""
    return Summary(headline=_headline(g), statements=tuple(_statements(g)), impact=_impact(g), standing=_standing(g))


def _span(g: Gathered) -> str:
    times = [d.time for d in g.detections if d.time and rank(d.level) >= HIGH] or [
        d.time for d in g.detections if d.time
    ]
    if not times:
        return ""
    first, last = min(times), max(times)
    if first.date() == last.date():
        return f"on {first:%-d %B %Y} between {first:%H:%M} and {last:%H:%M} UTC"
    return f"between {first:%-d %B %Y} and {last:%-d %B %Y}"


def _headline(g: Gathered) -> str:
    affected = [e for e in g.scope if e.state != ScopeState.CLEARED]
    hosts = sum(e.kind == "host" for e in affected)
    accounts = sum(e.kind == "account" for e in affected)
    records = int(g.account.get("records", 0))
    if not g.detections:
        if records:
            return (f"Nothing in {count(records, 'event')} from {count(len(g.items), 'evidence item')} matched a rule;"
                    " that is no proof that nothing happened.")  # fmt: skip
        return f"{g.incident.title}: declared, and no evidence could be read so far."
    confirmed = sum(e.state != ScopeState.SUSPECTED for e in affected)
    state = f"{confirmed:,} of them confirmed" if confirmed else "all of them suspected, none confirmed yet"
    grave = sum(rank(d.level) >= HIGH for d in g.detections)
    return (
        f"In {count(records, 'event')} from {count(len(g.items), 'evidence item')}, "
        f"{count(len(g.detections), 'match', 'matches')} of detection rules ({grave:,} high or critical) {_span(g)} "
        f"put {count(hosts, 'host')} and {count(accounts, 'account')} in scope, {state}."
    )


def _statements(g: Gathered) -> list[Statement]:
    told: list[Statement] = []
    tactics = [t for t in TACTICS if any(t in f.tactics for f in g.findings)]
    if tactics:
        names = [TACTICS[t].lower() for t in tactics]
        words = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]
        told.append(Inference(
            text=f"The traces speak of {words}.", confidence="moderate",
            because=f"{count(len(g.findings), 'finding')} rest on rules that name these tactics",
            cites=(g.cite_last("findings.suggest"),),
        ))  # fmt: skip
    loud = Counter(d.host for d in g.detections if d.host and rank(d.level) >= HIGH).most_common(3)
    if loud:
        named = ", ".join(f"{host} ({n})" for host, n in loud)
        told.append(
            Fact(
                text=f"Most high and critical matches are on {named}.",
                cites=(g.cite_last("analysis.finish"),),
            )
        )
    if g.incident.playbook:
        told.append(Fact(
            text=f"The playbook '{g.incident.playbook.title}' runs. {g.incident.playbook_because}",
            t=g.incident.declared_at, cites=(g.cite_last("playbook.start"),),
        ))  # fmt: skip
    told += [
        Fact(
            text=f"{d.decided_by} decided: {d.chosen_label}. {d.reason}",
            t=d.decided_at,
            cites=(g.cite("decision.take", d.pk),),
        )
        for d in g.incident.decisions.filter(state=DecisionState.DECIDED)[:3]
    ]
    return told


def _impact(g: Gathered) -> tuple[Figure, ...]:
    kinds = Counter(e.kind for e in g.scope if e.state != ScopeState.CLEARED)
    people = [e for e in g.scope if e.kind == "data_subjects" and e.count_high]
    figures = [
        Figure(value=f"{kinds['host']:,}", label="hosts in scope"),
        Figure(value=f"{kinds['account']:,}", label="accounts in scope"),
        Figure(
            value=f"{len(g.detections):,}",
            of=f"in {int(g.account.get('records', 0)):,} events",
            label="rule matches",
        ),
        Figure(
            value=f"{len(g.findings):,}",
            label=f"findings, {sum(f.state == 'stated' for f in g.findings) or 'none'} stated by a person",
        ),
    ]
    if people:
        low, high = sum(e.count_low or 0 for e in people), sum(e.count_high or 0 for e in people)
        figures.append(Figure(value=f"{low:,} to {high:,}", label="people affected"))
    return tuple(figures)


def _standing(g: Gathered) -> tuple[str, ...]:
    tasks = list(g.incident.tasks.all())
    live = [t for t in tasks if t.live]
    late = sum(1 for t in live if t.due_at and t.due_at < g.now)
    opened = g.incident.decisions.filter(state=DecisionState.OPEN).count()
    duties = clocks(g)
    running = sum(c.status in ("running", "late") and c.sent is None for c in duties)
    unfilled = g.incident.roles.filter(renounced_at=None, member=None).count()
    lines = [
        f"Phase: {str(Phase(g.incident.phase).label).lower()}.",
        f"{count(sum(t.ended for t in tasks), 'task')} of {len(tasks)} ended, {len(live)} to do now, {late or 'none'} late."
        if tasks else "No playbook was started.",
        f"{count(opened, 'decision')} open.",
        f"{count(running, 'clock')} running, {sum(c.status == 'waiting' for c in duties)} waiting for a fact.",
    ]  # fmt: skip
    if unfilled:
        lines.append(f"{count(unfilled, 'role')} without a holder.")
    return tuple(lines)


def key_times(g: Gathered) -> tuple[KeyTime, ...]:
    """First and last trace, detected, declared, contained, eradicated, recovered: what has not come says so."""
    traces = [d for d in g.detections if d.time and rank(d.level) >= HIGH]
    found: list[KeyTime] = []
    if traces:
        first, last = traces[0], traces[-1]
        found.append(KeyTime(key="first", label="First high or critical trace", t=first.time, group="attacker",
                             cites=(first.cite,)))  # fmt: skip
        found.append(KeyTime(key="last", label="Last high or critical trace", t=last.time, group="attacker",
                             cites=(last.cite,)))  # fmt: skip
    for anchor in (Anchor.DETECTED, Anchor.DECLARED, Anchor.CONTAINED, Anchor.ERADICATED, Anchor.RECOVERED):
        verb = "incident.open" if anchor in (Anchor.DETECTED, Anchor.DECLARED) else "phase.set"
        at = g.incident.instant(anchor)
        found.append(KeyTime(key=anchor, label=anchor.capitalize(), t=at, cites=(g.cite(verb),) if at else ()))
    return tuple(found)


def durations(g: Gathered) -> tuple[Duration, ...]:
    """Dwell, time to declare, to contain and to recover: those whose both ends are on the strip."""
    pairs = [("dwell", "first", "detected"), ("to declare", "detected", "declared"),
             ("to contain", "declared", "contained"), ("to recover", "contained", "recovered")]  # fmt: skip
    there = {k.key for k in key_times(g)}
    return tuple(Duration(label=label, start=a, end=b) for label, a, b in pairs if {a, b} <= there)


def limits(g: Gathered) -> tuple[Limit, ...]:
    """What was lost, skipped, not understood and not assessable in the last analysis, by file and reason."""
    if not g.account:
        return (Limit(kind="other", text="No analysis of evidence has been finished."),)
    return (*_file_limits(g), *_rule_limits(g))


def _file_limits(g: Gathered) -> list[Limit]:
    found: list[Limit] = []
    silent: Counter[str] = Counter()
    for row in g.account["files"]:
        cites = (row["item"],) if row.get("item") else ()
        problems = "; ".join(
            f"{p['reason']}{' (' + p['place'] + ')' if p['place'] else ''}" for p in row["problems"][:2]
        )
        if row["lost"]:
            found.append(Limit(kind="lost", text=f"{row['path']}: {count(row['lost'], 'record')} could not be recovered. "
                               f"{problems}", cites=cites))  # fmt: skip
        elif row["status"] != "read" or row["not_understood"]:
            kind = "skipped" if row["status"] == "skipped" else "not understood"
            if len(found) < FILES_NAMED:
                found.append(Limit(kind=kind, text=f"{row['path']}: {problems or row['status']}", cites=cites))
            else:
                silent[kind] += 1
    for kind, n in silent.items():
        found.append(
            Limit(
                kind=kind,
                text=f"{count(n, 'more file')} for reasons of the same kinds; the account of the run names each.",
            )
        )
    return found


def _rule_limits(g: Gathered) -> list[Limit]:
    found: list[Limit] = []
    for key, kind, words in (
        ("rules_rejected", "other", "could not be used"),
        ("rules_not_assessable", "not assessable", "ask for log sources that this evidence does not hold"),
    ):
        rules = g.account.get(key, [])
        if rules:
            found.append(
                Limit(kind=kind, text=f"{count(len(rules), 'rule')} {words}; a match of theirs would not show.")
            )
    return found
