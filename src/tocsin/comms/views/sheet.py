"""The question-and-answer sheet: what people will ask, and the answer that everybody gives."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.comms import actions
from tocsin.comms.filling import changed, values_of
from tocsin.comms.models import Question
from tocsin.comms.models.audiences import KIND_WORDS
from tocsin.comms.pages import my_part, said
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, sent, sent_number
from tocsin.people.pages import done


@on_incident
def questions(request: IncidentRequest) -> HttpResponse:
    """The sheet. Who has no part in the messages reads the approved answers; who only looks on reads none."""
    part = my_part(request)
    rows = request.incident.questions.filter(dropped=False)
    if not part.whole:
        rows = rows.exclude(approved_at=None) if part.answers else rows.none()
    values = values_of(request.incident, "en")
    shown = [(q, [said(request.incident, f["fact"]) for f in changed(q.facts, values)]) for q in rows]
    return render(request, "comms/questions.html", {"part": part, "rows": shown, "kinds": KIND_WORDS.items()})


def _row(request: IncidentRequest) -> Question | None:
    number = sent_number(request, "question_number")
    if number is None:
        return None
    found = request.incident.questions.filter(number=number, dropped=False).first()
    if found is None or not my_part(request).whole:
        raise Hidden
    return found


@act_on
def write(request: IncidentRequest) -> HttpResponse:
    """Write a question down, or change it."""
    made = actions.write_question(
        request.actor, request.incident, question=sent(request, "question"), answer=request.POST.get("answer", ""),
        audiences=request.POST.getlist("audiences"), row=_row(request), revision=sent_number(request, "revision"),
    )  # fmt: skip
    return done(request, place(request, "questions"), _("Q-%d is kept.") % made.number)


@act_on
def act(request: IncidentRequest, act: str) -> HttpResponse:
    """Approve an answer, or take a question off the sheet."""
    row = _row(request)
    if act not in ("approve", "drop"):
        raise Hidden
    if row is None:
        raise Invalid(_("This question is not known any more. Load the page again."), "question_number")
    if act == "approve":
        actions.approve_answer(request.actor, request.incident, row=row, revision=sent_number(request, "revision"))
        return done(request, place(request, "questions"), _("Q-%d is approved.") % row.number)
    actions.drop_question(request.actor, request.incident, row=row)
    return done(request, place(request, "questions"), _("Q-%d is off the sheet.") % row.number)
