"""Who hears that a decision waits for them, what brings a question up again, and what shakes one that was taken."""

from __future__ import annotations

from contextlib import suppress

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.incidents import actions
from tocsin.incidents.briefs import shaken
from tocsin.incidents.calling import by_itself
from tocsin.incidents.decision_links import changed_message, message_for, seats_asked
from tocsin.incidents.models import Decision, DecisionState, Phase, RoleAssignment
from tocsin.people.actions import answer_paging
from tocsin.people.called import written_method
from tocsin.people.models import PagingCall, PagingState, Via

OF = ("incident__chain", "incident__organization", "incident__plan_version")


@on("decision.open", "decision.revisit")
def ask_the_decider(entry: LogEntry) -> None:
    """Whoever the plan trusts with a question gets the link that opens its brief; who asks it themselves does not."""
    decision = Decision.objects.select_related(*OF).get(pk=entry.object_id)
    if not by_itself(decision.incident):
        return
    for seat in seats_asked(decision):
        if entry.actor["kind"] != "person" or str(seat.user_id) != entry.actor["id"]:
            _send(entry, decision, seat)


@on("role.assign")
def ask_the_new_decider(entry: LogEntry) -> None:
    """Who takes a seat gets the questions that wait for it."""
    seat = RoleAssignment.objects.select_related("member").get(pk=entry.object_id)
    asked = Decision.objects.filter(incident=entry.chain_id, state=DecisionState.OPEN).select_related(*OF)
    for decision in asked:
        if by_itself(decision.incident) and seat in seats_asked(decision):
            _send(entry, decision, seat)


def _send(entry: LogEntry, decision: Decision, seat: RoleAssignment) -> None:
    method = written_method(seat.member) if seat.member else None
    if method is None:
        return
    subject, body = message_for(decision, seat)
    queue_message(
        Actor.system(cause=entry), decision.incident, key=f"decide:{decision.pk}:{seat.pk}", address=method["url"],
        recipient=seat.holder, subject=subject, body=body,
    )  # fmt: skip


@on("fact.set", "fact.withdraw")
def shake_what_rests_on_it(entry: LogEntry) -> None:
    """A decision that stands and rests on this fact says so when the fact is not what it was, and who decided hears."""
    taken = Decision.objects.filter(incident=entry.chain_id, state=DecisionState.DECIDED, again=None).exclude(brief="")
    for decision in taken.select_related(*OF):
        if entry.object_id in decision.rests_on and shaken(decision) != decision.changed:
            actions.unsettle(Actor.system(cause=entry), decision.incident, decision=decision)


@on("decision.unsettle")
def tell_who_decided(entry: LogEntry) -> None:
    """The seats that may decide anew hear once of each decision that it rests on something that changed."""
    decision = Decision.objects.select_related(*OF).get(pk=entry.object_id)
    if not entry.payload["changed"] or not by_itself(decision.incident):
        return
    for seat in seats_asked(decision):
        if seat.member and (method := written_method(seat.member)):
            subject, body = changed_message(decision, seat)
            queue_message(
                Actor.system(cause=entry), decision.incident, key=f"shaken:{decision.pk}:{seat.pk}",
                address=method["url"], recipient=seat.holder, subject=subject, body=body,
            )  # fmt: skip


@on("decision.take")
def who_decides_has_answered(entry: LogEntry) -> None:
    """Who is being called and decides by their link has answered the call by that."""
    if "member" not in entry.payload:
        return
    live = PagingCall.objects.filter(
        paging__chain=entry.chain_id, paging__state=PagingState.CALLING, answer="", member=entry.payload["member"]
    )
    for asked in live:
        with suppress(Invalid):  # they answered in this second
            answer_paging(Actor.system(cause=entry), asked, asked=asked, yes=True, via=Via.ACTED)


@every(30)
def look_again() -> None:
    """Ask each question again whose time to look at it again has come, once, on the incident's own clock."""
    due = Decision.objects.filter(state=DecisionState.DECIDED, revisit_at__isnull=False, again=None)
    each(due.exclude(incident__phase=Phase.CLOSED).select_related(*OF), _look_again)


def _look_again(decision: Decision) -> None:
    if decision.revisit_at and decision.revisit_at <= decision.incident.chain.time(clock.now()):
        reason = f"It was to be looked at again at {decision.revisit_at:%Y-%m-%d %H:%M} UTC."
        with suppress(Invalid):  # it is being asked already, or somebody asked in this second
            actions.revisit(Actor.system("Clock"), decision.incident, decision=decision, reason=reason)
