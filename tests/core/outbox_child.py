"""A process of its own that delivers, for the crash test: it dies after sending and before writing that down."""

from __future__ import annotations

import os
import sys

import django

django.setup()

from tocsin.core import outbox  # noqa: E402  Django first
from tocsin.core.access import Actor  # noqa: E402
from tocsin.core.actions import queue_message  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402


def main() -> None:
    what = sys.argv[1]
    if what == "queue":
        place = new_organization("halden", "Halden Foods")
        queue_message(
            Actor.system(), place, key="call-1", address=sys.argv[2], recipient="Ana", subject="Call", body="Call in."
        )
        return
    if what == "die":
        really_send = outbox.send

        def send_and_die(message: object) -> None:
            really_send(message)  # type: ignore[arg-type]
            os.kill(os.getpid(), 9)

        outbox.send = send_and_die  # type: ignore[assignment]
    print(outbox.deliver_due())


main()
