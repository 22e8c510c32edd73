"""What is privileged in an incident: who is privy, notes and files, setting, lifting. 404 for who is not privy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.evidence import stored
from tocsin.api.notes import NewNote, NoteLine, NoteOut, NoteText
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import EvidenceOut, IncidentOut
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions.privilege import lift_file_privilege, set_file_privileged, take_privileged_files
from tocsin.evidence.handing_out import content_of
from tocsin.evidence.models import EvidenceItem
from tocsin.incidents import actions, together
from tocsin.incidents.models import Incident, Note
from tocsin.incidents.queries import privilege as queries

router = Router(tags=["privilege"])
OF = "/{uuid:incident}"
HERE = OF + "/privilege"
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class PrivyOut(Schema):
    """Somebody who sees what is privileged: counsel by their seat, or admitted by counsel with a reason."""

    user: UUID
    name: str
    counsel: bool
    because: str
    by: str
    at: datetime


class PrivilegedNoteOut(NoteOut):
    """A privileged note; `could_read` names who was on the incident when a note that had been open became privileged."""

    label: str
    privileged_at: datetime
    privileged_by: str
    could_read: list[str]


class PrivilegedFileOut(EvidenceOut):
    """A privileged file in custody; `could_read` as for notes."""

    privileged_at: datetime
    privileged_by: str
    could_read: list[str]


class SealedOut(Schema):
    """What one sealed entry of the log is about: its hash is the SHA-256 over the canonical JSON of salt and content."""

    sequence: int
    salt: str
    content: dict[str, Any]


class PrivilegeAdmission(Schema, extra="forbid"):
    """Whom, by their account, and why."""

    user: UUID
    because: Reason


class PrivilegeReason(Schema, extra="forbid"):
    """Why."""

    because: Reason


class HrTrackOpening(Schema, extra="forbid"):
    """Why, and whether whoever leads this incident is let in too."""

    because: Reason
    with_lead: bool = False


def _place(request: HttpRequest, incident: UUID) -> Incident:
    place = incident_of(request, incident)
    if not queries.is_privy(actor_of(request), place):
        raise Hidden
    return place


def _note(request: HttpRequest, place: Incident, number: int) -> Note:
    rows: QuerySet[Note] = Note.kept.filter(incident=place, privileged=True)
    return numbered(queries.seen(actor_of(request), rows), number)


def _file(request: HttpRequest, place: Incident, number: int) -> EvidenceItem:
    rows: QuerySet[EvidenceItem] = EvidenceItem.kept.filter(incident=place, privileged=True)
    return numbered(queries.seen(actor_of(request), rows), number)


@router.get(HERE, response=Page[PrivyOut])
def list_privy(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Who sees what is privileged here: counsel, then those whom counsel admitted."""
    place = _place(request, incident)
    counsel = [
        {"user": s.user_id, "name": s.holder, "counsel": True, "because": s.title, "by": "", "at": s.assumed_at}
        for s in queries.counsel_of(place)
    ]
    found = counsel + [
        {"user": a.user_id, "name": str(a.user), "counsel": False, "because": a.because, "by": a.by, "at": a.at}
        for a in queries.admitted(place)
    ]
    return paged.listed(found, key=lambda who: (not who["counsel"], str(who["user"]), str(who["because"])))


@router.post(HERE + "/admit", response={204: None})
def admit_to_privilege(request: HttpRequest, incident: UUID, given: PrivilegeAdmission) -> Status[None]:
    """Let somebody on the incident see what is privileged. Counsel only."""
    place = _place(request, incident)
    actions.admit_to_privilege(actor_of(request), place, user_id=given.user, because=given.because)
    return Status(204, None)


@router.post(HERE + "/dismiss", response={204: None})
def dismiss_from_privilege(request: HttpRequest, incident: UUID, given: PrivilegeAdmission) -> Status[None]:
    """End somebody's admission. Counsel only."""
    place = _place(request, incident)
    actions.dismiss_from_privilege(actor_of(request), place, user_id=given.user, because=given.because)
    return Status(204, None)


