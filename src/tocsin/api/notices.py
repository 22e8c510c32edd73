"""Notices of an incident's duties: drafted, changed, finished, taken away as files; and the referral packet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.core import clock
from tocsin.disclosure import actions
from tocsin.disclosure.models import Notice
from tocsin.disclosure.notices.standing import rules_of, sections_of
from tocsin.disclosure.notices.text import as_docx, as_text
from tocsin.disclosure.views_notices import WORD, as_file
from tocsin.incidents.models import Incident
from tocsin.reports.referral import Wanted, make_referral
from tocsin.reports.views_notices import as_download, printed_notice

router = Router(tags=["notices"])
_BYTES = {"schema": {"type": "string", "format": "binary"}}
FILES: dict[str, Any] = {
    "responses": {200: {"content": dict.fromkeys(("application/pdf", WORD, "text/plain"), _BYTES)}}
}
ZIP: dict[str, Any] = {"responses": {200: {"content": {"application/zip": _BYTES}}}}
NOTICE = "/{uuid:incident}/notices/{int:number}"
Key = Annotated[str, Field(max_length=100)]


class NoticeLine(Schema):
    """A notice of one stage; `sha256` is over the kept text of a final one."""

    number: int
    regime: str
    stage: str
    recipient_name: str
    language: str
    state: str
    drafted_by: str
    drafted_at: datetime
    changed_by: str
    changed_at: datetime
    finished_by: str
    finished_at: datetime | None
    reason: str
    sha256: str
    revision: int


class SectionOut(Schema):
    """A section. `fresh`: what the facts say now, where that changed since; `absent`: asked for and not in the draft yet."""

    key: str
    heading: str
    asked: list[str]
    text: str
    by_hand: bool
    missing: bool
    fresh: str | None
    absent: bool


class NoticeOut(NoticeLine):
    """One notice with its sections, what the rule says besides, and its text as it would be handed in."""

    sections: list[SectionOut]
    rules: list[str]
    text: str


class NewNotice(Schema, extra="forbid"):
    """Of which duty and stage, and in which language."""

    regime: str = Field(max_length=80)
    stage: str = Field(max_length=200)
    language: str = Field("en", max_length=20)


class NoticeChange(Schema, extra="forbid"):
    """Own words by a section's key; keys whose text is taken from the facts; keys whose words are kept against them."""

    texts: dict[Key, Annotated[str, Field(max_length=20_000)]] = Field({}, max_length=100)
    take: list[Key] = Field([], max_length=100)
    keep: list[Key] = Field([], max_length=100)


class Finished(Schema, extra="forbid"):
    """Why it goes out as it is: needed while something is missing or a fact changed since."""

    reason: str = Field("", max_length=5000)


class Referral(Schema, extra="forbid"):
    """Who receives the packet, and what goes in; `items` are numbers of evidence whose contents go along."""

    to: Literal["law_enforcement", "counsel"]
    recipient: str = Field(max_length=200)
    items: list[Annotated[int, Field(ge=1, le=10**9)]] = Field([], max_length=200)
    with_log: bool = True
    privileged: bool = False


@router.get("/{uuid:incident}/notices", response=Page[NoticeLine])
def list_notices(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Drafts and final notices, by number."""
    place = incident_of(request, incident)
    page = paged.rows(Notice.objects.filter(incident=place).select_related("duty"), "number")
    return page | {"items": [_line(n) for n in page["items"]]}


@router.post("/{uuid:incident}/notices", response={201: NoticeOut})
def draft_notice(request: HttpRequest, incident: UUID, given: NewNotice) -> Status[dict[str, Any]]:
    """Draft a notice of a stage from the facts; what no fact fills is a marked line."""
    place = incident_of(request, incident)
    made = actions.draft_notice(actor_of(request), place, **given.dict())
    return Status(201, _one(place, made.number))


@router.get(NOTICE, response=NoticeOut)
def get_notice(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """One notice."""
    return _one(incident_of(request, incident), number)


@router.put(NOTICE, response=NoticeOut)
def edit_notice(
    request: HttpRequest, incident: UUID, number: int, given: NoticeChange, seen: Seen = None
) -> dict[str, Any]:
    """Change a draft."""
    place = incident_of(request, incident)
    notice = numbered(Notice.objects.filter(incident=place), number)
    actions.edit_notice(actor_of(request), place, notice=notice, revision=seen, **given.dict())
    return _one(place, number)


@router.post(NOTICE + "/finish", response=NoticeOut)
def finish_notice(
    request: HttpRequest, incident: UUID, number: int, given: Finished, seen: Seen = None
) -> dict[str, Any]:
    """Make a draft final: its text and hash are kept."""
    place = incident_of(request, incident)
    notice = numbered(Notice.objects.filter(incident=place), number)
    actions.finish_notice(actor_of(request), place, notice=notice, reason=given.reason, revision=seen)
    return _one(place, number)


@router.get(NOTICE + "/file", openapi_extra=FILES)
def get_notice_file(
    request: HttpRequest, incident: UUID, number: int, form: Literal["pdf", "docx", "txt"] = "pdf"
) -> HttpResponse:
    """The notice as PDF, Word document or plain text; a draft is marked as one."""
    notice = numbered(_rows(incident_of(request, incident)), number)
    if form == "pdf":
        return as_file(printed_notice(notice), "application/pdf", notice, form)
    if form == "docx":
        return as_file(as_docx(notice), WORD, notice, form)
    return as_file(as_text(notice).encode(), "text/plain; charset=utf-8", notice, form)


@router.post("/{uuid:incident}/referral", openapi_extra=ZIP)
def make_referral_packet(request: HttpRequest, incident: UUID, given: Referral) -> FileResponse:
    """Make the packet for law enforcement or outside counsel. The log says to whom it went, and its hash."""
    place = incident_of(request, incident)
    return as_download(make_referral(actor_of(request), place, Wanted(**given.dict())))


def _rows(place: Incident) -> Any:
    rows = Notice.objects.filter(incident=place)
    return rows.select_related("duty", "incident__plan_version", "incident__organization", "incident__chain")


def _line(notice: Notice) -> dict[str, Any]:
    names = [n for n in NoticeLine.model_fields if n != "regime"]
    return {name: getattr(notice, name) for name in names} | {"regime": notice.duty.regime}


def _one(place: Incident, number: int) -> dict[str, Any]:
    notice = numbered(_rows(place), number)
    sections = sections_of(notice, place.chain.time(clock.now()))
    return _line(notice) | {"sections": sections, "rules": rules_of(notice), "text": as_text(notice)}
