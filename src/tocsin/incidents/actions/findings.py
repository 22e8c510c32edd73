"""Findings: stated by analysts, suggested by analysis, accepted or rejected by a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import plain
from tocsin.incidents.actions.common import WORKS, next_number, words
from tocsin.incidents.models import Finding, Incident, Tlp
from tocsin.incidents.suggestions import FindingSuggestion


@action("finding.state", WORKS)
def state_finding(
    call: Call[Incident],
    *,
    claim: str,
    confidence: str,
    interpretation: str = "",
    source: str = "",
    raw: dict[str, Any] | None = None,
    techniques: Sequence[str] = (),
    tactics: Sequence[str] = (),
    hosts: Sequence[str] = (),
    tlp: str = Tlp.AMBER,
    cites: Sequence[str] = (),
    happened_from: datetime | None = None,
    happened_until: datetime | None = None,
) -> Finding:
    """State a finding: the claim, what it rests on, how sure. Raises Invalid for an unknown confidence or marking, or no claim."""
    if confidence not in ("low", "moderate", "high"):
        raise Invalid("Say how sure you are: low, moderate or high.", "confidence")
    if tlp not in set(Tlp):
        raise Invalid(f"'{tlp}' is no marking; take one of {', '.join(Tlp)}.", "tlp")
    finding = Finding.objects.create(
        incident=call.place,
        number=next_number(call.place.findings),
        claim=words(claim, "claim", "the claim"),
        interpretation=interpretation.strip(),
        raw=plain(raw or {}),
        source=source[:300],
        confidence=confidence,
        state="stated",
        techniques=list(techniques),
        tactics=list(tactics),
        hosts=list(hosts),
        tlp=tlp,
        cites=list(cites),
        happened_from=happened_from,
        happened_until=happened_until,
        stated_by=call.actor.name,
        stated_at=call.now,
        sequence=call.sequence,
    )
    call.record(finding, finding=finding.number, claim=finding.claim, confidence=confidence, cites=list(cites))
    return finding


@action("findings.suggest", system_only)
def suggest_findings(call: Call[Incident], *, suggestions: Sequence[FindingSuggestion], source: str) -> list[Finding]:
    """Add what an analysis suggests. A suggestion made before, whether accepted or rejected, is only brought up to date
    in its events and never asked again.
    """
    incident = call.place
    known = {f.key: f for f in incident.findings.exclude(key="")}
    number = next_number(incident.findings)
    made: list[Finding] = []
    renewed: list[int] = []
    for s in suggestions:
        seen: dict[str, Any] = {
            "cites": s.cites, "hosts": s.hosts, "raw": plain(s.raw),
            "happened_from": s.happened_from, "happened_until": s.happened_until,
        }  # fmt: skip
        if before := known.get(s.key):
            if before.cites != s.cites:
                Finding.objects.filter(pk=before.pk).update(**seen)
                renewed.append(before.number)
            continue
        made.append(
            Finding(
                incident=incident, number=number + len(made), key=s.key, claim=s.claim,
                interpretation=s.interpretation, source=s.source, confidence=s.confidence, state="suggested",
                tactics=s.tactics, techniques=s.techniques, stated_by=call.actor.name, stated_at=call.now,
                sequence=call.sequence, **seen,
            )
        )  # fmt: skip
    Finding.objects.bulk_create(made)
    call.record(
        incident,
        source=source,
        findings=[{"finding": f.number, "claim": f.claim, "confidence": f.confidence, "cites": f.cites} for f in made],
        renewed=renewed,
    )
    return made


@action("finding.judge", WORKS)
def judge_finding(call: Call[Incident], *, finding: Finding, accept: bool, reason: str = "") -> None:
    """Accept a suggested finding as stated, or reject it with a reason; the rejection is remembered.

    Who suggested it stays who stated it. Raises Invalid for a finding that is no open suggestion.
    """
    if finding.incident_id != call.place.chain_id:
        raise Invalid("This finding belongs to another incident.")
    finding.refresh_from_db()
    if finding.state != "suggested":
        by = f" by {finding.judged_by}" if finding.judged_by else ""
        raise Invalid(f"F-{finding.number} is no open suggestion: it was {finding.state}{by} already.")
    if not accept:
        reason = words(reason, "reason", "why it is rejected")
    finding.state = "stated" if accept else "rejected"
    finding.reason = reason[:500]
    finding.judged_by, finding.judged_at = call.actor.name, call.now
    finding.save(update_fields=["state", "reason", "judged_by", "judged_at"])
    call.record(finding, finding=finding.number, claim=finding.claim, accepted=accept, reason=reason)


@action("finding.answer", WORKS)
def answer_suggestion(
    call: Call[Incident], *, suggestion: FindingSuggestion, accept: bool, reason: str = ""
) -> Finding:
    """State a finding that an analysis proposes, or reject it with a reason: its key is remembered, and it is not
    proposed again. Raises Invalid where it was answered before.
    """
    incident = call.place
    if before := incident.findings.filter(key=suggestion.key).first():
        raise Invalid(f"This is F-{before.number} already: {before.state}.")
    if not accept:
        reason = words(reason, "reason", "why it is rejected")
    finding = Finding.objects.create(
        incident=incident, number=next_number(incident.findings), key=suggestion.key, claim=suggestion.claim,
        interpretation=suggestion.interpretation, source=suggestion.source[:300], confidence=suggestion.confidence,
        state="stated" if accept else "rejected", tactics=suggestion.tactics, techniques=suggestion.techniques,
        hosts=suggestion.hosts, cites=suggestion.cites, raw=plain(suggestion.raw), reason=reason[:500],
        happened_from=suggestion.happened_from, happened_until=suggestion.happened_until, stated_by=suggestion.source[:200],
        stated_at=call.now, judged_by=call.actor.name, judged_at=call.now, sequence=call.sequence,
    )  # fmt: skip
    call.record(
        finding, finding=finding.number, key=finding.key, claim=finding.claim, confidence=finding.confidence,
        cites=finding.cites, source=finding.source, accepted=accept, reason=reason,
    )  # fmt: skip
    return finding
