"""Situation reports and hand-overs, told."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.incidents.sentences.telling import DECISION, LATE, Payload, Words, tells, time_word


@tells("situation.write", DECISION)
def _write(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    if p.get("repeated"):
        return _("%(who)s sent situation report %(report)s again; it stands as it was.")
    return _("%(who)s wrote situation report %(report)s: %(conditions)s")


@tells("situation.overdue", LATE)
def _overdue(p: Payload, w: Words) -> str:
    w["due"] = time_word(p.get("due_at"), w)
    return _("The next situation report is late; it was due %(due)s.")


@tells("situation.hand_over", DECISION)
def _hand_over(p: Payload, w: Words) -> str:
    if p.get("repeated"):
        return _("%(who)s sent the hand-over note again; it stands as it was.")
    if not p.get("before"):
        w["before"] = _("nobody")
    return _("%(who)s wrote the hand-over note for %(title)s, from %(before)s to %(holder)s.")


@tells("situation.acknowledge")
def _acknowledge(p: Payload, w: Words) -> str:  # noqa: ARG001
    return _("%(who)s read the hand-over note and has taken over %(title)s.")
