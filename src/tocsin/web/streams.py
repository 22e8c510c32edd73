"""The open event streams of this process: a few looks a second at all watched chains, told to everybody who follows.

A stream lives for some minutes. Django answers who may follow (views.live) and is done; what stays open is held here,
so that a thousand streams keep no thread and no database connection of their own.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterable
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.contrib.sessions.models import Session

from tocsin.core import clock
from tocsin.core.models import Grant
from tocsin.incidents import presence
from tocsin.web import news

logger = logging.getLogger(__name__)
LOOK_EVERY, HERE_EVERY, ASK_AGAIN, LIVES, RETRY_MS, AT_ONCE = 0.4, 2.0, 15.0, 240.0, 2000, 6
"""Seconds between two looks at the log, at who is here, and at who may still follow; how long a stream lives; when a
browser comes back; how many streams one person holds."""
BLINK = 8.0
"""Seconds within which somebody whose stream ended is still here: a page that is loaded again, a stream renewed."""
FOLLOW = "x-tocsin-follow"
"""The header by which a page hands over a stream: user, chain, length seen, length now, zone, session. It stays in the
server."""


@dataclass(eq=False)
class Stream:
    """One follower. `news` brings what to send; None ends it. `session` is the key of the sign-in that it lives by."""

    user: UUID
    chain: UUID
    seen: int
    zone: str = "UTC"
    session: str = ""
    news: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)


class Hub:
    """All the streams of this process and the one task that looks for them."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.known: dict[UUID, int] = {}
        self.here = Here()
        self._task: asyncio.Task[None] | None = None

    def open(self, stream: Stream) -> bool:
        """Follow; False when this person has six streams open already."""
        if sum(s.user == stream.user for s in self.streams) >= AT_ONCE:
            return False
        self.streams.add(stream)
        self.known.setdefault(stream.chain, stream.seen)
        if self._task is None or self._task.done():
            # A context of its own: the look must not run in the thread of the request that happened to come first.
            self._task = asyncio.get_running_loop().create_task(self._look(), context=Context())
        return True

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        asked = met = clock()
        while self.streams or self.here.somebody_left:
            await asyncio.sleep(LOOK_EVERY)
            try:
                await self._tell()
                if clock() - met >= HERE_EVERY:
                    met = clock()
                    await self.here.say(self.streams, clock())
                if clock() - asked >= ASK_AGAIN:
                    asked = clock()
                    await self._drop_who_may_not()
            except Exception:  # the next look tries again; pages that hear nothing more would be worse
                logger.exception("the event streams cannot read the log; they look again")
        self.known.clear()

    async def _tell(self) -> None:
        watched: dict[UUID, list[Stream]] = {}
        for stream in self.streams:
            watched.setdefault(stream.chain, []).append(stream)
        if not watched:
            return
        lengths = await sync_to_async(news.lengths)(watched)
        for chain, length in lengths.items():
            if length <= (before := self.known.get(chain, length)):
                self.known[chain] = length
                continue
            follow = watched[chain]
            zones = {s.zone for s in follow}
            watchers = max(len(follow), self.here.count(chain))
            try:
                told = await sync_to_async(news.told)(chain, before, length, zones, watchers)
            except Exception:  # an entry that cannot be told must not keep everybody from hearing that it is there
                logger.exception("the news of chain %s cannot be told", chain)
                told = dict.fromkeys(zones, news.message(length, [news.EVERYTHING], watchers))
            self.known[chain] = length
            for stream in follow:
                if length > stream.seen:
                    stream.seen = length
                    stream.news.put_nowait(told[stream.zone])

    async def _drop_who_may_not(self) -> None:
        allowed = await sync_to_async(_allowed)({s.chain for s in self.streams})
        signed_in = await sync_to_async(_signed_in)({s.session for s in self.streams})
        for stream in self.streams:
            if (stream.user, stream.chain) not in allowed or stream.session not in signed_in:
                stream.news.put_nowait(None)


