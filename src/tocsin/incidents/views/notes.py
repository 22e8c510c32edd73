"""The notebook: reading notes, writing them beside others, what they were before, and who was mentioned."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.cache import caches
from django.core.paginator import Paginator
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.actions.notes import Clash, Kept
from tocsin.incidents.merging import compared
from tocsin.incidents.models import Note, NoteRevision
from tocsin.incidents.notes import LARGEST, html_of, mentions, part
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, people_of, place, sent, sent_number
from tocsin.incidents.queries import notes as queries
from tocsin.incidents.queries.privilege import is_counsel, is_privy, note_called, privileged_notes, privy_users
from tocsin.people.models import User
from tocsin.people.pages import asked_number, done

PAGE, MOST_ROWS = 50, 1500
WRITES = 45
"""Seconds for which an open editor counts as somebody writing; it says so again every 20."""


def _note(request: IncidentRequest, slug: str) -> Note:
    found = note_called(request.actor, request.incident, slug)
    if found is None:
        raise Hidden
    return found


@on_incident
def notebook(request: IncidentRequest) -> HttpResponse:
    """The notes of the incident, last changed first; `?away=1` those put away."""
    away = bool(asked(request, "away"))
    page = Paginator(queries.notebook(request.incident, archived=away), PAGE).get_page(request.GET.get("page"))
    privy = is_privy(request.actor, request.incident)
    unread = set(
        queries.mentions_of(request.user).filter(note__incident=request.incident).values_list("note_id", flat=True)
    )
    context = {"page": page, "away": away, "unread": unread, "privy": privy,
               "privileged": privileged_notes(request.actor, request.incident, archived=away) if privy else (),
               "away_count": queries.notebook(request.incident, archived=True).count()}  # fmt: skip
    return render(request, "incidents/notes.html", context)


@on_incident
def note(request: IncidentRequest, note: str) -> HttpResponse:
    """One note, read; a large one in parts. `?revision=` shows it as it was."""
    row = _note(request, note)
    was = row.revisions.filter(number=asked_number(request, "revision") or 0).first()
    whole = (was or row).text
    first, _newline, rest = whole.partition("\n")
    if first.startswith("#") and first.strip("# \t") == (was or row).title:  # the title stands above it already
        whole = rest
    text, parts = part(whole, number := asked_number(request, "part") or 1)
    named = _named(request, row)
    context = {
        "note": row, "was": was, "part": min(max(number, 1), parts), "parts": range(1, parts + 1),
        "html": html_of(text, queries.links_of(request.incident, text), [m.word for m in named]),
        "not_told": [m for m in named if not m.users],
        "mentioned": row.mentions.filter(user=request.user, seen_at=None).last(),
        "counsel": is_counsel(request.actor, request.incident), "writing": _others(request, row),
        "last": row.revisions.defer("text", "sent").get(number=row.revision),
    }  # fmt: skip
    return render(request, "incidents/note.html", context)


@on_incident
def new(request: IncidentRequest) -> HttpResponse:
    """An empty page to write on; `?privileged=1` for a privileged note, for those who are privy."""
    wanted = bool(asked(request, "privileged"))
    if wanted and not is_privy(request.actor, request.incident):
        raise Hidden
    return _editor(request, None, title="", text="", base=0, privileged=wanted)


@on_incident
def edit(request: IncidentRequest, note: str) -> HttpResponse:
    """The editor of a note."""
    row = _note(request, note)
    return _editor(request, row, title=row.title, text=row.text, base=row.revision)


def _editor(request: IncidentRequest, row: Note | None, *, status: int = 200, **shown: Any) -> HttpResponse:
    privileged = row.privileged if row else bool(shown.get("privileged"))
    slug = row.slug if row else "new-p" if privileged else "new"
    people = _people(request, privy_users(request.incident) if privileged else queries.on_it(request.incident),
                     others=not privileged)  # fmt: skip
    context = {
        "note": row, "people": people, "limit": LARGEST, "others": _others(request, row) if row else [],
        "key": sent(request, "key") or uuid4().hex, "user_id": str(request.user.pk),
        "draft": f"tocsin-note:{request.user.pk}:{request.incident.pk}:{slug}", **shown,
    }  # fmt: skip
    return render(request, "incidents/note_edit.html", context, status=status)


def _named(request: IncidentRequest, row: Note) -> list[queries.Mentioned]:
    """Whom the note mentions; of a privileged one nobody else can be told, and the page says of none that they were not."""
    found = queries.who_is(request.incident, mentions(row.text))
    return [m for m in found if m.users] if row.privileged else found


def _people(request: IncidentRequest, here: list[User], *, others: bool = True) -> list[dict[str, Any]]:
    """Whom the editor offers after an @: those on the incident, then, to people of the house, the plan's others. Of a
    privileged note those who are privy alone.
    """
    on_it = {u.pk for u in here}
    members = people_of(request.incident) if request.of_the_house else []
    keys = {m.user_id: m.key for m in members if m.user_id}
    rows = [{"key": keys.get(u.pk, ""), "name": str(u), "here": True} for u in here if u.pk != request.user.pk]
    more = [m for m in members if m.user_id not in on_it] if others else []
    return rows + [{"key": m.key, "name": m.name, "here": False} for m in more]


@act_on
def create(request: IncidentRequest) -> HttpResponse:
    """Begin a note. The same page sent twice makes one."""
    title, text, key = sent(request, "title"), request.POST.get("text", ""), sent(request, "key")
    made = actions.create_note(
        request.actor,
        request.incident,
        title=title,
        text=text,
        key=key,
        privileged=sent(request, "privileged") == "yes",
    )
    first = made.revisions.get(number=1)
    if key and (first.text != text.replace("\r\n", "\n") or (title and made.title != title)):
        # The page was sent before, its answer was lost, and somebody wrote on: that is a change of the note it made.
        return _save(request, made, base=1, title=title, text=text, key="")
    return _answer(request, Kept(made, first))


@act_on
def save(request: IncidentRequest, note: str) -> HttpResponse:
    """Store what the editor holds, merged with what others stored since it was opened."""
    base = sent_number(request, "base")
    if base is None:
        raise Invalid(_("The page did not say which revision you began with. Load it again."), "base")
    return _save(request, _note(request, note), base=base, title=sent(request, "title"), text=request.POST.get("text", ""),
                 key=sent(request, "key"))  # fmt: skip


def _save(request: IncidentRequest, row: Note, *, base: int, title: str, text: str, key: str) -> HttpResponse:
    try:
        kept = actions.edit_note(request.actor, request.incident, note=row, text=text, title=title, base=base, key=key)
    except Clash as clash:
        return _to_settle(request, clash)
    return _answer(request, kept)


def _answer(request: IncidentRequest, kept: Kept) -> HttpResponse:
    row, revision = kept.note, kept.revision
    said = _("Saved as revision %d.") % revision.number
    if kept.merged:
        count = sum(max(len(p.theirs), 1) for p in kept.merged.from_them)
        said += " " + ngettext(
            "%d line from others was merged in.", "%d lines from others were merged in.", count
        ) % count  # fmt: skip
    url = reverse("notebook-note", args=[request.incident.number, row.slug])
    if "X-Editor" not in request.headers:
        if kept.merged:
            url += f"?merged={revision.number}"
        return done(request, url, said)
    away = [m.name for m in _named(request, row) if not m.users]
    merged = {"merged": kept.merged, "note": row, "revision": revision}
    return JsonResponse({
        "state": "saved", "revision": row.revision, "title": row.title, "text": row.text,
        "at": date_format(timezone.localtime(row.changed_at), "H:i T"), "said": said, "url": url,
        "save": reverse("notebook-save", args=[request.incident.number, row.slug]),
        "now": reverse("notebook-now", args=[request.incident.number, row.slug]), "not_told": away,
        "html": render_to_string("incidents/_note_merged.html", merged, request) if kept.merged else "",
    })  # fmt: skip


def _to_settle(request: IncidentRequest, clash: Clash) -> HttpResponse:
    """Both versions side by side, and the merged text with both in it. Nothing was stored."""
    shown = {"clash": clash, "note": clash.note}
    if "X-Editor" in request.headers:
        html = render_to_string("incidents/_note_clash.html", shown, request)
        answer = {"state": "clash", "revision": clash.note.revision, "text": clash.merged.text, "title": clash.title,
                  "said": str(clash), "html": html}  # fmt: skip
        return JsonResponse(answer, status=422)
    return _editor(
        request,
        clash.note,
        status=422,
        clash=clash,
        title=clash.title,
        text=clash.merged.text,
        base=clash.note.revision,
    )


@on_incident
def now(request: IncidentRequest, note: str) -> HttpResponse:
    """What an open editor asks: the note's revision, its text if that is newer than `have`, and who else writes.

    With `writing` the asker counts as somebody who writes; kept for seconds, and no matter of the log.
    """
    row = _note(request, note)
    if asked(request, "writing"):
        shared, key = caches["shared"], f"writing:{row.pk}"
        at = request.now.timestamp()
        writing: dict[str, tuple[str, float]] = shared.get(key) or {}
        fresh = {u: w for u, w in writing.items() if abs(at - w[1]) < WRITES}
        shared.set(key, fresh | {str(request.user.pk): (str(request.user), at)}, WRITES)
    newer = row.revision != asked_number(request, "have")
    answer = {"revision": row.revision, "by": row.changed_by, "at": row.changed_at.isoformat(),
              "others": _others(request, row), "mine": row.changed_by_id == str(request.user.pk)}  # fmt: skip
    return JsonResponse(answer | ({"title": row.title, "text": row.text} if newer else {}))


def _others(request: IncidentRequest, row: Note) -> list[str]:
    """Who else has this note open for writing."""
    writing: dict[str, tuple[str, float]] = caches["shared"].get(f"writing:{row.pk}") or {}
    at = request.now.timestamp()
    return sorted(name for user, (name, since) in writing.items()
                  if user != str(request.user.pk) and abs(at - since) < WRITES)  # fmt: skip


@on_incident
def history(request: IncidentRequest, note: str) -> HttpResponse:
    """The revisions, newest first, and what one of them changed: `?revision=`, against the one before or `?against=`."""
    row = _note(request, note)
    revisions = row.revisions.defer("text", "sent").order_by("-number")
    chosen = _revision(row, asked_number(request, "revision") or row.revision)
    against = asked_number(request, "against") or chosen.number - 1
    before = row.revisions.filter(number=against).first()
    rows = compared(before.text if before else "", chosen.text)
    page = Paginator(revisions, PAGE).get_page(request.GET.get("page"))
    context = {"note": row, "page": page, "chosen": chosen, "before": before, "rows": rows[:MOST_ROWS],
               "left_out": max(0, len(rows) - MOST_ROWS)}  # fmt: skip
    return render(request, "incidents/note_history.html", context)


def _revision(row: Note, number: int) -> NoteRevision:
    found = row.revisions.filter(number=number).first()
    if found is None:
        raise Hidden
    return found


@act_on
def restore(request: IncidentRequest, note: str) -> HttpResponse:
    """Bring a former revision back, as a new one."""
    row, number = _note(request, note), sent_number(request, "number") or 0
    kept = actions.restore_note(
        request.actor, request.incident, note=row, number=number, base=sent_number(request, "base") or 0
    )
    said = _("Revision %(old)d is back, as revision %(new)d.") % {"old": number, "new": kept.revision.number}
    return done(request, place(request, "notebook-note", row.slug), said)


@act_on
def archive(request: IncidentRequest, note: str) -> HttpResponse:
    """Put a note away, or take it out again."""
    row, away = _note(request, note), sent(request, "away") == "yes"
    actions.archive_note(request.actor, request.incident, note=row, away=away)
    said = _("%s is put away. Nothing of it is deleted.") if away else _("%s is in the notebook again.")
    return done(request, place(request, "notebook-note", row.slug), said % row.label)


@act_on
def seen(request: IncidentRequest, note: str) -> HttpResponse:
    """Say that one has seen where the note mentions oneself."""
    row = _note(request, note)
    actions.see_mentions(request.actor, request.incident, note=row)
    if "X-Editor" in request.headers:
        return HttpResponse(status=204)
    return redirect(place(request, "notebook-note", row.slug))
