"""Detections by rule: one line a rule with its count, hosts and times; the matched events in it on demand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, Count, F, IntegerField, Max, Min, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString

from tocsin.core.access import Hidden
from tocsin.evidence.models import Detection
from tocsin.evidence.suggest import LEVELS
from tocsin.incidents.kept import LAB, drawn
from tocsin.incidents.pages import IncidentRequest, asked, on_incident
from tocsin.lab.attack import techniques_of
from tocsin.people.pages import whole_number

GROUPS, ROWS = 20, 50
GRAVEST = Case(
    *[When(level=level, then=Value(n)) for n, level in enumerate(LEVELS)], default=-1, output_field=IntegerField()
)


def _matching(request: IncidentRequest) -> QuerySet[Detection]:
    found = Detection.objects.filter(incident=request.incident)
    if (level := asked(request, "level")) in LEVELS:
        found = found.filter(level__in=LEVELS[LEVELS.index(level) :])
    if host := asked(request, "host"):
        found = found.filter(host=host)
    if rule := asked(request, "rule"):
        found = found.filter(rule_id=rule)
    if text := asked(request, "q"):
        found = found.filter(Q(title__icontains=text) | Q(fields__icontains=text) | Q(host__icontains=text))
    return found


def drawn_groups(request: IncidentRequest) -> SafeString:
    """The rules that matched, with their filters, as HTML; drawn once for all who look for the same."""
    asked_for = [asked(request, k) for k in ("level", "host", "rule", "q", "page")]
    return drawn("evidence/_detections.html", request.incident, request.now, lambda: groups_of(request), *asked_for,
                 _kept(request, "page"), but=LAB)  # fmt: skip


def groups_of(request: IncidentRequest) -> dict[str, Any]:
    """The rules that matched, gravest first, with the filters of the page. Five queries, however many detections."""
    found = _matching(request).order_by()
    groups = (
        found.values("rule_id", "title", "level")
        .annotate(n=Count("pk"), host_count=Count("host", distinct=True), one_host=Min("host"), first=Min("time"),
                  last=Max("time"), author=Min("author"), rank=GRAVEST)
        .order_by("-rank", "-n", "title", "rule_id")
    )  # fmt: skip
    page = Paginator(groups, GROUPS).get_page(asked(request, "page"))
    of_incident = Detection.objects.filter(incident=request.incident).order_by()
    levels = dict(of_incident.values_list("level").annotate(n=Count("pk")))
    filters = {k: asked(request, k) for k in ("level", "host", "rule", "q")}
    return {
        "groups": page.object_list,
        "page": page,
        "total": found.count(),
        "kept": _kept(request, "page"),
        "filters": filters,
        "filtered": any(filters.values()),
        "levels": [(level, levels[level]) for level in reversed(LEVELS) if level in levels],
        "hosts": of_incident.values_list("host").annotate(n=Count("pk")).order_by("-n")[:12],
        "detections_total": sum(levels.values()),
    }


def _kept(request: IncidentRequest, *without: str) -> str:
    kept = request.GET.copy()
    for name in without:
        kept.pop(name, None)
    return kept.urlencode()


@on_incident
def detection_rows(request: IncidentRequest) -> HttpResponse:
    """The events that one rule matched: a fragment for its line, a page without JavaScript.

    A cursor, the time and key of the last row, keeps pages from skipping or repeating.
    """
    found = _matching(request)
    rows_from = _after(found.order_by(F("time").asc(nulls_first=True), "pk"), asked(request, "after"))
    rows = list(rows_from.select_related("item")[: ROWS + 1])
    more = rows[ROWS - 1] if len(rows) > ROWS else None
    context = {
        "rows": [(d, techniques_of(d.tags)) for d in rows[:ROWS]],
        "title": rows[0].title if rows else "",
        "next": f"{more.time.isoformat() if more.time else ''}~{more.pk}" if more else "",
        "after": asked(request, "after"),
        "kept": _kept(request, "after"),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "evidence/_rows.html" if fragment else "evidence/rows.html", context)


def _after(rows: QuerySet[Detection], cursor: str) -> QuerySet[Detection]:
    moment, _mark, digits = cursor.rpartition("~")
    key = whole_number(digits)
    if key is None:
        return rows
    if not moment:  # events without a time come first
        return rows.filter(Q(time__isnull=True, pk__gt=key) | Q(time__isnull=False))
    try:
        at = datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return rows
    return rows.filter(Q(time__gt=at) | Q(time=at, pk__gt=key))


@on_incident
def detection(request: IncidentRequest, detection: int) -> HttpResponse:
    """One detection with its event's own fields: a fragment for the table, a page without JavaScript."""
    found = Detection.objects.filter(incident=request.incident, pk=detection).select_related("item", "run").first()
    if found is None:
        raise Hidden
    context = {"detection": found, "fields": sorted(found.fields.items()), "techniques": techniques_of(found.tags)}
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "evidence/_event.html" if fragment else "evidence/event.html", context)
