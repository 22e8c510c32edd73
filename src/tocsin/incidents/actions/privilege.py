"""Privilege: counsel admits people, sets it and lifts it; and how what happens to privileged rows is logged, sealed."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import UUID

from django.db.models import Max, Model

from tocsin.core.access import Forbidden, Hidden, incident_role
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import digest, instant, plain
from tocsin.incidents.actions.common import words
from tocsin.incidents.models import Admission, Incident, Mention, Note, Privileged, SealedEntry
from tocsin.incidents.queries.notes import on_it
from tocsin.incidents.queries.privilege import admitted, counsel_of, is_counsel, is_privy, privy_users
from tocsin.plan.models import IncidentRole

COUNSEL = incident_role(IncidentRole.COUNSEL)


@action("privilege.admit", COUNSEL)
def admit_to_privilege(call: Call[Incident], *, user_id: UUID, because: str) -> Admission:
    """Let somebody on the incident see what is privileged in it, from now on. The log does not say whom.

    Raises Invalid without a reason, for who is not on the incident, is counsel, or was admitted already; Forbidden for
    who has counsel's role without being the counsel that the plan names.
    """
    only_counsel(call)
    user = next((u for u in on_it(call.place) if u.pk == user_id), None)
    if user is None:
        raise Invalid("Only somebody on this incident can be admitted; whoever leads lets them in first.", "user_id")
    if any(seat.user_id == user_id for seat in counsel_of(call.place)):
        raise Invalid(f"{user} is counsel here and sees everything privileged.", "user_id")
    if any(a.user_id == user_id for a in admitted(call.place)):
        raise Invalid(f"{user} is admitted already.", "user_id")
    why = words(because, "because", "the reason")[:500]
    lapsed = Admission.objects.filter(incident=call.place, user=user, ended_at=None)
    lapsed.update(ended_at=call.now, ended_because="taken off the incident meanwhile")
    made = Admission.objects.create(
        incident=call.place, user=user, because=why, at=call.now, real_at=call.real_time, by=call.actor.name
    )
    seal(call, user, name=str(user), because=why)
    return made


@action("privilege.dismiss", COUNSEL)
def dismiss_from_privilege(call: Call[Incident], *, user_id: UUID, because: str) -> None:
    """End somebody's admission: from now on nothing privileged exists for them. Raises Invalid without a reason, or
    where they are not admitted.
    """
    only_counsel(call)
    found = Admission.objects.filter(incident=call.place, user_id=user_id, ended_at=None).first()
    if found is None:
        raise Invalid("This person is not admitted.", "user_id")
    found.ended_at, found.ended_by = call.now, call.actor.name
    found.ended_because = words(because, "because", "the reason")[:500]
    found.save(update_fields=["ended_at", "ended_by", "ended_because"])
    seal(call, found.user, name=str(found.user), because=found.ended_because)


@action("privilege.set_note", COUNSEL)
def set_note_privileged(call: Call[Incident], *, note: Note, because: str) -> None:
    """Hide a note from now on from all but those who are privy. It says who was on the incident until then: they could
    read it. What the log already says of it, its title among it, stays there. Raises Invalid without a reason, or when
    it is privileged already.
    """
    only_counsel(call)
    own(call, note)
    was = note.label
    make_privileged(call, note, because)
    note.save()
    Mention.objects.filter(note=note).exclude(user__in=privy_users(call.place)).delete()
    seal(call, note, note=note.number, was=was, title=note.title, because=because, could_read=note.could_read)


@action("privilege.lift_note", COUNSEL)
def lift_note_privilege(call: Call[Incident], *, note: Note, because: str) -> None:
    """Open a privileged note, with all its revisions, to everybody on the incident. The log says so, with the reason.

    Raises Invalid without a reason, or when it is not privileged.
    """
    only_counsel(call)
    own(call, note)
    was = note.label
    make_open(note, because)
    note.save()
    call.record(note, note=note.number, was=was, title=note.title, because=because)


def only_counsel(call: Call[Incident]) -> None:
    """Refuse who is not counsel here, whatever role they were given. Raises Forbidden."""
    if not (call.actor.is_system or is_counsel(call.actor, call.place)):
        raise Forbidden(
            "Privilege is counsel's: whom the plan names for a legal seat with counsel's access, and who sits in it."
        )


def only_privy(call: Call[Incident]) -> None:
    """Refuse who is not privy here. Raises Forbidden."""
    if not (call.actor.is_system or is_privy(call.actor, call.place)):
        raise Forbidden("What is privileged is for counsel and for those whom counsel admitted.")


def own(call: Call[Incident], row: Any) -> None:
    """The row as it stands under the chain's lock. Raises Invalid for another incident's, Hidden for a privileged one
    where the actor is not privy.
    """
    if row.incident_id != call.place.chain_id:
        raise Invalid("This belongs to another incident.")
    row.refresh_from_db()
    if row.privileged and not (call.actor.is_system or is_privy(call.actor, call.place)):
        raise Hidden


def told(call: Call[Incident], row: Model, **payload: Any) -> None:
    """Record what happened to a row: in clear, or sealed where it is privileged."""
    if getattr(row, "privileged", False):
        seal(call, row, **payload)
    else:
        call.record(row, **payload)


def seal(call: Call[Incident], thing: Model, **payload: Any) -> None:
    """Keep what happened out of the log, and bind the log to it: the entry carries the hash of it with a random salt."""
    content = plain({
        "verb": call.verb, "object": {"kind": thing._meta.model_name or "", "id": str(thing.pk)}, "payload": payload,
        "actor": {"kind": call.actor.kind, "id": call.actor.id, "name": call.actor.name}, "time": instant(call.real_time),
    })  # fmt: skip
    salt = secrets.token_hex(32)
    SealedEntry.objects.create(incident=call.place, sequence=call.sequence, salt=salt, content=content)
    call.seal(digest({"salt": salt, "content": content}))


def make_privileged(call: Call[Incident], row: Privileged, because: str) -> None:
    """Move an open row into the privileged series, in memory. Raises Invalid without a reason, or when it is there."""
    if row.privileged:
        raise Invalid("This is privileged already.")
    row.privileged_because = words(because, "because", "the reason")[:500]
    row.was_number, row.number = row.number, next_number_kept(row, privileged=True)  # type: ignore[attr-defined]
    row.privileged, row.privileged_at, row.privileged_by = True, call.now, call.actor.name
    row.could_read = [str(user) for user in on_it(call.place)]


def make_open(row: Privileged, because: str) -> None:
    """Move a privileged row back into the open series, under its old number if it had one, in memory. Raises Invalid
    without a reason, or when it is open.
    """
    words(because, "because", "the reason")
    if not row.privileged:
        raise Invalid("This is not privileged.")
    row.number = row.was_number or next_number_kept(row, privileged=False)  # type: ignore[attr-defined]
    row.privileged, row.was_number = False, None


def next_number_kept(row: Any, *, privileged: bool) -> int:
    """The next number of a series; the open one never gives a number again that a row had before it was privileged."""
    rows = type(row).kept.filter(incident_id=row.incident_id)
    last = rows.filter(privileged=privileged).aggregate(last=Max("number"))["last"] or 0
    kept = 0 if privileged else rows.aggregate(last=Max("was_number"))["last"] or 0
    return int(max(last, kept)) + 1
