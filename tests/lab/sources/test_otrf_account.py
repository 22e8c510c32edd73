"""All of the OTRF security datasets: each file is read or explained, and the numbers add up."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tocsin.lab import RuleSet, ScanReport, Tally, read, scan
from tocsin.lab.report import FileRow

RULE = """
title: Never
id: 5a0bbd04-0000-4000-8000-000000000001
logsource: {product: windows, service: security}
detection: {selection: {EventID: 1}, condition: selection}
"""
TEXTS = ("json", "zeek", "csv")


@pytest.fixture(scope="module")
def report(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> ScanReport:
    from tocsin.lab import load_rules

    rules = tmp_path_factory.mktemp("rules")
    (rules / "rule.yml").write_text(RULE)
    made: RuleSet = load_rules([rules], cache_dir=tmp_path_factory.mktemp("cache"))
    return scan([shared / "otrf"], made, jobs=2)


def members(report: ScanReport) -> Iterator[tuple[FileRow, Callable[[], bytes]]]:
    """Each file within an archive without a password, with what gives its content."""
    for row in report.files:
        archive, _, member = row.path.partition("!")
        if member and "!" not in member and not zipfile.ZipFile(archive).getinfo(member).flag_bits & 1:
            yield row, lambda archive=archive, member=member: zipfile.ZipFile(archive).read(member)  # type: ignore[misc]


def pieces(kind: str, content: bytes) -> int:
    """How many records a file of text holds, counted in another way than the readers do it."""
    text = content.decode("utf-8-sig")
    if kind == "csv":
        return sum(1 for _ in csv.reader(io.StringIO(text))) - 1
    return sum(1 for line in text.split("\n") if line.strip() and not line.startswith("#"))


@pytest.mark.slow
@pytest.mark.shared
def test_every_file_is_read_or_explained(report: ScanReport) -> None:
    assert len(report.files) > 400
    assert report.lost == 0
    for row in report.files:
        assert row.records or row.problems or row.status != "read" or row.kind == "zip", row.path
        assert sum(sum(by_id.values()) for by_id in row.events.values()) == row.records
        assert bool(row.not_understood) <= bool(row.problems), row.path


@pytest.mark.slow
@pytest.mark.shared
def test_lines_are_read_skipped_or_not_understood(report: ScanReport) -> None:
    checked = 0
    for row, content in members(report):
        if row.kind in TEXTS:
            assert row.records + row.skipped + row.not_understood == pieces(row.kind, content()), row.path
            assert row.not_understood == 0, row.path
            checked += 1
    assert checked > 190


@pytest.mark.slow
@pytest.mark.shared
def test_packets_are_in_conversations_or_explained(report: ScanReport, tmp_path: Path) -> None:
    checked = 0
    for row, content in members(report):
        if row.kind != "pcap":
            continue
        path = tmp_path / "capture"
        path.write_bytes(content())
        tally = Tally()
        records = list(read(path, tally))
        packets = [record.data["packets"] for record in records if record.channel == "pcap/capture"]
        counted = sum(r.data["packets_out"] + r.data["packets_in"] for r in records if r.channel == "pcap/flow")
        ends = sum("left after the last" in problem.reason for problem in tally.problems)
        assert sum(packets) == counted + tally.skipped + tally.not_understood - ends, row.path
        assert json.dumps([record.data for record in records])
        checked += 1
    assert checked > 35
