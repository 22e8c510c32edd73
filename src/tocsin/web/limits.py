"""How much one request may carry: checked in front of Django, which would first put all of it on the disk."""

from __future__ import annotations

import json
import re
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, HTTPScope, Scope
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import parse_cookie

from tocsin.people.actions import hashed
from tocsin.people.queries import user_of_token

ORDINARY = 1024 * 1024
UPLOADS = re.compile(r"^(/incidents/[^/]+/evidence/upload|/api/v1/incidents/[^/]+/evidence)$")


class TooMuch(Exception):
    """The request carries more than it may."""


class BodyLimit:
    """Refuses a request that carries too much: by what it announces, and while what it really sends is counted.

    One mebibyte, except evidence from somebody who is signed in or brings a live key: settings.UPLOAD_LIMIT.
    """

    def __init__(self, app: ASGI3Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request; 413 with a sentence when it is too large."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit, counted, started = await _limit(scope), 0, False
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if len(announced) > 18 or not announced.isdigit() or int(announced) > limit:
            return await _refuse(scope, send, limit)

        async def count() -> ASGIReceiveEvent:
            nonlocal counted
            event = await receive()
            if event["type"] == "http.request":
                counted += len(event.get("body", b""))
                if counted > limit:
                    raise TooMuch
            return event

        async def say(event: Any) -> None:
            nonlocal started
            started = True
            await send(event)

        try:
            await self.app(scope, count, say)
        except TooMuch:
            if not started:
                await _refuse(scope, send, limit)


async def _limit(scope: HTTPScope) -> int:
    if scope["method"] == "POST" and UPLOADS.match(scope["path"]) and await sync_to_async(_known)(scope):
        return int(settings.UPLOAD_LIMIT)
    return ORDINARY


def _known(scope: HTTPScope) -> bool:
    headers = dict(scope["headers"])
    close_old_connections()
    try:
        kind, _space, secret = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() == "bearer":
            return user_of_token(hashed(secret.strip())) is not None
        cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
        session = cookies.get(settings.SESSION_COOKIE_NAME)
        return bool(session and SessionStore(session).get(SESSION_KEY))
    finally:
        close_old_connections()


async def _refuse(scope: HTTPScope, send: ASGISendCallable, limit: int) -> None:
    said = f"That is too much for one request: {limit:,} bytes are taken here."
    kind, body = b"text/plain; charset=utf-8", said.encode()
    if scope["path"].startswith("/api/"):
        kind = b"application/problem+json"
        body = json.dumps({"title": "Content Too Large", "status": 413, "detail": said}).encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close"),
               (b"x-content-type-options", b"nosniff")]  # fmt: skip
    await send({"type": "http.response.start", "status": 413, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
