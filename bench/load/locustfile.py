"""200 people at work: each looks or writes every 5 to 10 seconds and holds one event stream, as a browser does.

When the stream says that something of the room changed, a person whose room is open looks at it again after a random
part of the time that the server asks for, as assets/src/live.ts does. Run by `make load` (bench/load/run.py).
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import FastHttpUser, between, events, task

from load.kinds import READS, address

TOLD: dict[str, Any] = json.loads(Path(os.environ["TOCSIN_LOAD"]).read_text())
WARM_UP = 25
turns = itertools.count()
random.seed(1)


@events.test_start.add_listener
def begin(environment: Any, **_: Any) -> None:
    """Forget what was measured while the people came in."""
    gevent.spawn_later(WARM_UP, environment.runner.stats.reset_all)


class Person(FastHttpUser):
    """Somebody on the incident, with an account, a browser and a key for the API."""

    wait_time = between(5, 10)
    network_timeout = 30

    def on_start(self) -> None:
        """Sign in with the prepared session, open the room, follow its stream."""
        mine = TOLD["people"][next(turns) % len(TOLD["people"])]
        self.cookie = f"sessionid={mine['session']}; csrftoken={mine['csrf']}"
        self.page = {"Cookie": self.cookie}
        self.form = self.page | {"X-CSRFToken": mine["csrf"], "HX-Request": "true"}
        self.key = {"Authorization": f"Bearer {mine['key']}"}
        self.room = f"/incidents/{TOLD['number']}/"
        self.planned: Any = None
        gevent.sleep(random.uniform(0, 15))
        self.client.get(self.room, headers=self.page, name="room")
        self.stream = gevent.spawn(self._follow)

    def on_stop(self) -> None:
        """Close the stream."""
        self.stream.kill()

    def _follow(self) -> None:
        place = urlsplit(self.host or "")
        while True:
            try:
                line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=300)
                line.request("GET", f"{self.room}events?after=0", headers=self.page | {"Accept": "text/event-stream"})
                answer = line.getresponse()
                for raw in answer:
                    if raw.startswith(b'data: {"length"'):
                        self._hear(json.loads(raw[6:]))
            except (OSError, http.client.HTTPException):
                pass
            gevent.sleep(2)

    def _hear(self, news: dict[str, Any]) -> None:
        # A note alone comes with the stream and asks for no second look.
        if self.planned or not SHOWN & set(news["kinds"]):
            return
        self.planned = gevent.spawn_later(random.uniform(0, news["spread"] / 1000), self._look_again)

    def _look_again(self) -> None:
        self.client.get(self.room, headers=self.page | {"X-Live": "1"}, name="room, told to")
        gevent.sleep(1)
        self.planned = None

    def _leave_page(self) -> None:
        # Who opens another page has it fresh: what the page before had planned is gone with it, as in a browser.
        if self.planned:
            self.planned.kill(block=False)
            self.planned = None

    @task(85)
    def look(self) -> None:
        """Open a page, a panel, or ask the API."""
        kind = random.choices(READS, [k.weight for k in READS])[0]
        headers = self.key if kind.api else self.page
        if not kind.api and kind.name != "task panel":
            self._leave_page()
        self.client.get(address(kind, TOLD, next(turns)), headers=headers, name=kind.name)

    @task(6)
    def write_a_note(self) -> None:
        """Say something in the room's log."""
        self._post("note", {"text": f"At {time.time():.3f} nothing new from here."}, "write: note")

    @task(3)
    def start_a_task(self) -> None:
        """Start a task; who comes second is told so, which is an answer and no error."""
        number = random.choice(TOLD["tasks"])
        self._post(f"tasks/{number}/start", {}, "write: start task")

    @task(2)
    def complete_a_task(self) -> None:
        """Say that a task is done, and what proves it."""
        number = random.choice(TOLD["tasks"])
        self._post(f"tasks/{number}/complete", {"proof": "seen on the console"}, "write: complete task")

    @task(2)
    def add_scope(self) -> None:
        """Add a host to the scope."""
        name = f"HAL-LOAD-{next(turns)}-{time.time():.0f}"
        self._post("scope/add", {"kind": "host", "name": name, "because": "load"}, "write: add scope")

    @task(2)
    def add_scope_by_api(self) -> None:
        """The same through the API."""
        body = {"kind": "host", "name": f"HAL-API-{next(turns)}-{time.time():.0f}", "because": "load"}
        with self.client.post(f"/api/v1/incidents/{TOLD['id']}/scope", json=body, headers=self.key,
                              name="write: API scope", catch_response=True) as answer:  # fmt: skip
            self._judged(answer)

    def _post(self, to: str, form: dict[str, str], name: str) -> None:
        with self.client.post(self.room + to, data=form, headers=self.form, name=name, catch_response=True) as answer:
            self._judged(answer)

    @staticmethod
    def _judged(answer: Any) -> None:
        if answer.status_code in (200, 201, 204, 302, 409, 422):
            answer.success()
        else:
            answer.failure(f"status {answer.status_code}")


BAR = {"incident", "phase", "severity", "role", "roles", "task", "tasks", "decision", "clocks", "clock", "playbook"}
SHOWN = BAR | {"scope", "finding", "situation", "*"}
