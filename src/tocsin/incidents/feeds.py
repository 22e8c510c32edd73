"""The log as the room's feed shows it: by kind and by words, each entry leading to the thing that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident

PAGE = 30
SYSTEM, ALL = "system", "all"
"""What Tocsin does for itself, such as trying a mail again; and that together with what people read as news."""
KINDS: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "people": (_("People"), ("role", "roles", "access", "page", "paging", "user")),
    "work": (_("Work"), ("task", "tasks", "playbook", "remediation")),
    "findings": (_("Findings"), ("evidence", "analysis", "finding", "findings", "event", "sample", "indicator", "yara",
                                 "search", "fact", "alert")),
    "decisions": (_("Decisions"), ("decision", "phase", "severity", "incident")),
    "scope": (_("Scope"), ("scope",)),
    "communication": (_("Communication"), ("note", "notes", "summary", "situation", "clocks", "duties", "duty", "notice",
                                             "comms", "wave", "audience", "statuspage", "question", "referral")),
    SYSTEM: (_("System"), ()),
}  # fmt: skip
_KIND_OF = {prefix: kind for kind, (_word, prefixes) in KINDS.items() for prefix in prefixes}


def kind_of(verb: str) -> str:
    """Which kind of news a verb is: a key of KINDS."""
    return _KIND_OF.get(verb.partition(".")[0], SYSTEM)


def entries_of(incident: Incident, kind: str = "", words: str = "", before: int | None = None) -> list[LogEntry]:
    """The newest entries of a kind that hold the words, at most a page and one; `before` leaves the newer ones out.

    Without a kind: what people read as news, which is all but what Tocsin does for itself.
    """
    rows: QuerySet[LogEntry] = LogEntry.objects.filter(chain_id=incident.chain_id)
    known = Q()
    for prefix in KINDS[kind][1] if kind in KINDS and kind != SYSTEM else _KIND_OF:
        known |= Q(verb__startswith=prefix + ".")
    if kind != ALL:
        rows = rows.exclude(known) if kind == SYSTEM else rows.filter(known)
    if words:
        rows = rows.filter(Q(payload__icontains=words) | Q(actor__name__icontains=words))
    if before is not None:
        rows = rows.filter(sequence__lt=before)
    return list(rows.order_by("-sequence")[: PAGE + 1])


@dataclass(frozen=True)
class Thing:
    """What an entry is about: how people call it, and its page."""

    name: str
    url: str


# The key of an entry's payload that holds the number, the letter that people say before it, the page, its anchor.
_THINGS: tuple[tuple[str, str, str, str], ...] = (
    ("outgoing", "M", "outgoing", ""),
    ("wave", "W", "wave", ""),
    ("decision", "D", "decision", ""),
    ("task", "T", "task", ""),
    ("finding", "F", "investigation", "#F-%d"),
    ("remediation", "R", "remediation", "#R-%d"),
    ("entry", "S", "scope-entry", ""),
)


def thing_of(entry: LogEntry, number: str) -> Thing | None:
    """The thing that an entry of the incident `number` is about; None where it is about no thing with a page."""
    if entry.verb.startswith("situation.") and "report" in entry.payload:
        url = reverse("situation", args=[number])
        return Thing(f"SR-{entry.payload['report']}", f"{url}#SR-{entry.payload['report']}")
    for key, letter, page, anchor in _THINGS:
        found = entry.payload.get(key)
        if isinstance(found, int):
            whole = not anchor
            url = reverse(page, args=[number, found] if whole else [number])
            return Thing(f"{letter}-{found}", url if whole else url + anchor % found)
    return None
