"""The public status page is opened and closed; questions are written down, answered and their answers approved."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from tocsin.comms.filling import fill, values_of
from tocsin.comms.models import Question, StatusPage
from tocsin.comms.models.audiences import KIND_WORDS
from tocsin.comms.queries import needs_part
from tocsin.core.access import Hidden
from tocsin.core.action import Call, Invalid, Stale, action
from tocsin.incidents.actions.common import TAKES_PART, fresh, next_number, same_revision, words
from tocsin.incidents.models import Incident

MOST_QUESTIONS, LONGEST = 300, 5000


@action("statuspage.open", TAKES_PART)
def open_status_page(call: Call[Incident], *, title: str, language: str = "en") -> StatusPage:
    """Open the incident's public page under a heading for the public; its address cannot be guessed and never changes.

    Raises Invalid unless the plan lets this person speak to people outside.
    """
    part = needs_part(call.actor, call.place)
    if not part.speaks:
        raise Invalid("The plan does not let you speak to people outside; ask who may to open the page.")
    title = words(title, "title", "a heading for the public")[:200]
    page = StatusPage.objects.filter(incident=call.place).first()
    if page is None:
        page = StatusPage(incident=call.place, slug=secrets.token_urlsafe(18), opened_at=call.now)
    page.title, page.language, page.open, page.opened_by = title, language[:16] or "en", True, call.actor.name[:200]
    page.save()
    call.record(page, title=title)
    return page


@action("statuspage.close", TAKES_PART)
def close_status_page(call: Call[Incident], *, because: str) -> StatusPage:
    """Take the public page off; its address answers as one that never was. It can be opened again."""
    needs_part(call.actor, call.place)
    page = StatusPage.objects.filter(incident=call.place, open=True).first()
    if page is None:
        raise Invalid("No public page is open.")
    reason = words(because, "because", "the reason")
    page.open = False
    page.save(update_fields=["open"])
    call.record(page, because=reason)
    return page


@action("question.write", TAKES_PART)
def write_question(
    call: Call[Incident], *, question: str, answer: str = "", audiences: Sequence[str] = (),
    row: Question | None = None, revision: int | None = None,
) -> Question:  # fmt: skip
    """Write down a question and its answer, or change them; an answer that was approved has to be approved again."""
    incident = fresh(call)
    needs_part(call.actor, incident)
    if row is None and incident.questions.count() >= MOST_QUESTIONS:
        raise Invalid(f"The sheet holds {MOST_QUESTIONS} questions.")
    if unknown := set(audiences) - {str(k) for k in KIND_WORDS}:
        raise Invalid(f"'{min(unknown)[:40]}' is no kind of people.", "audiences")
    question, answer = words(question, "question", "the question")[:500], answer.strip()
    if len(answer) > LONGEST:
        raise Invalid(f"An answer holds {LONGEST:,} characters.", "answer")
    new = Question(incident=incident, number=next_number(incident.questions), revision=0)
    row = _row(incident, row) if row else new
    same_revision(row, revision)
    row.question, row.answer, row.audiences = question, answer, sorted(set(audiences))
    row.written_by, row.written_by_id, row.changed_at = call.actor.name[:200], call.actor.id, call.now
    row.final_answer, row.facts, row.approved_by, row.approved_at = "", {}, "", None
    row.save()
    call.record(row, sheet=row.number)
    return row


def _row(incident: Incident, row: Question) -> Question:
    found = incident.questions.filter(pk=row.pk, dropped=False).first()
    if found is None:
        raise Hidden
    return found


@action("question.approve", TAKES_PART)
def approve_answer(call: Call[Incident], *, row: Question, revision: int | None = None) -> Question:
    """Approve an answer as the facts give it now. Raises Invalid for its writer, without an answer, and for a gap."""
    incident = fresh(call)
    needs_part(call.actor, incident)
    row = _row(incident, row)
    if revision is not None and revision != row.revision:
        raise Stale("Somebody changed this while you had it open. Look at it again, then repeat your change.")
    if row.written_by_id == call.actor.id and not call.actor.is_system:
        raise Invalid("You wrote this answer; somebody else has to approve it.")
    if not row.answer:
        raise Invalid("There is no answer yet.", "answer")
    text = fill(row.question, row.answer, values_of(incident, "en"), "en")
    if text.missing:
        gaps = ", ".join(name.replace("_", " ") for name in text.missing)
        raise Invalid(f"Not known yet: {gaps}. State these facts, or write the answer without them.", "answer")
    row.final_answer, row.facts, row.revision = text.body, text.facts, row.revision + 1
    row.approved_by, row.approved_at = call.actor.name[:200], call.now
    row.save()
    call.record(row, sheet=row.number, sha256=text.sha256)
    return row


@action("question.drop", TAKES_PART)
def drop_question(call: Call[Incident], *, row: Question) -> None:
    """Take a question off the sheet."""
    needs_part(call.actor, call.place)
    row = _row(call.place, row)
    row.dropped = True
    row.save(update_fields=["dropped"])
    call.record(row, sheet=row.number)
