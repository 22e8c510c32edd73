"""Webhooks: what has happened since an address was told last, with the eyes of the person it belongs to, and telling it.

A batch is up to 100 entries of one chain, in order, as one message of the outbox. The message holds only where the
batch begins and ends (in its key): what is sent is read from the log when it is sent, which cannot change, and only if
the person still sees that chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from tocsin.core import clock
from tocsin.core.access import reads_organization_log, visible
from tocsin.core.canonical import canonical, instant
from tocsin.core.models import Chain, ChainKind, LogEntry, MessageState, OutboxMessage
from tocsin.core.outbox import GivenUp, Undeliverable, channel
from tocsin.core.outgoing import Refused, post
from tocsin.people.models import Webhook, WebhookState
from tocsin.people.sealing import Sealed, unseal
from tocsin.people.signing import signed

SCHEME = "webhook"
BATCH = 100
NEVER_TOLD = ("message", "webhook")
"""Verbs of telling itself: to tell of them would have no end."""


@dataclass(frozen=True)
class Batch:
    """Entries of one chain, after one sequence number up to another, for one webhook."""

    webhook: Webhook
    chain: Chain
    after: int
    until: int

    @property
    def chain_id(self) -> UUID:
        """A batch is queued where its entries are."""
        return self.chain.pk

    @property
    def key(self) -> str:
        """The name it is sent under, which a receiver knows a repeated delivery by."""
        return f"{SCHEME}:{self.webhook.pk}:{self.webhook.round}:{self.chain.pk}:{self.after}-{self.until}"

    @property
    def address(self) -> str:
        """The webhook, as the outbox names it; where it is and its secret are looked up when it is sent."""
        return address_of(self.webhook)

    @property
    def entries(self) -> QuerySet[LogEntry]:
        """The entries themselves."""
        return _told(self.webhook, self.chain, self.after).filter(sequence__lte=self.until)


def address_of(webhook: Webhook) -> str:
    """What the outbox calls a webhook."""
    return f"{SCHEME}:{webhook.pk}"


def batch_of(message: OutboxMessage) -> Batch | None:
    """The batch that a message of the outbox is; None where its webhook is gone."""
    _scheme, webhook, _round, _chain, span = message.key.split(":")
    after, until = span.split("-")
    found = Webhook.objects.select_related("user", "organization").filter(pk=UUID(webhook)).first()
    return Batch(found, message.chain, int(after), int(until)) if found else None


def sees(webhook: Webhook, chain: Chain) -> bool:
    """Whether the person of the webhook reads this chain now."""
    actor = webhook.user.actor
    if not webhook.user.is_active or chain.organization_id != webhook.organization_id:
        return False
    if chain.kind == ChainKind.ORGANIZATION:
        return reads_organization_log(actor, webhook.organization)
    return visible(actor, Chain.objects.filter(pk=chain.pk), chain="pk").exists()


def told_webhooks() -> QuerySet[Webhook]:
    """The webhooks that are told what happens."""
    active = Webhook.objects.filter(state=WebhookState.ACTIVE, user__is_active=True)
    return active.select_related("user", "organization")


def due_batches(webhook: Webhook) -> Iterator[Batch]:
    """What a webhook is to be told now. Of each chain one batch at a time, so that it arrives in order."""
    chains = Chain.objects.filter(organization_id=webhook.organization_id)
    for chain in visible(webhook.user.actor, chains, chain="pk"):
        if (batch := _next(webhook, chain)) and sees(webhook, chain):
            yield batch


def _next(webhook: Webhook, chain: Chain) -> Batch | None:
    sent = chain.messages.filter(address=address_of(webhook))
    # What was given up is sent anew once the webhook is taken up again, which begins another round.
    this_round = Q(key__startswith=f"{SCHEME}:{webhook.pk}:{webhook.round}:")
    last = sent.filter(this_round | ~Q(state=MessageState.FAILED)).order_by("-queued_at").first()
    if last is not None and last.state == MessageState.QUEUED:
        return None
    after = int(last.key.rpartition("-")[2]) if last else _begins(webhook, chain)
    if after >= chain.length:
        return None
    sequences = list(_told(webhook, chain, after).values_list("sequence", flat=True)[:BATCH])
    return Batch(webhook, chain, after, sequences[-1]) if sequences else None


def _begins(webhook: Webhook, chain: Chain) -> int:
    """The sequence number after which the webhook's own time begins: it is not told what was before it."""
    before = chain.entries.filter(time__lt=webhook.created_at).order_by("-sequence")
    return before.values_list("sequence", flat=True).first() or 0


def _told(webhook: Webhook, chain: Chain, after: int) -> QuerySet[LogEntry]:
    entries = chain.entries.filter(sequence__gt=after).order_by("sequence")
    for subject in NEVER_TOLD:
        entries = entries.exclude(verb__startswith=f"{subject}.")
    if webhook.verbs:
        wanted = Q()
        for verb in webhook.verbs:
            wanted |= Q(verb=verb) if "." in verb else Q(verb__startswith=f"{verb}.")
        entries = entries.filter(wanted)
    return entries


def payload(batch: Batch) -> bytes:
    """The body of a delivery: canonical JSON, the same at each attempt."""
    chain, entries = batch.chain, list(batch.entries)
    incident = str(chain.pk) if chain.kind == ChainKind.INCIDENT else None
    told = [entry.body() | {"hash": entry.hash} for entry in entries]
    return canonical({
        "type": "log.entries",
        "timestamp": instant(entries[-1].time),
        "data": {
            "webhook": str(batch.webhook.pk),
            "organization": batch.webhook.organization.slug,
            "incident": incident,
            "exercise": chain.exercise,
            "after": batch.after,
            "entries": told,
        },
    })  # fmt: skip


@channel(SCHEME)
def deliver(message: OutboxMessage) -> None:
    """Tell a webhook of a batch. Raises Undeliverable; GivenUp where trying again would not help."""
    batch = batch_of(message)
    if batch is None or batch.webhook.state == WebhookState.ENDED:
        raise GivenUp("the webhook was ended")
    webhook = batch.webhook
    if not sees(webhook, batch.chain):
        raise GivenUp("the webhook's person does not see this any more")
    if webhook.state == WebhookState.PAUSED:
        raise Undeliverable("the webhook is paused")
    try:
        body, secret = payload(batch), unseal(webhook.secret)
        headers = signed(secret, f"msg_{message.id.hex}", int(clock.now().timestamp()), body)
        post(webhook.url, body, headers | {"Content-Type": "application/json"}, settings.WEBHOOK_NETWORKS)
    except Sealed as error:
        raise GivenUp(f"{error}; end this webhook and make a new one") from error
    except Refused as error:
        raise Undeliverable(str(error)) from error
