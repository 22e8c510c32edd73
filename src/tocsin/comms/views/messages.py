"""One message: begin it, edit it, see it approved, compare its drafts, see whom it reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.comms import actions
from tocsin.comms.models import Message, StatusWord
from tocsin.comms.models.audiences import KIND_WORDS
from tocsin.comms.models.waves import LIVE
from tocsin.comms.pages import called_message, may_do, my_part, said, text_of
from tocsin.comms.queries import deliveries_of, reach_of, recipients_of, rule_for, standing_of
from tocsin.core.access import Hidden
from tocsin.incidents.merging import compared
from tocsin.incidents.pages import IncidentRequest, act_on, asked, facts_of, on_incident, place, sent, sent_number
from tocsin.people.pages import asked_number, done

DELIVERIES = 100
LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da", "fi", "no", "cs", "ja", "zh", "ko")


@on_incident
def message(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """The message: its exact text, who agreed, what is missing or changed, and what the person may do now."""
    row, part = called_message(request, outgoing), my_part(request)
    at, frozen = standing_of(row), bool(row.sha256) and row.state not in ("draft", "in_review")
    text, words = text_of(row), facts_of(request.incident)
    rule, step = rule_for(row), row.steps.filter(wave__state__in=LIVE).select_related("wave").first()
    roles = request.incident.plan_version.plan.roles
    context = {
        "message": row,
        "may": may_do(part, row, at),
        "part": part,
        "frozen": frozen,
        "text": text,
        "sha256": row.sha256 if frozen else text.sha256,
        "missing": [(name, said(request.incident, name), words.get(name)) for name in text.missing],
        "outdated": [(f, said(request.incident, f["fact"])) for f in row.outdated],
        "facts": [(said(request.incident, n), v) for n, v in (row.facts if frozen else text.facts).items()],
        "rule": rule,
        "reviewer": roles[rule.reviewer].title if rule.reviewer in roles else "",
        "approvals": list(row.approvals.all()),
        "standing": at,
        "reach": None if row.released_at else reach_of(row.audience),
        "count": None if row.released_at else len(recipients_of(row)),
        "rows": deliveries_of(row, DELIVERIES) if row.released_at and part.whole else [],
        "drafts": row.drafts.count(),
        "wave": step.wave if step and part.whole else None,
    }
    return render(request, "comms/message.html", context)


@on_incident
def deliveries(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """Whom it reached, in pages. Only for those with a part in all messages: addresses are personal data."""
    row, after = called_message(request, outgoing), asked_number(request, "after") or 0
    if not my_part(request).whole:
        raise Hidden
    rows = deliveries_of(row, DELIVERIES + 1, after)
    context = {"message": row, "rows": rows[:DELIVERIES], "after": after, "standing": standing_of(row),
               "next": rows[DELIVERIES - 1].delivery.number if len(rows) > DELIVERIES else None}  # fmt: skip
    return render(request, "comms/deliveries.html", context)


@on_incident
def drafts(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """What the message was before: two drafts compared."""
    row = called_message(request, outgoing)
    if not my_part(request).works:
        raise Hidden
    every = list(row.drafts.all())
    chosen = next((d for d in every if d.number == asked_number(request, "draft")), every[-1])
    before = next((d for d in reversed(every) if d.number < chosen.number), None)
    old = f"{before.subject}\n\n{before.body}" if before else ""
    context = {"message": row, "drafts": every[::-1], "chosen": chosen, "before": before,
               "rows": compared(old, f"{chosen.subject}\n\n{chosen.body}")}  # fmt: skip
    return render(request, "comms/drafts.html", context)


def _form(request: IncidentRequest, row: Message | None, **more: Any) -> HttpResponse:
    plan = request.incident.plan_version.plan
    own = {a.key: a.title for a in request.incident.audiences.all()}
    context = {
        "message": row,
        "part": my_part(request),
        "templates": sorted(plan.messages.values(), key=lambda m: m.title),
        "audience_choices": sorted(({k: a.title for k, a in plan.audiences.items()} | own).items(), key=lambda p: p[1]),
        "languages": LANGUAGES,
        "status_words": StatusWord.choices,
        "kinds": KIND_WORDS.items(),
        "chosen_template": asked(request, "template"),
        "chosen_audience": asked(request, "audience"),
        "for_status": asked(request, "for") == "status",
        **more,
    }
    return render(request, "comms/message_form.html", context)


@on_incident
def new(request: IncidentRequest) -> HttpResponse:
    """The form for a new message, from a template of the plan or in free words."""
    return _form(request, None)


@on_incident
def edit(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """The form for a message that can still be changed."""
    row = called_message(request, outgoing)
    if not my_part(request).works or row.over:
        raise Hidden
    return _form(request, row, text=text_of(row))


def _given(request: IncidentRequest) -> dict[str, Any]:
    return {
        "subject": sent(request, "subject"),
        "body": request.POST.get("body", ""),
        "salutation": sent(request, "salutation"),
        "language": sent(request, "language") or "en",
        "only_language": sent(request, "only_language") == "on",
        "acknowledge": sent(request, "acknowledge") == "on",
        "on_status": sent(request, "on_status") == "on",
        "status_word": sent(request, "status_word"),
    }


@act_on
def draft(request: IncidentRequest) -> HttpResponse:
    """Begin a message."""
    given = _given(request)
    template = sent(request, "template")
    if template and not sent(request, "language"):
        given["language"] = ""
    made = actions.draft_message(request.actor, request.incident, audience=sent(request, "audience"), template=template,
                                 **given)  # fmt: skip
    answer = done(request, place(request, "outgoing-edit", made.number), _("M-%d is a draft.") % made.number)
    if answer.status_code == 204:
        answer.headers["HX-Redirect"] = place(request, "outgoing-edit", made.number)
    return answer


@act_on
def save(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """Keep what somebody changed."""
    row = called_message(request, outgoing)
    actions.edit_message(request.actor, request.incident, message=row, revision=sent_number(request, "revision"),
                         **_given(request))  # fmt: skip
    answer = done(request, place(request, "outgoing", row.number), _("M-%d is kept as a draft.") % row.number)
    if answer.status_code == 204:
        answer.headers["HX-Redirect"] = place(request, "outgoing", row.number)
    return answer


def _acts(request: IncidentRequest, row: Message) -> dict[str, Callable[[], object]]:
    actor, incident, why = request.actor, request.incident, sent(request, "because")
    seen = sent(request, "seen") or None
    return {
        "submit": lambda: actions.submit_message(actor, incident, message=row),
        "review": lambda: actions.review_message(actor, incident, message=row, seen=seen, note=why),
        "clear": lambda: actions.approve_legally(actor, incident, message=row, seen=seen, note=why),
        "return": lambda: actions.return_message(actor, incident, message=row, note=why),
        "withdraw": lambda: actions.withdraw_message(actor, incident, message=row, because=why),
        "stand": lambda: actions.confirm_stands(actor, incident, message=row, because=why),
        "recall": lambda: actions.recall_message(actor, incident, message=row, because=why),
    }


@act_on
def act(request: IncidentRequest, outgoing: int, act: str) -> HttpResponse:
    """Submit, review, approve legally, send back, withdraw, let stand or recall a message."""
    row = called_message(request, outgoing)
    do = _acts(request, row).get(act)
    if do is None:
        raise Hidden
    do()
    row.refresh_from_db()
    stands = _("M-%(number)d: %(state)s") % {"number": row.number, "state": row.get_state_display()}
    return done(request, place(request, "outgoing", row.number), stands)
