"""Drawings of the evidence: a histogram that old outliers do not flatten, and the graph of logons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.evidence.drawing import MOST_NODES, MOST_ORIGINS, bars, detected_on, histogram_of, logon_graph
from tocsin.lab.lake import Histogram

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
STYLES = Path(__file__).parents[2] / "assets" / "styles" / "investigation.css"


@dataclass
class Times:
    """As much of a lake as a histogram asks for: the times of its events, in whole minutes or days."""

    times: Sequence[datetime]
    asked: list[str] = field(default_factory=list)

    def histogram(self, query: str, buckets: int) -> Histogram:
        self.asked.append(query)
        words = [word for word in query.replace("(", "").replace(")", "").split() if word.startswith("time")]
        after = [datetime.fromisoformat(w[7:]) for w in words if w.startswith("time:>=")]
        before = [datetime.fromisoformat(w[6:]) for w in words if w.startswith("time:<")]
        times = [t for t in self.times if all(t >= a for a in after) and all(t < b for b in before)]
        step = next(s for s in (timedelta(minutes=1), timedelta(hours=1), timedelta(days=7), timedelta(days=364))
                    if (max(times) - min(times)) / s < buckets - 1)  # fmt: skip
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        held = Counter((t - epoch) // step for t in times)
        return Histogram(step, [(epoch + n * step, held[n]) for n in range(min(held), max(held) + 1)], 0)


@dataclass(frozen=True)
class Logon:
    source: str | None
    target: str
    count: int = 1
    failed: int = 0
    account: str = "corp\\ann"
    first: datetime = START


@dataclass(frozen=True)
class Way:
    hops: tuple[Logon, ...]


def test_a_few_old_events_do_not_flatten_the_hour_in_which_all_happened() -> None:
    lake: Any = Times([START + timedelta(seconds=20 * n) for n in range(180)] + [START - timedelta(days=2000)] * 3)
    histogram, outside = histogram_of(lake, "powershell")
    assert histogram.step == timedelta(minutes=1)
    assert sum(count for _at, count in histogram.counts) == 180
    assert sum(one["count"] for one in outside if one["earlier"]) == 3
    assert all("(powershell)" in query for query in lake.asked[1:] if query.count("(") == 1)


def test_events_that_are_spread_are_all_shown() -> None:
    lake: Any = Times([START + timedelta(hours=3 * n) for n in range(300)])
    histogram, outside = histogram_of(lake, "")
    assert outside == []
    assert sum(count for _at, count in histogram.counts) == 300


def test_long_silence_is_one_gap_and_every_event_has_a_bar() -> None:
    step = timedelta(days=7)
    counts = [(START + step * n, 5 if n in (0, 1, 60) else 0) for n in range(61)]
    drawn = bars(Histogram(step, counts, 0))
    assert drawn is not None
    assert [(bar["count"], bool(bar["gap"])) for bar in drawn["bars"]] == [
        (5, False),
        (5, False),
        (0, True),
        (5, False),
    ]
    assert drawn["bars"][0]["narrow"] == "time:>=2026-03-02T10:00:00Z time:<2026-03-09T10:00:00Z"
    assert drawn["bars"][-1]["x"] + drawn["bars"][-1]["w"] <= 100
    assert bars(Histogram(step, [], 7)) is None


def test_quiet_origins_are_drawn_as_one_and_guessing_stays_by_itself() -> None:
    crowd = [Logon(f"pc-{n:02}", f"srv-{n % 13}", count=100 - n) for n in range(60)]
    graph = logon_graph([*crowd, Logon("10.0.0.66", "srv-1", count=9, failed=9)])
    assert graph is not None
    origins = [node for node in graph["nodes"] if node["many"]]
    assert len(origins) == MOST_ORIGINS + 1
    assert any("other hosts" in node["name"] for node in origins)
    assert any(node["name"] == "10.0.0.66" for node in graph["nodes"])
    assert [line["from"] for line in graph["lines"] if line["all_failed"]] == ["10.0.0.66"]


def test_a_way_is_numbered_and_its_hosts_are_never_merged() -> None:
    hops = (Logon("pc-01", "srv-1"), Logon("srv-1", "dc-1", first=START + timedelta(hours=1)))
    crowd = [Logon(f"pc-{n:02}", "srv-1", count=50) for n in range(40)]
    graph = logon_graph([*crowd, *hops], [Way(hops)])
    assert graph is not None
    assert {(line["from"], line["to"]): line["step"] for line in graph["lines"] if line["step"]} == {
        ("pc-01", "srv-1"): 1,
        ("srv-1", "dc-1"): 2,
    }
    at = {node["name"]: node["x"] for node in graph["nodes"]}
    assert at["pc-01"] < at["srv-1"] < at["dc-1"]


def test_rows_are_ordered_so_that_lines_need_not_cross() -> None:
    graph = logon_graph([Logon("a", "z", 9), Logon("b", "y", 5), Logon("c", "x", 1)])
    assert graph is not None
    at = {node["name"]: node["y"] for node in graph["nodes"]}
    assert all(at[source] == at[target] for source, target in ("az", "by", "cx"))


def test_the_styles_know_each_host_that_a_graph_may_have() -> None:
    styles = STYLES.read_text()
    assert all(f'[data-n="{number}"]' in styles for number in range(MOST_NODES))


@pytest.mark.parametrize("edges", [[], [Logon(None, "srv-1")], [Logon("srv-1", "srv-1")]])
def test_there_is_no_graph_of_logons_that_came_from_nowhere_else(edges: list[Logon]) -> None:
    assert logon_graph(edges) is None


def test_what_was_detected_is_found_at_its_process_the_gravest_first() -> None:
    @dataclass(frozen=True)
    class Row:
        level: str
        title: str
        fields: dict[str, str]

    @dataclass(frozen=True)
    class Started:
        id: int
        guid: str | None

    rows = [Row("high", "Shadow copies deleted", {"ProcessGuid": "{AB}"}), Row("medium", "Odd", {"ProcessGuid": "{ab}"}),
            Row("high", "Elsewhere", {"ProcessGuid": "{cd}"}), Row("high", "No process", {})]  # fmt: skip
    assert detected_on([Started(7, "{ab}"), Started(8, None)], rows) == {7: ("high", ["Shadow copies deleted", "Odd"])}
