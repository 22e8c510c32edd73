"""The report's data: a round trip, what it refuses, and how hostile text becomes visible."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError
from report_samples import HOSTILE, empty, frame, huge, whole

from tocsin.reports import figure, view
from tocsin.reports.data import (
    Detection,
    Duration,
    Fact,
    KeyTime,
    NarrativePart,
    ReportData,
    Summary,
    Timeline,
    TimelineEvent,
    cites_in,
)
from tocsin.reports.text import LONGEST, visible


def test_round_trip() -> None:
    data = whole()
    assert ReportData.model_validate_json(data.model_dump_json()) == data


def test_hostile_text_survives_a_round_trip() -> None:
    once = visible(HOSTILE)
    assert visible(once) == once
    data = empty()
    hostile = data.model_copy(update={"summary": Summary(headline=HOSTILE)})
    assert ReportData.model_validate_json(hostile.model_dump_json()) == hostile


def test_times_become_utc() -> None:
    local = datetime(2026, 5, 9, 4, 0, tzinfo=timezone(timedelta(hours=2)))
    fact = Fact(text="x", t=local, cites=("L-1",))
    assert fact.t == datetime(2026, 5, 9, 2, 0, tzinfo=UTC)
    assert fact.model_dump(mode="json")["t"] == "2026-05-09T02:00:00Z"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Fact(text="x", t=datetime(2026, 5, 9), cites=("L-1",))  # noqa: DTZ001 - the point of the test


def test_a_statement_without_source_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Fact(text="It happened.", cites=())


@pytest.mark.parametrize("cite", ["E-99#1", "E-99", "X-9", "L-215"])
def test_a_cite_of_what_is_not_there_is_refused(cite: str) -> None:
    part = NarrativePart(tactic="impact", statements=(Fact(text="x", cites=(cite,)),))
    with pytest.raises(ValidationError, match=cite):
        ReportData(**(frame() | {"narrative": (part,)}))  # type: ignore[arg-type]


@pytest.mark.parametrize("cite", ["E-1 #2", "javascript:alert(1)", "E-1#a b", "L-x", ""])
def test_a_malformed_cite_is_refused(cite: str) -> None:
    with pytest.raises(ValidationError):
        Fact(text="x", cites=(cite,))


def test_an_unknown_lane_names_the_lanes() -> None:
    with pytest.raises(ValidationError, match="initial-access"):
        TimelineEvent(lane="hacking", t=datetime(2026, 1, 1, tzinfo=UTC), label="x", text="x", cites=("L-1",))


def test_a_duration_between_unknown_times_is_refused() -> None:
    parts = {
        "key_times": (KeyTime(key="a", label="A"),),
        "durations": (Duration(label="d", start="a", end="b"),),
    }
    with pytest.raises(ValidationError, match="'b'"):
        ReportData(**(frame() | parts))  # type: ignore[arg-type]


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x00", "\x1b", "\u200b", "\ufeff", "\n", "\U000e0041"])
def test_hidden_characters_are_spelt_out(character: str) -> None:
    shown = visible(f"a{character}b")
    assert character not in shown
    assert f"U+{ord(character):04X}" in shown


def test_a_lone_surrogate_is_spelt_out() -> None:
    assert Summary(headline="a\ud800b").headline == ("a\u2039U+D800\u203ab",)


def test_an_endless_text_is_cut_and_says_so() -> None:
    shown = visible("A" * 50_000)
    assert len(shown) < LONGEST + 60
    assert "(48,800 more characters)" in shown


def test_caps_are_said() -> None:
    data = huge(2000)
    printed = view.build(data)
    assert len(printed["detections"]) == view.CAPS["detections"]
    assert printed["more"]["detections"] == "and 1,880 more, all in detections.jsonl"
    assert printed["more"]["scope"] == "and 250 more, all in scope.csv"
    assert printed["more"]["tasks"] == ""


def test_every_printed_cite_has_its_anchor_or_says_none() -> None:
    printed = view.build(whole())
    found: list[tuple[str, str | None]] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if set(value) == {"text", "to"}:
                found.append((value["text"], value["to"]))
            for child in value.values():
                walk(child)
        elif isinstance(value, list):
            for child in value:
                walk(child)

    walk(printed)
    assert {to for text, to in found if text.startswith("E-")} == {"E-01", "E-02", "E-03"}
    assert ("X-01", "X-01") in found
    assert ("L-9", "L-9") in found
    assert ("L-60", None) not in found, "a done task is not printed, so its source is not either"


def test_all_cited_evidence_is_printed_however_many() -> None:
    printed = view.build(huge(5000))
    items = {item["id"] for item in printed["evidence"]}
    for part in printed["narrative"]:
        for statement in part["statements"]:
            assert statement["cites"][0]["to"] in items


def test_figure_merges_what_would_lie_on_each_other() -> None:
    drawn = figure.draw(huge(5000).timeline)
    assert drawn is not None
    assert len(drawn.marks) <= figure.MOST_MARKS
    assert sum(mark.count for mark in drawn.marks) == drawn.total == 5000
    for lane in {mark.lane for mark in drawn.marks}:
        xs = sorted(mark.x for mark in drawn.marks if mark.lane == lane)
        assert all(b - a >= 2 * figure.RADIUS for a, b in itertools.pairwise(xs))
        assert xs[0] >= figure.RADIUS - 0.01
        assert xs[-1] <= figure.WIDTH - figure.RADIUS


def test_figure_without_events_is_none() -> None:
    assert figure.draw(Timeline()) is None


def test_tasks_come_by_when_they_are_due_and_late_ones_say_so() -> None:
    printed = view.build(whole())
    assert [group["function"] for group in printed["task_groups"]] == [
        "Reporting and remediation",
        "Crisis communications",
    ]
    assert printed["task_groups"][0]["tasks"][0]["late"] is True
    assert printed["task_groups"][1]["tasks"][0]["late"] is False
    assert printed["counts"]["tasks_done"] == 1


def test_clocks_late_and_unsent_come_first() -> None:
    printed = view.build(whole())
    assert [clock["status"] for clock in printed["clocks"]] == ["late", "running", "met"]
    late, running, _ = printed["clocks"]
    assert late["left_s"] == -1200
    assert running["left_s"] == (4320 - 260) * 60


def test_durations_over_target_are_marked() -> None:
    steps = view.build(whole())["key_times"]["steps"]
    assert [step and step["over"] for step in steps] == [False, True, False, False, None]
    assert steps[3]["s"] is None


def test_cites_in_finds_all() -> None:
    row = Detection(ref="X-1", rule_id="r", title="t", author="a", level="low", count=1, cites=("E-1#2", "E-1#3"))
    assert cites_in((row,)) == ["E-1#2", "E-1#3"]
