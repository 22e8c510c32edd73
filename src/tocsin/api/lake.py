"""The events of an incident's evidence: searching them, counting them, one with all its fields, what analysts note."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from tocsin.api.asking import actor_of, incident_of
from tocsin.api.paging import Page, Paged, passed_on
from tocsin.api.shapes_lab import EventOut, FacetOut, HistogramOut, MarkOut, SearchOut
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions.analyst import drop_search, mark_events, save_search
from tocsin.evidence.models import EventMark, EvidenceItem, SavedSearch
from tocsin.evidence.questions import event_of, item_of, lake_of, marks_of
from tocsin.incidents.models import Incident
from tocsin.lab.lake import Event, Lake, LakeError, QueryError

router = Router(tags=["events"])
MOST_QUERY = 2_000
"""Characters of a question."""
Asked = Annotated[str, Query(max_length=MOST_QUERY)]


class Marking(Schema, extra="forbid"):
    """What is noted on events; `starred` null leaves stars as they are."""

    events: list[str]
    starred: bool | None = None
    add_tags: list[str] = []
    drop_tags: list[str] = []
    comment: str = ""


class Search(Schema, extra="forbid"):
    """A question and the name that it is kept under."""

    name: str
    query: str = ""


@contextmanager
def _questions(place: Incident) -> Iterator[Lake]:
    """The lake for a few questions; what it cannot answer is told as what is wrong with the request."""
    try:
        with lake_of(place) as lake:
            yield lake
    except QueryError as error:
        raise Invalid(str(error), "q") from error
    except LakeError as error:
        raise Invalid(str(error)) from error


@router.get("/{uuid:incident}/events", response=Page[EventOut])
def search_events(
    request: HttpRequest,
    incident: UUID,
    paged: Query[Paged],
    q: Asked = "",
    order: Literal["newest", "oldest"] = "newest",
) -> dict[str, Any]:
    """Events that a question matches (see the search language), a page at a time, those without a time last."""
    place = incident_of(request, incident)
    with _questions(place) as lake:
        page = lake.search(q, after=paged.token(), limit=paged.limit, order=order)
    marks = marks_of(place, page.events)
    return {"items": [_shown(event, marks.get(event.id)) for event in page.events], "next": passed_on(page.next)}


@router.get("/{uuid:incident}/events/facets", response=dict[str, FacetOut])
def count_values(
    request: HttpRequest,
    incident: UUID,
    q: Asked = "",
    column: Annotated[list[str], Query(max_length=20)] = [],  # noqa: B006 - never changed
    top: Annotated[int, Query(ge=1, le=200)] = 10,
) -> dict[str, dict[str, Any]]:
    """The most frequent values of columns (or own fields, as `fields.NAME`) in the events that a question matches."""
    with _questions(incident_of(request, incident)) as lake:
        facets = lake.facets(q, column, top)
    return {
        name: {
            "values": [{"value": v, "count": n} for v, n in facet.values],
            "other": facet.other,
            "missing": facet.missing,
        }
        for name, facet in facets.items()
    }


@router.get("/{uuid:incident}/events/histogram", response=HistogramOut)
def count_over_time(
    request: HttpRequest, incident: UUID, q: Asked = "", buckets: Annotated[int, Query(ge=1, le=1000)] = 60
) -> dict[str, Any]:
    """How many events a question matches, in spans of equal length."""
    with _questions(incident_of(request, incident)) as lake:
        made = lake.histogram(q, buckets)
        total = lake.count(q)
    counts = [{"start": start, "count": count} for start, count in made.counts]
    return {"total": total, "untimed": made.untimed, "step_seconds": made.step.total_seconds(), "counts": counts}


@router.post("/{uuid:incident}/events/marks", response=list[MarkOut])
def note_on_events(request: HttpRequest, incident: UUID, given: Marking) -> list[EventMark]:
    """Star, tag or comment events."""
    place = incident_of(request, incident)
    said = given.dict()
    events = [_named(place, one) for one in said.pop("events")]
    return mark_events(actor_of(request), place, events=events, **said)


@router.get("/{uuid:incident}/events/marks", response=Page[MarkOut])
def list_marks(request: HttpRequest, incident: UUID, paged: Query[Paged], tag: str | None = None) -> dict[str, Any]:
    """What analysts noted on events."""
    marks = EventMark.objects.filter(incident=incident_of(request, incident)).select_related("item")
    tagged = (mark for mark in marks if tag is None or tag in mark.tags)
    return paged.listed(tagged, key=lambda mark: (mark.item.number, mark.seq))


@router.get("/{uuid:incident}/events/{str:event}", response=EventOut)
def get_event(request: HttpRequest, incident: UUID, event: str) -> dict[str, Any]:
    """One event (E-03.1842) with all the fields that its source gave it."""
    place = incident_of(request, incident)
    try:
        found = event_of(place, event)
    except LakeError as error:
        raise Invalid(str(error)) from error
    if found is None:
        raise Hidden
    shown, mark = found
    return _shown(shown, mark) | {"fields": shown.fields, "system": shown.system}


@router.get("/{uuid:incident}/searches", response=Page[SearchOut])
def list_searches(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Questions that somebody gave a name."""
    return paged.rows(SavedSearch.objects.filter(incident=incident_of(request, incident)), "name")


@router.post("/{uuid:incident}/searches", response={201: SearchOut})
def keep_search(request: HttpRequest, incident: UUID, given: Search) -> Status[SavedSearch]:
    """Keep a question; another one of that name gives way to it."""
    return Status(201, save_search(actor_of(request), incident_of(request, incident), **given.dict()))


@router.api_operation(["DELETE"], "/{uuid:incident}/searches/{str:name}", response={204: None})
def forget_search(request: HttpRequest, incident: UUID, name: str) -> Status[None]:
    """Forget a kept question."""
    place = incident_of(request, incident)
    found = SavedSearch.objects.filter(incident=place, name=name).first()
    if found is None:
        raise Hidden
    drop_search(actor_of(request), place, search=found)
    return Status(204, None)


def _shown(event: Event, mark: EventMark | None) -> dict[str, Any]:
    columns = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in event.columns.items()
    }
    return {"id": event.id, "columns": columns, "mark": mark}


def _named(place: Incident, name: str) -> tuple[EvidenceItem, int]:
    label, _dot, number = name.rpartition(".")
    item = item_of(place, label)
    if item is None or not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise Invalid(f"{name[:60]!r} is no event of this incident: write E-03.1842.", "events")
    return item, int(number)
