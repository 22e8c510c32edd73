"""SigmaHQ's own regression cases: each EVTX must be found by the rule it was made for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tocsin.lab import Detection, RuleSet, scan

pytestmark = pytest.mark.shared


def cases(shared: Path) -> list[tuple[str, str, int]]:
    """Return rule id, EVTX file and least number of matches of each case."""
    found = []
    for path in sorted((shared / "sigma-regression").rglob("info.yml")):
        info: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for test in info.get("regression_tests_info") or ():
            evtx = path.with_name(Path(test["path"]).name)
            found.append((info["rule_metadata"][0]["id"], str(evtx), test.get("match_count") or 1))
    return found


def test_every_expected_rule_is_found(shared: Path, sigmahq: RuleSet) -> None:
    hits: Counter[tuple[str, str]] = Counter()

    def count(detections: list[Detection]) -> None:
        hits.update((detection.rule_id, detection.source_file) for detection in detections)

    report = scan([shared / "sigma-regression"], sigmahq, jobs=2, sink=count)
    expected = cases(shared)
    missing = [case for case in expected if hits[case[0], case[1]] < case[2]]
    assert len(expected) == 121
    assert not missing
    assert report.lost == 0
    assert report.detections == sum(hits.values())


def test_all_rules_of_sigmahq_load(sigmahq: RuleSet) -> None:
    assert len(sigmahq.rules) > 3_500
    reasons = {refused.reason for refused in sigmahq.rejected if refused.rule_id}
    assert all("placeholder" in reason for reason in reasons), reasons
    other = [refused.reason for refused in sigmahq.not_assessable if "no source here" not in refused.reason]
    assert {reason.rsplit(" ", 1)[1] for reason in other} == {"file_access", "file_rename"}


def test_rules_say_who_wrote_them(sigmahq: RuleSet) -> None:
    rule = sigmahq.by_id["8a2f4b1c-3d5e-4f7a-9b2c-1e4f6d8a9c2b"]
    assert rule.author
    assert rule.tags
    assert rule.file.endswith("image_load_win_werfaultsecure_dbgcore_dbghelp_load.yml")
