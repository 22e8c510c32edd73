"""What the detections suggest: a finding for each technique, a scope entry for each host, account and outside address.

Each suggestion has a key that is the same in each run, so that a person's rejection can be remembered.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.lab.analyses.answer import Confidence, Proof, Proposal, Reason, counted, listed
from tocsin.lab.analyses.names import account_of, host_of, one_name_each
from tocsin.lab.attack import technique_name
from tocsin.lab.network.flows import INTERNAL, Network
from tocsin.lab.story.hits import LEVELS, Hit

WORTH = LEVELS.index("medium")
"""Detections below medium are not suggested: Sigma's own words for them are events of interest, not of concern."""
CONFIDENCE: dict[str, Confidence] = {"medium": "low", "high": "moderate", "critical": "high"}
KEYS: dict[str, Callable[[str], str]] = {"host": host_of, "account": account_of, "address": str}
"""What makes two names one scope entry."""


@dataclass(frozen=True, slots=True)
class ScopeProposal:
    """A host, account or address that detections speak of, for a person to take into the scope or not."""

    key: str
    """KIND:name; a host without its domain, an account with the first label of its domain, both in lower case."""
    kind: str
    """`host`, `account` or `address`."""
    name: str
    because: str
    level: str
    detections: int
    proof: Proof
    first: datetime | None
    last: datetime | None


def suggested_findings(hits: Iterable[Hit]) -> list[Proposal]:
    """Return a finding for each technique that rules of level medium or above speak of, by technique.

    Rules without a technique give one each. Its key is the technique's id, or `rule:` and the rule's id.
    """
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        if hit.rank >= WORTH:
            for key in hit.techniques or [f"rule:{hit.rule_id}"]:
                groups.setdefault(key, []).append(hit)
    return [_finding(key, group) for key, group in sorted(groups.items())]


def suggested_scope(hits: Iterable[Hit], *, internal: tuple[Network, ...] = INTERNAL) -> list[ScopeProposal]:
    """Return hosts, accounts, and addresses outside of `internal`, that rules of level medium or above speak of: hosts
    first, within a kind the gravest and most frequent first."""
    grave = [hit for hit in hits if hit.rank >= WORTH]
    names = one_name_each(account for hit in grave for account in hit.accounts)
    groups: dict[tuple[str, str], list[Hit]] = {}
    spelling: dict[tuple[str, str], str] = {}
    for hit in grave:
        things = [("host", hit.host)] if hit.host else []
        things += [("account", names[account]) for account in hit.accounts]
        things += [("address", address) for address in hit.addresses if _is_outside(address, internal)]
        for kind, name in things:
            key = (kind, KEYS[kind](name))
            # The longest spelling says most: a host with its domain.
            spelling[key] = max(spelling.get(key, name), name, key=len)
            found = groups.setdefault(key, [])
            if not found or found[-1] is not hit:
                found.append(hit)
    order = ("host", "account", "address")
    made = [_entry(*key, spelling[key], group) for key, group in groups.items()]
    return sorted(
        made, key=lambda one: (order.index(one.kind), -LEVELS.index(one.level), -one.detections, one.name.casefold())
    )


def _is_outside(address: str, internal: tuple[Network, ...]) -> bool:
    parsed = ipaddress.ip_address(address)
    return not any(parsed in network for network in internal if network.version == parsed.version)


def _finding(key: str, group: list[Hit]) -> Proposal:
    group = sorted(group, key=lambda hit: (-hit.rank, str(hit.time or "~"), hit.event))
    hosts = sorted({hit.host for hit in group if hit.host})
    rules = Counter(hit.title for hit in group)
    events = list(dict.fromkeys(hit.event for hit in group))
    technique = "" if key.startswith("rule:") else key
    name = technique_name(technique) if technique else ""
    # Rules may name a technique that is newer than the matrix at hand: then the rule's title says more than an id.
    subject = f"{name if name != technique else next(iter(rules))} ({technique})" if technique else group[0].title
    where = f" on {listed(hosts)}" if hosts else ""
    times = sorted(hit.time for hit in group if hit.time)
    level = LEVELS[group[0].rank]
    matched = listed([f"{title} ({count})" for title, count in rules.items()], most=4)
    return Proposal(
        key=key,
        analysis="Sigma rules",
        claim=f"{subject}: {counted(len(events), 'event')}{where}",
        reasons=(Reason("rules", len(rules), "", None, f"Matched by {matched}."), _level_reason(level)),
        confidence=CONFIDENCE[level],
        techniques=(technique,) if technique else (),
        proof=Proof.of(events),
        hosts=tuple(hosts),
        first=times[0] if times else None,
        last=times[-1] if times else None,
        tags=tuple(sorted({tag for hit in group for tag in hit.tags})),
    )


def _level_reason(level: str) -> Reason:
    return Reason("level", level, "", "medium", f"The gravest of the rules is of level {level}.")


def _entry(kind: str, key: str, name: str, group: list[Hit]) -> ScopeProposal:
    group = sorted(group, key=lambda hit: (-hit.rank, str(hit.time or "~"), hit.event))
    times = sorted(hit.time for hit in group if hit.time)
    titles = list(dict.fromkeys(hit.title for hit in group))
    events = list(dict.fromkeys(hit.event for hit in group))
    matches = f"{len(group):,} match{'' if len(group) == 1 else 'es'}"
    return ScopeProposal(
        f"{kind}:{key}",
        kind,
        name,
        f"{matches} of {listed(titles)}",
        LEVELS[group[0].rank],
        len(group),
        Proof.of(events),
        times[0] if times else None,
        times[-1] if times else None,
    )
