"""A process of its own that tells webhooks, for the crash test: it dies after queueing, or after sending."""

from __future__ import annotations

import os
import sys

import django

django.setup()

from tocsin.core import outbox  # noqa: E402  Django first
from tocsin.core.access import Actor, OrgRole  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402
from tocsin.people import webhooks  # noqa: E402
from tocsin.people.actions import create_webhook, invite  # noqa: E402
from tocsin.people.reactions_machines import gather  # noqa: E402


def main() -> None:
    what, system = sys.argv[1], Actor.system()
    if what == "set-up":
        place = new_organization("halden", "Halden Foods")
        person = invite(system, place, email="ana@halden.example", name="Ana", role=OrgRole.ADMINISTRATOR)
        webhook, secret = create_webhook(system, place, user=person, label="chat", url=sys.argv[2])
        invite(system, place, email="bo@halden.example", name="Bo", role=OrgRole.AUDITOR)
        print(webhook.pk, secret)
        return
    gather()
    if what == "die-before":
        os.kill(os.getpid(), 9)
    if what == "die-after":
        tell = webhooks.post

        def tell_and_die(*given: object) -> None:
            tell(*given)  # type: ignore[arg-type]
            os.kill(os.getpid(), 9)

        webhooks.post = tell_and_die  # type: ignore[assignment]
    for address in set(outbox.due("webhook").values_list("address", flat=True)):
        print(outbox.deliver_due(address=address))


main()