@router.get(HERE + "/sealed", response=Page[SealedOut])
def list_sealed_entries(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """What the sealed entries of the log are about, the newest first, with the salt that proves it."""
    return paged.rows(queries.sealed_of(actor_of(request), _place(request, incident)), "-sequence")


@router.get(HERE + "/notes", response=Page[NoteLine])
def list_privileged_notes(
    request: HttpRequest, incident: UUID, paged: Query[Paged], archived: bool = False
) -> dict[str, Any]:
    """The privileged notes without their texts, last changed first."""
    rows = queries.privileged_notes(actor_of(request), _place(request, incident), archived=archived)
    return paged.rows(rows, "-changed_at", "-number")


@router.post(HERE + "/notes", response={201: PrivilegedNoteOut})
def create_privileged_note(request: HttpRequest, incident: UUID, given: NewNote) -> Status[Note]:
    """Begin a privileged note."""
    made = actions.create_note(actor_of(request), _place(request, incident), privileged=True, **given.dict())
    return Status(201, made)


@router.get(HERE + "/notes/{int:number}", response=PrivilegedNoteOut)
def get_privileged_note(request: HttpRequest, incident: UUID, number: int) -> Note:
    """One privileged note with its text."""
    return _note(request, _place(request, incident), number)


@router.put(HERE + "/notes/{int:number}", response=PrivilegedNoteOut)
def edit_privileged_note(request: HttpRequest, incident: UUID, number: int, given: NoteText) -> Note:
    """Change a privileged note; what others saved since `base` is merged in."""
    place = _place(request, incident)
    note = _note(request, place, number)
    if given.base is None:
        raise Invalid("Say which revision you began with.", "base")
    return actions.edit_note(
        actor_of(request), place, note=note, title=given.title, text=given.text, base=given.base
    ).note


@router.post(HERE + "/notes/{int:number}/lift", response=NoteOut)
def lift_privileged_note(request: HttpRequest, incident: UUID, number: int, given: PrivilegeReason) -> Note:
    """Open a privileged note to everybody on the incident; the answer has its number from now on. Counsel only."""
    place = _place(request, incident)
    note = _note(request, place, number)
    actions.lift_note_privilege(actor_of(request), place, note=note, because=given.because)
    return note


@router.post(OF + "/notes/{int:number}/privilege", response=PrivilegedNoteOut)
def set_note_privileged(request: HttpRequest, incident: UUID, number: int, given: PrivilegeReason) -> Note:
    """Hide a note from all but those who are privy; the answer has its number from now on. Counsel only."""
    place = incident_of(request, incident)
    note = numbered(place.notes.all(), number)
    actions.set_note_privileged(actor_of(request), place, note=note, because=given.because)
    return note


@router.get(HERE + "/files", response=Page[PrivilegedFileOut])
def list_privileged_files(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The privileged files in custody."""
    rows = EvidenceItem.kept.filter(incident=_place(request, incident), privileged=True)
    return paged.rows(queries.seen(actor_of(request), rows), "number")


@router.post(HERE + "/files", response={201: list[PrivilegedFileOut]})
def upload_privileged_files(
    request: HttpRequest,
    incident: UUID,
    files: Annotated[list[UploadedFile], File()],
    why: Annotated[str, Form()] = "",
) -> Status[list[EvidenceItem]]:
    """Take privileged files into custody (multipart). Answers what is new."""
    place = _place(request, incident)
    intakes = [stored(f) for f in files]
    return Status(201, take_privileged_files(actor_of(request), place, intakes=intakes, why=why))


@router.get(HERE + "/files/{int:number}/content")
def read_privileged_file(request: HttpRequest, incident: UUID, number: int) -> FileResponse:
    """The content of a privileged file."""
    item = _file(request, _place(request, incident), number)
    return FileResponse(content_of(item), as_attachment=True, filename=item.label)


@router.post(HERE + "/files/{int:number}/lift", response=EvidenceOut)
def lift_privileged_file(request: HttpRequest, incident: UUID, number: int, given: PrivilegeReason) -> EvidenceItem:
    """Open a privileged file to everybody on the incident; the answer has its number from now on. Counsel only."""
    place = _place(request, incident)
    item = _file(request, place, number)
    lift_file_privilege(actor_of(request), place, item=item, because=given.because)
    return item


@router.post(OF + "/evidence/{int:number}/privilege", response=PrivilegedFileOut)
def set_evidence_privileged(request: HttpRequest, incident: UUID, number: int, given: PrivilegeReason) -> EvidenceItem:
    """Hide an item from all but those who are privy; the answer has its number from now on. Counsel only."""
    place = incident_of(request, incident)
    item = numbered(place.evidence.all(), number)
    set_file_privileged(actor_of(request), place, item=item, because=given.because)
    return item


@router.post(OF + "/hr-track", response={201: IncidentOut})
def open_hr_track(request: HttpRequest, incident: UUID, given: HrTrackOpening) -> Status[Incident]:
    """Open the HR track: an incident of its own, under this one, for legal and HR. For who has no such seat: 404."""
    place = incident_of(request, incident)
    if not queries.may_open_hr_track(actor_of(request), place):
        raise Hidden
    return Status(201, together.open_hr_track(actor_of(request), place, **given.dict()))
