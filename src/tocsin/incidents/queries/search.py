"""What can be found in incidents: the incidents themselves, the work, what is known, notes, reports and the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.urls import reverse

from tocsin.core.access import Actor, visible
from tocsin.core.models import LogEntry
from tocsin.core.searching import Hit, Query, excerpt, holding, in_title, log_holding
from tocsin.incidents.models import (
    Decision,
    Finding,
    Incident,
    Note,
    Privileged,
    Remediation,
    ScopeEntry,
    SituationReport,
    Task,
)
from tocsin.incidents.queries.privilege import seen
from tocsin.incidents.sentences import sentence, with_people

CITED = re.compile(r"^(?:((?:INC|EX)-\d{4}-\d+)\s+)?([TDFSRLNE])-(\d{1,9})$", re.IGNORECASE)
KINDS = ("incident", "task", "decision", "finding", "scope", "remediation", "note", "report", "log")


def found_in_incidents(actor: Actor, query: Query, limit: int, kinds: tuple[str, ...] = KINDS) -> Iterator[Hit]:
    """The rows of each kind that hold the query, the newest first, at most `limit` a kind. A query for each kind."""
    if "incident" in kinds:
        rows = visible(actor, Incident.objects.only("number", "title", "summary", "declared_at"))
        for i in rows.filter(holding(query, "number", "title", "summary")).order_by("-declared_at")[:limit]:
            yield Hit("incident", i.number, i.title, excerpt(query, i.summary), i.declared_at,
                      reverse("room", args=[i.number]), i.pk, 0, in_title(query, f"{i.number} {i.title}"))  # fmt: skip
    for kind, letter, model, title, fields, at, address in _TABLES:
        if kind in kinds:
            things = _seen(actor, model)
            for row in things.filter(holding(query, *fields)).order_by("-pk")[:limit]:
                yield _hit(query, kind, letter, row, str(getattr(row, title)), fields, at, address)
    if "report" in kinds:
        yield from _reports(actor, query, limit)
    if "log" in kinds:
        yield from _log(actor, query, limit)


def _seen(actor: Actor, model: type[Model]) -> QuerySet[Any]:
    """The rows that the actor may see: of what can be privileged also the privileged, where they are privy."""
    if issubclass(model, Privileged):
        return seen(actor, model.kept.select_related("incident"))
    return visible(actor, model._default_manager.select_related("incident"), chain="incident")


def _hit(query: Query, kind: str, letter: str, row: Any, title: str, fields: tuple[str, ...], at: str,
         address: Callable[[Any], str]) -> Hit:  # fmt: skip
    rest = " · ".join(str(getattr(row, f)) for f in fields[1:] if getattr(row, f))
    moment: datetime = getattr(row, at) or row.incident.declared_at
    name = getattr(row, "label", "") or f"{letter}-{row.number}"
    return Hit(kind, name, title, excerpt(query, rest), moment, address(row), row.incident_id,
               row.number, in_title(query, title))  # fmt: skip


def _page(name: str, *, anchor: str = "") -> Callable[[Any], str]:
    if anchor:
        return lambda row: reverse(name, args=[row.incident.number]) + f"#{anchor}-{row.number}"
    return lambda row: reverse(name, args=[row.incident.number, getattr(row, "slug", row.number)])


_TABLES: tuple[tuple[str, str, type[Model], str, tuple[str, ...], str, Callable[[Any], str]], ...] = (
    ("task", "T", Task, "title", ("title", "instructions", "done_when", "proof", "blocked_by"), "opened_at", _page("task")),
    ("decision", "D", Decision, "question", ("question", "reason", "if_nobody_decides"), "opened_at", _page("decision")),
    ("finding", "F", Finding, "claim", ("claim", "interpretation", "source", "reason"), "stated_at",
     _page("investigation", anchor="F")),
    ("scope", "S", ScopeEntry, "name", ("name", "because"), "state_since", _page("scope-entry")),
    ("remediation", "R", Remediation, "action", ("action", "method", "result"), "planned_at",
     _page("remediation", anchor="R")),
    ("note", "N", Note, "title", ("title", "text"), "changed_at", _page("notebook-note")),
)  # fmt: skip


def _reports(actor: Actor, query: Query, limit: int) -> Iterator[Hit]:
    rows = visible(actor, SituationReport.objects.select_related("incident"), chain="incident")
    for row in rows.filter(holding(query, "conditions", "actions", "needs")).order_by("-pk")[:limit]:
        whole = " · ".join(t for t in (row.conditions, row.actions, row.needs) if t)
        name = f"{row.get_kind_display()} {row.number}"
        url = reverse("situation", args=[row.incident.number]) + f"#r-{row.number}"
        yield Hit("report", name, excerpt(query, whole), "", row.written_at, url, row.incident_id, row.number)


def _log(actor: Actor, query: Query, limit: int) -> Iterator[Hit]:
    rows = visible(actor, LogEntry.objects.filter(chain__kind="incident")).order_by("-pk")
    entries = with_people(log_holding(query, rows)[:limit])
    numbers = dict(Incident.objects.filter(pk__in={e.chain_id for e in entries}).values_list("pk", "number"))
    for entry in entries:
        url = reverse("log-entry", args=[numbers[entry.chain_id], entry.sequence])
        said = excerpt(query, sentence(entry))
        yield Hit("log", f"L-{entry.sequence}", said, "", entry.shown_time, url, entry.chain_id, entry.sequence)


def cited(actor: Actor, text: str, place: str = "") -> list[str]:
    """Where what is cited stands: "INC-2026-014 T-12", or "T-12" in the incident `place`, else in any that one sees.

    The addresses of what there is; empty where the text cites nothing, or nothing that the actor sees.
    """
    if incidents := list(_visible_number(actor, text.strip())):
        return [reverse("room", args=[i.number]) for i in incidents]
    match = CITED.match(text.strip())
    if match is None:
        return []
    number, letter, count = (match[1] or place).upper(), match[2].upper(), int(match[3])
    return _of_letter(actor, letter, count, number) or (_of_letter(actor, letter, count, "") if not match[1] else [])


def _visible_number(actor: Actor, number: str) -> QuerySet[Incident]:
    return visible(actor, Incident.objects.filter(number__iexact=number))[:2]


def _of_letter(actor: Actor, letter: str, number: int, place: str) -> list[str]:
    where = {"incident__number": place} if place else {}
    for _kind, own, model, _title, _fields, _at, address in _TABLES:
        if own == letter:
            rows = visible(actor, model._default_manager.select_related("incident"), chain="incident")
            return [address(row) for row in rows.filter(number=number, **where)[:2]]
    seen = visible(actor, Incident.objects.filter(number=place) if place else Incident.objects.all())
    if letter == "E":
        rows = seen.filter(evidence__number=number, evidence__privileged=False)[:2]
        return [reverse("evidence", args=[i.number]) + f"#E-{number:02d}" for i in rows]
    return [reverse("log-entry", args=[i.number, number]) for i in seen.filter(chain__length__gte=number)[:2] if number]
