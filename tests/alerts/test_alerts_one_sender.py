"""One sender's trouble stays that sender's, and too much at once is asked to come back: in the batch, in the fast lane."""

from __future__ import annotations

import asyncio
import json
import operator
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import DataError, connection, connections

import factories
from tocsin.alerts.actions import add_source
from tocsin.alerts.gathering import GATHERING, arrival_of, read_json
from tocsin.alerts.models import Alert
from tocsin.core.action import Invalid
from tocsin.core.models import Organization
from tocsin.web import intake
from tocsin.web.intake import PATH, AlertLane

BODY = json.dumps({"title": "Files have a new ending"}).encode()


@pytest.fixture
def secrets(organization: Organization) -> tuple[str, str]:
    """What two sources sign in with; the database takes nothing that the first one brings."""
    return (
        add_source(factories.SYSTEM, organization, name="bad", kind="webhook")[1],
        add_source(factories.SYSTEM, organization, name="good", kind="webhook")[1],
    )


@contextmanager
def _refused_by_the_database(word: str) -> Iterator[None]:
    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and word in str(params):
            raise DataError("numeric value out of range")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield


async def _post(lane: AlertLane, secret: str, body: bytes = BODY) -> tuple[int, dict[bytes, bytes]]:
    out: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        out.append(event)

    scope: Any = {"type": "http", "method": "POST", "path": PATH, "headers": [(b"x-tocsin-key", secret.encode())]}
    await lane(scope, receive, send)
    return out[0]["status"], dict(out[0]["headers"])


@pytest.mark.django_db
def test_trouble_at_one_source_leaves_the_others(secrets: tuple[str, str]) -> None:
    batch = [arrival_of(s, json.dumps({"title": f"from {n}"}).encode(), "") for n, s in enumerate(secrets)]
    with _refused_by_the_database("from 0"):
        GATHERING.take_all(batch)
    assert [a.outcome.status for a in batch if a.outcome] == [503, 202]
    assert Alert.objects.get().title == "from 1"


@pytest.mark.django_db
def test_in_the_fast_lane_too(secrets: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three posts, stored by a thread of the lane over this test's connection, which holds what the test began."""
    ours = connections["default"]
    ours.inc_thread_sharing()
    monkeypatch.setattr(intake, "close_old_connections", partial(operator.setitem, connections, "default", ours))
    lane = AlertLane(None)  # type: ignore[arg-type]

    async def play() -> list[tuple[int, dict[bytes, bytes]]]:
        return await asyncio.gather(
            _post(lane, secrets[0], b'{"title": "poison"}'), _post(lane, secrets[1]), _post(lane, secrets[1])
        )

    with _refused_by_the_database("poison"):
        answers = asyncio.run(play())
    ours.dec_thread_sharing()
    assert [status for status, _headers in answers] == [503, 202, 202]
    assert answers[0][1][b"retry-after"] == b"5"
    assert Alert.objects.get().count == 2
    assert (lane.held, lane.waiting) == (0, [])


@pytest.mark.parametrize("limit", [{"WAITING_BYTES": 2 * len(BODY)}, {"WAITING": 1}])
def test_more_than_may_wait_is_asked_to_come_back_and_what_waits_is_stored(
    limit: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database stands still: one batch is on its way to it, what came after waits, and what is too much goes back."""
    for name, value in limit.items():
        monkeypatch.setattr(intake, name, value)
    goes_on, batches = threading.Event(), []

    def slow(batch: list[Any]) -> None:
        batches.append(len(batch))
        goes_on.wait(10)

    monkeypatch.setattr(intake, "_take", slow)
    lane = AlertLane(None)  # type: ignore[arg-type]

    async def play() -> tuple[list[int], int]:
        first = asyncio.create_task(_post(lane, "a"))
        while not batches:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(_post(lane, "b"))
        await asyncio.sleep(0)
        third, headers = await asyncio.wait_for(_post(lane, "c"), 5)
        assert headers[b"retry-after"] == b"5"
        held = lane.held
        goes_on.set()
        await asyncio.wait_for(asyncio.gather(first, second), 5)
        return [third], held

    assert asyncio.run(play()) == ([503], 2 * len(BODY))
    assert batches == [1, 1]
    assert (lane.held, lane.waiting) == (0, [])


def test_a_batch_that_fails_is_answered_and_the_next_one_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def first_fails(batch: list[Any]) -> None:
        taken.append(len(batch))
        if len(taken) == 1:
            raise MemoryError

    monkeypatch.setattr(intake, "_take", first_fails)
    monkeypatch.setattr(intake, "AT_ONCE", 1)
    lane = AlertLane(None)  # type: ignore[arg-type]

    async def play() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*(_post(lane, "a") for _ in range(3))), 5)

    assert [status for status, _headers in asyncio.run(play())] == [503, 503, 503]
    assert taken == [1, 1, 1]
    assert lane.held == 0


def test_a_number_beyond_all_is_refused() -> None:
    with pytest.raises(Invalid):
        read_json(b'{"title": "x", "n": 1e400}')
