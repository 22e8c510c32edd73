"""All events in order, what happened around one, which fields there are, and when a value was seen."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.lab.lake import Lake, around, stream, write_item
from tocsin.lab.record import Record

START = datetime(2026, 3, 13, 6, tzinfo=UTC)


def record(number: int, seconds: int | None, host: str = "ws1", **data: object) -> Record:
    time = "" if seconds is None else f"{START + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
    return Record(number, time, host, "Security", "P", 4688, {"Level": 4}, data or {"A": str(number), "B": number})


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    write_item(tmp_path, "b", [record(n, (n * 7) % 50) for n in range(100)] + [record(100, None)], part_rows=30)
    write_item(tmp_path, "a", [record(n, n, "ws2", C="x") for n in range(20)])
    with Lake(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("window", [1, 7, 20_000])
def test_a_stream_gives_what_all_pages_give(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, order: str, window: int
) -> None:
    monkeypatch.setattr("tocsin.lab.lake.streaming.WINDOW", window)
    page = lake.search("", limit=1_000, order=order)  # type: ignore[arg-type]
    streamed = list(stream(lake, "", order))  # type: ignore[arg-type]
    assert [event.id for event in streamed] == [event.id for event in page.events]
    assert len(streamed) == 121
    assert streamed[3] == lake.event(streamed[3].id)


def test_a_stream_holds_only_what_was_asked_for(lake: Lake) -> None:
    found = list(stream(lake, "fields.B:[10 TO 12] or x time:<2026-03-13T06:00:02"))
    assert sorted(event.id for event in found) == ["a.0", "a.1", "b.10", "b.11", "b.12"]
    assert {event.fields["B"] for event in found if event.id.startswith("b")} == {10, 11, 12}


def test_around_an_event_is_what_the_same_host_wrote(lake: Lake) -> None:
    found = around(lake, "a.10", within=timedelta(seconds=3))
    assert found is not None
    assert [event.id for event in found.before] == ["a.7", "a.8", "a.9"]
    assert [event.id for event in found.after] == ["a.11", "a.12", "a.13"]
    assert found.event.fields == {"C": "x"}
    assert around(lake, "a.99") is None


def test_events_of_the_same_time_are_before_or_after_by_their_order(lake: Lake) -> None:
    # Seconds repeat after 50 events: b.3 and b.53 are both at 21 seconds.
    first = around(lake, "b.3", within=timedelta(seconds=1), most=2)
    second = around(lake, "b.53", within=timedelta(seconds=1), most=2)
    assert first is not None
    assert second is not None
    assert [event.id for event in first.after][:1] == ["b.53"]
    assert [event.id for event in second.before][-1:] == ["b.3"]
    assert "b.53" not in [event.id for event in first.before]


def test_an_event_without_a_time_stands_alone(lake: Lake) -> None:
    found = around(lake, "b.100")
    assert found is not None
    assert (found.before, found.after) == ([], [])


def test_fields_say_how_many_events_have_them(lake: Lake) -> None:
    fields = {field.name: field for field in lake.fields()}
    assert (fields["host"].events, fields["host"].share, fields["host"].own) == (121, 1.0, False)
    assert (fields["time"].events, fields["fields.B"].events, fields["fields.C"].events) == (120, 101, 20)
    assert "user" not in fields


def test_when_a_value_was_seen(lake: Lake) -> None:
    seen = lake.seen("host", "WS2")
    assert (seen.count, seen.hosts, seen.first, seen.last) == (20, 1, START, START + timedelta(seconds=19))
    assert lake.seen("fields.C", 'x" or "').count == 0
    assert lake.seen("fields.A", "5*").first is None


def test_a_page_needs_only_the_parts_it_shows(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    rows = lake.rows
    monkeypatch.setattr("tocsin.lab.lake.paging.FIRST_PARTS", 1)
    monkeypatch.setattr(lake, "rows", lambda sql, values: asked.append(sql) or rows(sql, values))  # type: ignore[func-returns-value]
    page = lake.search("", limit=2)
    assert [event.columns["time"] for event in page.events] == [START + timedelta(seconds=49)] * 2
    assert all("/a/" not in sql for sql in asked)


def test_events_of_one_time_come_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.lab.lake.streaming.WINDOW", 5)
    write_item(tmp_path, "one", [record(n, 5) for n in range(50)], part_rows=10)
    with Lake(tmp_path) as opened:
        assert [event.columns["record_id"] for event in stream(opened)] == list(range(50))
