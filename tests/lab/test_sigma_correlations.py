"""Correlations: what they find in matches of other rules, and which rules they are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lab_events import event

from tocsin.lab import Detection, RuleSet, scan
from tocsin.lab.sigma.compiled import Correlation, RuleInfo
from tocsin.lab.sigma.correlations import matches
from tocsin.lab.sigma.correlations.windows import MICROSECONDS, Moment, stretches

RuleMaker = Callable[..., RuleSet]
START = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
Step = tuple[float, int, dict[str, Any]]
"""Minutes since the start, event id, fields."""


def base(name: str, event_id: int, number: int) -> dict[str, Any]:
    return {
        "title": name, "name": name, "id": f"5a0bbd04-0000-4000-8000-0000000000{number:02d}", "level": "low",
        "logsource": {"product": "windows", "service": "security"},
        "detection": {"s": {"EventID": event_id}, "condition": "s"},
    }  # fmt: skip


def rules_text(*correlations: dict[str, Any]) -> str:
    """Return three plain rules (failed: 4625, logon: 4624, admin: 4672) and some correlations over them."""
    documents = [base("failed", 4625, 1), base("logon", 4624, 2), base("admin", 4672, 3)]
    for number, each in enumerate(correlations, 50):
        about = {"title": f"Correlation {number}", "id": f"5a0bbd04-0000-4000-8000-0000000000{number}", "level": "high"}
        documents.append(about | ({"name": each.pop("name")} if "name" in each else {}) | {"correlation": each})
    # Backwards: what is referred to need not come first.
    return yaml.safe_dump_all(reversed(documents), sort_keys=False)


def write(path: Path, steps: list[Step]) -> Path:
    lines: list[bytes] = []
    for minutes, event_id, data in steps:
        made = event("Security", event_id, data, EventRecordID=len(lines) + 1)
        time = (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
        made["Event"]["System"]["TimeCreated"]["#attributes"]["SystemTime"] = time
        lines.append(orjson.dumps(made))
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.fixture
def found(tmp_path: Path, rules_from: RuleMaker) -> Callable[..., list[Detection]]:
    """Return what correlations find in some steps."""

    def find(correlation: dict[str, Any], steps: list[Step], *more: dict[str, Any]) -> list[Detection]:
        rules = rules_from(rules=rules_text({"timespan": "10m", **correlation}, *more))
        assert not rules.rejected, rules.rejected
        detections: list[Detection] = []
        report = scan([write(tmp_path / "log.jsonl", steps)], rules, jobs=1, sink=detections.extend)
        assert report.detections == len(detections)
        return detections

    return find


def failed(minutes: float, user: str = "anna", **data: Any) -> Step:
    return minutes, 4625, {"User": user, **data}


def logon(minutes: float, user: str = "anna") -> Step:
    return minutes, 4624, {"User": user}


def admin(minutes: float, user: str = "anna") -> Step:
    return minutes, 4672, {"Account": user}


def count(**more: Any) -> dict[str, Any]:
    return {"type": "event_count", "rules": ["failed"], "group-by": ["User"], "condition": {"gte": 3}, **more}


def of_value(kind: str, **condition: Any) -> dict[str, Any]:
    return {"type": kind, "rules": ["failed"], "condition": {"field": "N", **condition}}


def together(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "rules": ["failed", "logon", "admin"], **more}


ALIASES = {"aliases": {"who": {"failed": "User", "logon": "User", "admin": "Account"}}, "group-by": ["who"]}
NUMBERS = [failed(minute, N=value) for minute, value in enumerate([10, "20", 30, 40])]

HOLDS: list[tuple[str, dict[str, Any], list[Step]]] = [
    ("event_count", count(), [failed(0), failed(5), failed(10)]),
    ("event_count in any order of the file", count(), [failed(10), failed(0), failed(5)]),
    ("event_count without regard to case", count(), [failed(0), failed(1, "ANNA"), failed(2)]),
    ("event_count gt", count(condition={"gt": 2}), [failed(0), failed(1), failed(2)]),
    ("event_count eq", count(condition={"eq": 2}), [failed(0), failed(1)]),
    ("event_count neq", count(condition={"neq": 2}), [failed(0), failed(1), failed(2)]),
    ("event_count lt", count(condition={"lt": 3}), [failed(0), failed(1)]),
    ("event_count lte", count(condition={"lte": 2}), [failed(0), failed(1)]),
    ("event_count range", count(condition={"gte": 2, "lt": 4}), [failed(0), failed(1), failed(2)]),
    ("event_count, no group", count(**{"group-by": []}), [failed(0), failed(1, "b"), failed(2, "c")]),
    ("event_count of several rules", count(rules=["failed", "logon"]), [failed(0), logon(1), failed(2)]),
    ("value_count", {"type": "value_count", "rules": ["failed"], "condition": {"field": "User", "gte": 3}},
     [failed(0, "a"), failed(1, "b"), failed(2, "c")]),
    ("value_count of several fields",
     {"type": "value_count", "rules": ["failed"], "condition": {"field": ["User", "N"], "gte": 3}},
     [failed(0, "a", N=1), failed(1, "a", N=2), failed(2, "b", N=1)]),
    ("temporal", together("temporal"), [admin(0), failed(3), logon(9)]),
    ("temporal, fewer", together("temporal", condition={"gte": 2}), [admin(0), logon(9)]),
    ("temporal with aliases", together("temporal", **ALIASES), [admin(0), failed(3), logon(9)]),
    ("temporal, extended", together("temporal", condition="failed and (logon or admin)"), [admin(0), failed(3)]),
    ("temporal, extended not", together("temporal", condition="failed and logon and not admin"), [logon(0), failed(3)]),
    ("temporal, extended without list", {"type": "temporal", "condition": "failed and logon"}, [logon(0), failed(3)]),
    ("temporal_ordered", together("temporal_ordered"), [failed(0), logon(1), admin(2)]),
    ("temporal_ordered, others between", together("temporal_ordered"),
     [admin(0), failed(1), failed(2), logon(3), failed(4), admin(5)]),
    ("temporal_ordered, late begin", together("temporal_ordered"), [failed(0), failed(8), logon(11), admin(12)]),
    ("temporal_ordered at one time", together("temporal_ordered"), [admin(0), logon(0), failed(0)]),
    ("temporal_ordered, fewer", together("temporal_ordered", condition={"gte": 2}), [failed(0), admin(1)]),
    ("temporal_ordered, extended", together("temporal_ordered", condition="failed and (logon or admin)"),
     [failed(0), admin(1)]),
    ("value_sum", of_value("value_sum", gte=100), NUMBERS),
    ("value_avg", of_value("value_avg", eq=25), NUMBERS),
    ("value_median", of_value("value_median", eq=25), NUMBERS),
    ("value_percentile", of_value("value_percentile", percentile=100, eq=40), NUMBERS),
    ("value_percentile between", of_value("value_percentile", percentile=50, eq=25), NUMBERS),
]  # fmt: skip

FAILS: list[tuple[str, dict[str, Any], list[Step]]] = [
    ("event_count, too few", count(), [failed(0), failed(5)]),
    ("event_count, too long", count(), [failed(0), failed(5), failed(10.1)]),
    ("event_count, two groups", count(), [failed(0), failed(1), failed(2, "b")]),
    ("event_count, no group field", count(), [(minute, 4625, {}) for minute in range(3)]),
    ("event_count gt", count(condition={"gt": 3}), [failed(0), failed(1), failed(2)]),
    ("event_count eq", count(condition={"eq": 2}), [failed(0), failed(1), failed(2)]),
    ("event_count neq", count(condition={"neq": 2}), [failed(0), failed(1)]),
    ("event_count lt: a burst has a beginning", count(condition={"lt": 3}), [failed(0), failed(1), failed(2)]),
    ("event_count lte", count(condition={"lte": 2}), [failed(0), failed(1), failed(2)]),
    ("event_count range", count(condition={"gte": 2, "lt": 3}), [failed(0), failed(1), failed(2)]),
    ("event_count, another rule", count(), [failed(0), logon(1), failed(2)]),
    ("value_count, the same", {"type": "value_count", "rules": ["failed"], "condition": {"field": "User", "gte": 2}},
     [failed(0, "a"), failed(1, "A"), failed(2, "a")]),
    ("temporal, one missing", together("temporal"), [admin(0), failed(3), failed(9)]),
    ("temporal, too long", together("temporal"), [admin(0), failed(3), logon(11)]),
    ("temporal with aliases, another", together("temporal", **ALIASES), [admin(0, "b"), failed(3), logon(9)]),
    ("temporal without aliases", together("temporal", **{"group-by": ["User"]}), [admin(0), failed(3), logon(9)]),
    ("temporal, extended", together("temporal", condition="failed and (logon or admin)"), [admin(0), logon(3)]),
    ("temporal, extended not", together("temporal", condition="failed and logon and not admin"),
     [logon(0), admin(1), failed(3)]),
    ("temporal_ordered, another order", together("temporal_ordered"), [logon(0), failed(1), admin(2)]),
    ("temporal_ordered, too long", together("temporal_ordered"), [failed(0), logon(5), admin(10.1)]),
    ("temporal_ordered, extended", together("temporal_ordered", condition="failed and (logon or admin)"),
     [admin(0), failed(1)]),
    ("value_sum", of_value("value_sum", gt=100), NUMBERS),
    ("value_sum of no numbers", of_value("value_sum", gte=0), [failed(0, N="0x10"), failed(1, N="nan"), failed(2)]),
    ("value_avg", of_value("value_avg", gt=25), NUMBERS),
    ("value_median", of_value("value_median", gt=25), NUMBERS),
    ("value_percentile", of_value("value_percentile", percentile=95, gte=40), NUMBERS),
]  # fmt: skip


@pytest.mark.parametrize(("correlation", "steps"), [each[1:] for each in HOLDS], ids=[each[0] for each in HOLDS])
def test_it_holds(found: Callable[..., list[Detection]], correlation: dict[str, Any], steps: list[Step]) -> None:
    (detection,) = [each for each in found(correlation, steps) if each.level == "high"]
    assert detection.title == "Correlation 50"


@pytest.mark.parametrize(("correlation", "steps"), [each[1:] for each in FAILS], ids=[each[0] for each in FAILS])
def test_it_does_not_hold(
    found: Callable[..., list[Detection]], correlation: dict[str, Any], steps: list[Step]
) -> None:
    assert [each.title for each in found(correlation, steps) if each.level == "high"] == []


def test_every_type_of_pysigma_is_in_the_tables() -> None:
    from sigma.correlations import SigmaCorrelationType

    for table in (HOLDS, FAILS):
        assert {each[1]["type"] for each in table} == {kind.name.lower() for kind in SigmaCorrelationType}


def test_what_a_detection_says(found: Callable[..., list[Detection]], tmp_path: Path) -> None:
    steps = [failed(0), failed(1), failed(2, "Bob"), failed(3, "ANNA"), failed(11), failed(40), failed(41)]
    (detection,) = found(count(), steps)
    log = tmp_path / "log.jsonl"
    assert (detection.level, detection.time, detection.host) == ("high", "2026-03-01T03:11:00Z", "ws1.example.org")
    assert (detection.source_file, detection.record_id, detection.event_id) == (str(log), 5, None)
    assert detection.channel == "sigma/correlation"
    assert detection.fields == {
        "User": "anna", "count": 4, "first": "2026-03-01T03:00:00Z", "last": "2026-03-01T03:11:00Z",
        "events": [f"{log}#{number}" for number in (1, 2, 4, 5)],
    }  # fmt: skip


def test_a_long_burst_is_one_detection_and_two_are_two(found: Callable[..., list[Detection]]) -> None:
    burst = [failed(minute / 10) for minute in range(1_000)]
    (detection,) = found(count(), burst)
    assert (detection.fields["count"], len(detection.fields["events"])) == (1_000, 100)
    assert detection.fields["events"][-1].endswith("#1000")
    assert len(found(count(), [*burst, *(failed(200 + minute) for minute in range(3))])) == 2


def test_rules_that_only_feed_correlations_do_not_alert(found: Callable[..., list[Detection]]) -> None:
    steps = [failed(0), failed(1), failed(2), logon(3)]
    assert [each.title for each in found(count(), steps)] == ["logon", "Correlation 50"]
    titles = [each.title for each in found(count(generate=True), steps)]
    assert titles == ["failed", "failed", "failed", "logon", "Correlation 50"]


CHAIN = {
    "type": "temporal_ordered", "rules": ["burst", "logon"], "group-by": ["User"], "timespan": "10m",
}  # fmt: skip


def test_a_correlation_over_a_correlation(found: Callable[..., list[Detection]]) -> None:
    burst = count(name="burst", timespan="5m")
    tries = [failed(minute) for minute in range(60)]
    # The success comes amid the failures, an hour of which is one finding.
    (detection,) = found(burst, [*tries, logon(30.5)], dict(CHAIN))
    assert detection.title == "Correlation 51"
    assert detection.fields["User"] == "anna"
    assert detection.fields["first"] == "2026-03-01T03:00:00Z"
    assert found(burst, [logon(0), *[failed(1 + minute) for minute in range(60)]], dict(CHAIN)) == []
    assert found(burst, [*tries, logon(30.5, "bob")], dict(CHAIN)) == []
    assert found(burst, [*tries, logon(70)], dict(CHAIN)) == []
    # With `generate` the inner one alerts too.
    both = found(burst, [*tries, logon(30.5)], CHAIN | {"generate": True})
    assert {each.title for each in both} == {"Correlation 50", "Correlation 51", "logon"}


def test_counting_findings_of_a_correlation(found: Callable[..., list[Detection]]) -> None:
    burst = count(name="burst", timespan="5m")
    waves = {"type": "event_count", "rules": ["burst"], "timespan": "1d", "condition": {"gte": 2}}
    wave = [failed(minute) for minute in range(5)]
    assert found(burst, wave, dict(waves)) == []
    (detection,) = found(burst, [*wave, *(failed(100 + minute, "bob") for minute in range(5))], dict(waves))
    assert (detection.fields["count"], len(detection.fields["events"])) == (2, 10)


def test_fields_are_those_that_the_rule_sees(tmp_path: Path, rules_from: RuleMaker) -> None:
    start = base("start", 0, 4) | {
        "logsource": {"product": "windows", "category": "process_creation"},
        "detection": {"s": {"Image|endswith": "\\whoami.exe"}, "condition": "s"},
    }
    correlation = {"title": "Often", "id": "5a0bbd04-0000-4000-8000-000000000060", "correlation": {
        "type": "event_count", "rules": ["start"], "group-by": ["Image", "Computer"], "timespan": "1h",
        "condition": {"gte": 2}}}  # fmt: skip
    rules = rules_from(rules=yaml.safe_dump_all([start, correlation]))
    image = "C:\\Windows\\System32\\whoami.exe"
    log = write(tmp_path / "log", [(minute, 4688, {"NewProcessName": image}) for minute in range(2)])
    detections: list[Detection] = []
    scan([log], rules, jobs=1, sink=detections.extend)
    (detection,) = detections
    assert (detection.fields["Image"], detection.fields["Computer"]) == (image, "ws1.example.org")


def test_matches_without_a_time_are_counted(tmp_path: Path, rules_from: RuleMaker) -> None:
    rules = rules_from(rules=rules_text(count(timespan="10m")))
    made = event("Security", 4625, {"User": "anna"}, TimeCreated={"#attributes": {"SystemTime": "yesterday"}})
    (tmp_path / "log").write_bytes(orjson.dumps(made))
    report = scan([tmp_path / "log"], rules, jobs=1)
    assert (report.detections, report.uncorrelated) == (0, 1)


def test_hostile_values_cost_nothing_but_themselves(tmp_path: Path, rules_from: RuleMaker) -> None:
    rules = rules_from(rules=rules_text(of_value("value_sum", gte=1) | {"timespan": "10m"}))
    events = [
        event("Security", 4625, {"N": value}, EventRecordID=10**25)
        for value in ("9" * 300, "1" * 5_000, "-1e999999999", ["2", None, [True]], "\ud800", {"a": "3"})
    ]
    path = tmp_path / "log"
    path.write_text("\n".join(json.dumps(each) for each in events))
    detections: list[Detection] = []
    scan([path], rules, jobs=1, sink=detections.extend)
    (detection,) = detections
    assert detection.fields["value"] == pytest.approx(float("9" * 300))
    assert detection.fields["events"][0] == str(path)
    assert detection.record_id is None


def test_what_has_no_room_is_counted(tmp_path: Path, rules_from: RuleMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = rules_from(rules=rules_text(count(timespan="10m")))
    log = write(tmp_path / "log", [failed(minute / 10) for minute in range(9)])
    monkeypatch.setattr(matches, "MAX_MATCHES", 4)
    report = scan([log], rules, jobs=1)
    assert (report.detections, report.uncorrelated) == (1, 5)
    monkeypatch.setattr(matches, "MAX_TEXT", 10)
    report = scan([log], rules, jobs=1)
    assert (report.detections, report.uncorrelated) == (0, 9)


@pytest.mark.parametrize(("correlation", "reason"), [
    (count(rules=["nobody"]), "nobody, which is not among the rules"),
    (count(timespan="soon"), "Timespan 'soon' is invalid"),
    (count(condition={"field": "x"}), "exactly one condition item"),
    (count(type="often"), "no valid Sigma correlation type"),
    (of_value("value_sum", gte=1) | {"condition": {"field": ["a", "b"], "gte": 1}}, "value_sum takes one field"),
    (of_value("value_percentile", gte=1), "needs a percentile"),
    (together("temporal_ordered", condition={"lt": 2}), "at least so many"),
    (together("temporal_ordered", rules=["failed", "failed"]), "names a rule twice"),
    (together("temporal", condition="failed and"), "parse"),
    (count(rules=["itself"], name="itself"), "refers to this one"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused(rules_from: RuleMaker, correlation: dict[str, Any], reason: str) -> None:
    rules = rules_from(rules=rules_text({"timespan": "10m", **correlation}))
    (refused,) = rules.rejected
    assert reason in refused.reason
    assert refused.line > 1
    assert len(rules.rules) == 3
    assert rules.compiled.silent == []


def test_a_correlation_over_a_rule_that_is_not_used_says_why(rules_from: RuleMaker) -> None:
    cisco = base("cisco", 1, 4) | {"logsource": {"product": "cisco", "service": "aaa"}}
    broken = base("broken", 1, 5) | {"detection": {"s": {"a|nonsense": 1}, "condition": "s"}}
    of_cisco, of_broken = count(rules=["cisco"], timespan="1m"), count(rules=["broken"], timespan="1m")
    rules = rules_from(a=yaml.safe_dump_all([cisco, broken]), b=rules_text(of_cisco, of_broken))
    assert "product cisco" in rules.not_assessable[1].reason
    assert "nonsense" in rules.rejected[1].reason


def slow(correlation: Correlation, moments: list[Moment]) -> list[int]:
    """Return the matches that are in any window in which an event_count or value_count holds."""
    span = correlation.seconds * MICROSECONDS
    inside: set[int] = set()
    for first, begin in enumerate(moments):
        window = [index for index in range(first, len(moments)) if moments[index].time - begin.time <= span]
        if first and moments[window[-1]].time - moments[first - 1].time <= span:
            continue  # the one before belongs to it
        values = {moments[index].value for index in window}
        measured = len(window) if correlation.type == "event_count" else len(values)
        ((name, number),) = correlation.comparisons
        if {"gte": measured >= number, "lt": measured < number, "eq": measured == number}[name]:
            inside.update(window)
    return sorted(inside)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=25),
    st.sampled_from(["event_count", "value_count"]),
    st.sampled_from(["gte", "lt", "eq"]),
    st.integers(1, 4),
)
def test_sliding_finds_what_looking_at_each_window_finds(
    points: list[tuple[int, str]], kind: str, operator: str, number: int
) -> None:
    moments = [Moment(second * MICROSECONDS, 0, key, value) for key, (second, value) in enumerate(sorted(points))]
    info = RuleInfo("id", "title", "", "", [], "", "", [], [], "")
    correlation = Correlation(info, kind, [0], [[]], 5, [], [], [(operator, number)])
    got = [index for each in stretches(correlation, moments) for index in range(each.first, each.last + 1)]
    expected = slow(correlation, moments)
    assert set(expected) <= set(got)
    assert sorted(set(got)) == got
    assert {min(expected, default=None), max(expected, default=None)} == {
        min(got, default=None),
        max(got, default=None),
    }
