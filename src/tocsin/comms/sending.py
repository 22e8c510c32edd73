"""How a wave goes on by itself: each message in its turn, each recipient once, until all is gone or something stops it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned, steps_of
from tocsin.comms.filling import greeted
from tocsin.comms.models import Delivery, Message, MessageState, Wave, WaveState, WaveStep
from tocsin.comms.order import reached_nobody, waits_for
from tocsin.comms.queries import Standing, standing_of, to_queue
from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.core.actions import queue_message
from tocsin.core.models import MessageState as Sent
from tocsin.core.models import OutboxMessage
from tocsin.core.rows import each
from tocsin.incidents.models import Incident

BATCH = 100
"""Messages of waves that wait in the outbox at most: a page to somebody must not stand in line behind thousands."""
SIGNER = signing.Signer(salt="tocsin.comms.read")
SYSTEM = "Wave"


def advance_waves() -> None:
    """One round: waves under way release what has its turn, released messages are brought to their end, and then waves."""
    rows = Wave.objects.filter(state=WaveState.RUNNING).select_related("incident__chain", "incident__plan_version")
    each(rows, advance)
    released = Message.objects.filter(state=MessageState.RELEASED, finished_at=None)
    each(released.select_related("incident__chain"), _finish)
    each(rows.all(), _end)  # asked for anew: some were held in this round


def release_alone(actor: Actor, incident: Incident, message: Message) -> Wave:
    """Release one approved message by itself: a wave of one. Raises what planning and releasing raise; then there is none."""
    with transaction.atomic():
        wave = actions.plan_wave(actor, incident, steps=[Planned(message.number)])
        return actions.release_wave(actor, incident, wave=wave)


def _finish(message: Message) -> None:
    if standing_of(message).settled:
        with suppress(Invalid):  # another process wrote it down
            actions.finish_message(Actor.system(SYSTEM), message.incident, message=message)


def advance(wave: Wave) -> None:
    """Release what of one wave has its turn now; hold it when a message reached nobody and others wait for it."""
    system, incident, steps = Actor.system(SYSTEM), wave.incident, steps_of(wave)
    known: dict[int, Standing] = {}

    def standing(message: Message) -> Standing:
        return known.setdefault(message.pk, standing_of(message))

    now = incident.chain.time(clock.now())
    for step in steps:
        if step.message.state != MessageState.APPROVED or waits_for(step, steps, now, standing):
            continue
        with suppress(Invalid):  # it changed in this second; the next round looks again
            actions.release_message(system, incident, message=step.message)
            step.message.refresh_from_db()
    if stuck := _stuck(steps, standing):
        actions.hold_wave(system, incident, wave=wave, because=stuck)


def _end(wave: Wave) -> None:
    """A wave ends after the end of its last message, so that the log tells them in this order."""
    if all(_ended(step.message) for step in steps_of(wave)):
        with suppress(Invalid):  # another process wrote it down, or somebody paused it
            actions.finish_wave(Actor.system(SYSTEM), wave.incident, wave=wave)


def _stuck(steps: list[WaveStep], standing: Callable[[Message], Standing]) -> str:
    """Why the wave cannot go on by itself; empty while it can."""
    by = {s.place: s.message for s in steps}
    for step in steps:
        if step.loosened or step.message.over:
            continue
        for place in step.after:
            if reached_nobody(by[place], standing(by[place])):
                return _("M-%(first)d reached nobody, and M-%(second)d waits for it.") % {
                    "first": by[place].number, "second": step.message.number,
                }  # fmt: skip
    return ""


def _ended(message: Message) -> bool:
    """Whether nothing more of a message happens and, where it was sent, its end stands in the log."""
    if message.state == MessageState.RELEASED:
        return message.finished_at is not None
    return message.over and (message.released_at is None or standing_of(message).settled)


def queue_deliveries() -> int:
    """Put the next recipients of released messages into the outbox, each once under their own key."""
    due = OutboxMessage.objects.filter(state=Sent.QUEUED, key__startswith="comms:", next_attempt__lte=clock.now())
    room = BATCH - due.count()
    if room <= 0:
        return 0
    rows = to_queue().select_related("message__incident__chain", "message__audience")
    return each(rows[:room], _queue)


def _queue(delivery: Delivery) -> None:
    message = delivery.message
    # The log of the outbox names who was written to; a list of people outside is kept out of it.
    recipient = f"M-{message.number}, {delivery.number}" if delivery.listed else delivery.name
    queue_message(
        Actor.system(SYSTEM), message.incident, key=delivery.key, address=delivery.address, recipient=recipient,
        subject=message.final_subject, body=letter(delivery),
    )  # fmt: skip


def letter(delivery: Delivery) -> str:
    """What one recipient gets: the approved text byte for byte, between a salutation above and a link below, if any."""
    message = delivery.message
    text = greeted(message.salutation, delivery.name, message.final_text)
    if not message.acknowledge:
        return text
    return text + "\n\n" + _("Please confirm that you have read this: %s") % read_link(delivery)


def read_link(delivery: Delivery) -> str:
    """The address where this recipient says that they have read the message."""
    return f"{settings.BASE_URL}/read/{SIGNER.sign(delivery.pk.hex)}"


def delivery_of(token: str) -> Delivery | None:
    """The delivery that a link belongs to; None for a link that was not signed here."""
    try:
        found = SIGNER.unsign(token.replace("\x00", ""))
    except signing.BadSignature:
        return None
    rows = Delivery.objects.select_related("message__incident__organization", "message__incident__chain")
    return rows.filter(pk=found).first()
