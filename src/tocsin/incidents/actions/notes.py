"""Notes: writing a page, changing it beside others without a lost word, putting it away, bringing a revision back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from tocsin.core.access import incident_role, system_only
from tocsin.core.action import Call, Invalid, Stale, action
from tocsin.incidents.actions.common import TAKES_PART, WORKS
from tocsin.incidents.actions.privilege import next_number_kept, only_privy, own, told
from tocsin.incidents.merging import Merge, merge
from tocsin.incidents.models import Incident, Mention, Note, NoteRevision
from tocsin.incidents.notes import LARGEST, mentions, size
from tocsin.incidents.queries.notes import Mentioned, who_is
from tocsin.incidents.queries.privilege import privy_users
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

EVERYBODY = incident_role(*IncidentRole)
KEY = 64


class Clash(Stale):
    """Somebody else changed the same lines since: nothing was stored, and a person settles it.

    `note` is as it stands now; `title` and `text` are what was sent; `merged` lays both beside each other.
    """

    def __init__(self, note: Note, title: str, text: str, merged: Merge) -> None:
        super().__init__(
            f"{note.changed_by} changed the same lines and saved them as revision {note.revision}. Nothing of yours "
            "was stored yet: look at both, settle the text, and save again.", "text",
        )  # fmt: skip
        self.note, self.title, self.text, self.merged = note, title, text, merged


@dataclass(frozen=True)
class Kept:
    """How a note was stored: as which revision, and what came in from others meanwhile (None: nothing did)."""

    note: Note
    revision: NoteRevision
    merged: Merge | None = None


@action("notebook.create", TAKES_PART)
def create_note(
    call: Call[Incident], *, title: str = "", text: str = "", key: str = "", privileged: bool = False
) -> Note:
    """Begin a note. Without a title it gets its first line's. A `key` that this person used before returns that note.

    A `privileged` one is for counsel and whom counsel admitted. Raises Invalid for a note without any words, a title
    over 200 characters, or a text beyond the limit; Forbidden for a privileged one by who is not privy.
    """
    incident, key = call.place, key[:KEY]
    if privileged:
        only_privy(call)
    before = Note.kept.filter(incident=incident, created_by_id=call.actor.id, key=key)
    known: Note | None = before.first() if key else None
    if known:
        own(call, known)
        told(call, known, **_which(known), repeated=True)
        return known
    text = _text(text)
    title = _title(title, text)
    note = Note(
        incident=incident, title=title, text=text, key=key or None, privileged=privileged,
        created_at=call.now, created_by=call.actor.name, created_by_id=call.actor.id,
        changed_at=call.now, changed_by=call.actor.name, changed_by_id=call.actor.id,
    )  # fmt: skip
    note.number = next_number_kept(note, privileged=privileged)
    if privileged:
        note.privileged_at, note.privileged_by = call.now, call.actor.name
    note.save()
    revision = _keep(call, note, key=key)
    told(call, note, **_facts(note, revision), mentions=_mention(call, note, ""))
    return note


@action("notebook.edit", TAKES_PART)
def edit_note(call: Call[Incident], *, note: Note, text: str, title: str | None = None, base: int,
              key: str = "", merging: bool = True) -> Kept:  # fmt: skip
    """Change a note, beginning from revision `base`. What others saved since is merged in, line by line.

    The same text again stores nothing new. `key` names the open editor: what it sent before is not held against it.
    A note that was put away comes back. Without `merging` a newer revision is refused as Stale. Raises Clash where the
    same lines were changed, and Invalid for an unknown revision or a text beyond the limit; then nothing was stored.
    """
    own(call, note)
    key, text = key[:KEY], _text(text)
    if not merging and base != note.revision:
        raise Stale(f"{note.changed_by} saved revision {note.revision} meanwhile; look at it, then repeat your change.")
    old = _begun_with(note, base, key)
    title = old.title if title is None else _title(title, text)
    old_text = old.text if old.sent is None or old.key != key or not key else old.sent
    merged = merge(old_text, note.text, text)
    titles = {note.title, title} - {old.title}
    if merged.clashes or len(titles) > 1:
        raise Clash(note, title, text, merged)
    title = titles.pop() if titles else title
    if merged.text == note.text and title == note.title:
        told(call, note, **_which(note), revision=note.revision, repeated=True)
        return Kept(note, note.revisions.get(number=note.revision), _if_merged(merged))
    before, came_in = note.text, old.number != note.revision
    note.title, note.text = title, _text(merged.text)
    revision = _advance(
        call, note, key=key, based_on=old.number if came_in else None, merged_from=note.revision if came_in else None,
        sent=text if text != note.text else None,
    )  # fmt: skip
    told(call, note, **_facts(note, revision), merged_from=revision.merged_from, mentions=_mention(call, note, before))
    return Kept(note, revision, _if_merged(merged) if came_in else None)


@action("notebook.restore", TAKES_PART)
def restore_note(call: Call[Incident], *, note: Note, number: int, base: int) -> Kept:
    """Bring a former revision's text back, as a new revision. Raises Invalid when somebody saved since `base`."""
    own(call, note)
    wanted = note.revisions.filter(number=number).first()
    if wanted is None:
        raise Invalid(f"{note.label} has no revision {number}.", "number")
    if base != note.revision:
        raise Stale(
            f"{note.changed_by} saved revision {note.revision} while you looked. Look at it first, then bring the "
            "older one back if you still want it: nothing was changed."
        )
    if (wanted.text, wanted.title) == (note.text, note.title):
        raise Invalid(f"{note.label} says that already.")
    before, note.text, note.title = note.text, wanted.text, wanted.title
    revision = _advance(call, note, restored_from=number)
    told(call, note, **_facts(note, revision), restored_from=number, mentions=_mention(call, note, before))
    return Kept(note, revision)


