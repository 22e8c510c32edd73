"""Copies that were taken for bad days, told. Only words: nothing is imported from the rooms above."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.sentences.telling import NEW, Payload, Words, tells


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
