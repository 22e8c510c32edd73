"""Attack steps: detections of one tactic on one host that lie close together in time and concern the same account.

However often a rule fires, it is one line of a step. What fires on most hosts, or says of itself that it is of low
concern, is noise: it is kept and counted, but makes no step of an attack by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.lab.analyses.answer import Proof, counted, listed, time_words
from tocsin.lab.analyses.names import host_of, one_name_each
from tocsin.lab.attack import TACTICS, tactics_for, technique_name
from tocsin.lab.story.hits import LEVELS, Hit, rank

PROXIMITY = timedelta(minutes=30)
"""Detections of a tactic on a host within this time of one another are one step: work at a keyboard pauses for minutes,
and takes up again after a night as another step."""
MOST_IDS = 1_000
"""Detections that a line names; more are counted."""
COMMON = 0.5
"""A rule below high that fires on at least this share of the hosts (of at least `COMMON_HOSTS`) tells of the house, not
of the intruder."""
COMMON_HOSTS = 5
WORTH = LEVELS.index("medium")
TELLING = (
    *("impact", "exfiltration", "lateral-movement", "credential-access", "command-and-control", "collection"),
    *("initial-access", "discovery", "persistence", "privilege-escalation", "defense-impairment", "defense-evasion"),
    *("stealth", "execution", "resource-development", "reconnaissance"),
)
"""Tactics by how much they tell of how far an intruder has come. Of several that a rule serves, the first counts: remote
execution is told as lateral movement, for execution is in everything."""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule within a step."""

    rule_id: str
    title: str
    level: str
    techniques: tuple[str, ...]
    count: int
    first: datetime | None
    last: datetime | None
    ids: tuple[str, ...]
    """The detections, the earliest first."""
    proof: Proof
    noise: str | None
    """Why the rule counts as noise here, None where it does not."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an attack: what was detected of one tactic on one host in one stretch of time."""

    key: str
    """The same step in each run over the same detections."""
    tactic: str
    """ATT&CK's short name; empty where the rules name none."""
    techniques: tuple[str, ...]
    """Those that serve the tactic, as far as ATT&CK's data knows them; all where it knows none."""
    host: str
    accounts: tuple[str, ...]
    addresses: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    level: str
    """The gravest of the lines that are no noise (of all where all are)."""
    count: int
    lines: tuple[Line, ...]
    """The gravest first."""

    @property
    def is_noise(self) -> bool:
        """All its lines are noise."""
        return all(line.noise for line in self.lines)

    @property
    def proof(self) -> Proof:
        """The events behind the step, those of the gravest lines first."""
        return Proof.of([event for line in self.lines for event in line.proof.events], self.count)

    @property
    def sentence(self) -> str:
        """The step in plain English."""
        tactic = TACTICS.get(self.tactic, "Activity")
        named = [one if (name := technique_name(one)) == one else f"{name} ({one})" for one in self.techniques]
        what = f" by {listed(named)}" if named else f": {listed([line.title for line in self.lines])}"
        who = f" as {listed(self.accounts)}" if self.accounts else ""
        where = f" on {self.host}" if self.host else ""
        until = f" to {time_words(self.last)}" if self.last != self.first else ""
        rules = counted(len(self.lines), "rule")
        return (
            f"{tactic}{where}{who}{what}, {time_words(self.first)}{until}: {counted(self.count, 'detection')} of {rules}, "
            f"the gravest {self.level}"
        )


@dataclass(slots=True)
class _Open:
    """A step that detections are still put into."""

    tactic: str
    host: str
    accounts: set[str] = field(default_factory=set)
    hits: list[Hit] = field(default_factory=list)
    last: datetime | None = None


def attack_steps(hits: Iterable[Hit], *, proximity: timedelta = PROXIMITY) -> tuple[Step, ...]:
    """Return the steps that detections make, by time, those without a time last.

    A detection whose rule serves several tactics is put into the most telling one, so that each detection counts once.
    Hosts are compared by their first label, accounts by `one_name_each`.
    """
    every = sorted(hits, key=_by_time)
    names = one_name_each(account for hit in every for account in hit.accounts)
    noise = noisy_rules(every)
    spelling: dict[str, str] = {}
    opened: dict[tuple[str, str], list[_Open]] = {}
    done: list[_Open] = []
    for hit in every:
        tactic = min(hit.tactics, key=TELLING.index, default="")
        host = spelling.setdefault(host_of(hit.host), hit.host)
        accounts = {names[account] for account in hit.accounts}
        here = opened.setdefault((host, tactic), [])
        step = next((one for one in here if _belongs(one, hit, accounts, proximity)), None)
        if step is None:
            step = _Open(tactic, host)
            here.append(step)
            done.append(step)
            # Only steps that time has not left behind can take more.
            here[:] = [one for one in here if one is step or _is_near(one, hit, proximity)]
        step.hits.append(hit)
        step.accounts |= accounts
        step.last = hit.time or step.last
    made = [_step(one, noise) for one in done]
    return tuple(sorted(made, key=lambda step: (step.first is None, str(step.first or ""), step.host, step.key)))


