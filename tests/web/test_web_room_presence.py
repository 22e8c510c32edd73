"""Who is here now, across processes, and what the streams tell of a log that grew."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.test import Client

import factories
from tocsin.core.access import Actor
from tocsin.core.models import Grant
from tocsin.incidents import actions, presence
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole
from tocsin.web import news, streams

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def data_of(event: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event.decode().split("\ndata: ")[1])
    return found


def test_what_several_processes_say_is_one_picture(incident: Incident) -> None:
    one, two, three = (factories.on(incident, IncidentRole.RESPONDER) for _ in range(3))
    now = presence.stamp()
    chain = incident.pk
    presence.publish("web-1", {chain: {one.pk: (True, now), two.pk: (False, now - 60)}})
    presence.publish("web-2", {chain: {two.pk: (True, now), three.pk: (False, now - presence.AWAY - 1)}})
    assert {(f.user, f.here) for f in presence.people_here(chain)} == {(one.pk, True), (two.pk, True)}
    presence.publish("web-2", {})
    assert [(f.user, f.here) for f in presence.people_here(chain)] == [(one.pk, True), (two.pk, False)]


def test_a_process_that_died_is_forgotten(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    person = factories.on(incident, IncidentRole.RESPONDER)
    presence.publish("web-1", {incident.pk: {person.pk: (True, presence.stamp())}})
    caches["shared"].delete("here:web-1")  # as it expires after presence.STAYS
    assert presence.people_here(incident.pk) == []
    later = presence.stamp() + 3 * presence.STAYS
    monkeypatch.setattr(presence, "stamp", lambda: later)
    presence.publish("web-2", {})
    assert list(caches["shared"].get(presence.WORKERS)) == ["web-2"]


def test_who_was_taken_off_is_not_shown_and_shows_nobody(incident: Incident) -> None:
    person, other = factories.on(incident, IncidentRole.RESPONDER), factories.incident(incident.organization)
    presence.publish("web-1", {incident.pk: {person.pk: (True, presence.stamp())}})
    assert presence.people_here(other.pk) == []
    with factories.preparing():
        Grant.objects.filter(user=person, chain_id=incident.pk).delete()
    assert presence.people_here(incident.pk) == []


def test_the_room_shows_who_is_here(lead: Client, manager: User, incident: Incident) -> None:
    presence.publish("web-1", {incident.pk: {manager.pk: (True, presence.stamp())}})
    text = lead.get(f"/incidents/{incident.number}/").content.decode()
    assert "data-faces" in text
    assert "Anneke de Vries, here now" in text


def test_the_hub_says_who_came_and_who_left_after_a_blink(monkeypatch: pytest.MonkeyPatch) -> None:
    chain, user, other = uuid4(), uuid4(), uuid4()
    published: list[dict[UUID, dict[UUID, tuple[bool, float]]]] = []
    monkeypatch.setattr(presence, "publish", lambda _worker, table: published.append(table))
    monkeypatch.setattr(
        presence, "seen_by_all",
        lambda chains: {c: {u: h for u, (h, _at) in published[-1].get(c, {}).items()} for c in chains},
    )  # fmt: skip
    monkeypatch.setattr(presence, "faces_of", lambda _c, seen: [presence.Face(u, "P", h) for u, h in seen.items()])

    async def play() -> list[list[bool]]:
        here = streams.Here()
        stays, goes = streams.Stream(user, chain, 0), streams.Stream(other, chain, 0)
        told = []
        for at, who in ((0.0, {stays, goes}), (2.0, {stays}), (4.0, {stays}), (2.0 + streams.BLINK + 1, {stays})):
            await here.say(who, at)
            while not stays.news.empty():
                message = stays.news.get_nowait()
                assert message
                told.append(sorted(f["here"] for f in data_of(message)["faces"]))
        return told

    assert asyncio.run(play()) == [[True, True], [False, True]], "told when it changed, and only then"


def test_news_name_what_changed_and_bring_the_entries_in_the_followers_zone(incident: Incident) -> None:
    incident.chain.refresh_from_db()
    before = incident.chain.length
    actions.note(Actor.system("<script>"), incident, text="<b>VPN closed</b>")
    actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen")
    told = news.told(incident.pk, before, before + 2, {"UTC", "Asia/Tokyo"}, 1000)
    utc, tokyo = data_of(told["UTC"]), data_of(told["Asia/Tokyo"])
    assert (utc["length"], utc["kinds"]) == (before + 2, ["note", "scope"])
    assert utc["spread"] > 5000, "a thousand pages do not look again in one second"
    assert f'data-seq="{before + 2}"' in utc["html"]
    assert utc["html"].index(f'data-seq="{before + 2}"') < utc["html"].index(f'data-seq="{before + 1}"')
    assert "&lt;b&gt;VPN closed" in utc["html"]
    assert "<script>" not in utc["html"]
    assert utc["html"] != tokyo["html"]
    assert data_of(news.message(3, ["task"], 2))["spread"] == 0
    assert b"\n\n" not in told["UTC"][:-2], "one event, whatever people write"


def test_more_news_than_an_event_carries_is_asked_for(incident: Incident) -> None:
    incident.chain.refresh_from_db()
    before = incident.chain.length
    for n in range(news.MOST + 2):
        actions.note(S, incident, text=f"line {n}")
    told = data_of(news.told(incident.pk, before, before + news.MOST + 2, {"UTC"}, 1)["UTC"])
    assert told["kinds"] == ["*"]


def test_a_page_that_slept_is_told_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LIVES", 0.1)
    monkeypatch.setattr(streams, "LOOK_EVERY", 60.0)
    out: list[Any] = []

    async def django(_scope: Any, _receive: Any, send: Any) -> None:
        header = (streams.FOLLOW.encode(), f"{uuid4()} {uuid4()} 3 812 UTC key".encode())
        await send({"type": "http.response.start", "status": 200, "headers": [header]})

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        out.append(event)

    async def once() -> None:
        await streams.EventStreams(django)({"type": "http"}, receive, send)  # type: ignore[arg-type]

    async_to_sync(once)()
    text = b"".join(e.get("body", b"") for e in out).decode()
    assert "id: 812\n" in text
    assert '"kinds":["*"]' in text


def test_an_entry_that_cannot_be_told_is_still_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = uuid4()

    def broken(*_given: Any) -> dict[str, bytes]:
        raise KeyError("a sentence with a gap")

    monkeypatch.setattr(news, "lengths", lambda _chains: {chain: 9})
    monkeypatch.setattr(news, "told", broken)

    async def play() -> bytes | None:
        hub, stream = streams.Hub(), streams.Stream(uuid4(), chain, 5)
        hub.streams.add(stream)
        hub.known[chain] = 5
        await hub._tell()
        return stream.news.get_nowait()

    heard = asyncio.run(play())
    assert heard
    assert (data_of(heard)["length"], data_of(heard)["kinds"]) == (9, ["*"])


def test_who_closes_the_page_leaves_nothing_open() -> None:
    app = streams.EventStreams(None)  # type: ignore[arg-type]

    async def django(_scope: Any, _receive: Any, send: Any) -> None:
        header = (streams.FOLLOW.encode(), f"{uuid4()} {uuid4()} 3 3 UTC key".encode())
        await send({"type": "http.response.start", "status": 200, "headers": [header]})

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(_event: Any) -> None:
        pass

    async def once() -> None:
        app.app = django
        await asyncio.wait_for(app({"type": "http"}, receive, send), 2)  # type: ignore[arg-type]

    asyncio.run(once())
    assert app.hub.streams == set()
