"""Notes and mentions, told."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import NEW, Payload, Words, names, tells


def _labelled(p: Payload, w: Words) -> None:
    w["label"] = f"{'PN' if p.get('privileged') else 'N'}-{w['note']}"


def _with_mentions(p: Payload, w: Words, text: str) -> str:
    told = [m for m in p.get("mentions") or [] if m.get("told")]
    if told:
        names(w, told, "name")
        text += " " + _("It mentions %(names)s.")
    return text


@tells("notebook.create", NEW)
def _create(p: Payload, w: Words) -> str:
    _labelled(p, w)
    if p.get("repeated"):
        return _("%(who)s sent the note %(label)s again; it stands as it was.")
    return _with_mentions(p, w, _("%(who)s began the note %(label)s, “%(title)s”."))


@tells("notebook.edit")
def _edit(p: Payload, w: Words) -> str:
    _labelled(p, w)
    if p.get("repeated"):
        return _("%(who)s sent the note %(label)s again; it says that already.")
    if p.get("merged_from"):
        text = _("%(who)s changed the note %(label)s, “%(title)s”: revision %(revision)s, merged with %(merged_from)s.")
    else:
        text = _("%(who)s changed the note %(label)s, “%(title)s”: revision %(revision)s.")
    return _with_mentions(p, w, text)


@tells("notebook.restore")
def _restore(p: Payload, w: Words) -> str:
    _labelled(p, w)
    text = _("%(who)s brought revision %(restored_from)s of the note %(label)s back, as revision %(revision)s.")
    return _with_mentions(p, w, text)


@tells("notebook.archive")
def _archive(p: Payload, w: Words) -> str:
    _labelled(p, w)
    if p.get("away"):
        return _("%(who)s put the note %(label)s, “%(title)s”, away.")
    return _("%(who)s took the note %(label)s, “%(title)s”, out again.")


@tells("mention.see")
def _see(p: Payload, w: Words) -> str:
    _labelled(p, w)
    return _("%(who)s has seen that the note %(label)s mentions them.")


@tells("mention.catch_up")
def _catch_up(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("notes") or [])
    return ngettext(
        "Already mentioned %(person)s: %(count)d note.", "Already mentioned %(person)s: %(count)d notes.", w["count"]
    )
