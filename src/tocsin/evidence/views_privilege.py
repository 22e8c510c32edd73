"""Privileged files: taking them in, reading one, making an item privileged, lifting it. For everybody else: not there."""

from __future__ import annotations

from typing import IO, cast

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.evidence.actions import Intake
from tocsin.evidence.actions.privilege import lift_file_privilege, set_file_privileged, take_privileged_files
from tocsin.evidence.handing_out import content_of
from tocsin.evidence.models import EvidenceItem
from tocsin.evidence.store import put
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent
from tocsin.incidents.queries.privilege import is_privy, seen
from tocsin.people.pages import done


def privileged_item(request: IncidentRequest, number: int) -> EvidenceItem:
    """The privileged item of that number; raises Hidden where there is none, and for who is not privy."""
    rows = seen(request.actor, EvidenceItem.kept.filter(incident=request.incident, privileged=True))
    found: EvidenceItem | None = rows.filter(number=number).first()
    if found is None:
        raise Hidden
    return found


def take(incident: Incident, request: IncidentRequest) -> list[EvidenceItem]:
    """Store what a form sent and take it into custody as privileged."""
    files = request.FILES.getlist("files")
    if not files:
        raise Invalid(_("Choose one or more files."), "files")
    stored = [(f.name or "upload", put(cast("IO[bytes]", f.file), f.name or "upload")) for f in files]
    intakes = [Intake(name, content, _("uploaded")) for name, content in stored]
    return take_privileged_files(request.actor, incident, intakes=intakes, why=sent(request, "why"))


@act_on
def upload(request: IncidentRequest) -> HttpResponse:
    """Take files into custody for counsel and those who are admitted."""
    if not is_privy(request.actor, request.incident):  # before anything is written to the store
        raise Hidden
    made = take(request.incident, request)
    said = _("In custody and privileged: %s") % (", ".join(i.label for i in made) or _("nothing new"))
    return done(request, place(request, "evidence"), said)


@on_incident
def read(request: IncidentRequest, item: int) -> HttpResponseBase:
    """The file itself, to be kept on one's own computer: nothing of it is shown in the page."""
    found = privileged_item(request, item)
    name = found.name.rpartition("/")[2] or found.label
    return FileResponse(content_of(found), as_attachment=True, filename=name, content_type="application/octet-stream")


@act_on
def set_file(request: IncidentRequest, item: int) -> HttpResponse:
    """Make an item privileged."""
    found = EvidenceItem.objects.filter(incident=request.incident, number=item).first()
    if found is None:
        raise Hidden
    set_file_privileged(request.actor, request.incident, item=found, because=sent(request, "because"))
    return done(request, place(request, "evidence"), _("It is privileged now, as %s.") % found.label)


@act_on
def lift_file(request: IncidentRequest, item: int) -> HttpResponse:
    """Open a privileged item to everybody on the incident."""
    found = privileged_item(request, item)
    lift_file_privilege(request.actor, request.incident, item=found, because=sent(request, "because"))
    return done(request, place(request, "evidence"), _("Everybody on the incident sees it now, as %s.") % found.label)
