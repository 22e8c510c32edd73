"""How a paging goes on by itself: the first call, the next method or person when the time has come, what is sent."""

from __future__ import annotations

from contextlib import suppress

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.people.actions import call_next, give_up
from tocsin.people.called import message_for
from tocsin.people.models import Paging, PagingCall, PagingState
from tocsin.people.paging import GiveUp, next_step, rounds


def go_on(actor: Actor, paging: Paging) -> None:
    """Take a paging's next step. Raises Invalid when it ended in the meantime."""
    asked = paging.calls.filter(rung=paging.rung).first()
    if asked and isinstance(next_step(asked.effort), GiveUp):
        give_up(actor, paging, paging=paging)
    else:
        call_next(actor, paging, paging=paging)


@on("paging.start")
def call_the_first(entry: LogEntry) -> None:
    """The first of the ladder is called at once."""
    paging = Paging.objects.get(pk=entry.object_id)
    call_next(Actor.system(cause=entry), paging, paging=paging)


@on("paging.call")
def send_the_call(entry: LogEntry) -> None:
    """The call's message is stored with the call: it is sent at least once, whatever dies in between."""
    asked = PagingCall.objects.select_related("paging__chain__organization", "member").get(pk=entry.object_id)
    place = rounds(asked.methods)[entry.payload["round"]].machine
    if place is None:
        return  # a human rings: the roles page says whom and how
    subject, body = message_for(asked)
    queue_message(
        Actor.system(cause=entry),
        asked,
        key=f"paging:{asked.paging_id}:{asked.pk}:{place}",
        address=asked.methods[place]["url"],
        recipient=asked.member.name,
        subject=subject,
        body=body,
    )


@on("paging.answer")
def call_the_next(entry: LogEntry) -> None:
    """Who cannot come is passed over at once."""
    if entry.payload["yes"]:
        return
    asked = PagingCall.objects.select_related("paging").get(pk=entry.object_id)
    if asked.paging.state == PagingState.CALLING and asked.rung == asked.paging.rung:
        go_on(Actor.system(cause=entry), asked.paging)


@every(2)
def call_on() -> None:
    """Give the next method, call the next person, or say that nobody is left, on each incident's own clock."""
    real = clock.now()

    def when_due(paging: Paging) -> None:
        if paging.next_at and paging.next_at <= paging.chain.time(real):
            with suppress(Invalid):  # it was answered, or another process took the step, in this second
                go_on(Actor.system("Clock"), paging)

    each(Paging.objects.filter(state=PagingState.CALLING).select_related("chain"), when_due)
