"""What leaves: a message whose turn has come, its end, its recall, and that somebody has read it."""

from __future__ import annotations

from tocsin.comms.models import Delivery, Message, MessageState
from tocsin.comms.queries import needs_part, part_of, reach_of, recipients_of, seen_message, standing_of
from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import MessageState as Sent
from tocsin.core.models import OutboxMessage
from tocsin.incidents.actions.common import TAKES_PART, fresh, words
from tocsin.incidents.models import Incident


@action("comms.release", system_only)
def release_message(call: Call[Incident], *, message: Message) -> Message:
    """Begin the sending of an approved message: who gets it is settled now, and from now on it is no secret.

    The entry holds the exact text, its hash and who approved it. Raises Invalid for one that is not approved, is
    outdated, or would reach nobody.
    """
    message = Message.objects.select_related("audience", "incident__plan_version").get(pk=message.pk)
    if message.state != MessageState.APPROVED or message.outdated:
        raise Invalid(f"M-{message.number} is not approved as it stands.")
    people = recipients_of(message)
    if not people and not message.on_status:
        raise Invalid(f"M-{message.number} would reach nobody.")
    message.state, message.released_at, message.revision = MessageState.RELEASED, call.now, message.revision + 1
    message.save()
    Delivery.objects.bulk_create(
        Delivery(message=message, number=n, name=p.name, address=p.address, language=p.language, listed=p.listed,
                 key=f"comms:{message.incident_id}:{message.number}:{n}")
        for n, p in enumerate(people, 1)
    )  # fmt: skip
    agreed = message.approvals.filter(void=False)
    call.record(
        message, outgoing=message.number, audience=message.audience.title, subject=message.final_subject,
        text=message.final_text, salutation=message.salutation, sha256=message.sha256, facts=message.facts,
        recipients=len(people), unreachable=len(reach_of(message.audience).unreachable), public=message.on_status,
        approvals=[{"kind": a.kind, "by": a.by, "at": a.at, "sequence": a.sequence} for a in agreed],
        task=message.task.number if message.task else None,
    )  # fmt: skip
    return message


@action("comms.finish", system_only)
def finish_message(call: Call[Incident], *, message: Message) -> Message:
    """Write down how the sending of a message ended. Raises Invalid while something of it is under way."""
    message.refresh_from_db()
    at = standing_of(message)
    if message.finished_at or message.state != MessageState.RELEASED or not at.settled:
        raise Invalid(f"M-{message.number} is not at that point.")
    message.finished_at = call.now
    message.save(update_fields=["finished_at"])
    call.record(message, outgoing=message.number, sent=at.sent, failed=at.failed, fenced=at.fenced, recalled=at.recalled,
                sha256=message.sha256, task=message.task.number if message.task else None)  # fmt: skip
    return message


@action("comms.recall", TAKES_PART)
def recall_message(call: Call[Incident], *, message: Message, because: str) -> Message:
    """Take back what of a message has not gone, and what of it stands on the public page.

    Raises Invalid for one that is not approved or released, or of which everything is gone.
    """
    fresh(call)
    needs_part(call.actor, call.place)
    message = seen_message(part_of(call.actor, call.place), message.number)
    if message.state not in (MessageState.APPROVED, MessageState.RELEASED):
        raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}: there is nothing to recall.")
    at = standing_of(message)
    if message.state == MessageState.RELEASED and at.settled and not message.on_status:
        raise Invalid(f"All of M-{message.number} is gone; write a correction instead.")
    message.because = words(because, "because", "the reason")
    stopped = stop_sending(message)
    call.record(message, outgoing=message.number, stopped=stopped, sent=at.sent, public=message.on_status,
                because=message.because if message.released_at else "")  # fmt: skip
    return message


def stop_sending(message: Message) -> int:
    """Mark what has not gone as recalled; how many recipients that are. Reactions take it out of the outbox.

    The part that a message's recall and a wave's have in common; only they call it.
    """
    keys = OutboxMessage.objects.filter(key__startswith=f"comms:{message.incident_id}:{message.number}:")
    gone = keys.exclude(state=Sent.QUEUED).values("key")
    stopped: int = message.deliveries.filter(recalled=False).exclude(key__in=gone).update(recalled=True)
    if message.released_at is None or message.on_status or not keys.filter(state__in=(Sent.SENT, Sent.FENCED)).exists():
        message.state = MessageState.RECALLED
    message.revision += 1
    message.save()
    return stopped


@action("comms.acknowledge", system_only)
def acknowledge(call: Call[Incident], *, delivery: Delivery) -> None:
    """Write down that somebody of the house has read a message. Raises Invalid when they said so before."""
    delivery.refresh_from_db()
    if delivery.acknowledged_at is not None:
        raise Invalid("You have confirmed this already.")
    delivery.acknowledged_at = call.now
    delivery.save(update_fields=["acknowledged_at"])
    call.record(("delivery", str(delivery.pk)), outgoing=delivery.message.number, recipient=delivery.number)
