"""What leaves the building on paper: a notice as PDF, and the referral packet."""

from __future__ import annotations

from dataclasses import asdict

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.disclosure.models import Notice
from tocsin.disclosure.notices.text import page_of
from tocsin.disclosure.views_notices import as_file, notice_called
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, sent
from tocsin.incidents.queries.privilege import is_privy
from tocsin.people.pages import whole_number
from tocsin.reports.pdf import typeset
from tocsin.reports.referral import Packet, Wanted, make_referral


@on_incident
def notice_pdf(request: IncidentRequest, notice: int) -> HttpResponse:
    """The notice as PDF, to keep. Raises PdfError when it cannot be made."""
    found = notice_called(request.incident, notice)
    return as_file(printed_notice(found), "application/pdf", found, "pdf")


def printed_notice(notice: Notice) -> bytes:
    """The notice as PDF, with its marks on every page; of a final one its kept sections. Raises PdfError."""
    page = page_of(notice)
    return typeset("notice.typ", asdict(page) | {"made": page.made.isoformat()}, page.made)


@on_incident
def referral(request: IncidentRequest) -> HttpResponse:
    """What a packet would hold, for who may make one."""
    if not request.can["referral_make"]:
        raise Hidden
    context = {
        "items": request.incident.evidence.all(),
        "may_transfer": request.can["evidence_transfer"],
        "privy": is_privy(request.actor, request.incident),
    }
    return render(request, "reports/referral.html", context)


@act_on
def make(request: IncidentRequest) -> FileResponse:
    """Make the packet and hand it out."""
    numbers = [whole_number(text) for text in request.POST.getlist("item")]
    if None in numbers:
        raise Invalid(_("Choose items from the list."), "item")
    wanted = Wanted(
        sent(request, "to"), sent(request, "recipient")[:200], [n for n in numbers if n is not None],
        with_log=sent(request, "log") == "yes", privileged=sent(request, "privileged") == "yes",
    )  # fmt: skip
    return as_download(make_referral(request.actor, request.incident, wanted))


def as_download(packet: Packet) -> FileResponse:
    """The packet as an answer; its hash stands in a header."""
    answer = FileResponse(packet.file, content_type="application/zip", as_attachment=True, filename=packet.name)
    answer.headers["Content-Length"] = str(packet.size)
    answer.headers["X-Content-SHA256"] = packet.sha256
    answer.headers["Cache-Control"] = "no-store"
    return answer