@action("notebook.archive", WORKS)
def archive_note(call: Call[Incident], *, note: Note, away: bool = True) -> None:
    """Put a note away, or take it out again. Nothing of it is deleted. Raises Invalid when it is there already."""
    own(call, note)
    if away == bool(note.archived_at):
        raise Invalid(f"{note.label} is {'put away' if away else 'in the notebook'} already.")
    note.archived_at, note.archived_by = (call.now, call.actor.name) if away else (None, "")
    note.save(update_fields=["archived_at", "archived_by"])
    told(call, note, **_which(note), away=away)


@action("mention.see", EVERYBODY)
def see_mentions(call: Call[Incident], *, note: Note) -> None:
    """Say that one has seen where a note mentions oneself. Raises Invalid when there is nothing new to see."""
    own(call, note)
    unread = note.mentions.filter(seen_at=None)  # the system, which nobody mentions, says it for everybody
    if not (unread if call.actor.is_system else unread.filter(user_id=call.actor.user_id)).update(seen_at=call.now):
        raise Invalid(f"{note.label} holds nothing new that mentions you.")
    told(call, note, **_which(note))


@action("mention.catch_up", system_only)
def catch_up_mentions(call: Call[Incident], *, user: User) -> int:
    """Who comes onto the incident is told of the notes that mention them already; how many those are."""
    found = []
    for note in call.place.notes.filter(archived_at=None, text__contains="@").exclude(mentions__user=user):
        named = who_is(call.place, mentions(note.text))
        if any(user.pk in {u.pk for u in m.users} for m in named):
            found.append(note)
    Mention.objects.bulk_create(
        Mention(note=n, user=user, revision=n.revision, at=call.now, by=n.changed_by) for n in found
    )
    call.record(("user", str(user.pk)), name=str(user), notes=[n.number for n in found])
    return len(found)


def _text(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if (bytes_ := size(text)) > LARGEST:
        raise Invalid(
            f"This note has {bytes_ / 1000:,.0f} kB; a note holds {LARGEST // 1000} kB. Split it in two, or take the "
            "long part into evidence as a file. Nothing was stored yet.", "text",
        )  # fmt: skip
    return text


def _title(title: str, text: str) -> str:
    title = " ".join(title.split())
    if not title:
        first = next((line for line in text.split("\n") if line.strip(" #*->\t")), "")
        title = " ".join(first.strip(" #*->\t").split())[:80]
    if not title:
        raise Invalid("Write a title or a text.", "title")
    if len(title) > 200:
        raise Invalid("A title holds 200 characters; put the rest into the text.", "title")
    return title


def _begun_with(note: Note, base: int, key: str) -> NoteRevision:
    """The revision that an editor began with: the newest that it sent itself, else the one that it says."""
    own = note.revisions.filter(key=key, number__gte=base).last() if key else None
    found = own or note.revisions.filter(number=base).first()
    if found is None:
        raise Invalid(
            f"{note.label} has no revision {base}. Load the page again; your words are not stored yet.", "base"
        )
    return found


def _keep(call: Call[Incident], note: Note, **more: Any) -> NoteRevision:
    return NoteRevision.objects.create(
        note=note, number=note.revision, title=note.title, text=note.text, at=call.now, by=call.actor.name,
        by_id=call.actor.id, sha256=hashlib.sha256(note.text.encode()).hexdigest(), sequence=call.sequence, **more,
    )  # fmt: skip


def _advance(call: Call[Incident], note: Note, **more: Any) -> NoteRevision:
    note.revision += 1
    note.changed_at, note.changed_by, note.changed_by_id = call.now, call.actor.name, call.actor.id
    note.archived_at, note.archived_by = None, ""
    note.save()
    return _keep(call, note, **more)


def _facts(note: Note, revision: NoteRevision) -> dict[str, Any]:
    return _which(note) | {"revision": revision.number, "sha256": revision.sha256, "bytes": size(note.text)}


def _which(note: Note) -> dict[str, Any]:
    known: dict[str, Any] = {"note": note.number, "title": note.title}
    return known | {"privileged": True} if note.privileged else known


def _mention(call: Call[Incident], note: Note, before: str) -> list[dict[str, Any]]:
    """Keep whom the text mentions anew; for the log, each with whether it could be told them."""
    old = {word.casefold() for word in mentions(before)}
    found = who_is(call.place, [w for w in mentions(note.text) if w.casefold() not in old])
    if note.privileged:  # who is not privy is not told: for them there is no such note
        may_know = {u.pk for u in privy_users(call.place)}
        found = [replace(m, users=[u for u in m.users if u.pk in may_know]) for m in found]
    rows = {u.pk: u for m in found for u in m.users if u.pk != call.actor.user_id}
    Mention.objects.bulk_create(
        Mention(note=note, user=user, revision=note.revision, at=call.now, by=call.actor.name) for user in rows.values()
    )
    return [{"name": m.name, "told": bool(m.users)} for m in found if not _is_self(m, call)]


def _is_self(mentioned: Mentioned, call: Call[Incident]) -> bool:
    return [u.pk for u in mentioned.users] == [call.actor.user_id]


def _if_merged(merged: Merge) -> Merge | None:
    return merged if merged.from_them else None
