"""Who hears: each audience with whom it reaches, and lists that are pasted or uploaded."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.comms import actions
from tocsin.comms.actions.writing import PUBLIC
from tocsin.comms.lists import LARGEST, Listed, read_list
from tocsin.comms.models import Audience
from tocsin.comms.models.audiences import KIND_WORDS
from tocsin.comms.pages import my_part
from tocsin.comms.queries import Reach, reach_of
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent, sent_number
from tocsin.people.pages import done
from tocsin.plan.comms_models import Approvals, AudienceKind, usual

SHOWN, SHOWN_FAULTS = 12, 200


def _all(request: IncidentRequest) -> list[tuple[Audience, Reach, Approvals]]:
    """The incident's audiences and those of its plan that nobody used yet, in the plan's order, then the others."""
    incident, plan = request.incident, request.incident.plan_version.plan
    own = {a.key: a for a in incident.audiences.all()}
    rows = [
        own.get(key) or Audience(pk=0, incident=incident, key=key, title=planned.title, kind=planned.kind)
        for key, planned in plan.audiences.items()
    ]  # pk 0: no row has it, so the list of one that nobody used yet is empty
    rows += [row for key, row in own.items() if key not in plan.audiences and key != PUBLIC]
    found = []
    for row in rows:
        row.incident = incident
        known = plan.audiences.get(row.key)
        found.append((row, reach_of(row), (known and known.approvals) or usual(AudienceKind(row.kind))))
    return found


@on_incident
def audiences(request: IncidentRequest) -> HttpResponse:
    """Every audience with whom it reaches. Names and addresses only for those with a part in all messages."""
    part = my_part(request)
    context = {"part": part, "audiences": _all(request) if part.works else [], "shown": SHOWN, "kinds": KIND_WORDS.items(),
               "channels": sorted(settings.LIST_CHANNELS)}  # fmt: skip
    return render(request, "comms/audiences.html", context)


@act_on
def add(request: IncidentRequest) -> HttpResponse:
    """Add an audience that the plan does not know."""
    made = actions.add_audience(
        request.actor, request.incident, title=sent(request, "title"), kind=sent(request, "kind")
    )
    return done(request, place(request, "audiences"), _("%s is an audience now.") % made.title)


@act_on
def fill(request: IncidentRequest) -> HttpResponse:
    """Look at a pasted or uploaded list, line by line; store it when nothing is wrong, or when the person says so."""
    if not my_part(request).whole:
        raise Hidden
    key, text = sent(request, "audience"), _text(request)
    listed = read_list(text, settings.LIST_CHANNELS)
    if not listed.rows and not listed.faults:
        raise Invalid(_("The list is empty."), "list")
    if (listed.faults and sent(request, "leave_out") != "on") or not listed.rows:
        return _faults(request, key, text, listed)
    held = actions.fill_audience(request.actor, request.incident, audience=key, rows=listed.rows,
                                 refused=len(listed.faults), revision=sent_number(request, "revision"))  # fmt: skip
    n = held.recipients.count()
    said = ngettext("%(title)s has a list of %(n)d recipient.", "%(title)s has a list of %(n)d recipients.", n)
    said = said % {"title": held.title, "n": n}
    if listed.repeated:
        said += " " + _("Repeated addresses were folded: %d.") % len(listed.repeated)
    if listed.faults:
        said += " " + _("Lines left out: %d.") % len(listed.faults)
    return done(request, place(request, "audiences"), said)


def _text(request: IncidentRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("list", "")
    if file.size is None or file.size > LARGEST:
        raise Invalid(_("The file is larger than %d MB; split it.") % (LARGEST // 1_000_000), "file")
    content: bytes = file.read()
    for coding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise Invalid(_("The file is no text; save it as CSV."), "file")


def _faults(request: IncidentRequest, key: str, text: str, listed: Listed) -> HttpResponse:
    context = {"key": key, "text": text, "listed": listed, "faults": listed.faults[:SHOWN_FAULTS],
               "more": len(listed.faults) - SHOWN_FAULTS, "revision": sent(request, "revision")}  # fmt: skip
    return render(request, "comms/list_faults.html", context, status=422)
