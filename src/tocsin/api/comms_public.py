"""Audiences with their lists, the question-and-answer sheet, and the public status page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Status

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.comms_shapes import (
    AudienceIn,
    AudienceOut,
    ListIn,
    MessageReason,
    QuestionIn,
    QuestionOut,
    StatusPageIn,
    StatusPageOut,
)
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.comms import actions
from tocsin.comms.lists import read_list
from tocsin.comms.models import Audience, Question, StatusPage
from tocsin.comms.queries import Part, part_of, reach_of
from tocsin.comms.views.public import address_of
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents.models import Incident

router = Router(tags=["communications"])
QUESTION = "/{uuid:incident}/questions/{int:number}"
MOST_FAULTS = 100


def _part(request: HttpRequest, incident: UUID) -> tuple[Incident, Part]:
    place = incident_of(request, incident)
    return place, part_of(actor_of(request), place)


def _whole(request: HttpRequest, incident: UUID) -> Incident:
    place, part = _part(request, incident)
    if not part.whole:
        raise Hidden
    return place


def _audience(row: Audience, part: Part) -> dict[str, Any]:
    reach = reach_of(row)
    return {"key": row.key, "title": row.title, "kind": row.kind, "reaches": len(reach.people), "folded": reach.folded,
            "unreachable": reach.unreachable if part.whole else [], "listed": row.recipients.count(),
            "revision": row.revision}  # fmt: skip


@router.get("/{uuid:incident}/audiences", response=Page[AudienceOut])
def list_audiences(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Who can be written to: the plan's audiences and those of the incident. For who only looks on there are none."""
    place, part = _part(request, incident)
    own = {a.key: a for a in place.audiences.all()}
    planned = place.plan_version.plan.audiences
    for key, audience in planned.items():
        # pk 0: no row has it, so the list of one that nobody used yet is empty.
        own.setdefault(key, Audience(pk=0, incident=place, key=key, title=audience.title, kind=audience.kind))
    page = paged.listed(own.values() if part.works else [], key=lambda a: (a.key,))
    return page | {"items": [_audience(a, part) for a in page["items"]]}


@router.post("/{uuid:incident}/audiences", response={201: AudienceOut})
def add_audience(request: HttpRequest, incident: UUID, given: AudienceIn) -> Status[dict[str, Any]]:
    """Add an audience that the plan does not know."""
    place, part = _part(request, incident)
    return Status(201, _audience(actions.add_audience(actor_of(request), place, **given.dict()), part))


@router.put("/{uuid:incident}/audiences/{key}/recipients", response=AudienceOut)
def fill_audience(request: HttpRequest, incident: UUID, key: str, given: ListIn, seen: Seen = None) -> dict[str, Any]:
    """Give an audience its list. With broken lines nothing is stored, and each is named, unless `leave_out` is set."""
    place, part = _part(request, incident)
    listed = read_list(given.list, settings.LIST_CHANNELS)
    if (listed.faults and not given.leave_out) or not listed.rows:
        shown = [str(f) for f in listed.faults[:MOST_FAULTS]] or ["the list is empty"]
        more = len(listed.faults) - MOST_FAULTS
        raise Invalid("\n".join(shown + ([f"and {more} more"] if more > 0 else [])), "list")
    held = actions.fill_audience(actor_of(request), place, audience=key, rows=listed.rows, refused=len(listed.faults),
                                 revision=seen)  # fmt: skip
    return _audience(held, part)


@router.get("/{uuid:incident}/questions", response=Page[QuestionOut])
def list_questions(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The sheet; who has no part in the messages sees the approved answers, who only looks on none."""
    place, part = _part(request, incident)
    rows = place.questions.filter(dropped=False)
    if not part.whole:
        rows = rows.exclude(approved_at=None) if part.answers else rows.none()
    return paged.rows(rows, "number")


@router.post("/{uuid:incident}/questions", response={201: QuestionOut})
def write_question(request: HttpRequest, incident: UUID, given: QuestionIn) -> Status[Question]:
    """Write a question down."""
    return Status(201, actions.write_question(actor_of(request), incident_of(request, incident), **given.dict()))


@router.put(QUESTION, response=QuestionOut)
def change_question(
    request: HttpRequest, incident: UUID, number: int, given: QuestionIn, seen: Seen = None
) -> Question:
    """Change a question or its answer; what was approved has to be approved again."""
    place = _whole(request, incident)
    row = numbered(place.questions.filter(dropped=False), number)
    return actions.write_question(actor_of(request), place, row=row, revision=seen, **given.dict())


@router.post(QUESTION + "/approve", response=QuestionOut)
def approve_answer(request: HttpRequest, incident: UUID, number: int, seen: Seen = None) -> Question:
    """Approve the answer as the facts give it now."""
    place = _whole(request, incident)
    row = numbered(place.questions.filter(dropped=False), number)
    return actions.approve_answer(actor_of(request), place, row=row, revision=seen)


@router.delete(QUESTION, response={204: None})
def drop_question(request: HttpRequest, incident: UUID, number: int) -> Status[None]:
    """Take a question off the sheet."""
    place = _whole(request, incident)
    actions.drop_question(actor_of(request), place, row=numbered(place.questions.filter(dropped=False), number))
    return Status(204, None)


def _page(place: Incident) -> dict[str, Any]:
    page = StatusPage.objects.filter(incident=place).first()
    if page is None:
        raise Hidden
    return {"title": page.title, "language": page.language, "open": page.open, "url": address_of(page),
            "opened_at": page.opened_at, "opened_by": page.opened_by}  # fmt: skip


@router.get("/{uuid:incident}/status-page", response=StatusPageOut)
def get_status_page(request: HttpRequest, incident: UUID) -> dict[str, Any]:
    """The public page and its address, for those with a part in all messages; 404 before it was first opened."""
    return _page(_whole(request, incident))


@router.put("/{uuid:incident}/status-page", response=StatusPageOut)
def open_status_page(request: HttpRequest, incident: UUID, given: StatusPageIn) -> dict[str, Any]:
    """Open the public page, or change its heading. Updates are messages with `on_status`."""
    place = incident_of(request, incident)
    actions.open_status_page(actor_of(request), place, **given.dict())
    return _page(place)


@router.post("/{uuid:incident}/status-page/close", response=StatusPageOut)
def close_status_page(request: HttpRequest, incident: UUID, given: MessageReason) -> dict[str, Any]:
    """Take the public page off."""
    place = incident_of(request, incident)
    actions.close_status_page(actor_of(request), place, because=given.because)
    return _page(place)
