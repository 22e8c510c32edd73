"""What a stream tells of a log that grew: its length, which kinds of things changed, and the new entries as the feed
shows them. Made once for all who follow from one time zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import close_old_connections
from django.utils import timezone

from tocsin.core.models import Chain, LogEntry
from tocsin.incidents import sentences
from tocsin.incidents.models import Incident
from tocsin.incidents.presence import Face
from tocsin.web.fragments import line_of

MOST, FACES = 30, 40
GENTLE_MS = 120
"""What second looks are spread over, for each who follows: one takes a server 20 to 30 ms, and comes on average after half
the time. Where changes never stop, they take half a core at most, and the rest is left for what people ask themselves."""
EVERYTHING = "*"


def lengths(chains: Iterable[UUID]) -> dict[UUID, int]:
    """How long each chain is. One query."""
    close_old_connections()
    return dict(Chain.objects.filter(pk__in=chains).values_list("pk", "length"))


def told(chain: UUID, before: int, length: int, zones: Iterable[str], watchers: int) -> dict[str, bytes]:
    """The news of one chain, by zone. Two or three queries, however many follow."""
    grown = LogEntry.objects.filter(chain_id=chain, sequence__gt=before, sequence__lte=length).order_by("-sequence")
    entries = sentences.with_people(grown[:MOST])
    kinds = [EVERYTHING] if length - before > MOST else sorted({e.verb.partition(".")[0] for e in entries})
    incident = Incident.objects.only("number").filter(pk=chain).first()
    return {z: message(length, kinds, watchers, _as_feed(entries, incident, z)) for z in zones}


def _as_feed(entries: list[LogEntry], incident: Incident | None, zone: str) -> str:
    if incident is None:
        return ""
    with timezone.override(ZoneInfo(zone)):
        return "".join(line_of(e, incident) for e in entries)


def message(length: int, kinds: list[str], watchers: int = 1, html: str = "") -> bytes:
    """One event of the stream. `spread` is over how many milliseconds the pages that follow take a second look."""
    spread = GENTLE_MS * watchers if watchers > 3 else 0
    data = json.dumps({"length": length, "kinds": kinds, "spread": spread, "html": html}, separators=(",", ":"))
    return f"event: log\nid: {length}\ndata: {data}\n\n".encode()


def here(faces: list[Face]) -> bytes:
    """The event that says who is here."""
    shown = [{"name": f.name, "here": f.here} for f in faces[:FACES]]
    data = json.dumps({"faces": shown, "more": max(0, len(faces) - FACES)}, separators=(",", ":"))
    return f"event: here\ndata: {data}\n\n".encode()
