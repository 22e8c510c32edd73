"""Loading: all or nothing, the same bytes for the same records, and nothing lost of what is strange."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.lab.lake import Lake, items, write_item
from tocsin.lab.lake.columns import own_column
from tocsin.lab.record import Record


def event(number: int = 0, host: str = "ws1", **data: Any) -> Record:
    time = f"2026-03-{1 + number % 28:02}T06:00:00.000000Z"
    return Record(number, time, host, "Security", "P", 4688 + number % 3, {"Level": 4}, data or {"A": str(number)})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_item(tmp_path / name, "one", (event(number) for number in range(500)), part_rows=200)
    assert contents(tmp_path / "a" / "one") == contents(tmp_path / "b" / "one")
    assert len(list((tmp_path / "a" / "one").glob("*.parquet"))) == 3


def test_a_load_that_breaks_off_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    def broken() -> Iterator[Record]:
        yield from (event(number) for number in range(50))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        write_item(tmp_path, "one", broken(), part_rows=10)
    assert items(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == [".lock-one"]
    assert write_item(tmp_path, "one", [event()]).rows == 1


def test_what_a_killed_load_left_is_not_seen_and_is_replaced(tmp_path: Path) -> None:
    (tmp_path / ".partial-one").mkdir()
    (tmp_path / ".partial-one" / "part-00007.parquet").write_bytes(b"half")
    with Lake(tmp_path) as lake:
        assert lake.items() == {}
    write_item(tmp_path, "one", [event()])
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock-one", "one"]
    assert not (tmp_path / "one" / "part-00007.parquet").exists()


def test_an_item_that_is_there_is_not_read_again(tmp_path: Path) -> None:
    def never() -> Iterator[Record]:
        raise AssertionError("asked for a record")
        yield

    first = write_item(tmp_path, "one", [event()])
    assert write_item(tmp_path, "one", never()) == first


def test_two_do_not_load_the_same_item(tmp_path: Path) -> None:
    with (tmp_path / ".lock-one").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError, match="another process"):
            write_item(tmp_path, "one", [event()])


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a'b", "x" * 101, "a b", "ä", "a\n"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot name an item"):
        write_item(tmp_path / "lake", name, [])
    assert not (tmp_path / "lake").exists()


def test_an_item_without_records(tmp_path: Path) -> None:
    assert write_item(tmp_path, "none", []).parts == []
    with Lake(tmp_path) as lake:
        assert lake.items() == {"none": 0}
        assert lake.search("").events == []
        assert lake.histogram("x").counts == []
        assert lake.facets("", ["host", "fields.A"])["host"].values == []


def test_a_large_record_closes_its_part_early(tmp_path: Path) -> None:
    manifest = write_item(tmp_path, "one", (event(number, A="x" * 1_000_000) for number in range(80)))
    assert len(manifest.parts) == 2
    with Lake(tmp_path) as lake:
        found = lake.event("one.79")
        assert found is not None
        assert found.fields == {"A": "x" * 1_000_000}
        assert lake.count("fields.A:x*") == 80


def test_records_with_very_many_fields_stay_readable_and_are_counted(tmp_path: Path) -> None:
    data = {f"name{number}": f"v{number}" for number in range(3_000)}
    records = [
        Record(place, "", "h", "c", "p", 1, {}, {f"{name}-{place}": v for name, v in data.items()})
        for place in range(3)
    ]
    manifest = write_item(tmp_path, "one", records)
    assert manifest.unindexed == 3 * 2_000
    with Lake(tmp_path) as lake:
        found = lake.event("one.2")
        assert found is not None
        assert found.fields == records[2].data
        assert lake.count("fields.name999-1:v999") == 1
        assert lake.count("fields.name1000-1:v1000") == 0
        assert lake.count("v2999") == 3


def test_a_column_name_is_never_what_an_attacker_wrote() -> None:
    names = ['a"; drop table x', "a'b", "", "\0", "ünï", "a b", "x" * 500, "Image", "IMAGE", "\ud800", "select"]
    columns = [own_column(name) for name in names]
    assert all(column.isascii() and column.replace("_", "a").isalnum() for column in columns)
    assert columns[7] == columns[8] == "f_image"
    assert len(set(columns)) == len(names) - 1


def test_text_that_no_text_can_be(tmp_path: Path) -> None:
    write_item(
        tmp_path,
        "one",
        [event(0, "h\ud800", A="x\ud800y", B="a\0b"), Record(2**80, "", "h", "c", "p", 1, {}, {"A": 2**80})],
    )
    with Lake(tmp_path) as lake:
        assert lake.count("fields.A:x?y") == 1
        assert lake.count('"a\0b"') == 1
        assert lake.count(str(2**80)) == 1
        found = lake.event("one.1")
        assert found is not None
        assert found.fields == {"A": 2**80}
        assert "record_id" not in found.columns


@pytest.mark.parametrize(
    ("written", "time", "precision"),
    [
        ("2026-03-13T06:00:00Z", "2026-03-13T06:00:00+00:00", "s"),
        ("2026-03-13T06:00:00.123Z", "2026-03-13T06:00:00.123000+00:00", "ms"),
        ("2026-03-13T06:00:00.123456Z", "2026-03-13T06:00:00.123456+00:00", "us"),
        ("2026-03-13T06:00:00.1234567Z", "2026-03-13T06:00:00.123456+00:00", "100ns"),
        ("1601-01-01T00:00:00.0000000Z", "1601-01-01T00:00:00+00:00", "100ns"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999+00:00", "100ns"),
    ],
)
def test_times_keep_microseconds_and_say_how_fine_they_were(
    tmp_path: Path, written: str, time: str, precision: str
) -> None:
    write_item(tmp_path, "one", [Record(1, written, "h", "c", "p", 1, {}, {})])
    with Lake(tmp_path) as lake:
        columns = lake.search("").events[0].columns
    assert columns["time"].isoformat() == time
    assert columns["time_precision"] == precision