class Here:
    """Who has what open: what this process knows, what it says to the others, and what its streams were told."""

    def __init__(self) -> None:
        self.worker = uuid4().hex
        self.seen: dict[tuple[UUID, UUID], float] = {}
        self.gone: dict[tuple[UUID, UUID], float] = {}
        self.told: dict[UUID, tuple[dict[UUID, bool], bytes]] = {}
        self.said: tuple[float, object] = (0.0, None)

    @property
    def somebody_left(self) -> bool:
        """Whether somebody is still to be said to have left."""
        return bool(self.seen)

    def count(self, chain: UUID) -> int:
        """How many people all processes told last to have a chain open; 0 before the first time."""
        return sum(self.told[chain][0].values()) if chain in self.told else 0

    def now(self, chain: UUID) -> bytes:
        """The event that was told last of a chain; nothing before the first."""
        return self.told[chain][1] if chain in self.told else b""

    async def say(self, streams: set[Stream], now: float) -> None:
        """Note who is here, say it where it changed or a while ago, and tell the streams what all processes say."""
        present = {(s.chain, s.user) for s in streams}
        self.seen |= dict.fromkeys(present, now)
        for pair in [p for p, at in self.seen.items() if now - at > BLINK]:
            del self.seen[pair]
            self.gone[pair] = presence.stamp()
        limit = presence.stamp() - presence.AWAY
        self.gone = {p: at for p, at in self.gone.items() if at > limit and p not in self.seen}
        await self._publish(now)
        chains = {s.chain for s in streams}
        seen = await sync_to_async(presence.seen_by_all)(chains)
        for chain in chains:
            if chain not in self.told or seen[chain] != self.told[chain][0]:
                event = news.here(await sync_to_async(presence.faces_of)(chain, seen[chain]))
                self.told[chain] = seen[chain], event
                for stream in [s for s in streams if s.chain == chain]:
                    stream.news.put_nowait(event)
        self.told = {c: t for c, t in self.told.items() if c in chains}

    async def _publish(self, now: float) -> None:
        is_so = (frozenset(self.seen), frozenset(self.gone))
        if self.said[1] == is_so and now - self.said[0] < presence.STAYS / 3:
            return
        table: dict[UUID, dict[UUID, tuple[bool, float]]] = {}
        for chain, user in self.seen:
            table.setdefault(chain, {})[user] = (True, presence.stamp())
        for (chain, user), at in self.gone.items():
            table.setdefault(chain, {})[user] = (False, at)
        await sync_to_async(presence.publish)(self.worker, table)
        self.said = (now, is_so)


def _allowed(chains: Iterable[UUID]) -> set[tuple[UUID, UUID]]:
    grants = Grant.objects.filter(chain_id__in=chains, user__is_active=True)
    return {(user, chain) for user, chain in grants.values_list("user_id", "chain_id")}


def _signed_in(sessions: Iterable[str]) -> set[str]:
    """Those that nobody signed out of, and that have not run out."""
    live = Session.objects.filter(session_key__in=sessions, expire_date__gt=clock.now())
    return set(live.values_list("session_key", flat=True))


class EventStreams:
    """Takes over an answer that carries the header FOLLOW, when Django is done with it, and streams the news."""

    def __init__(self, app: ASGI3Application) -> None:
        self.app, self.hub = app, Hub()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request; everything but a handed-over stream passes through untouched."""
        held: dict[str, Any] = {}

        async def watch(event: Any) -> None:
            if event["type"] == "http.response.start" and any(
                k.lower() == FOLLOW.encode() for k, _v in event["headers"]
            ):
                held.update(event)
            elif not held:
                await send(event)

        await self.app(scope, receive, watch)
        if held:
            await self._follow(held, receive, send)

    async def _follow(self, start: dict[str, Any], receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        headers = {k.lower(): v for k, v in start["headers"]}
        user, chain, seen, length, zone, session = headers.pop(FOLLOW.encode()).decode().split()
        headers.pop(b"content-length", None)
        stream = Stream(UUID(user), UUID(chain), max(int(seen), int(length)), zone, session)
        if not self.hub.open(stream):
            said = f"You have {AT_ONCE} pages open that follow an incident; close one.".encode()
            headers[b"content-type"] = b"text/plain; charset=utf-8"
            await send({**start, "status": 429, "headers": list(headers.items())})  # type: ignore[arg-type]
            return await send({"type": "http.response.body", "body": said, "more_body": False})
        gone = asyncio.create_task(_gone(receive, stream))
        try:
            await send({**start, "headers": list(headers.items())})  # type: ignore[arg-type]
            first = news.message(int(length), [news.EVERYTHING]) if int(length) > int(seen) else b""
            await _say(send, f"retry: {RETRY_MS}\n\n".encode() + first + self.hub.here.now(stream.chain))
            await _tell_until_the_end(stream, gone, send)
        finally:
            self.hub.streams.discard(stream)
            gone.cancel()


async def _tell_until_the_end(stream: Stream, gone: asyncio.Task[None], send: ASGISendCallable) -> None:
    loop = asyncio.get_running_loop()
    # Not all at once: a thousand pages that were opened in one minute do not come back in one second.
    end = loop.time() + LIVES * random.uniform(0.8, 1.2)  # noqa: S311  no secret
    while (left := end - loop.time()) > 0 and not gone.done():
        try:
            async with asyncio.timeout(min(left, ASK_AGAIN)):
                message = await stream.news.get()
        except TimeoutError:
            await _say(send, b": still here\n\n")
            continue
        if message is None:
            break
        await _say(send, message)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _say(send: ASGISendCallable, text: bytes) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": True})


async def _gone(receive: ASGIReceiveCallable, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.news.put_nowait(None)
