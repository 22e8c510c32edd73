"""Calling people for a seat, told."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.incidents.sentences.telling import LATE, NEW, Payload, Words, because, names, tells, time_word
from tocsin.people.models import Via


@tells("paging.start")
def _start(p: Payload, w: Words) -> str:
    text = _("%(who)s calls for the role %(title)s: %(reason)s.")
    if p.get("unreachable"):
        names(w, [{"name": n} for n in p["unreachable"]], "name")
        text += " " + _("Nobody can reach, because the plan has no contact method: %(names)s.")
    return text


@tells("paging.call")
def _call(p: Payload, w: Words) -> str:
    w["by"] = time_word(p.get("answer_by"), w)
    if p.get("passed") and p.get("declined"):
        text = _("%(passed)s cannot come as %(title)s. %(holder)s is called (%(why)s).")
    elif p.get("passed"):
        text = _("%(passed)s did not answer as %(title)s. %(holder)s is called (%(why)s).")
    elif p.get("round"):
        text = _("%(holder)s is called again as %(title)s.")
    else:
        text = _("%(holder)s is called as %(title)s (%(why)s).")
    if p.get("sent"):
        text += " " + _("A message went out by %(sent)s; an answer is awaited until %(by)s.")
    if p.get("by_hand"):
        w["hand"] = ", ".join(p["by_hand"])
        text += " " + _("To ring by hand: %(hand)s.")
    return text


@tells("paging.answer", NEW)
def _answer(p: Payload, w: Words) -> str:
    w["via"] = str(Via(p["via"]).label) if p.get("via") in set(Via) else "?"
    if not p.get("yes"):
        return _("%(holder)s cannot come as %(title)s (%(via)s).")
    if p.get("late"):
        return _("%(holder)s answered as %(title)s too (%(via)s); %(taken_by)s has it already.")
    if not p.get("seat", True):
        return _("%(holder)s sees to the role %(title)s (%(via)s).")
    if p.get("via") == Via.VOICE:
        return _("%(who)s reached %(holder)s by voice, who answered as %(title)s.")
    return _("%(holder)s answered as %(title)s (%(via)s).")


@tells("paging.unanswered", LATE)
def _unanswered(p: Payload, w: Words) -> str:
    names(w, [{"name": n} for n in p.get("people", [])], "name")
    return _("Nobody answered as %(title)s, and nobody is left to call. Called were: %(names)s.")


@tells("paging.cancel")
def _cancel(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return because(p, _("%(who)s called off the call for %(title)s."))
