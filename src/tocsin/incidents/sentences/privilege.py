"""Privilege, told: one line for everybody, and what the sealed entries say for those who are privy."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.incidents.sentences.telling import NEW, Payload, Words, because, names, tells


@tells("privilege.entry")
def _sealed(p: Payload, w: Words) -> str:  # noqa: ARG001  every teller is called alike
    return _("Something privileged was recorded.")


@tells("privilege.admit")
def _admit(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s admitted %(name)s to what is privileged."))


@tells("privilege.dismiss")
def _dismiss(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s ended the admission of %(name)s to what is privileged."))


@tells("privilege.set_note")
def _set_note(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s made the note %(was)s, “%(title)s”, privileged: PN-%(note)s now."))


@tells("privilege.lift_note")
def _lift_note(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s lifted the privilege of a note: it is N-%(note)s, “%(title)s”."))


@tells("privilege.set_file")
def _set_file(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s made %(was)s, “%(name)s”, privileged: %(item)s now."))


@tells("privilege.lift_file")
def _lift_file(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s lifted the privilege of a file: it is %(item)s, “%(name)s”."))


@tells("privilege.take_files", NEW)
def _take_files(p: Payload, w: Words) -> str:
    names(w, p.get("items") or [], "item")
    return _("%(who)s took privileged files into custody: %(names)s.")


@tells("hr_track.open")
def _hr_track(p: Payload, w: Words) -> str:  # noqa: ARG001
    return because(p, _("%(who)s opened the HR track %(number)s."))
