"""How incidents end and belong together, told. Nothing here names an incident that a reader may not know of."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.models import Outcome
from tocsin.incidents.sentences.telling import CLOCK, NEW, Payload, Words, because, names, phase_word, tells


@tells("incident.close", NEW)
def _close(p: Payload, w: Words) -> str:
    w["outcome"] = _outcome(p.get("outcome", ""))
    text = _("%(who)s closed the incident: %(outcome)s.")
    if p.get("left_open"):
        w["count"] = len(p.get("tasks", [])) + len(p.get("decisions", []))
        text += " " + ngettext(
            "%(count)d thing stays open (%(left_open)s).", "%(count)d things stay open (%(left_open)s).", w["count"]
        )
    return because(p, text, "reason")


def _outcome(value: str) -> str:
    return str(Outcome(value).label).lower() if value in set(Outcome) else "?"


@tells("incident.reopen", NEW)
def _reopen(p: Payload, w: Words) -> str:
    w["phase"] = phase_word(p.get("phase", ""))
    if "parted" in p:
        return because(p, _("%(who)s re-opened the incident and parted it from the one it was merged into."), "reason")
    return because(p, _("%(who)s re-opened the incident; it is in phase %(phase)s again."), "reason")


@tells("incident.merge", NEW)
def _merge(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("tasks", [])) + len(p.get("decisions", []))
    text = _("%(who)s closed this incident as part of another, where its work goes on.")
    if w["count"]:
        text += " " + ngettext(
            "%(count)d open task or question moved there.",
            "%(count)d open tasks and questions moved there.",
            w["count"],
        )
    return because(p, text, "reason")


@tells("incident.receive", NEW)
def _receive(p: Payload, w: Words) -> str:
    w["tasks"], w["decisions"] = len(p.get("tasks", [])), len(p.get("decisions", []))
    w["findings"], w["scope"] = len(p.get("findings", [])), len(p.get("scope", []))
    counts = _("tasks %(tasks)d, questions %(decisions)d, findings %(findings)d, scope entries %(scope)d")
    if p.get("label"):
        return _("%(who)s took in %(label)s: ") + counts + "."
    return _("%(who)s brought along what was recorded before: ") + counts + "."


@tells("incident.hand_out")
def _hand_out(p: Payload, w: Words) -> str:
    rows = [{"label": f"T-{n}"} for n in p.get("tasks", [])] + [{"label": f"D-{n}"} for n in p.get("decisions", [])]
    names(w, rows, "label", most=6)
    return because(p, _("%(who)s moved out of this incident: %(names)s."), "reason")


@tells("incident.give_back")
def _give_back(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("tasks", [])) + len(p.get("decisions", []))
    return ngettext(
        "%(label)s stands alone again; %(count)d task or question went back to it.",
        "%(label)s stands alone again; %(count)d tasks and questions went back to it.",
        w["count"],
    )


@tells("incident.adopt")
def _adopt(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return because(p, _("%(who)s put an incident under another."), "reason")


@tells("incident.release")
def _release(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s took an incident out from under another."), "reason")


@tells("clocks.carry", CLOCK)
def _carry(p: Payload, w: Words) -> str:
    names(w, p.get("clocks", []), "title")
    return _("Duties of the merged incident go on here, on the clocks that ran: %(names)s.")
