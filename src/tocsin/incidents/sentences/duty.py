"""Who is on call and who could be reached, told. Only words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import NEW, Payload, Words, because, names, tells, time_word


@tells("rota.read")
def _read(p: Payload, w: Words) -> str:
    if p.get("error"):
        return _("%(who)s could not read the calendar of %(title)s: %(error)s The last good copy stays in use.")
    w["entries"] = int(p.get("entries") or 0)
    return ngettext(
        "%(who)s read the calendar of %(title)s: %(entries)d entry.",
        "%(who)s read the calendar of %(title)s: %(entries)d entries.",
        w["entries"],
    )


@tells("rota.set", NEW)
def _set(p: Payload, w: Words) -> str:
    names(w, [{"name": name} for name in p.get("members", ())], "name", most=5)
    w["days"] = int(p.get("every_days") or 0)
    return ngettext(
        "%(who)s made the rota of %(title)s: %(names)s, handing over every day at %(handover)s (%(zone)s).",
        "%(who)s made the rota of %(title)s: %(names)s, handing over every %(days)d days at %(handover)s (%(zone)s).",
        w["days"],
    )


@tells("rota.end")
def _end(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return _("%(who)s took the rota of %(role)s away.")


@tells("shift.put")
def _put(p: Payload, w: Words) -> str:
    w["starts"], w["ends"] = time_word(p.get("starts_at"), w), time_word(p.get("ends_at"), w)
    return because(p, _("%(who)s put %(member)s on call as %(title)s from %(starts)s until %(ends)s."))


@tells("shift.withdraw")
def _withdraw(p: Payload, w: Words) -> str:
    w["starts"] = time_word(p.get("starts_at"), w)
    return _("%(who)s took back that %(member)s serves as %(role)s from %(starts)s.")


@tells("comcheck.start", NEW)
def _start(p: Payload, w: Words) -> str:
    w["people"], w["closes"] = int(p.get("people") or 0), time_word(p.get("closes_at"), w)
    text = ngettext(
        "%(who)s asked %(people)d person whether they can be reached (Comcheck %(number)s, until %(closes)s).",
        "%(who)s asked %(people)d people whether they can be reached (Comcheck %(number)s, until %(closes)s).",
        w["people"],
    )
    return because(p, text, "reason")


@tells("comcheck.answer")
def _answer(p: Payload, w: Words) -> str:  # noqa: ARG001
    if p.get("late"):
        return _("%(member)s can be reached by %(kind)s, and said so after Comcheck %(number)s was closed.")
    return _("%(member)s can be reached by %(kind)s (Comcheck %(number)s).")


@tells("comcheck.mark")
def _mark(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s reached %(member)s by %(kind)s (Comcheck %(number)s).")


@tells("comcheck.close")
def _close(p: Payload, w: Words) -> str:
    w["people"] = int(p.get("people") or 0)
    text = ngettext(
        "Comcheck %(number)s is closed: %(reached)s of %(people)d person could be reached.",
        "Comcheck %(number)s is closed: %(reached)s of %(people)d people could be reached.",
        w["people"],
    )
    if silent := p.get("silent"):
        names(w, [{"name": name} for name in silent], "name", most=5)
        text += " " + _("Not reached: %(names)s.")
    return text
