"""What a report is made from, read once: the rows of an incident and its log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.core.models import LogEntry
from tocsin.evidence.models import Detection, EvidenceItem
from tocsin.incidents.models import Finding, Incident, ScopeEntry, Tlp
from tocsin.plan.models import Plan

# What a report can lead to: an evidence item, a record in it, a log entry.
_CITE = re.compile(r"^(?:E-(?P<item>\d{1,7})(?P<record>[#.][A-Za-z0-9_.:/-]{1,60})?|L-(?P<entry>\d{1,9}))$")

RESTRICTIONS = {
    Tlp.RED: "For the eyes of the named recipients only.",
    Tlp.AMBER_STRICT: "Share on a need-to-know basis inside the organization only.",
    Tlp.AMBER: "Share on a need-to-know basis inside the organization and with its clients.",
    Tlp.GREEN: "Share within the community, not over public channels.",
    Tlp.CLEAR: "May be shared without restriction.",
}


@dataclass(frozen=True)
class Gathered:
    """Everything that the parts of the story read. `account` is the last analysis run's report, or empty."""

    incident: Incident
    plan: Plan
    now: datetime
    detections: list[Detection]
    findings: list[Finding]
    scope: list[ScopeEntry]
    items: list[EvidenceItem]
    account: dict[str, Any]
    entries: list[LogEntry]
    _places: dict[tuple[str, str], int] = field(repr=False, default_factory=dict)

    @property
    def restriction(self) -> str:
        """What the marking allows, in words."""
        return RESTRICTIONS[Tlp(self.incident.tlp)]

    def cite(self, verb: str, object_id: object = None) -> str:
        """The log entry of a verb (about an object), as L-12; the first entry where there is none."""
        wanted = self._places.get((verb, "" if object_id is None else str(object_id)), 1)
        return f"L-{wanted}"

    def resolved(self, cites: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
        """The cites that lead somewhere in this report, as it writes them, and the rest as people wrote them."""
        good: list[str] = []
        rest: list[str] = []
        for cite in cites:
            found = _CITE.match(cite.strip())
            if found and found["item"] and int(found["item"]) in {i.number for i in self.items}:
                good.append(f"E-{int(found['item']):02d}{found['record'] or ''}")
            elif found and found["entry"] and 0 < int(found["entry"]) <= self.incident.chain.length:
                good.append(f"L-{int(found['entry'])}")
            else:
                rest.append(cite)
        return tuple(dict.fromkeys(good)), rest

    def cite_last(self, verb: str) -> str:
        """The newest log entry of a verb."""
        return f"L-{next((e.sequence for e in reversed(self.entries) if e.verb == verb), 1)}"


def gather(incident: Incident, now: datetime) -> Gathered:
    """Read an incident once."""
    incident.chain.refresh_from_db()
    run = incident.runs.exclude(report={}).last()
    entries = list(LogEntry.objects.filter(chain=incident.chain_id).order_by("sequence"))
    places: dict[tuple[str, str], int] = {}
    for entry in entries:
        places.setdefault((entry.verb, entry.object_id), entry.sequence)
        places.setdefault((entry.verb, ""), entry.sequence)
    return Gathered(
        incident=incident,
        plan=incident.plan_version.plan,
        now=now,
        detections=list(incident.detections.select_related("item").order_by("time", "id")),
        findings=list(incident.findings.exclude(state="rejected")),
        scope=list(incident.scope.prefetch_related("changes")),
        items=list(incident.evidence.prefetch_related("custody")),
        account=run.report if run else {},
        entries=entries,
        _places=places,
    )
