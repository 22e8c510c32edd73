"""The situation of an incident: reports and hand-over notes, the board, and who is here now."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import LARGEST, Moment, actor_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.core import clock
from tocsin.core.access import Hidden
from tocsin.incidents import board
from tocsin.incidents.actions import acknowledge_handover, write_handover, write_report
from tocsin.incidents.models import SituationReport
from tocsin.incidents.models.situation import LONGEST, ReportKind
from tocsin.incidents.presence import people_here

router = Router(tags=["situation"])


class ReportOut(Schema):
    """A situation report, or a hand-over note (then `actions` is what is open)."""

    number: int
    kind: ReportKind
    conditions: str
    actions: str
    needs: str
    written_at: datetime
    written_by: str
    next_due_at: datetime | None
    sequence: int = Field(description="The number of its log entry.")
    role: str | None = Field(None, description="The role that changes hands.")
    handed_from: str
    handed_to: str
    acknowledged_at: datetime | None
    acknowledged_by: str

    @staticmethod
    def resolve_role(report: SituationReport) -> str | None:
        """The role's key in the plan."""
        return report.seat.role if report.seat else None


class ReportIn(Schema, extra="forbid"):
    """What is so, what is done about it, what is asked for. `seen` is the number of the last report you know, 0 for none."""

    conditions: str = Field(max_length=LONGEST)
    actions: str = Field("", max_length=LONGEST)
    needs: str = Field("", max_length=LONGEST)
    seen: int | None = Field(None, ge=0, le=LARGEST)
    next_due_at: Moment | None = Field(None, description="Left out: as the severity asks.")


class NoteIn(Schema, extra="forbid"):
    """What who takes over a role has to know."""

    role: str = Field(max_length=80, description="The key of a role that somebody holds now.")
    conditions: str = Field(max_length=LONGEST)
    open_work: str = Field("", max_length=LONGEST)
    needs: str = Field("", max_length=LONGEST)


class CardOut(Schema):
    """A task as the board shows it."""

    number: int
    title: str
    state: str
    who: str
    lamp: str = Field(description="late, soon, or empty")
    due_at: datetime | None
    revision: int


class WindowOut(Schema):
    """One window of the board, with the tasks to look at first."""

    key: str
    title: str
    lamp: str
    total: int
    ended: int
    people: list[str]
    empty_seats: list[str]
    cards: list[CardOut]


class FaceOut(Schema):
    """Somebody who has the incident open, or had it within the last minutes (`here` is false)."""

    user: UUID
    name: str
    here: bool


@router.get("/{uuid:incident}/situation", response=Page[ReportOut])
def list_situation_reports(
    request: HttpRequest, incident: UUID, paged: Query[Paged], kind: ReportKind | None = None
) -> dict[str, Any]:
    """The reports and hand-over notes, the newest first."""
    rows = incident_of(request, incident).situation_reports.select_related("seat")
    return paged.rows(rows.filter(kind=kind) if kind else rows, "-number")


@router.post("/{uuid:incident}/situation", response={201: ReportOut})
def write_situation_report(request: HttpRequest, incident: UUID, given: ReportIn) -> Status[SituationReport]:
    """Write the next situation report."""
    return Status(201, write_report(actor_of(request), incident_of(request, incident), **given.dict()))


@router.post("/{uuid:incident}/situation/hand-over", response={201: ReportOut})
def write_handover_note(request: HttpRequest, incident: UUID, given: NoteIn) -> Status[SituationReport]:
    """Write the note for who holds a role now."""
    place = incident_of(request, incident)
    seat = place.roles.filter(role=given.role, renounced_at=None).exclude(holder="").first()
    if seat is None:
        raise Hidden
    return Status(201, write_handover(actor_of(request), place, seat=seat, **given.dict(exclude={"role"})))


@router.get("/{uuid:incident}/situation/{int:number}", response=ReportOut)
def get_situation_report(request: HttpRequest, incident: UUID, number: int) -> SituationReport:
    """One report or note."""
    return numbered(incident_of(request, incident).situation_reports.select_related("seat"), number)


@router.post("/{uuid:incident}/situation/{int:number}/acknowledge", response=ReportOut)
def acknowledge_handover_note(request: HttpRequest, incident: UUID, number: int) -> SituationReport:
    """Say that you read the note and have taken over the role."""
    place = incident_of(request, incident)
    rows = place.situation_reports.select_related("seat")
    acknowledge_handover(actor_of(request), place, report=numbered(rows, number))
    return numbered(rows, number)


@router.get("/{uuid:incident}/board", response=Page[WindowOut])
def list_board_windows(
    request: HttpRequest, incident: UUID, paged: Query[Paged], by: board.Mode = "function"
) -> dict[str, Any]:
    """The board by function, person or time: each window with the tasks to look at first."""
    place = incident_of(request, incident)
    now = place.chain.time(clock.now())
    seats = list(place.roles.filter(renounced_at=None).select_related("member"))
    windows = board.windows(place.tasks.select_related("member"), seats, now, by)
    places = {w.key: n for n, w in enumerate(windows)}
    page = paged.listed(windows, key=lambda w: (places[w.key],))
    return page | {"items": [_window(w) for w in page["items"]]}


def _window(window: board.Window) -> dict[str, Any]:
    cards = [
        {"number": r.task.number, "title": r.task.title, "state": r.task.state, "who": r.who, "lamp": r.lamp,
         "due_at": r.task.due_at, "revision": r.task.revision}
        for r in window.rows
    ]  # fmt: skip
    return {
        "key": window.key, "title": str(window.title), "lamp": window.lamp, "total": window.total,
        "ended": window.ended, "people": window.people, "empty_seats": window.empty_seats, "cards": cards,
    }  # fmt: skip


@router.get("/{uuid:incident}/presence", response=Page[FaceOut])
def list_people_here(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Who has the incident open now, and who had it within the last minutes."""
    faces = people_here(incident_of(request, incident).chain_id)
    return paged.listed(faces, key=lambda f: (not f.here, f.name.casefold(), str(f.user)))
