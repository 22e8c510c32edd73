"""A process of its own that declares, calls and delivers, for the crash test: it dies where it is told to."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta

import django

django.setup()

from tocsin.core import clock, outbox  # noqa: E402  Django first
from tocsin.core.access import Actor  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402
from tocsin.core.models import LogEntry, Organization, OutboxMessage  # noqa: E402
from tocsin.example import example_plan_files  # noqa: E402
from tocsin.incidents.actions import declare  # noqa: E402
from tocsin.people import reactions_paging  # noqa: E402
from tocsin.people.actions import import_plan, invite  # noqa: E402
from tocsin.people.models import Paging, PagingCall, User  # noqa: E402

S = Actor.system()


def die(*_args: object, **_more: object) -> None:
    os.kill(os.getpid(), 9)


def prepare(hook: str) -> None:
    place = new_organization("halden", "Halden Foods")
    files = dict(example_plan_files())
    files["contacts.yaml"] = files["contacts.yaml"].replace("tel:+46701740608", hook)  # the scribe's telephone
    import_plan(S, place, files=files)
    invite(S, place, email="nora@halden.example", name="Nora Night", role="responder")


def call() -> None:
    nora = User.objects.get(email="nora@halden.example")
    place = Organization.objects.get()
    declare(nora.actor, place, title="Files encrypted", severity=2, playbook_id="ransomware", key="one")


def tick(minutes: float) -> None:
    now = clock.now() + timedelta(minutes=minutes)
    clock.now = lambda: now  # type: ignore[assignment]
    reactions_paging.call_on()
    outbox.deliver_due()


def look() -> None:
    scribe = Paging.objects.get(role="scribe")
    own = OutboxMessage.objects.filter(key__startswith=f"paging:{scribe.pk}:")
    queued = LogEntry.objects.filter(verb="message.queue", payload__recipient="Oksana Melnyk")
    print(json.dumps({
        "calls": PagingCall.objects.filter(paging=scribe).count(), "messages": own.count(),
        "sent": own.filter(state="sent").count(), "entries": queued.count(),
        "pagings": Paging.objects.count(), "roles": Paging.objects.values("role").distinct().count(),
    }))  # fmt: skip


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "prepare":
        prepare(rest[0])
    elif what == "die-while-storing":
        reactions_paging.message_for = die  # type: ignore[assignment]
        call()
    elif what == "die-when-stored":
        call()
        die()
    elif what == "die-when-sent":
        really_send = outbox.send

        def send_and_die(message: OutboxMessage) -> None:
            really_send(message)
            if message.recipient == "Oksana Melnyk":
                die()

        outbox.send = send_and_die
        tick(0)
    elif what == "tick":
        tick(float(rest[0]))
    else:
        look()


main()
