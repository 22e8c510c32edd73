"""What the lake gives back of an event is what its record says, whichever way it came into the lake."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.lab import Tally, read
from tocsin.lab.lake import Lake, load, stream, write_item
from tocsin.lab.lake.columns import fold
from tocsin.lab.lake.grams import columns_for, map_of, pieces_of


@pytest.mark.shared
@pytest.mark.parametrize(
    "pattern",
    [
        "evtx-attack-samples/**/*sysmon*.evtx",
        "evtx-attack-samples/Lateral Movement/*.evtx",
        "otrf/atomic/windows/persistence/host/empire_persistence_registry_modification_run_keys_standard_user.zip",
    ],
)
def test_columns_made_of_rows_say_what_records_say(shared: Path, tmp_path: Path, pattern: str) -> None:
    files = sorted(shared.glob(pattern))[:12]
    assert files
    records = [record for path in files for record in read(path, Tally())]
    load(files, tmp_path / "rows", "one", jobs=1)
    write_item(tmp_path / "records", "one", records)
    with Lake(tmp_path / "rows") as rows, Lake(tmp_path / "records") as whole:
        by_id = {event.id: event for event in stream(rows)}
        of_records = {event.id: event for event in stream(whole)}
    assert len(by_id) == len(of_records) == len(records)
    # Places in the item differ where there are several files, their order does not.
    ordered = [by_id[key] for key in sorted(by_id, key=lambda key: int(key.partition(".")[2]))]
    for place, (event, record) in enumerate(zip(ordered, records, strict=True)):
        other = of_records[f"one.{place}"]
        assert event.fields == record.data
        assert event.system == record.system
        same = {name: value for name, value in event.columns.items() if name != "source_file"}
        assert same == {name: value for name, value in other.columns.items() if name != "source_file"}


texts = st.text(
    st.sampled_from("abcAB \u0130\u212a\u00c4\u03a3.\\0") | st.characters(exclude_categories=["Cs"]), max_size=12
)


@given(st.lists(texts, max_size=6), st.data())
def test_a_map_never_denies_a_text_that_is_there(values: list[str], data: st.DataObject) -> None:
    held = map_of(pa.array(values, pa.string()))
    for value in values:
        folded = fold(value)
        start = data.draw(st.integers(0, len(folded)))
        part = folded[start : data.draw(st.integers(start, len(folded)))]
        assert columns_for(pieces_of(part), {"c": held}) == ("c",)


def test_a_map_denies_what_is_not_there() -> None:
    held = map_of(pa.array(["C:\\Windows\\System32\\svchost.exe", None, "-k netsvcs"]))
    assert columns_for(pieces_of("mimikatz"), {"c": held, "empty": b""}) == ()
    assert columns_for(pieces_of("svchost"), {"c": held}) == ("c",)
