"""Django behind ASGI: one thread for a whole request, threads that stay, so many views at once, and streams are closed."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from tocsin.web.serving import Server

CLOSED: list[str] = []


class Ours(Server):
    """The server with one view in Django's place: which thread answers, or a stream."""

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        if request.path == "/stream":
            answer = StreamingHttpResponse(iter([b"a", b"b"]))
            answer._resource_closers.append(lambda: CLOSED.append("stream"))  # type: ignore[attr-defined]
            return answer
        return HttpResponse(f"{threading.current_thread().name} {request.read().decode()}")


async def ask(server: Server, path: str, body: bytes = b"") -> tuple[int, bytes]:
    out: list[dict[str, Any]] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        out.append(event)

    scope: Any = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    await server(scope, receive, send)
    return out[0]["status"], b"".join(e.get("body", b"") for e in out[1:])


def test_requests_are_answered_by_threads_that_stay() -> None:
    server = Ours(2)

    async def all_of() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(ask(server, "/", b"said") for _ in range(20)))

    answers = asyncio.run(all_of())
    assert {status for status, _ in answers} == {200}
    assert {body for _, body in answers} <= {b"view_0 said", b"view_1 said"}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")  # as web/asgi.py does
def test_a_streamed_body_arrives_whole_and_is_closed() -> None:
    assert asyncio.run(ask(Ours(1), "/stream")) == (200, b"ab")
    assert CLOSED == ["stream"]


def test_the_middleware_is_loaded_to_run_in_the_thread() -> None:
    assert not asyncio.iscoroutinefunction(Server(1)._middleware_chain)  # type: ignore[attr-defined]


FULL: dict[str, Any] = {"type": "http.request", "body": b"", "more_body": False}


def scope_of(path: str) -> Any:
    return {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}


async def full() -> Any:
    return FULL


async def swallow(event: Any) -> None:
    pass


class Counted(Server):
    """The server with a view that works for a moment; counts how many work at once. `/fails` fails."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.lock = threading.Lock()
        self.at_work, self.most, self.done = 0, 0, 0
        self.order: list[str] = []

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        with self.lock:
            self.order.append(request.path)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        time.sleep(0.01)
        with self.lock:
            self.at_work -= 1
            self.done += request.path != "/fails"
        if request.path == "/fails":
            raise RuntimeError
        return HttpResponse("done")


def test_no_more_than_so_many_at_once() -> None:
    server = Counted(3)

    async def play() -> None:
        await asyncio.gather(*(server(scope_of(f"/{n}"), full, swallow) for n in range(20)))

    asyncio.run(play())
    assert (server.most, server.done) == (3, 20)


def test_they_are_answered_in_the_order_in_which_they_came() -> None:
    server = Counted(1)

    async def play() -> None:
        await asyncio.gather(*(server(scope_of(f"/{n}"), full, swallow) for n in range(20)))

    asyncio.run(play())
    assert server.order == [f"/{n}" for n in range(20)]


def test_a_slow_sender_and_a_slow_reader_hold_nobody_up() -> None:
    server = Counted(1)

    async def play() -> None:
        never = asyncio.Event()

        async def dribble() -> Any:
            await never.wait()

        async def crawl(event: Any) -> None:
            await never.wait()

        slow = [asyncio.create_task(server(scope_of("/"), dribble, swallow)),
                asyncio.create_task(server(scope_of("/"), full, crawl))]  # fmt: skip
        await asyncio.sleep(0.05)
        await asyncio.wait_for(server(scope_of("/"), full, swallow), 1)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await asyncio.wait_for(server(scope_of("/"), full, swallow), 1)

    asyncio.run(play())
    assert server.done == 3  # the one whose reader is slow among them: its view was through


def test_what_fails_gives_its_turn_back() -> None:
    server = Counted(1)

    async def play() -> None:
        for _ in range(3):
            await asyncio.gather(server(scope_of("/fails"), full, swallow), return_exceptions=True)
        await asyncio.wait_for(server(scope_of("/"), full, swallow), 1)

    asyncio.run(play())
    assert server.done == 1
