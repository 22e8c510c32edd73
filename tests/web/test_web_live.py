"""Following the log: news when it grows, catching up after sleep, silence for who is not on the incident."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from signing_in import as_user

import factories
from tocsin.core import clock
from tocsin.core.models import Chain, Grant
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.web import news, streams

pytestmark = pytest.mark.django_db


def handed(browser: Client, incident: Incident, query: str = "", **headers: str) -> tuple[int, int]:
    """The length that the page has seen and the length now, as Django hands them to the streams."""
    answer = browser.get(f"/incidents/{incident.number}/events{query}", headers=headers)
    assert answer.status_code == 200
    _user, chain, seen, length, zone, session = answer.headers[streams.FOLLOW].split()
    assert session == browser.session.session_key
    assert zone == "Europe/Stockholm"
    assert chain == str(incident.chain_id)
    return int(seen), int(length)


def test_a_page_that_slept_says_what_it_has_seen(lead: Client, incident: Incident) -> None:
    actions.note(factories.SYSTEM, incident, text="awake?")
    incident.chain.refresh_from_db()
    assert handed(lead, incident, "?after=2") == (2, incident.chain.length)
    assert handed(lead, incident, "?after=999", **{"Last-Event-ID": "2"}) == (2, incident.chain.length)


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after=", "", "?after=" + "9" * 5000])
def test_an_odd_position_counts_as_the_beginning(lead: Client, incident: Incident, query: str) -> None:
    assert handed(lead, incident, query)[0] == 0


def test_who_is_not_on_it_hears_nothing_and_learns_nothing(
    stranger: Client, client: Client, incident: Incident
) -> None:
    for browser in (stranger, client):
        assert browser.get(f"/incidents/{incident.number}/events").status_code == 404
        assert browser.get("/incidents/INC-1999-001/events").status_code == 404


def follow(
    user: str, chain: str, seen: int, length: int, app: streams.EventStreams
) -> tuple[Any, list[dict[str, Any]]]:
    """A stream that Django handed over, as a coroutine, and what it sends."""
    out: list[dict[str, Any]] = []

    async def django(scope: Any, _receive: Any, send: Any) -> None:
        header = (streams.FOLLOW.encode(), scope["follow"].encode())
        await send({"type": "http.response.start", "status": 200, "headers": [header, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(event: Any) -> None:
        out.append(event)

    app.app = django
    return app({"type": "http", "follow": f"{user} {chain} {seen} {length} UTC key"}, receive, send), out  # type: ignore[typeddict-item, arg-type]


def test_a_hundred_streams_ask_once_a_look_and_a_seventh_of_one_person_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "LOOK_EVERY", 0.02)
    monkeypatch.setattr(streams, "HERE_EVERY", 60.0)
    monkeypatch.setattr(streams, "LIVES", 0.3)
    monkeypatch.setattr(streams, "ASK_AGAIN", 60.0)
    chain, looks, made = uuid4(), [], []

    def lengths(_chains: Any) -> Any:
        looks.append(1)
        return {chain: 9}

    def told(_chain: Any, before: int, length: int, zones: Any, watchers: int) -> dict[str, bytes]:
        made.append((before, length, watchers))
        return {z: news.message(length, ["task"], watchers) for z in zones}

    monkeypatch.setattr(news, "lengths", lengths)
    monkeypatch.setattr(news, "told", told)
    app = streams.EventStreams(None)  # type: ignore[arg-type]

    async def all_of() -> list[list[dict[str, Any]]]:
        users = [str(uuid4()) for _ in range(20)]
        pairs = [follow(users[n % 20], str(chain), 3, 5, app) for n in range(100)]
        pairs += [follow(users[0], str(chain), 3, 5, app) for _ in range(2)]
        await asyncio.gather(*(run for run, _out in pairs))
        return [out for _run, out in pairs]

    outs = asyncio.run(all_of())
    assert [o[0]["status"] for o in outs] == [200] * 101 + [429]
    assert len(looks) < 20
    text = b"".join(e["body"] for e in outs[0][1:]).decode()
    assert '"length":5,"kinds":["*"]' in text
    assert '"length":9,"kinds":["task"],"spread":12120' in text
    assert len(made) == 1, "one drawing for a hundred"
    assert all(streams.FOLLOW.encode() not in dict(o[0]["headers"]) for o in outs)


def test_who_was_taken_off_is_not_among_those_who_may_follow(manager: Any, incident: Incident) -> None:
    chain = Chain.objects.get(pk=incident.chain_id).pk
    assert (manager.pk, chain) in streams._allowed({chain})
    with factories.preparing():
        Grant.objects.filter(user=manager, chain_id=chain).delete()
    assert (manager.pk, chain) not in streams._allowed({chain})


def test_a_stream_ends_soon_after_signing_out(
    lead: Client, manager: User, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, left = lead.session.session_key, as_user(manager)
    gone = left.session.session_key
    assert streams._signed_in({kept, gone, "made-up"}) == {kept, gone}
    left.post("/sign-out")
    assert streams._signed_in({kept, gone}) == {kept}
    later = clock.now() + timedelta(hours=13)
    monkeypatch.setattr(streams.clock, "now", lambda: later)
    assert streams._signed_in({kept}) == set()


def test_who_signed_out_is_dropped_and_nobody_else(manager: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_allowed", lambda chains: {(manager.pk, c) for c in chains})
    monkeypatch.setattr(streams, "_signed_in", lambda _sessions: {"kept"})

    async def play() -> list[Any]:
        hub, chain = streams.Hub(), uuid4()
        followers = [streams.Stream(manager.pk, chain, 0, session=s) for s in ("kept", "gone")]
        hub.streams.update(followers)
        await hub._drop_who_may_not()
        return [f.news.qsize() for f in followers]

    assert asyncio.run(play()) == [0, 1]


def test_every_page_of_an_incident_says_where_its_news_come_from(lead: Client, incident: Incident) -> None:
    page = lead.get(f"/incidents/{incident.number}/").content.decode()
    incident.chain.refresh_from_db()
    assert f'data-live="/incidents/{incident.number}/events" data-after="{incident.chain.length}"' in page
