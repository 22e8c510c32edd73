"""How webhooks are told: new entries gathered into messages of the outbox, sent beside all others, given up in the end."""

from __future__ import annotations

import logging
import threading

from django.db import close_old_connections

from tocsin.core import outbox
from tocsin.core.access import Actor, OrgRole
from tocsin.core.action import on
from tocsin.core.actions import queue_message
from tocsin.core.models import Grant, LogEntry, MessageState, OutboxMessage
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.people.actions import fail_webhook
from tocsin.people.models import User, Webhook, WebhookState
from tocsin.people.webhooks import SCHEME, Batch, batch_of, due_batches, sees, told_webhooks

logger = logging.getLogger(__name__)
TELLER = Actor.system("Webhooks")
_telling: dict[str, threading.Thread] = {}
AT_ONCE = 16


@every(3)
def gather() -> object:
    """Queue what webhooks are to be told; returns how many batches. The same batch is queued once, whoever finds it."""
    count = 0

    def queue(batch: Batch) -> None:
        nonlocal count
        queue_message(
            TELLER,
            batch,
            key=batch.key,
            address=batch.address,
            recipient=f"webhook {batch.webhook.label}",
            subject=f"Entries {batch.after + 1} to {batch.until}",
            body="What is sent is read from the log.",
        )
        count += 1

    each(told_webhooks(), lambda webhook: each(due_batches(webhook), queue))
    return count


@every(2)
def tell() -> object:
    """Send to each webhook in a thread of its own: one that answers slowly holds up no other, and no page to anybody."""
    for address in [one for one, thread in _telling.items() if not thread.is_alive()]:
        del _telling[address]
    for address in set(outbox.due(SCHEME).values_list("address", flat=True)) - set(_telling):
        if len(_telling) < AT_ONCE:
            _telling[address] = threading.Thread(target=_send_due, args=(address,), name=address, daemon=True)
            _telling[address].start()
    return len(_telling)


def _send_due(address: str) -> None:
    try:
        outbox.deliver_due(address=address)
    except Exception:  # the next round tries again
        logger.exception("webhooks were not told")
    finally:
        close_old_connections()


@on("message.settle")
def give_webhook_up(entry: LogEntry) -> None:
    """When the outbox has tried a batch for hours, its webhook is given up until somebody takes it up again."""
    if entry.payload["state"] != MessageState.FAILED or not entry.payload["recipient"].startswith("webhook "):
        return
    message = OutboxMessage.objects.select_related("chain").get(pk=entry.object_id)
    batch = batch_of(message) if message.address.startswith(f"{SCHEME}:") else None
    if batch is None or batch.webhook.state != WebhookState.ACTIVE:
        return
    if sees(batch.webhook, batch.chain):  # who was taken off the incident keeps the webhook for all others
        because = str(entry.payload.get("error", ""))
        fail_webhook(Actor.system(cause=entry), batch.webhook.organization, webhook=batch.webhook, because=because)


@on("webhook.fail")
def tell_of_failing(entry: LogEntry) -> None:
    """Its person and the administrators hear by mail that a webhook is told nothing any more."""
    webhook = Webhook.objects.select_related("organization", "user").get(pk=entry.object_id)
    run = Grant.objects.filter(chain_id=webhook.organization_id, role=OrgRole.ADMINISTRATOR).values("user_id")
    people = User.objects.filter(is_active=True, pk__in=[*run.values_list("user_id", flat=True), webhook.user_id])
    for person in people:
        queue_message(
            Actor.system(cause=entry),
            webhook.organization,
            key=f"webhook-failing:{webhook.pk}:{webhook.round}:{person.pk}",
            address=f"mailto:{person.email}",
            recipient=person.name,
            subject=f"Webhook “{webhook.label}” is told nothing any more",
            body=f"Its address took nothing for hours: {webhook.failed_because}.\n"
            "Mend the address, then take the webhook up again on the page Webhooks: it is then told what it missed.",
        )
