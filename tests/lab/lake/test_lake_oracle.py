"""What SQL finds is what a naive evaluation of the same query over the same events finds."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_oracle import Row, found

from tocsin.lab.lake import Lake, parse, write_item
from tocsin.lab.record import Record

NASTY = [
    "",
    "-",
    "a",
    "A%b",
    "x_y",
    "10",
    "-3",
    "007",
    "1e3",
    "C:\\Temp\\a.exe",
    "Ä ß",
    "\u0130\u03a3",
    "a\nb",
    "a\0b",
    "'; drop",
    "!",
    "10.1.2.3",
]
names = st.sampled_from(
    [
        "Image",
        "image",
        "User",
        "CommandLine",
        "SourceIp",
        "DestinationPort",
        "odd name",
        'q"uote',
        "n\0ul",
        "ünï",
        "Hashes",
        "x" * 80,
    ]
)
values: st.SearchStrategy[Any] = (
    st.sampled_from(NASTY) | st.text(max_size=5) | st.integers(-5, 2**70) | st.booleans() | st.none()
    | st.lists(st.sampled_from(NASTY), max_size=2) | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
times = st.sampled_from([
    "2026-03-13T06:00:00Z", "2026-03-13T06:00:00.123Z", "2026-03-13T06:00:00.1234567Z", "2026-03-14T00:00:00.000000Z",
    "1601-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.9999999Z", "", "never",
])  # fmt: skip
kinds = st.sampled_from([
    ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", 1),
    ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon", 3),
    ("Security", "Microsoft-Windows-Security-Auditing", 4624),
    ("", "", None),
])  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> Record:
    channel, provider, code = draw(kinds)
    data = draw(st.dictionaries(names, values, max_size=5))
    host = draw(st.sampled_from(["ws1.corp.example", "WS1", "", "10.0.0.9"]))
    return Record(draw(st.integers(0, 9) | st.none()), draw(times), host, channel, provider, code, {"Level": 4}, data)


literals = st.sampled_from(
    ["a", "10", "x_y", "%", "System", "4624", "ws1", "TEMP", "\u03c3", "!", "'", "10.1.2.3", '""', "a.exe"]
)
patterns = st.lists(literals | st.sampled_from(["*", "?"]), min_size=1, max_size=3).map("".join)
fields = st.sampled_from([
    "host", "user", "process", "command_line", "code", "channel", "source", "fields.Image", 'fields."odd name"',
    'fields."q""uote"', 'fields."n\0ul"', "fields.nowhere", "fields.DestinationPort", 'fields."ünï"', "item",
])  # fmt: skip
leaves = (
    patterns
    | st.builds("{}:{}".format, fields, patterns)
    | st.builds("{}:{}".format, fields, st.sampled_from(["*", '""', "[-3 TO 10]", ">5", "<=7", "{7 TO *]"]))
    | st.builds("{}:{}".format, st.sampled_from(["dst_port", "record_id"]), st.sampled_from(["3", "*", ">2", "[1 TO 5]", "1*"]))
    | st.builds("src_address:{}".format, st.sampled_from(["10.1.2.3", "10.0.0.0/8", "::/0", "10.*", "*"]))
    | st.builds("time:{}".format, st.sampled_from(["2026-03-13", ">2026-03-13", "<=2026-03-13T06:00:00", "<1970-01-01", "*"]))
)  # fmt: skip
queries = st.recursive(
    leaves,
    lambda inner: (
        st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
        | st.builds("not {}".format, inner)
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(records(), min_size=1, max_size=12), st.lists(queries, min_size=1, max_size=8), st.integers(1, 12))
def test_sql_finds_what_plain_python_finds(events: list[Record], asked: list[str], part_rows: int) -> None:
    with TemporaryDirectory() as folder:
        write_item(Path(folder), "one", events, part_rows=part_rows)
        rows = rows_of(Path(folder) / "one", events)
        with Lake(Path(folder), threads=1) as lake:
            for query in asked:
                page = lake.search(query, limit=1000)
                places = sorted(int(event.id.rpartition(".")[2]) for event in page.events)
                assert places == found(parse(query), rows), query
                assert lake.count(query) == len(places)


def rows_of(item: Path, events: list[Record]) -> list[Row]:
    rows: list[Row | None] = [None] * len(events)
    for part in sorted(item.glob("*.parquet")):
        for columns in pq.ParquetFile(part).read().to_pylist():
            rows[columns["seq"]] = Row(events[columns["seq"]], columns)
    assert all(rows)
    return [row for row in rows if row is not None]


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), min_size=1, max_size=8))
def test_an_event_comes_back_as_it_was(events: list[Record]) -> None:
    with TemporaryDirectory() as folder:
        write_item(Path(folder), "one", events)
        with Lake(Path(folder), threads=1) as lake:
            for place, record in enumerate(events):
                event = lake.event(f"one.{place}")
                assert event is not None
                assert event.fields == record.data
                assert event.system == record.system
