"""Find one record of a file, in a child process as all evidence is read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import orjson

from tocsin.lab.containment import ContainedPool, Limits
from tocsin.lab.reading import read
from tocsin.lab.record import Record


def record_in(path: Path, number: int, limits: Limits | None = None) -> Record | None:
    """Return the record of a file with a record id, or if no record has it the one in that place, counted from 1.

    None where there is neither. Raises OSError where the file cannot be read, ContainedError where reading it fails.
    """
    with ContainedPool(1, limits) as pool:
        found = orjson.loads(pool.submit(find, path, number).result())
    return Record(**found) if found else None


def find(path: Path, number: int) -> bytes:
    """Return the record as JSON, or null. Runs in a child."""
    by_place = None
    for place, record in enumerate(read(path), 1):
        if record.record_id == number:
            return orjson.dumps(asdict(record))
        if place == number:
            by_place = record
    return orjson.dumps(by_place and asdict(by_place))
