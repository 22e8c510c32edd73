"""What the tests of sources share: read a made file, and the checks that hold for every source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tocsin.lab import Tally, read
from tocsin.lab.record import Record


def read_text(folder: Path, content: str | bytes) -> tuple[list[Record], Tally]:
    """Return the records of a file with some content, and its account."""
    path = folder / "evidence"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tally = Tally()
    return list(read(path, tally)), tally


def read_values(folder: Path, *values: dict[str, Any]) -> list[Record]:
    """Return the records of JSON lines, all of which must be understood."""
    records, tally = read_text(folder, "\n".join(json.dumps(value) for value in values))
    assert (tally.not_understood, tally.problems) == (0, [])
    assert tally.read == len(records)
    return records


def read_value(folder: Path, value: dict[str, Any]) -> Record:
    """Return the one record of a JSON line."""
    (record,) = read_values(folder, value)
    return record


def columns(folder: Path, record: Record) -> dict[str, Any]:
    """Return a record's common columns in a lake."""
    from tocsin.lab.lake import Lake, write_item  # late: most tests need no lake

    lake = folder / "lake"
    write_item(lake, "one", [record])
    with Lake(lake) as opened:
        found = opened.search("").events[0].columns
    return {name: value for name, value in found.items() if value is not None}


def seen(record: Record) -> dict[str, Any]:
    """Return everything that rules can ask a record for."""
    return {**record.system, **record.data}


def check_account(content: bytes, records: list[Record], tally: Tally) -> None:
    """Check that each line that is not blank and no header is read, not understood or skipped."""
    lines = [line for line in content.splitlines() if line.strip() and not line.startswith(b"#")]
    assert tally.read == len(records)
    assert len(lines) == tally.read + tally.not_understood + tally.skipped
    assert tally.not_understood <= len(tally.problems) + tally.unlisted_problems
