"""Questions to the lake, on the example evidence and on real logs."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tocsin.example.generate import write_evidence
from tocsin.lab import Tally, read
from tocsin.lab.lake import Lake, LakeError, QueryError, write_item
from tocsin.lab.record import Record

START = datetime(2026, 3, 13, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """A lake of the example evidence, each file an item, and its records."""
    files = write_evidence(tmp_path_factory.mktemp("evidence"), START)
    folder = tmp_path_factory.mktemp("lake")
    everything: list[Record] = []
    for number, path in enumerate(files):
        records = list(read(path, Tally(), name=path.name))
        write_item(folder, f"item{number}", records, part_rows=700)
        everything += records
    return folder, everything


@pytest.fixture
def lake(example: tuple[Path, list[Record]]) -> Iterator[Lake]:
    with Lake(example[0]) as opened:
        yield opened


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_hold_every_event_once_and_in_order(lake: Lake, example: tuple[Path, list[Record]], order: str) -> None:
    times: list[datetime] = []
    ids: set[str] = set()
    cursor = None
    while True:
        page = lake.search("", after=cursor, limit=999, order=order)  # type: ignore[arg-type]
        times += [event.columns["time"] for event in page.events]
        ids |= {event.id for event in page.events}
        cursor = page.next
        if cursor is None:
            break
    assert len(ids) == len(times) == len(example[1])
    assert times == sorted(times, reverse=order == "newest")


def test_a_cursor_stays_right_while_items_are_added(tmp_path: Path) -> None:
    def events(hours: list[int]) -> list[Record]:
        return [
            Record(hour, f"2026-03-13T{hour:02}:00:00Z" if hour else "", "h", "c", "p", 1, {}, {}) for hour in hours
        ]

    write_item(tmp_path, "b", events([0, 2, 4, 6, 0]))
    with Lake(tmp_path) as lake:
        first = lake.search("", limit=2)
        assert [event.columns["record_id"] for event in first.events] == [6, 4]
        write_item(tmp_path, "a", events([7, 4, 3, 0]))
        rest: list[str] = []
        cursor = first.next
        while cursor is not None:
            page = lake.search("", after=cursor, limit=2)
            rest += [event.id for event in page.events]
            cursor = page.next
    # a.1 has the time of the last one seen and sorts before it, so it is not shown after it; untimed ones come last.
    assert rest == ["a.2", "b.1", "a.3", "b.0", "b.4"]


@pytest.mark.parametrize("cursor", ["", "x", "!!", "W10", "eyJhIjoxfQ", "WzEsImEiLCJiIl0"])
def test_a_damaged_cursor_is_refused(lake: Lake, cursor: str) -> None:
    with pytest.raises(LakeError, match="cursor is damaged"):
        lake.search("", after=cursor)


def test_facets_count_every_event(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    records = example[1]
    hosts = Counter(record.host for record in records)
    images = Counter(record.data["Image"] for record in records if record.data.get("Image"))
    facets = lake.facets("", ["host", "fields.Image"], top=3)
    assert facets["host"].values == sorted(hosts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    assert facets["host"].other == sum(hosts.values()) - sum(count for _, count in facets["host"].values)
    assert facets["fields.Image"].values[0] == images.most_common(1)[0]
    assert facets["fields.Image"].missing == len(records) - images.total()


def test_a_histogram_counts_every_event_in_its_span(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    records = [record for record in example[1] if record.event_id == 4624]
    histogram = lake.histogram("code:4624", 24)
    assert histogram.step == timedelta(hours=1)
    assert len(histogram.counts) <= 24
    for start, count in histogram.counts:
        inside = [r for r in records if start <= datetime.fromisoformat(r.time) < start + histogram.step]
        assert count == len(inside)
    assert sum(count for _, count in histogram.counts) + histogram.untimed == len(records)


def test_a_histogram_of_a_short_time_in_a_long_lake_is_fine(tmp_path: Path) -> None:
    times = ["1999-01-01T00:00:00Z"] + [f"2026-03-13T06:00:{second:02}Z" for second in range(30)]
    write_item(tmp_path, "one", [Record(n, time, "h", "c", "p", min(n, 1), {}, {}) for n, time in enumerate(times)])
    with Lake(tmp_path) as lake:
        histogram = lake.histogram("code:1", 30)
        whole = lake.histogram("", 30)
    assert (histogram.step, len(histogram.counts)) == (timedelta(seconds=1), 30)
    assert sum(count for _, count in whole.counts) == 31
    assert len(whole.counts) <= 30


def test_rare_values_come_first_in_a_stack(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    seen: dict[str, set[str]] = {}
    for record in example[1]:
        if record.data.get("Image"):
            seen.setdefault(record.data["Image"], set()).add(record.host)
    stacked = lake.stack("fields.Image", limit=1000)
    assert {entry.values[0]: entry.hosts for entry in stacked} == {image: len(hosts) for image, hosts in seen.items()}
    assert [(entry.hosts, entry.count) for entry in stacked] == sorted((entry.hosts, entry.count) for entry in stacked)


def test_first_and_last_times(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    for entry in lake.first_last("host"):
        times = [datetime.fromisoformat(record.time) for record in example[1] if record.host == entry.values[0]]
        assert (entry.first, entry.last, entry.count) == (min(times), max(times), len(times))


def test_a_pivot_counts_combinations(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    counted = Counter((record.host, str(record.event_id)) for record in example[1])
    pivot = lake.pivot("", ["host", "code"], limit=1000)
    assert {entry.values: entry.count for entry in pivot} == counted


def test_an_event_has_all_of_its_own_fields(lake: Lake, example: tuple[Path, list[Record]]) -> None:
    for event in lake.search("", limit=200).events:
        whole = lake.event(event.id)
        assert whole is not None
        assert whole.columns == event.columns
        same = [
            r
            for r in example[1]
            if (r.host, r.record_id, r.channel) == tuple(event.columns[n] for n in ("host", "record_id", "channel"))
        ]
        assert whole.fields in [record.data for record in same]
    for unknown in ("", "x", "item0.999999", "item0.-1", "nowhere.1", "item0.٣", "../x.1"):
        assert lake.event(unknown) is None


@pytest.mark.parametrize("part_rows", [1, 100])
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("time:2026-03-13", [1, 2]),
        ("time:[2026-03-13 TO 2026-03-14]", [1, 2, 3]),
        ("time:{2026-03-12 TO 2026-03-14}", [1, 2]),
        ("time:>=2026-03-13T23:59:59.999999", [2, 3]),
        ("time:>2026-03-13T23:59:59.999999", [3]),
        ("time:<2026-03-13", [0]),
        ("time:<=2026-03-13T00:00:00", [0, 1]),
        ("time:*", [0, 1, 2, 3]),
        ("not time:*", [4]),
        ("not time:2026-03-13", [0, 3, 4]),
        ("time:2026-03-13T01:00+01:00", [1]),
        ("time:2026-03-13 time:<2026-03-13T12", [1]),
        ("time:2026-03-12 time:2026-03-14", []),
        ("time:2026-03-12 or time:2026-03-14", [0, 3]),
    ],
)
def test_times_are_told_apart_to_the_microsecond(tmp_path: Path, query: str, found: list[int], part_rows: int) -> None:
    times = ["12T23:59:59.999999", "13T00:00:00", "13T23:59:59.9999999", "14T00:00:00"]
    records = [Record(n, f"2026-03-{time}Z", "h", "c", "p", 1, {}, {}) for n, time in enumerate(times)]
    write_item(tmp_path, "one", [*records, Record(4, "", "h", "c", "p", 1, {}, {})], part_rows=part_rows)
    with Lake(tmp_path) as lake:
        assert sorted(event.columns["record_id"] for event in lake.search(query).events) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("EVIL", [0, 1, 2]),
        ("evil.exe", [0]),
        ("vil", [0, 1, 2]),
        ("deadbeef", [3]),
        ("DEAD", [3, 4]),
        ("4711", [4]),
        ("host-x", [4]),
        ("Ärger", [2]),
        ("absent", []),
        ("not evil", [3, 4]),
        ("evil or 4711", [0, 1, 2, 4]),
        ("evil -", [0, 1, 2]),
        ('"one\ntwo"', [2]),
        ("fields.IMAGE:evil*", [0]),
        ("user:ANN", [1]),
        (r"user:corp\ann", [1]),
    ],
)
def test_words_are_found_wherever_they_are(tmp_path: Path, query: str, found: list[int]) -> None:
    datas = [
        {"Image": "Evil.exe -"},
        {"Image": "x", "image": "devil-", "User": "Corp\\Ann"},
        {"Note": "EVIL ärger", "Data": ["-one", "two"]},
        {"Guid": "DEADBEEF"},
        {"Number": 4711, "Guid": "dead-"},
    ]
    records = [Record(n, "", f"host-{'x' if n == 4 else 'y'}", "c", "p", 1, {}, data) for n, data in enumerate(datas)]
    for part_rows in (1, 2, 100):
        write_item(tmp_path / str(part_rows), "one", records, part_rows=part_rows)
        with Lake(tmp_path / str(part_rows)) as lake:
            assert sorted(event.columns["record_id"] for event in lake.search(query).events) == found, part_rows


def test_unknown_columns_and_bad_queries_are_refused(lake: Lake) -> None:
    with pytest.raises(LakeError, match="no column 'x'"):
        lake.facets("", ["x"])
    with pytest.raises(LakeError, match="no column"):
        lake.stack('host" from events; --')
    with pytest.raises(QueryError):
        lake.search("hosts:x")


def test_nothing_outside_the_folder_can_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n")
    beside = tmp_path / "lake-beside"
    beside.mkdir()
    (beside / "x.csv").write_text("a\n1\n")
    write_item(tmp_path / "lake", "one", [Record(1, "", "h", "c", "p", 1, {}, {})])
    (tmp_path / "lake" / "link").symlink_to(secret)
    with Lake(tmp_path / "lake") as lake:
        for sql in (
            f"from read_text('{secret}')",
            f"from '{beside / 'x.csv'}'",
            f"from read_text('{tmp_path}/lake/../secret.csv')",
            "from read_text('/etc/passwd')",
            f"copy (select 1) to '{tmp_path}/out.csv'",
            f"attach '{tmp_path}/other.db'",
            "install httpfs",
            "set enable_external_access = true",
            "set allowed_directories = ['/']",
        ):
            with pytest.raises(duckdb.Error):
                lake._connection.execute(sql)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("name", ["it's", "a[b]c*?", 'quo"te', "spa ce", "{x}"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    write_item(tmp_path / name, "one", [Record(1, "", "h", "c", "p", 1, {}, {"A": "x"})])
    with Lake(tmp_path / name) as lake:
        assert lake.count("fields.A:x") == 1


@pytest.mark.parametrize(
    "query",
    [
        "' or 1=1 --",
        '"\'; drop table x; --"',
        "host:' or true or '",
        'fields."a"" from x; --":y',
        "$1 ? :x%",
        "code:(1 or '2')",
        "path:*%*_*!*",
    ],
)
def test_an_injection_finds_nothing(tmp_path: Path, query: str) -> None:
    write_item(tmp_path, "one", [Record(1, "", "h", "c", "p", 1, {}, {"A": "b"})])
    with Lake(tmp_path) as lake:
        try:
            assert lake.count(query) == (1 if query.startswith("code") else 0)
        except QueryError:
            assert ":x" in query


def test_a_huge_query_is_answered(tmp_path: Path) -> None:
    write_item(tmp_path, "one", [Record(1, "", "h", "c", "p", 1, {}, {"A": "v499"})])
    with Lake(tmp_path) as lake:
        assert lake.count(" or ".join(f"fields.A:v{number}" for number in range(500))) == 1
        assert lake.count("not (" * 40 + "v499" + ")" * 40) == 1
        assert lake.count("fields.A:" + "*v*4*9*9" * 200) == 0


def test_a_question_can_be_stopped(tmp_path: Path) -> None:
    write_item(
        tmp_path, "one", (Record(n, "", "h", "c", "p", 1, {}, {"A": f"{n} {'ab' * 300}"}) for n in range(20_000))
    )
    with Lake(tmp_path, threads=1) as lake:
        done = threading.Event()

        def stop() -> None:
            while not done.wait(0.02):
                lake.interrupt()

        stopper = threading.Thread(target=stop)
        stopper.start()
        began = time.monotonic()
        try:
            with pytest.raises(LakeError, match="stopped"):
                lake.count(" or ".join(f"fields.A:*{number}a*b*a*c*{number}*" for number in range(200)))
        finally:
            done.set()
            stopper.join()
        assert time.monotonic() - began < 20
        assert lake.count("") == 20_000


def test_a_question_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    write_item(tmp_path, "one", (Record(n, "", "h", "c", "p", 1, {}, {"A": f"{n:040}"}) for n in range(200_000)))
    with Lake(tmp_path, memory_limit="20MB", threads=1) as lake, pytest.raises(LakeError, match="more memory"):
        lake.stack("fields.A")


def test_a_damaged_lake_says_so(tmp_path: Path) -> None:
    write_item(tmp_path, "one", [Record(1, "", "h", "c", "p", 1, {}, {})])
    part = next((tmp_path / "one").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:100])
    with Lake(tmp_path) as lake, pytest.raises(LakeError, match="could not be read"):
        lake.count("")
    (tmp_path / "one" / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match="damaged"):
        Lake(tmp_path)


@pytest.mark.shared
def test_real_logs_are_found_again(shared: Path, tmp_path: Path) -> None:
    archive = (
        shared
        / "otrf/atomic/windows/persistence/host/empire_persistence_registry_modification_run_keys_standard_user.zip"
    )
    records = list(read(archive, Tally(), name=archive.name))
    manifest = write_item(tmp_path, "otrf", records)
    assert manifest.rows == len(records) > 1000
    with Lake(tmp_path) as lake:
        for query, test in {
            r"fields.TargetObject:*\CurrentVersion\Run\*": lambda r: (
                "\\currentversion\\run\\" in r.data.get("TargetObject", "").lower()
            ),
            "process_name:powershell.exe code:1": lambda r: (
                r.event_id == 1 and r.data.get("Image", "").lower().endswith("\\powershell.exe")
            ),
            "empire": lambda r: any("empire" in str(value).lower() for value in [r.host, *r.data.values()]),
        }.items():
            assert lake.count(query) == sum(test(record) for record in records), query
        for number in range(0, len(records), 97):
            event = lake.event(f"otrf.{number}")
            assert event is not None
            assert event.fields == records[number].data
            assert event.columns["channel"] == records[number].channel
