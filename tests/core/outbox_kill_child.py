"""A process of its own that stores and delivers, for the crash test: it dies by its own kill -9 where it is told to."""

from __future__ import annotations

import os
import signal
import sys

import django

django.setup()

from tocsin.core import outbox  # noqa: E402  Django first
from tocsin.core.access import Actor  # noqa: E402
from tocsin.core.actions import queue_message  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402
from tocsin.core.models import LogEntry, OutboxMessage  # noqa: E402


def store(address: str) -> None:
    """Store one message, as an action or reaction does; the same key again is the same message."""
    place = new_organization("halden", "Halden Foods")
    queue_message(Actor.system(), place, key="page-1", address=address, recipient="Ana", subject="You are called",
                  body="Answer: https://tocsin.example/answer/1")  # fmt: skip


def die(*_: object) -> None:
    """End as a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    what, address = sys.argv[1], sys.argv[2]
    really_send = outbox.send
    if what == "die-before-commit":
        # The transaction is still open: nothing was promised, so nothing may leave.
        from django.db import transaction

        with transaction.atomic():
            store(address)
            die()
    store(address)
    if what == "die-before-sending":
        outbox.send = die
    if what == "die-after-sending":
        outbox.send = lambda message: (really_send(message), die())  # type: ignore[assignment, func-returns-value]
    tally = outbox.deliver_due()
    (message,) = OutboxMessage.objects.all()
    entries = LogEntry.objects.filter(object_id=str(message.id))
    stored = entries.filter(verb="message.queue").exclude(payload__has_key="repeated").count()
    sent = entries.filter(verb="message.settle", payload__state="sent").count()
    print(tally.sent, message.state, stored, sent)


main()
