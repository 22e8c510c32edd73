"""A notice: drafting it, what is missing in it, changing it in place, finishing it, and taking it away."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.disclosure.actions import draft_notice, edit_notice, finish_notice
from tocsin.disclosure.models import Notice
from tocsin.disclosure.notices.content import languages
from tocsin.disclosure.notices.standing import rules_of, sections_of
from tocsin.disclosure.notices.text import as_docx, as_text
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent, sent_number
from tocsin.people.pages import DIGITS, done

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT = "text-"


def notice_called(incident: Incident, number: int) -> Notice:
    """The notice of that number. Raises Hidden."""
    if len(str(number)) > DIGITS:
        raise Hidden
    rows = Notice.objects.select_related("duty", "incident__plan_version", "incident__organization")
    found = rows.filter(incident=incident, number=number).first()
    if found is None:
        raise Hidden
    return found


@on_incident
def notice(request: IncidentRequest, notice: int) -> HttpResponse:
    """One notice with its sections: what is missing first, and where a fact changed since."""
    found = notice_called(request.incident, notice)
    sections = sections_of(found, request.now)
    context = {
        "notice": found,
        "language": languages()[found.language],
        "sections": sections,
        "missing": [s for s in sections if s.missing],
        "outdated": [s for s in sections if s.fresh is not None],
        "rules": rules_of(found),
        "clock": found.duty.clocks.filter(stage=found.stage).first(),
        "filings": [
            f for f in found.duty.filings.all() if f.notice == found.number and f.stage == found.stage and not f.struck
        ],
    }
    return render(request, "disclosure/notice.html", context)


@act_on
def draft(request: IncidentRequest, regime: str) -> HttpResponse:
    """Draft a notice of a stage."""
    made = draft_notice(request.actor, request.incident, regime=regime, stage=sent(request, "stage"),
                        language=sent(request, "language"))  # fmt: skip
    to = place(request, "notice", made.number)
    answer = done(request, to, _("Drafted. What is missing stands on top."))
    if request.headers.get("HX-Request"):
        answer.headers["HX-Redirect"] = to
    return answer


@act_on
def edit(request: IncidentRequest, notice: int) -> HttpResponse:
    """Change sections: words typed, the facts' text taken, or the words kept although the facts changed."""
    found = notice_called(request.incident, notice)
    take, keep = request.POST.getlist("take"), request.POST.getlist("keep")
    texts = {
        name.removeprefix(TEXT): str(value)
        for name, value in request.POST.items()
        if name.startswith(TEXT) and name.removeprefix(TEXT) not in take
    }
    edit_notice(request.actor, request.incident, notice=found, texts=texts, take=take, keep=keep,
                revision=sent_number(request, "revision"))  # fmt: skip
    return done(request, place(request, "notice", notice), _("Kept."))


@act_on
def finish(request: IncidentRequest, notice: int) -> HttpResponse:
    """Make it final."""
    found = notice_called(request.incident, notice)
    finish_notice(request.actor, request.incident, notice=found, reason=sent(request, "reason"),
                  revision=sent_number(request, "revision"))  # fmt: skip
    return done(request, place(request, "notice", notice), _("It is final. Its text and hash are kept."))


@on_incident
def text(request: IncidentRequest, notice: int) -> HttpResponse:
    """The notice as plain text, to keep."""
    found = notice_called(request.incident, notice)
    return as_file(as_text(found).encode(), "text/plain; charset=utf-8", found, "txt")


@on_incident
def word(request: IncidentRequest, notice: int) -> HttpResponse:
    """The notice as a Word document, to keep."""
    found = notice_called(request.incident, notice)
    return as_file(as_docx(found), WORD, found, "docx")


def as_file(content: bytes, kind: str, notice: Notice, ending: str) -> HttpResponse:
    """An answer that is kept as a file; a draft's name says that it is one."""
    draft = "" if notice.is_final else "-draft"
    name = f"{notice.incident.number}-N-{notice.number}{draft}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
