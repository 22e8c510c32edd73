"""Steering an incident: phase, severity, what is going on, facts, instants, notes, and its playbook."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _

from tocsin.core.action import Invalid
from tocsin.incidents import actions
from tocsin.incidents.models import Phase
from tocsin.incidents.pages import IncidentRequest, act_on, facts_of, place, sent, sent_number, sent_time
from tocsin.people.pages import done
from tocsin.plan.models import FactKind


@act_on
def phase(request: IncidentRequest) -> HttpResponse:
    """Move to another phase."""
    to = sent(request, "phase")
    seen = sent_number(request, "revision")
    actions.set_phase(request.actor, request.incident, phase=to, because=sent(request, "because"), revision=seen)
    return done(request, place(request, "room"), _("The incident is in phase %s now.") % Phase(to).label)


@act_on
def severity(request: IncidentRequest) -> HttpResponse:
    """Change the severity."""
    level = sent_number(request, "severity")
    if level is None:
        raise Invalid(_("Choose a severity."), "severity")
    seen = sent_number(request, "revision")
    actions.set_severity(
        request.actor, request.incident, severity=level, because=sent(request, "because"), revision=seen
    )
    return done(request, place(request, "room"), _("The severity is %d now.") % level)


@act_on
def summary(request: IncidentRequest) -> HttpResponse:
    """Rewrite what is going on."""
    seen = sent_number(request, "revision")
    actions.set_summary(request.actor, request.incident, summary=sent(request, "summary"), revision=seen)
    return done(request, place(request, "room"), _("What is going on was rewritten."))


@act_on
def note(request: IncidentRequest) -> HttpResponse:
    """Write to the log."""
    actions.note(request.actor, request.incident, text=sent(request, "text"))
    return done(request, place(request, "room"), _("It is in the log."))


@act_on
def fact(request: IncidentRequest) -> HttpResponse:
    """State a fact; its kind says how the answer is read."""
    name, text = sent(request, "name"), sent(request, "value")
    value = fact_value(request, name, text)
    actions.set_fact(request.actor, request.incident, name=name, value=value, because=sent(request, "because"))
    return done(request, place(request, "obligations"), _("The fact was stated. What hangs on it follows."))


@act_on
def withdraw(request: IncidentRequest) -> HttpResponse:
    """Take a fact back."""
    actions.withdraw_fact(request.actor, request.incident, name=sent(request, "name"), because=sent(request, "because"))
    said = _("The fact was taken back. Steps that only it had opened wait again; those that somebody began stay.")
    return done(request, place(request, "obligations"), said)


def fact_value(request: IncidentRequest, name: str, text: str) -> bool | int | float | str:
    """A fact's value as a form sent it, read by the fact's kind. Raises Invalid for an empty one, or no such answer."""
    known = facts_of(request.incident).get(name)
    kind = known.kind if known else FactKind.TEXT
    if kind == FactKind.YES_NO:
        if text not in ("yes", "no"):
            raise Invalid(_("Answer yes or no."), "value")
        return text == "yes"
    if kind == FactKind.NUMBER:
        number = sent_number(request, "value")
        if number is None:
            raise Invalid(_("Give the fact a value."), "value")
        return number
    if not text:
        raise Invalid(_("Give the fact a value."), "value")
    return text


@act_on
def instant(request: IncidentRequest) -> HttpResponse:
    """Say when an anchor was reached."""
    at = sent_time(request, "at")
    if at is None:
        raise Invalid(_("Give the time."), "at")
    if request.incident.instant(sent(request, "anchor")) and not sent(request, "because"):
        raise Invalid(_("This time is set already. Say why it is corrected."), "because")
    actions.mark_instant(
        request.actor, request.incident, anchor=sent(request, "anchor"), at=at, because=sent(request, "because")
    )
    return done(request, place(request, "obligations"), _("The time is set. Deadlines that hang on it follow."))


@act_on
def playbook(request: IncidentRequest) -> HttpResponse:
    """Start a playbook, or another one."""
    chosen, why = sent(request, "playbook"), sent(request, "because")
    if not why:
        raise Invalid(_("Say why this playbook fits."), "because")
    actions.start_playbook(request.actor, request.incident, playbook_id=chosen, because=why)
    return done(request, place(request, "room"), _("The playbook runs."))
