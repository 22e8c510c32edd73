"""The explorer: questions to the events of the evidence, by a search language, time, facets; marks and saved searches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions.analyst import MOST_MARKED, drop_search, mark_events, save_search
from tocsin.evidence.drawing import bars, histogram_of, stamp
from tocsin.evidence.models import EventMark, EvidenceItem, SavedSearch
from tocsin.evidence.questions import event_of, item_of, kept, lake_of, marks_of
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, place, sent
from tocsin.lab.lake import Event, Histogram, LakeError, QueryError
from tocsin.people.pages import done

ROWS = 100
FACETS = {
    "host_name": gettext_lazy("Host"),
    "user_name": gettext_lazy("Account"),
    "channel": gettext_lazy("Log"),
    "code": gettext_lazy("Event"),
    "process_name": gettext_lazy("Program"),
    "src_address": gettext_lazy("From"),
    "dst_address": gettext_lazy("To"),
}
TOP = 8
WORTH_SHOWING = ("command_line", "message", "url", "domain", "path", "process", "dst_address", "action", "status")
"""Columns of which the first with a value stands for an event in a list."""
PLACES = ("host", "host_name", "user", "user_name", "channel", "item", "source", "source_file")
"""Columns that a list has already, or that tell of the evidence."""
WORD = re.compile(r"(?<![\w:.<>=])[\w.$-]{3,}(?![\w:.<>=])")
"""A word of a question that is looked for anywhere."""
MOST_QUERY = 2_000
"""Characters of a question."""
NEAR = timedelta(minutes=5)
PLAIN_NAME = re.compile(r"[\w.@#$-]+", re.ASCII)
"""Names of own fields that the language takes without quotation marks."""


@on_incident
def explorer(request: IncidentRequest) -> HttpResponse:
    """Search, time, facets and a page of events."""
    query, error = asked(request, "q"), ""
    answer: dict[str, Any] = {}
    if len(query) > MOST_QUERY:
        error = _("The question is longer than %d characters.") % MOST_QUERY
    else:
        try:
            answer = _answer(request, query)
        except (QueryError, LakeError) as wrong:
            error = str(wrong)
    context = {
        "tab": "explorer",
        "q": query,
        "order": _order(request),
        "error": error,
        "searches": SavedSearch.objects.filter(incident=request.incident),
        "facet_names": FACETS,
        **answer,
    }
    return render(request, "evidence/explorer.html", context)


def _order(request: IncidentRequest) -> str:
    return "oldest" if asked(request, "order") == "oldest" else "newest"


def _answer(request: IncidentRequest, query: str) -> dict[str, Any]:
    incident = request.incident

    def overview() -> tuple[int, tuple[Histogram, list[dict[str, Any]]], dict[str, Any]]:
        with lake_of(incident) as lake:
            return lake.count(query), histogram_of(lake, query), lake.facets(query, list(FACETS), TOP)

    total, (histogram, outside), facets = kept(incident, "overview", overview, query)
    with lake_of(incident) as lake:
        page = lake.search(query, after=asked(request, "after") or None, limit=ROWS, order=_order(request))  # type: ignore[arg-type]
    return {
        "total": total,
        "bars": bars(histogram),
        "untimed": histogram.untimed,
        "outside": outside,
        "facets": [(name, FACETS[name], facets[name]) for name in FACETS if facets[name].values],
        "rows": rows_of(request, page.events, query),
        "next": page.next,
        "after": asked(request, "after"),
    }


def rows_of(request: IncidentRequest, events: list[Event], query: str = "") -> list[dict[str, Any]]:
    """Return events as a list shows them, with what analysts noted on them."""
    marks = marks_of(request.incident, events)
    words = [word.lower() for word in WORD.findall(query)]
    return [
        {
            "id": event.id,
            "mark": marks.get(event.id),
            "what": telling(event.columns, words),
            **{name: event.columns.get(name) for name in ("time", "host", "host_name", "user_name", "channel", "code")},
        }
        for event in events
    ]


def telling(columns: Mapping[str, Any], words: Sequence[str]) -> str:
    """Return what stands for an event in a list: the first column worth showing, or else one with a word looked for."""
    first = next((str(columns[name]) for name in WORTH_SHOWING if columns.get(name)), "")
    if not words or any(word in first.lower() for word in words):
        return first
    met = ((name, value) for name, value in columns.items() if isinstance(value, str) and name not in PLACES)
    return next((f"{name}: {text}" for name, text in met if any(word in text.lower() for word in words)), first)


@on_incident
def event(request: IncidentRequest, event: str) -> HttpResponse:
    """One event of the lake with all its fields: a fragment for the list, a page without JavaScript."""
    try:
        found = event_of(request.incident, event)
    except LakeError as wrong:
        return render(request, "evidence/lake_event.html", {"error": str(wrong), "tab": "explorer"})
    if found is None:
        raise Hidden
    shown, mark = found
    context = {
        "tab": "explorer",
        "event": shown,
        "mark": mark,
        "columns": [(name, value, narrowing(name, value)) for name, value in shown.columns.items() if name != "time"],
        "fields": sorted((name, value, narrowing(f"fields.{name}", value)) for name, value in shown.fields.items()),
        "around": _around(shown),
        "cite": event,
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "evidence/_lake_event.html" if fragment else "evidence/lake_event.html", context)


def narrowing(name: str, value: Any) -> str:
    """Return the question for events with a value, '' where the language cannot put it."""
    if not isinstance(value, (str, int, float)) or value == "" or len(str(value)) > 300 or "\n" in str(value):
        return ""
    own = name.removeprefix("fields.")
    if own != name and not PLAIN_NAME.fullmatch(own):
        name = f"fields.{_quoted(own)}"
    return f"{name}:{_quoted(str(value))}"


def _quoted(text: str) -> str:
    """Return a text as the language takes it literally."""
    return '"' + text.replace('"', '""') + '"'


def _around(event: Event) -> str:
    """Return the question for what happened on the same host a few minutes before and after."""
    time, host = event.columns.get("time"), event.columns.get("host_name")
    if time is None:
        return ""
    where = f"{narrowing('host_name', host)} " if host else ""
    return f"{where}time:>={stamp(time - NEAR)} time:<={stamp(time + NEAR)}"


@act_on
def mark(request: IncidentRequest) -> HttpResponse:
    """Star, tag or comment the events that a form names."""
    events = _chosen(request)
    star = {"on": True, "off": False}.get(sent(request, "star"))
    tags = [tag for tag in sent(request, "tags").replace(",", " ").split() if tag]
    made = mark_events(
        request.actor, request.incident, events=events, starred=star, add_tags=tags,
        drop_tags=request.POST.getlist("drop"), comment=sent(request, "comment"),
    )  # fmt: skip
    back = asked(request, "back") or (
        place(request, "lake-event", made[0].cite) if len(made) == 1 else place(request, "explorer")
    )
    return done(request, back if back.startswith("/incidents/") else place(request, "explorer"), _("Noted."))


def _chosen(request: IncidentRequest) -> list[tuple[EvidenceItem, int]]:
    """Return the events that a form names. Raises Invalid for what the lake does not hold."""
    names = list(dict.fromkeys(request.POST.getlist("event")))[: MOST_MARKED + 1]
    if not names:
        return []
    found = []
    try:
        with lake_of(request.incident) as lake:
            for name in names:
                label, _dot, number = name.rpartition(".")
                item = item_of(request.incident, label)
                if item is None or lake.event(name) is None:
                    raise Invalid(_("“%s” is no event of this incident.") % name[:60])
                found.append((item, int(number)))
    except LakeError as wrong:
        raise Invalid(str(wrong)) from wrong
    return found


@on_incident
def marked(request: IncidentRequest) -> HttpResponse:
    """All events that analysts marked, those with a star first."""
    marks = (
        EventMark.objects.filter(incident=request.incident).select_related("item").order_by("-starred", "item", "seq")
    )
    return render(request, "evidence/marked.html", {"tab": "explorer", "marks": marks[:500], "total": marks.count()})


@act_on
def search_save(request: IncidentRequest) -> HttpResponse:
    """Keep a question under a name."""
    query = sent(request, "query")
    save_search(request.actor, request.incident, name=sent(request, "name"), query=query)
    return done(request, place(request, "explorer"), _("The search is kept."))


@act_on
def search_drop(request: IncidentRequest, search: int) -> HttpResponse:
    """Forget a saved search."""
    found = SavedSearch.objects.filter(incident=request.incident, pk=search).first()
    if found is None:
        raise Hidden
    drop_search(request.actor, request.incident, search=found)
    return done(request, place(request, "explorer"), _("The search is removed."))
