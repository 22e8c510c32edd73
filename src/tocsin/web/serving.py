"""Django behind ASGI with one step into a thread for each request, and threads that stay.

Django's own handler gives each request a new thread, so each opens its database anew, and steps between the event loop
and that thread at every piece of middleware, some twenty times. Where threads compute, each step waits for its turn at
the interpreter (5 ms for each that computes): under load most of an answer's time. Here middleware and view run as one
call, in a thread of a small pool that keeps its connection.

The pool is also how requests take turns: in the order in which their bodies are here, so many at once as keep the
processor busy. A slow sender or a slow reader holds no thread.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

logger = logging.getLogger(__name__)
AT_ONCE = 2
"""Views at work in one process. More than one, because some wait for a database or a file; no more, because they share
one interpreter: with four, 200 people's answers cost a third more processor time each and waited longer for it."""


class Server(ASGIHandler):
    """Answers requests, at most `threads` at a time; a streamed body is read in a thread of its own."""

    def __init__(self, threads: int = AT_ONCE) -> None:
        BaseHandler.__init__(self)  # not ASGIHandler's, which loads the middleware to be awaited piece by piece
        self.load_middleware(is_async=False)
        self._threads = ThreadPoolExecutor(threads, "view")

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:  # type: ignore[override]
        """One request. A view that began is never broken off: who left is not answered, that is all."""
        if scope["type"] != "http":
            raise ValueError(f"Tocsin answers HTTP, not {scope['type']}.")
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            set_script_prefix(get_script_prefix(scope))
            run = copy_context().run
            response = await asyncio.get_running_loop().run_in_executor(self._threads, run, self._answer, scope, body)
            if not response.streaming:
                await self.send_response(response, send)  # type: ignore[arg-type]  # Django names its types otherwise
                return
            async with ThreadSensitiveContext():
                try:
                    await self.send_response(response, send)  # type: ignore[arg-type]  # Django names its types otherwise
                finally:
                    await sync_to_async(_close)(response)
        finally:
            body.close()

    def _answer(self, scope: Scope, body: Any) -> HttpResponseBase:
        """The whole of Django's work on a request, in a thread of the pool."""
        signals.request_started.send(sender=self.__class__, scope=scope)  # closes a connection that broke or is old
        request: HttpRequest | None
        request, refused = self.create_request(scope, body)
        response: HttpResponseBase = refused or HttpResponse(status=400)
        if request is not None:
            response = self.get_response(request)
        response._handler_class = self.__class__  # type: ignore[attr-defined]  # what its closing names as the sender
        if not response.streaming:
            response.close()
        return response


def _close(response: HttpResponseBase) -> None:
    response.close()
    connections.close_all()  # of this thread, which ends
