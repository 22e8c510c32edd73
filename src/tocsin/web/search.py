"""Search over everything that one may see: the rooms' rows together, by incident and kind, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tocsin.alerts.searching import found_in_alerts
from tocsin.comms.searching import found_in_comms
from tocsin.core.access import Actor, visible
from tocsin.core.searching import Hit, Query
from tocsin.evidence.searching import KINDS as EVIDENCE
from tocsin.evidence.searching import found_in_evidence
from tocsin.incidents.models import Incident
from tocsin.incidents.queries.search import KINDS as INCIDENTS
from tocsin.incidents.queries.search import found_in_incidents
from tocsin.people.searching import KINDS as HOUSE
from tocsin.people.searching import found_in_house

WORDS = {
    "incident": _("Incidents"), "task": _("Tasks"), "decision": _("Decisions"), "finding": _("Findings"),
    "scope": _("Scope"), "remediation": _("Remediation"), "note": _("Notes"), "report": _("Situation reports"),
    "evidence": _("Evidence"), "indicator": _("Indicators"), "log": _("Log"), "alert": _("Alerts"),
    "message": _("Messages"), "person": _("People"), "step": _("Steps of the plan"),
}  # fmt: skip
"""Every kind that can be found, in the order in which a page shows them."""
ORDER = {kind: place for place, kind in enumerate(WORDS)}
MOST = 30
"""How many rows of one kind a page of everything shows at most."""


@dataclass
class Place:
    """What was found in one incident, or in the house outside incidents (`incident` None), by kind."""

    incident: Incident | None
    kinds: dict[str, list[Hit]] = field(default_factory=dict)

    @property
    def rank(self) -> tuple[bool, float]:
        """Places where a title holds all that was looked for come first, then those with the newest row."""
        hits = [hit for rows in self.kinds.values() for hit in rows]
        return any(h.heading and h.kind != "log" for h in hits), max(_seconds(h.at) for h in hits)


def found(actor: Actor, query: Query, limit: int = MOST, kinds: tuple[str, ...] = ()) -> Iterator[Hit]:
    """The rows that hold the query, at most `limit` of each kind; `kinds` empty means all of them."""
    if not query:
        return
    wanted = kinds or tuple(WORDS)
    yield from found_in_incidents(actor, query, limit, tuple(k for k in INCIDENTS if k in wanted))
    yield from found_in_evidence(actor, query, limit, tuple(k for k in EVIDENCE if k in wanted))
    if "alert" in wanted:
        yield from found_in_alerts(actor, query, limit)
    if "message" in wanted:
        yield from found_in_comms(actor, query, limit)
    yield from found_in_house(actor, query, limit, tuple(k for k in HOUSE if k in wanted))


def ranked(hits: Iterator[Hit]) -> list[Hit]:
    """The rows, those whose title holds everything first, then the newest."""
    return sorted(hits, key=lambda h: (h.heading, _seconds(h.at), -ORDER[h.kind], h.key), reverse=True)


def by_place(actor: Actor, hits: list[Hit]) -> list[Place]:
    """The rows by incident and kind, the most telling place first. One query."""
    seen = visible(actor, Incident.objects.filter(pk__in={h.chain for h in hits}).only("number", "title", "exercise"))
    incidents: dict[UUID, Incident] = {i.pk: i for i in seen}
    places: dict[UUID | None, Place] = {}
    for hit in hits:
        incident = incidents.get(hit.chain)
        place = places.setdefault(incident.pk if incident else None, Place(incident))
        place.kinds.setdefault(hit.kind, []).append(hit)
    for place in places.values():
        place.kinds = dict(sorted(place.kinds.items(), key=lambda k: ORDER[k[0]]))
    return sorted(places.values(), key=lambda p: p.rank, reverse=True)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
