"""Privilege: who sees what is privileged here, admitting people, setting and lifting it, and what the log seals."""

from __future__ import annotations

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent
from tocsin.incidents.queries import privilege as queries
from tocsin.incidents.queries.notes import on_it
from tocsin.people.pages import done

PAGE = 50


@on_incident
def privilege(request: IncidentRequest) -> HttpResponse:
    """Counsel, whom counsel admitted, and the sealed entries opened. For everybody else there is no such page."""
    actor, incident = request.actor, request.incident
    if not queries.is_privy(actor, incident):
        raise Hidden
    counsel = queries.counsel_of(incident)
    admitted = list(queries.admitted(incident))
    inside = {seat.user_id for seat in counsel} | {a.user_id for a in admitted}
    page = Paginator(queries.sealed_of(actor, incident), PAGE).get_page(request.GET.get("page"))
    context = {
        "counsel": counsel, "admitted": admitted, "is_counsel": queries.is_counsel(actor, incident), "page": page,
        "others": [u for u in on_it(incident) if u.pk not in inside],
        "entries": [queries.opened(sealed) for sealed in page],
    }  # fmt: skip
    return render(request, "incidents/privilege.html", context)


def _person(request: IncidentRequest) -> UUID:
    try:
        return UUID(sent(request, "user"))
    except ValueError:
        raise Invalid(_("Choose a person from the list."), "user") from None


@act_on
def admit(request: IncidentRequest) -> HttpResponse:
    """Admit somebody to what is privileged."""
    because = sent(request, "because")
    made = actions.admit_to_privilege(request.actor, request.incident, user_id=_person(request), because=because)
    return done(request, place(request, "privilege"), _("%s sees what is privileged here now.") % made.user)


@act_on
def dismiss(request: IncidentRequest) -> HttpResponse:
    """End somebody's admission."""
    because = sent(request, "because")
    actions.dismiss_from_privilege(request.actor, request.incident, user_id=_person(request), because=because)
    return done(request, place(request, "privilege"), _("For them there is nothing privileged here any more."))


@act_on
def set_note(request: IncidentRequest, note: str) -> HttpResponse:
    """Make a note privileged."""
    row = queries.note_called(request.actor, request.incident, note)
    if row is None:
        raise Hidden
    actions.set_note_privileged(request.actor, request.incident, note=row, because=sent(request, "because"))
    return done(request, place(request, "notebook-note", row.slug), _("It is privileged now, as %s.") % row.label)


@act_on
def lift_note(request: IncidentRequest, note: str) -> HttpResponse:
    """Open a privileged note to everybody on the incident."""
    row = queries.note_called(request.actor, request.incident, note)
    if row is None:
        raise Hidden
    actions.lift_note_privilege(request.actor, request.incident, note=row, because=sent(request, "because"))
    said = _("Everybody on the incident can read it now, as %s.") % row.label
    return done(request, place(request, "notebook-note", row.slug), said)
