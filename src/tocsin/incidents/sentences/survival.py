"""Copies that were taken for bad days and packets for others, told. Only words: nothing is imported from the rooms above."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import NEW, Payload, Words, names, tells


@tells("survival.export", NEW)
def _export(p: Payload, w: Words) -> str:
    w["count"] = len(p.get("incidents", ()))
    if not w["count"]:
        return _("%(who)s took an encrypted copy of the plan and the war-book: %(file)s.")
    return ngettext(
        "%(who)s took an encrypted copy of the plan, the war-book and %(count)d incident: %(file)s.",
        "%(who)s took an encrypted copy of the plan, the war-book and %(count)d incidents: %(file)s.",
        w["count"],
    )


@tells("survival.carry", NEW)
def _carry(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    w["short"] = str(w["sha256"])[:12]
    return _("%(by)s took an encrypted copy of this incident along (SHA-256 %(short)s…).")


@tells("referral.make", NEW)
def _refer(p: Payload, w: Words) -> str:
    w["short"] = str(w["sha256"])[:12]
    if p.get("to") == "counsel":
        text = _("%(who)s made a packet for counsel: %(recipient)s (SHA-256 %(short)s…).")
    else:
        text = _("%(who)s made a packet for law enforcement: %(recipient)s (SHA-256 %(short)s…).")
    if items := p.get("items"):
        names(w, [{"name": item} for item in items], "name", most=5)
        text += " " + _("With the contents of %(names)s.")
    return text
