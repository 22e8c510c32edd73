"""Body files: each moment of a file is an event; what is no such line is said."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tocsin.lab.record import Tally
from tocsin.lab.sources.bodyfile import read_bodyfile, sniff
from tocsin.lab.sources.kind import kind_of
from tocsin.lab.sources.rows import record_of

LINES = b"""0|/etc/passwd|131|-rw-r--r--|0|0|1024|1767225600|1767225601|1767225601|0
d41d8cd98f00b204e9800998ecf8427e|/tmp/a|b -> /etc/shadow|7|lrwxrwxrwx|1000|1000|11|0|1767225600.5|0|1767225600
"""


def test_moments(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(LINES)
    tally = Tally()
    records = [record_of(each) for each in read_bodyfile(path, tally)]
    assert kind_of(path).name == "bodyfile"
    assert [(each.time, each.data["macb"]) for each in sorted(records, key=lambda r: (-len(r.data["path"]), r.data["macb"]))] == [
        ("2026-01-01T00:00:00Z", ".a.."), ("2026-01-01T00:00:01Z", "m.c."),
        ("2026-01-01T00:00:00Z", "...b"), ("2026-01-01T00:00:00.500000Z", "m..."),
    ]  # fmt: skip
    assert next(r.data for r in records if r.data["macb"] == "...b") == {
        "path": "/tmp/a|b", "target": "/etc/shadow", "inode": "7", "mode": "lrwxrwxrwx", "uid": "1000", "gid": "1000",
        "md5": "d41d8cd98f00b204e9800998ecf8427e", "size": 11, "macb": "...b",
    }  # fmt: skip
    assert (tally.read, tally.not_understood) == (4, 0)


def test_damage_costs_its_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "body"
    path.write_bytes(LINES + b"0|cut off\n\xff\xfe\0|||\n" + LINES)
    tally = Tally()
    assert len(list(read_bodyfile(path, tally))) == 8
    assert tally.not_understood == 2


def test_other_tables_are_none() -> None:
    for head in (b"", b"a|b|c\n", b"|||||||||\n", b"time|user\n1|2\n", LINES[:40]):
        assert not sniff(head)


@given(st.binary(max_size=300))
def test_nothing_raises(content: bytes) -> None:
    sniff(content)
