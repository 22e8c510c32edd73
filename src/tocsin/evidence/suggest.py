"""From what the lab finds to suggestions of this incident: findings and scope entries for a person to judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from tocsin.evidence.models import Detection
from tocsin.incidents.suggestions import FindingSuggestion, ScopeSuggestion
from tocsin.lab.analyses.answer import Proposal, listed
from tocsin.lab.story.hits import LEVELS, Hit, rank
from tocsin.lab.story.steps import Step
from tocsin.lab.story.suggest import CONFIDENCE, WORTH, suggested_findings, suggested_scope

__all__ = [
    "LEVELS", "MOST_CITES", "MOST_KEY", "WORTH_A_FINDING", "findings_from", "rank", "scope_from", "suggestion_of",
    "suggestion_of_step",
]  # fmt: skip

WORTH_A_FINDING = WORTH
MOST_CITES = 12
MOST_KEY = 200
"""Characters of a finding's key."""
IN_SCOPE = ("host", "account")
"""What detections speak of that the scope ledger has a kind for."""


def findings_from(detections: Iterable[Detection]) -> list[FindingSuggestion]:
    """One suggested finding for each ATT&CK technique that rules of level medium or above speak of.

    Rules without a technique give one each. The events behind it are cited, the gravest first.
    """
    return [suggestion_of(one) for one in suggested_findings(hits_from(detections))]


def scope_from(detections: Iterable[Detection]) -> list[ScopeSuggestion]:
    """Hosts and accounts that detections of level medium or above name, as suspected, with the events behind each."""
    return [
        ScopeSuggestion(
            kind=one.kind,
            name=one.name,
            because=one.because,
            cites=list(one.proof.events[:MOST_CITES]),
            detections=one.detections,
            first_seen=one.first,
            last_seen=one.last,
        )
        for one in suggested_scope(hits_from(detections))
        if one.kind in IN_SCOPE
    ]


def hits_from(detections: Iterable[Detection]) -> list[Hit]:
    """The detections as the story sees them; their ids are those of the rows, their events are cites."""
    return [Hit.of(row, str(row.pk), row.cite) for row in detections]


def suggestion_of(proposal: Proposal) -> FindingSuggestion:
    """What an analysis of the lake proposes, as a finding that a person may accept or reject."""
    return FindingSuggestion(
        key=_key(proposal.key),
        claim=proposal.claim,
        interpretation=proposal.interpretation,
        confidence=proposal.confidence,
        source=proposal.analysis,
        tactics=list(proposal.tactics),
        techniques=list(proposal.techniques),
        hosts=list(proposal.hosts),
        cites=list(proposal.proof.events[:MOST_CITES]),
        happened_from=proposal.first,
        happened_until=proposal.last,
        raw={"events": proposal.proof.count, "reasons": [reason.words for reason in proposal.reasons]},
    )


def suggestion_of_step(step: Step) -> FindingSuggestion:
    """A step of the attack, as a finding that a person may accept or reject."""
    rules = [f"{line.title} ({line.count})" for line in step.lines if not line.noise]
    return FindingSuggestion(
        key=_key(step.key),
        claim=step.sentence,
        interpretation=f"Matched by {listed(rules, most=4)}." if rules else "",
        confidence=CONFIDENCE.get(step.level, "low"),
        source="attack steps",
        tactics=[step.tactic] if step.tactic else [],
        techniques=list(step.techniques),
        hosts=[step.host] if step.host else [],
        cites=list(step.proof.events[:MOST_CITES]),
        happened_from=step.first,
        happened_until=step.last,
        raw={"detections": step.count, "accounts": list(step.accounts), "level": step.level},
    )


def _key(key: str) -> str:
    """A key that the database has room for."""
    return key if len(key) <= MOST_KEY else f"{key[: MOST_KEY - 65]}:{hashlib.sha256(key.encode()).hexdigest()}"
