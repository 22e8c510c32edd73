"""Notes of an incident: reading, writing beside others, former revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import LARGEST, actor_of, incident_of, numbered
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.models import Note, NoteRevision
from tocsin.incidents.queries.notes import notebook

router = Router(tags=["notes"])
NOTE = "/{uuid:incident}/notes/{int:number}"
Number = Field(ge=1, le=LARGEST)


class NoteLine(Schema):
    """A note in the list, without its text."""

    number: int
    title: str
    revision: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    archived_at: datetime | None


class NoteOut(NoteLine):
    """A note with its text, as Markdown."""

    text: str


class RevisionLine(Schema):
    """One state of a note, without its text. `based_on` and `merged_from` are set where two changes met."""

    number: int
    title: str
    at: datetime
    by: str
    based_on: int | None
    merged_from: int | None
    restored_from: int | None
    sha256: str


class RevisionOut(RevisionLine):
    """One state of a note."""

    text: str


class NewNote(Schema, extra="forbid"):
    """A title, else the first line's words, and the text as Markdown: 200 kB at most."""

    title: str = Field("", max_length=200)
    text: str = ""


class NoteText(Schema, extra="forbid"):
    """The whole note. `base` is the revision you began with: what others saved since is merged in, line by line; where
    both changed the same lines the answer is 412 and nothing is stored. Without `base` send If-Match: then any newer
    revision is refused with 412.
    """

    title: str | None = Field(None, max_length=200, description="Left out: as it is.")
    text: str
    base: int | None = Field(None, ge=1, le=LARGEST)


class Putting(Schema, extra="forbid"):
    """Whether the note is put away, or taken out again."""

    away: bool = True


class Bringing(Schema, extra="forbid"):
    """The revision to bring back."""

    number: int = Number


@router.get("/{uuid:incident}/notes", response=Page[NoteLine])
def list_notes(request: HttpRequest, incident: UUID, paged: Query[Paged], archived: bool = False) -> dict[str, Any]:
    """The notes, last changed first; with `archived` those that were put away."""
    return paged.rows(notebook(incident_of(request, incident), archived=archived), "-changed_at", "-number")


@router.post("/{uuid:incident}/notes", response={201: NoteOut})
def create_note(request: HttpRequest, incident: UUID, given: NewNote) -> Status[Note]:
    """Begin a note."""
    return Status(201, actions.create_note(actor_of(request), incident_of(request, incident), **given.dict()))


@router.get(NOTE, response=NoteOut)
def get_note(request: HttpRequest, incident: UUID, number: int) -> Note:
    """One note."""
    return numbered(incident_of(request, incident).notes.all(), number)


@router.put(NOTE, response=NoteOut)
def edit_note(request: HttpRequest, incident: UUID, number: int, given: NoteText, seen: Seen = None) -> Note:
    """Change a note; what others saved since `base` is merged in."""
    place = incident_of(request, incident)
    note = numbered(place.notes.all(), number)
    base = given.base or seen
    if base is None:
        raise Invalid("Say which revision you began with: `base`, or the ETag that you saw as If-Match.", "base")
    kept = actions.edit_note(
        actor_of(request), place, note=note, title=given.title, text=given.text, base=base, merging=seen is None
    )
    return kept.note


@router.post(NOTE + "/archive", response=NoteOut)
def archive_note(request: HttpRequest, incident: UUID, number: int, given: Putting) -> Note:
    """Put a note away, or take it out again. Nothing of it is deleted."""
    place = incident_of(request, incident)
    note = numbered(place.notes.all(), number)
    actions.archive_note(actor_of(request), place, note=note, away=given.away)
    return note


@router.post(NOTE + "/restore", response=NoteOut)
def restore_note(request: HttpRequest, incident: UUID, number: int, given: Bringing, seen: Seen = None) -> Note:
    """Bring a former revision's text back, as a new revision."""
    place = incident_of(request, incident)
    note = numbered(place.notes.all(), number)
    base = note.revision if seen is None else seen
    return actions.restore_note(actor_of(request), place, note=note, number=given.number, base=base).note


@router.get(NOTE + "/revisions", response=Page[RevisionLine])
def list_note_revisions(request: HttpRequest, incident: UUID, number: int, paged: Query[Paged]) -> dict[str, Any]:
    """Every state that the note had, the newest first."""
    note = numbered(incident_of(request, incident).notes.all(), number)
    return paged.rows(note.revisions.defer("text", "sent"), "-number")


@router.get(NOTE + "/revisions/{int:revision}", response=RevisionOut)
def get_note_revision(request: HttpRequest, incident: UUID, number: int, revision: int) -> NoteRevision:
    """One state of the note, with its text."""
    return numbered(numbered(incident_of(request, incident).notes.all(), number).revisions.all(), revision)
