"""Duties to notify, told: what changed and why, counsel's word, what was filed and held back. Only words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import CLOCK, DECISION, LATE, Payload, Words, because, names, tells, time_word


@tells("duties.recompute", CLOCK)
def _recompute(p: Payload, w: Words) -> str:
    parts = []
    for verdict, text in (
        ("may_apply", _("May apply now: %(names)s.")),
        ("cannot_tell", _("Nobody can tell any more: %(names)s.")),
        ("does_not_apply", _("Does not apply: %(names)s.")),
        ("not_in_force", _("Not in force: %(names)s.")),
    ):
        rows = [d for d in p.get("duties", []) if d.get("verdict") == verdict]
        if rows:
            names(w, rows, "name")
            parts.append(text % w)
    if moved := [c for c in p.get("clocks", []) if c.get("before")]:
        w["count"] = len(moved)
        parts.append(ngettext("%(count)d clock was set anew.", "%(count)d clocks were set anew.", len(moved)) % w)
    if lost := p.get("lost", []):
        names(w, lost, "name")
        parts.append(_("Notices were filed that rest on facts which were withdrawn: %(names)s.") % w)
    # The parts are filled in already: a percent sign in a name must not be read as a placeholder.
    w["parts"] = " ".join(parts)
    return _("%(who)s worked out the duties to notify, because %(because)s. %(parts)s")


def _about(p: Payload) -> str:
    return _("%(name)s, %(stage)s") if p.get("stage") else "%(name)s"


@tells("duty.confirm", DECISION)
def _confirm(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return because(p, _("%(who)s confirmed that this has to be notified: ") + _about(p) + ".", "reason")


@tells("duty.reject", DECISION)
def _reject(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s ruled that this is not notified: ") + _about(p) + ".", "reason")


@tells("duty.file", CLOCK)
def _file(p: Payload, w: Words) -> str:
    w["at"] = time_word(p.get("at"), w)
    text = _("%(who)s recorded a notice as filed on %(at)s by %(channel)s: %(name)s, %(stage)s.")
    if p.get("reference"):
        text += _(" Reference: %(reference)s.")
    if not p.get("first", True):
        text += _(" It was filed before; this is an addition.")
    elif p.get("late"):
        w["due_at"] = time_word(p.get("due_at"), w)
        text += _(" It was due on %(due_at)s.")
    return because(p, text, "delay_reason")


@tells("duty.strike", DECISION)
def _strike(p: Payload, w: Words) -> str:
    w["at"] = time_word(p.get("at"), w)
    text = _("%(who)s struck a filing of %(at)s by %(channel)s: %(name)s, %(stage)s.")
    if p.get("instead"):
        w["instead"] = time_word(p["instead"], w)
        text += _(" The filing of %(instead)s counts instead.")
    elif p.get("counted"):
        text += _(" The stage is open again.")
    return because(p, text, "reason")


@tells("duty.delay", CLOCK)
def _delay(p: Payload, w: Words) -> str:
    w["until"] = time_word(p.get("until"), w)
    w["stages"] = len(p.get("stages", []))
    return ngettext(
        "%(who)s held %(stages)d notice of %(name)s back until %(until)s: asked by %(asked_by)s, %(reference)s.",
        "%(who)s held %(stages)d notices of %(name)s back until %(until)s: asked by %(asked_by)s, %(reference)s.",
        w["stages"],
    )


@tells("duty.overdue", LATE)
def _overdue(p: Payload, w: Words) -> str:
    w["due_at"] = time_word(p.get("due_at"), w)
    return _("Nothing was filed by %(due_at)s: %(name)s, %(stage)s.")


@tells("duties.carry", CLOCK)
def _carry(p: Payload, w: Words) -> str:
    names(w, p.get("duties", []), "name")
    return _("What the merged incident had filed, held back and ruled on counts here too: %(names)s.")


@tells("notice.draft", CLOCK)
def _draft(p: Payload, w: Words) -> str:
    text = _("%(who)s drafted notice N-%(number)s from the facts: %(name)s, %(stage)s.")
    if missing := p.get("missing"):
        w["gaps"] = len(missing)
        return text + ngettext(" %(gaps)d thing is missing.", " %(gaps)d things are missing.", w["gaps"])
    return text


@tells("notice.edit")
def _edit(p: Payload, w: Words) -> str:
    rows = [{"heading": h} for key in ("sections", "taken", "kept") for h in p.get(key, [])]
    names(w, rows, "heading")
    return _("%(who)s changed notice N-%(number)s: %(names)s.")


@tells("notice.finish", DECISION)
def _finish(p: Payload, w: Words) -> str:
    text = _("%(who)s finished notice N-%(number)s: %(name)s, %(stage)s.")
    if p.get("open"):
        names(w, [{"open": one} for one in p["open"]], "open", most=5)
        text += _(" It goes out although: %(names)s.")
    return because(p, text, "reason")
