"""Rows say of events exactly what their records say."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab_events import event

from tocsin.lab import Tally
from tocsin.lab.sigma.silence import LOOKALIKES, silence
from tocsin.lab.sources.evtx import read_evtx
from tocsin.lab.sources.making_rows import json_row
from tocsin.lab.sources.rows import ABSENT, Event, FlatRows, Key, Rows, XmlRows, record_of
from tocsin.lab.sources.windows_event import windows_record


def grouped(events: Iterable[Event]) -> list[Rows]:
    groups: dict[Key, list[Any]] = defaultdict(list)
    for key, row in events:
        groups[key].append(row)
    return [key.make(key, rows) for key, rows in groups.items()]


def check(rows: Rows) -> None:
    constants = rows.constants()
    seen: dict[str, list[Any]] = {name: list(values) for name, values in rows.columns()}
    for index in range(len(rows)):
        record = rows.record(index)
        assert (record.channel, record.provider, record.event_id) == (
            rows.key.channel, rows.key.provider, rows.key.event_id,
        )  # fmt: skip
        fields = {**record.system, **record.data}
        assert rows.fields(index) == fields
        for name, value in fields.items():
            assert rows.has(name) or name in constants
            assert (constants[name] if name in constants else rows.column(name)[index]) == value
            if name != "EventID":
                assert value in seen[name]
        for name in constants.keys() - fields.keys():
            raise AssertionError(f"{name} is no field of the record")
        for name in seen.keys() - constants.keys() - fields.keys():
            assert rows.column(name)[index] is ABSENT or rows.column(name)[index] is None


@pytest.mark.shared
def test_rows_of_real_logs(shared: Path) -> None:
    files = sorted((shared / "evtx-attack-samples").rglob("*.evtx"))
    every = 1 if os.environ.get("TOCSIN_SOAK") else 4
    files = files[::every]
    groups = grouped(each for path in files for each in read_evtx(path, Tally()))
    for rows in groups:
        check(rows)
    plain = sum(len(rows) for rows in groups if isinstance(rows, XmlRows))
    assert plain > 6_000 / every  # most of the samples take the quick way


FLAT = {"EventID": 1, "Channel": "Security", "SourceName": "Some-Provider", "Hostname": "ws1", "Image": "a.exe"}
SHAPES: list[dict[str, Any]] = [
    event("Security", 4688, {"Image": "a.exe", "Number": 7, "Yes": True, "Nothing": None, "List": ["a", 1]}),
    event("Security", 4688, {"Image": "b.exe", "Number": 7, "Yes": True, "Nothing": None, "List": []}),
    event("Security", "4688", {"Channel": "Inner", "EventID": 5, "Provider_Name": "x", "Computer": "y", "Level": 3}),
    event("Security", {"#attributes": {"Qualifiers": 0}, "#text": "7"}, {}),
    event("Security", 1, None, Level=4, Security={"#attributes": {"UserID": "S-1-5-18"}}),
    event("Security", 1, None, Execution={"#attributes": {"ProcessID": 4}}, Correlation=None),
    event("Security", 1, {"Threat Name": "x"}),
    event("Security", 1, {"Data": {"#text": ["a", "b"]}}),
    event("Security", 1, {"Inner": {"A": "b"}}),
    event("Security", 1, "plain text"),
    event("", 1, {"A": "b"}),
    event(None, 1, {"A": "b"}),  # type: ignore[arg-type]
    event(5, 1, {"A": "b"}),  # type: ignore[arg-type]
    event("Security", 1, {"A": "b"}, Provider={"#attributes": {"EventSourceName": "Old"}}),
    event("Security", 1, {"A": "b"}, Provider="Named"),
    event("Security", 1, {"A": "b"}, Provider=None),
    FLAT,
    FLAT | {"Image": "b.exe"},
    FLAT | {"EventType": "INFO"},
    FLAT | {"EventType": "SetValue"},
    FLAT | {"EventType": ["INFO"]},
    FLAT | {"Provider": "P", "ProviderName": "Q"},
    FLAT | {"Provider_Name": "the event's own"},
    FLAT | {"Threat Name": "x"},
    FLAT | {"Inner": {"A": "b"}, "tags": ["x"]},
    FLAT | {"EventID": "1"},
    FLAT | {"Channel": ""},
    FLAT | {"Channel": None},
    FLAT | {"SourceName": ""},
    {name: value for name, value in FLAT.items() if name != "SourceName"},
    {name: value for name, value in FLAT.items() if name != "Channel"},
    {"winlog": {"event_id": 1, "channel": "Security", "event_data": {"Image": "a.exe"}}},
]


@pytest.mark.parametrize("shape", SHAPES, ids=range(len(SHAPES)))
def test_rows_of_every_shape(shape: dict[str, Any]) -> None:
    shape = {"Event": {"#attributes": {}, **shape["Event"]}} if "Event" in shape else shape
    line = orjson.dumps(shape)
    made = json_row(orjson.loads(line), line)
    assert made is not None
    expected = windows_record(orjson.loads(line))
    assert record_of(made) == expected
    (rows,) = grouped([made, json_row(orjson.loads(line), line)])  # type: ignore[list-item]
    check(rows)


def test_usual_events_take_the_quick_way() -> None:
    xml = {"Event": {"#attributes": {}, **SHAPES[0]["Event"]}}
    makes = [json_row(value)[0].make for value in (xml, FLAT)]  # type: ignore[index]
    assert makes == [XmlRows, FlatRows]


@pytest.mark.parametrize("value", [
    {"Event": {"System": {}}}, {"Event": {"System": None}}, {"EventID": "x", "Channel": "y"}, {"EventID": 1}, [], "x", 1,
    {"EventID": True, "Channel": "y"}, {"EventID": [1], "Channel": "y"}, {"Event": []},
])  # fmt: skip
def test_what_is_no_event(value: Any) -> None:
    assert json_row(value) is None
    assert windows_record(value) is None


WORDS = st.text('abK\\"/\n:é', min_size=1, max_size=3).map(str.casefold)
TEXTS = st.text('abkK\\"/\n:éſ\u212a', max_size=8)


@given(st.frozensets(WORDS, min_size=1, max_size=3), TEXTS, st.sampled_from(["plain", "ascii", "slashes"]))
def test_silence_is_certain(words: frozenset[str], text: str, style: str) -> None:
    written = json.dumps({"A": text}, ensure_ascii=style == "ascii")
    if style == "slashes":
        written = written.replace("/", "\\/")
    if silence(words).of(written.encode()):
        assert not any(word in text.casefold() for word in words)


def test_every_letter_that_folds_to_ascii_is_known() -> None:
    letters = [letter for letter in map(chr, range(128, 0x110000)) if any(each.isascii() for each in letter.casefold())]
    assert "".join(letters) == LOOKALIKES


def test_silence_is_noticed() -> None:
    assert silence(frozenset({"mimikatz"})).of(rb'{"A": "C:\\Users\\x"}')
    assert silence(frozenset({"mimikatz"})).of('{"A": "fr\u00fch"}'.encode())
    assert not silence(frozenset({"mimikatz"})).of(b'{"A": "MimiKatz"}')
