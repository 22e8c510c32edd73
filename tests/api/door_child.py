"""A process of its own that sends one request under a key, for the tests of crashes and of two at the same second."""

from __future__ import annotations

import json
import os
import sys
import time

import django

django.setup()

from django.test import Client  # noqa: E402  Django first

from tocsin.core.access import Actor, OrgRole  # noqa: E402
from tocsin.core.founding import new_organization  # noqa: E402
from tocsin.people import bookkeeping  # noqa: E402
from tocsin.people.actions import create_token, invite  # noqa: E402


def main() -> None:
    what, system = sys.argv[1], Actor.system()
    if what == "set-up":
        place = new_organization("halden", "Halden Foods")
        person = invite(system, place, email="ana@halden.example", name="Ana", role=OrgRole.ADMINISTRATOR)
        print(create_token(system, place, user=person, label="t", scopes=["read", "admin"]))
        return
    if what == "die-before":
        bookkeeping.keep_answer = lambda *_: os.kill(os.getpid(), 9)  # type: ignore[assignment]
    if what == "at":
        time.sleep(max(0.0, float(sys.argv[4]) - time.time()))
    client = Client(headers={"Authorization": f"Bearer {sys.argv[2]}", "Idempotency-Key": sys.argv[3]})
    body = json.dumps({"label": "chat", "url": "https://chat.example/"})
    answer = client.post("/api/v1/webhooks", body, content_type="application/json")
    if what == "die-after":
        os.kill(os.getpid(), 9)
    print(answer.status_code, answer.json().get("id"), answer.headers.get("Idempotent-Replayed", "first"))


main()
