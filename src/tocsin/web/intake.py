"""The fast lane for alerts: what systems post is answered before Django's stack, so that a storm leaves pages alone.

The address, what it takes and what it answers are those of api/alerts.py, which the API's document describes and
which answers where there is no ASGI server.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope
from django.db import close_old_connections

from tocsin.alerts.gathering import AT_ONCE, GATHERING, Answer, Arrival, answer_to, arrival_of

logger = logging.getLogger(__name__)
PATH = "/api/v1/alerts/in"
WAITING = 5000
"""How many messages may wait to be stored; more are asked to come back."""
WAITING_BYTES = 64 * 1024 * 1024
"""How much they may hold in all."""


class AlertLane:
    """Takes what is posted to the address for alerts; everything else goes on to the application behind it."""

    def __init__(self, app: ASGI3Application) -> None:
        self.app = app
        self.waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self.held = 0
        self.storing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_ours(scope["path"]):
            return await self.app(scope, receive, send)
        body = await _body(receive)
        if body is not None:
            await _send(send, await self._answer(scope, body))
        return None

    async def _answer(self, scope: HTTPScope, body: bytes) -> Answer:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        secret = scope["path"].removeprefix(PATH).strip("/") or headers.get(b"x-tocsin-key", "")
        signature = headers.get(b"x-tocsin-signature", "")
        arrival = arrival_of(secret, body, signature)
        if len(self.waiting) >= WAITING or self.held + len(body) > WAITING_BYTES:
            arrival.busy()
        else:
            stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.held += len(body)
            self.waiting.append((arrival, stored))
            if self.storing is None or self.storing.done():
                self.storing = asyncio.create_task(self._store())
            await stored
        return answer_to(arrival)

    async def _store(self) -> None:
        """Store what waits, batch by batch: while one is stored, the next gathers."""
        while self.waiting:
            batch, self.waiting = self.waiting[:AT_ONCE], self.waiting[AT_ONCE:]
            try:
                await asyncio.to_thread(_take, [arrival for arrival, _stored in batch])
            except Exception:  # what waits behind this batch must not wait for ever
                logger.exception("a batch of alerts could not be stored")
            finally:
                for arrival, stored in batch:
                    self.held -= len(arrival.body)
                    if arrival.outcome is None:
                        arrival.busy()
                    if not stored.done():
                        stored.set_result(None)


def _take(batch: list[Arrival]) -> None:
    close_old_connections()
    try:
        GATHERING.take_all(batch)
    finally:
        close_old_connections()


def _is_ours(path: str) -> bool:
    return path == PATH or (path.startswith(PATH + "/") and "/" not in path[len(PATH) + 1 :])


async def _body(receive: ASGIReceiveCallable) -> bytes | None:
    """The whole body, which BodyLimit in front keeps small; None when the sender left."""
    parts: list[bytes] = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return None
        parts.append(event.get("body", b""))
        if not event.get("more_body"):
            return b"".join(parts)


async def _send(send: ASGISendCallable, answer: Answer) -> None:
    body = json.dumps(answer.body).encode()
    headers = [
        (b"content-type", answer.kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    start: Any = {"type": "http.response.start", "status": answer.status, "headers": headers, "trailers": False}
    await send(start)
    await send({"type": "http.response.body", "body": body, "more_body": False})
