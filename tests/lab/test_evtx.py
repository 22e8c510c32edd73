"""EVTX files whole, cut off and damaged: what can be read is read, what is missing is said."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tocsin.lab import RuleSet, Tally, read, scan
from tocsin.lab.report import NOT_UNDERSTOOD, NOTHING_READ, SOMETHING_MISSING
from tocsin.lab.sources.evtx import CHUNK_SIZE, HEADER_SIZE, read_evtx
from tocsin.lab.sources.rows import record_of

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def whole(shared: Path) -> bytes:
    """A real log of several full chunks."""
    files = sorted((shared / "evtx-attack-samples").rglob("*.evtx"))
    return max((path.read_bytes() for path in files), key=lambda content: content.count(b"ElfChnk\0"))


def chunk_records(content: bytes, number: int) -> int:
    first, last = struct.unpack_from("<QQ", content, HEADER_SIZE + number * CHUNK_SIZE + 8)
    return int(last - first + 1)


def write(folder: Path, content: bytes) -> Path:
    path = folder / "log.evtx"
    path.write_bytes(content)
    return path


def test_every_record_of_real_logs_is_read(shared: Path) -> None:
    tally = Tally()
    count = sum(1 for path in sorted((shared / "evtx-attack-samples").rglob("*.evtx")) for _ in read_evtx(path, tally))
    assert (count, tally.read) == (8255, 8255)
    assert (tally.lost, tally.not_understood, tally.problems) == (0, 0, [])


def test_parts_give_what_the_whole_gives(whole: bytes, tmp_path: Path) -> None:
    path = write(tmp_path, whole)
    together = [record_of(each).record_id for each in read_evtx(path, Tally())]
    in_parts = [
        record_of(each).record_id
        for start in range(HEADER_SIZE, len(whole), CHUNK_SIZE)
        for each in read_evtx(path, Tally(), start, start + CHUNK_SIZE)
    ]
    assert in_parts == together


@pytest.mark.parametrize("name", [b"log\xff.evtx", "l\u00f6g.evtx".encode()])
def test_any_name_will_do(whole: bytes, tmp_path: Path, name: bytes) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(whole)
    tally = Tally()
    assert sum(1 for _ in read_evtx(path, tally)) == tally.read > 100
    assert tally.problems == []


def test_cut_off_within_a_chunk(whole: bytes, tmp_path: Path) -> None:
    full = Tally()
    list(read_evtx(write(tmp_path, whole), full))
    tally = Tally()
    list(read_evtx(write(tmp_path, whole[: HEADER_SIZE + CHUNK_SIZE + CHUNK_SIZE // 2]), tally))
    assert 0 < tally.read < full.read
    assert any("cut off" in problem.reason and "chunk 1" in problem.place for problem in tally.problems)
    assert any("header speaks of" in problem.reason for problem in tally.problems)
    assert tally.read + tally.lost >= chunk_records(whole, 0)


def test_damaged_records_are_counted_as_lost(whole: bytes, tmp_path: Path) -> None:
    content = bytearray(whole)
    begin = HEADER_SIZE + CHUNK_SIZE + 30_000
    content[begin : begin + 4_000] = b"\xff" * 4_000
    tally = Tally()
    list(read_evtx(write(tmp_path, bytes(content)), tally))
    full = Tally()
    list(read_evtx(write(tmp_path, whole), full))
    assert tally.read < full.read
    assert tally.read + tally.lost + tally.not_understood == full.read
    assert any("chunk 1 at byte" in problem.place for problem in tally.problems)


def test_a_chunk_without_its_signature(whole: bytes, tmp_path: Path) -> None:
    content = bytearray(whole)
    begin = HEADER_SIZE + CHUNK_SIZE
    content[begin : begin + 8] = b"\xee" * 8
    tally = Tally()
    list(read_evtx(write(tmp_path, bytes(content)), tally))
    assert tally.lost == chunk_records(whole, 1)
    assert any(
        "signature" in problem.reason and problem.place == f"chunk 1 at byte {begin}" for problem in tally.problems
    )


def test_cut_off_within_the_header(whole: bytes, tmp_path: Path, sigmahq: RuleSet) -> None:
    report = scan([write(tmp_path, whole[:1000])], sigmahq, jobs=1)
    row = report.files[0]
    assert (row.kind, row.status, row.records) == ("evtx", NOT_UNDERSTOOD, 0)
    assert row.problems[0].place == "byte 1000"
    assert report.exit_status == NOTHING_READ


def test_only_rubbish_after_the_header(whole: bytes, tmp_path: Path) -> None:
    tally = Tally()
    assert list(read(write(tmp_path, whole[:HEADER_SIZE] + b"\x5a" * CHUNK_SIZE * 2), tally)) == []
    assert tally.not_understood == 2


def test_the_status_of_a_scan_tells_of_a_damaged_file(whole: bytes, tmp_path: Path, sigmahq: RuleSet) -> None:
    report = scan([write(tmp_path, whole[: HEADER_SIZE + CHUNK_SIZE * 3 // 2])], sigmahq, jobs=1)
    assert report.records > 0
    assert report.exit_status == SOMETHING_MISSING
