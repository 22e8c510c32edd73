"""What the tests of containers share: a rule, limits that are small, and a scan of some bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packing import Scan, Scanned

from tocsin.lab import RuleSet, scan
from tocsin.lab.sources.containers.unpacking import ArchiveLimits

RULE = """
title: Seen
id: 5a0bbd04-0000-4000-8000-000000000001
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""
SMALL = ArchiveLimits(members=50, total=10_000_000, ratio=100, ratio_from=1_000_000, depth=2)


@pytest.fixture
def rules(rules_from: Callable[..., RuleSet]) -> RuleSet:
    return rules_from(rule=RULE)


@pytest.fixture
def scanned(tmp_path: Path, rules: RuleSet) -> Scan:
    """Scan a file with some content; returns the report, and the rows by their names after the file's own."""

    def run(content: bytes, name: str = "evidence", limits: ArchiveLimits = SMALL, **how: object) -> Scanned:
        path = tmp_path / name
        path.write_bytes(content)
        report = scan([path], rules, jobs=1, archive_limits=limits, work_dir=tmp_path, **how)  # type: ignore[arg-type]
        assert [left.name for left in tmp_path.iterdir() if left.name.startswith("tocsin-scan-")] == []
        return report, {row.path.removeprefix(f"{path}"): row for row in report.files}

    return run