def noisy_rules(hits: Sequence[Hit]) -> dict[str, str]:
    """Return the rules whose detections are noise, and why."""
    hosts: dict[str, set[str]] = {}
    levels: dict[str, int] = {}
    for hit in hits:
        hosts.setdefault(hit.rule_id, set()).add(host_of(hit.host))
        levels[hit.rule_id] = max(levels.get(hit.rule_id, 0), hit.rank)
    everywhere = len(set().union(*hosts.values())) if hosts else 0
    noise: dict[str, str] = {}
    for rule, on in hosts.items():
        if levels[rule] < WORTH:
            noise[rule] = f"The rule is of level {LEVELS[levels[rule]]}."
        elif levels[rule] < rank("high") and everywhere >= COMMON_HOSTS and len(on) >= COMMON * everywhere:
            noise[rule] = f"The rule fires on {len(on)} of {everywhere} hosts."
    return noise


def by_host(steps: Iterable[Step]) -> dict[str, tuple[Step, ...]]:
    """Return each host's steps in order of time: its kill chain."""
    hosts: dict[str, list[Step]] = {}
    for step in steps:
        hosts.setdefault(step.host, []).append(step)
    return {host: tuple(found) for host, found in sorted(hosts.items())}


def _by_time(hit: Hit) -> tuple[bool, float, str, str]:
    return hit.time is None, hit.time.timestamp() if hit.time else 0.0, hit.rule_id, hit.id


def _is_near(one: _Open, hit: Hit, proximity: timedelta) -> bool:
    if hit.time is None or one.last is None:
        return hit.time is None and one.last is None
    return hit.time - one.last <= proximity


def _belongs(one: _Open, hit: Hit, accounts: set[str], proximity: timedelta) -> bool:
    """Tell whether a hit belongs to a step: near in time, and of a common account where both name any."""
    return _is_near(one, hit, proximity) and (not accounts or not one.accounts or bool(accounts & one.accounts))


def _step(one: _Open, noise: dict[str, str]) -> Step:
    rules: dict[str, list[Hit]] = {}
    for hit in one.hits:
        rules.setdefault(hit.rule_id, []).append(hit)
    lines = [_line(group, noise.get(rule)) for rule, group in rules.items()]
    lines.sort(key=lambda line: (line.noise is not None, -rank(line.level), -line.count, line.title, line.rule_id))
    telling = [line for line in lines if line.noise is None] or lines
    times = [hit.time for hit in one.hits if hit.time]
    first, last = min(times, default=None), max(times, default=None)
    level = max((line.level for line in telling), key=rank)
    every = sorted({technique for line in telling for technique in line.techniques})
    serving = tuple(technique for technique in every if one.tactic in tactics_for([technique], ()))
    addresses = tuple(dict.fromkeys(address for hit in one.hits for address in hit.addresses))
    stamp = f"{first:%Y-%m-%dT%H:%M:%S}" if first else "untimed"
    key = f"step:{host_of(one.host)}:{one.tactic}:{stamp}:{','.join(sorted(a.casefold() for a in one.accounts)[:3])}"
    return Step(
        key,
        one.tactic,
        serving or tuple(every),
        one.host,
        tuple(sorted(one.accounts)),
        addresses,
        first,
        last,
        level,
        len(one.hits),
        tuple(lines),
    )


def _line(group: list[Hit], noise: str | None) -> Line:
    times = [hit.time for hit in group if hit.time]
    events = list(dict.fromkeys(hit.event for hit in group))
    one = group[0]
    return Line(
        one.rule_id,
        one.title,
        max((hit.level for hit in group), key=rank),
        tuple(one.techniques),
        len(group),
        min(times, default=None),
        max(times, default=None),
        tuple(hit.id for hit in group[:MOST_IDS]),
        Proof.of(events, len(events)),
        noise,
    )
