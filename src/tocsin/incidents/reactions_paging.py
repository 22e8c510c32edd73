"""Who is called when: seats that are needed, new holders, seats that were left; what an answer does; the duty card."""

from __future__ import annotations

from contextlib import suppress

from django.utils.translation import gettext as _

from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry
from tocsin.incidents.actions import assign_role
from tocsin.incidents.calling import by_itself, call_for, is_here, needed
from tocsin.incidents.duty_card import card_subject, card_text
from tocsin.incidents.models import Incident, Phase, RoleAssignment
from tocsin.incidents.pages import lead_of
from tocsin.people.actions import answer_paging, cancel_paging
from tocsin.people.called import words_of, written_method
from tocsin.people.models import Paging, PagingCall, PagingState, User, Via


def _incident(entry: LogEntry) -> Incident:
    rows = Incident.objects.select_related("plan_version", "organization", "chain")
    return rows.get(pk=entry.chain_id)


@on("role.assign", "role.vacate")
def stop_calling_for_it(entry: LogEntry) -> None:
    """A seat that changed hands is not called for on behalf of who held it before."""
    holder = entry.payload.get("holder")
    because = _("%s holds the role now.") % holder if holder else entry.payload["because"] or _("The seat was left.")
    live = Paging.objects.filter(chain=entry.chain_id, role=entry.payload["role"], state=PagingState.CALLING)
    for paging in live:
        cancel_paging(Actor.system(cause=entry), paging, paging=paging, because=because)


@on("role.assign")
def call_the_new_holder(entry: LogEntry) -> None:
    """Who was given a role by somebody else is called; who is here already gets the duty card at once."""
    incident = _incident(entry)
    seat = RoleAssignment.objects.select_related("member").get(pk=entry.object_id)
    if is_here(incident, seat):
        _hand_card(entry, incident, seat)
    elif entry.actor["kind"] == "person" and incident.phase != Phase.CLOSED:
        reason = _("%s gave you this role") % entry.actor["name"]
        with suppress(Invalid):  # being called already, or nobody can be reached
            call_for(Actor.system(cause=entry), incident, seat.role, reason)


@on(
    "roles.fill", "severity.set", "tasks.advance", "task.reopen", "task.add", "task.start", "role.assign",
    "role.vacate", "paging.answer", "paging.unanswered", "paging.cancel",
)  # fmt: skip
def call_who_is_needed(entry: LogEntry) -> None:
    """Seats that the incident needs now are called for, once for each holder."""
    incident = _incident(entry)
    # What a hand-over calls off, the new holder is called for with a reason of its own.
    handed_on = entry.verb == "paging.cancel" and entry.actor["kind"] != "person"
    if handed_on or not by_itself(incident):
        return
    for need in needed(incident):
        with suppress(Invalid):  # nobody can be reached: the seat shows red, with or without a call
            call_for(Actor.system(cause=entry), incident, need.seat.role, need.reason)


@on("paging.answer")
def seat_who_answered(entry: LogEntry) -> None:
    """The first who answers takes the seat, and gets its duty card. Who is called only to see to it does not."""
    if not entry.payload["yes"] or entry.payload["late"] or not entry.payload["seat"]:
        return
    asked = PagingCall.objects.select_related("member", "paging__holder").get(pk=entry.object_id)
    incident, paging = _incident(entry), asked.paging
    seat = incident.roles.get(role=paging.role, renounced_at=None)
    if seat.member_id == asked.member_id:
        _hand_card(entry, incident, seat)
        return
    because = _("answered the call")
    if paging.holder:
        said = {"name": paging.holder.name, "wait": words_of(paging.patience)}
        because = _("answered the call; %(name)s did not within %(wait)s") % said
        if paging.calls.filter(member=paging.holder, answer="no").exists():
            because = _("answered the call; %(name)s could not come") % said
    assign_role(Actor.system(cause=entry), incident, role=paging.role, member=asked.member, because=because)


@on("paging.unanswered")
def tell_the_lead(entry: LogEntry) -> None:
    """Whoever leads hears that nobody is left to call; where nobody leads, whoever declared."""
    incident = _incident(entry)
    title = entry.payload["title"]
    lead = lead_of(incident, list(incident.roles.filter(renounced_at=None).select_related("member")))
    missing = lead is None or lead.role == entry.payload["role"]
    address, name = "", ""
    if lead and lead.member and not missing and (method := written_method(lead.member)):
        address, name = method["url"], lead.holder
    elif incident.declared_by_id != Actor.system().id and (
        user := User.objects.filter(pk=incident.declared_by_id).first()
    ):
        address, name = f"mailto:{user.email}", str(user)
    if not address:
        return
    said = {"title": title, "number": incident.number, "people": ", ".join(entry.payload["people"])}
    queue_message(
        Actor.system(cause=entry), incident, key=f"unanswered:{entry.object_id}", address=address, recipient=name,
        subject=_("Nobody answered: %(title)s, %(number)s") % said,
        body=_("Nobody answered as %(title)s in incident %(number)s. Called were: %(people)s.\n\n"
               "Give the role to somebody else on the incident's page of roles, or call again from there.") % said,
    )  # fmt: skip


@on("task.complete", "task.start", "note.write", "decision.take", "finding.state", "scope.add")
def who_works_has_answered(entry: LogEntry) -> None:
    """Who is being called and starts to work has answered by that."""
    if entry.actor["kind"] != "person":
        return
    live = PagingCall.objects.filter(
        paging__chain=entry.chain_id, paging__state=PagingState.CALLING, answer="", member__user=entry.actor["id"]
    )
    for asked in live:
        with suppress(Invalid):  # they answered in this second
            answer_paging(Actor.system(cause=entry), asked, asked=asked, yes=True, via=Via.ACTED)


@on("incident.close", "incident.merge")
def stop_when_closed(entry: LogEntry) -> None:
    """A closed incident calls nobody, and links and codes for it answer nothing any more."""
    because = _("The incident was closed.")
    for paging in Paging.objects.filter(chain=entry.chain_id, state__in=(PagingState.CALLING, PagingState.UNANSWERED)):
        cancel_paging(Actor.system(cause=entry), paging, paging=paging, because=because)


def _hand_card(entry: LogEntry, incident: Incident, seat: RoleAssignment) -> None:
    """Send the duty card of a seat to its holder, once."""
    method = written_method(seat.member) if seat.member else None
    if method:
        queue_message(
            Actor.system(cause=entry), incident, key=f"duty-card:{seat.pk}", address=method["url"],
            recipient=seat.holder, subject=card_subject(incident, seat), body=card_text(incident, seat),
        )  # fmt: skip
