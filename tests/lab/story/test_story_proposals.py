"""All proposals of a lake: each analysis has its say, and one that fails takes none of the others along."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab_events import record

from tocsin.lab import Tally, read
from tocsin.lab.analyses.answer import MOST_PROOF, Answer
from tocsin.lab.lake import Lake, LakeError, QueryError, write_item
from tocsin.lab.record import Record
from tocsin.lab.story import proposals as module
from tocsin.lab.story.proposals import ANALYSES, proposals


def flow(minute: int, src: str, dst: str, port: int) -> Record:
    ends = {"id.orig_h": src, "id.orig_p": 50_000, "id.resp_h": dst, "id.resp_p": port}
    time = f"2026-03-02T{minute // 60:02}:{minute % 60:02}:00Z"
    return Record(None, time, "sensor1", "zeek/conn", "zeek", None, {}, {**ends, "proto": "tcp", "orig_bytes": 90})


def made() -> list[Record]:
    cleared = record("Security", 1102, {"SubjectUserName": "eve"}, provider="Microsoft-Windows-Eventlog")
    return [cleared, *(flow(n, "10.0.0.5", "203.0.113.9", 443) for n in range(200))]


def test_proposals_by_confidence(tmp_path: Path) -> None:
    write_item(tmp_path, "E1", made())
    with Lake(tmp_path) as lake:
        answer = proposals(lake)
        again = proposals(lake)
        few = proposals(lake, query="dst_port:443")
        with pytest.raises(QueryError):
            proposals(lake, query="(")
    assert [(one.analysis, one.confidence) for one in answer.found] == [("cleared logs", "high"), ("beaconing", "high")]
    assert answer == again
    assert [one.analysis for one in few.found] == ["beaconing"]
    assert any(note.startswith("rare destinations: ") for note in answer.notes)


def test_an_analysis_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Answer[object]:
        raise LakeError("too much")

    monkeypatch.setitem(module.ANALYSES, "beaconing", fails)
    write_item(tmp_path, "E1", made())
    with Lake(tmp_path) as lake:
        answer = proposals(lake)
    assert [one.analysis for one in answer.found] == ["cleared logs"]
    assert "beaconing: too much" in answer.notes


def test_an_empty_lake_proposes_nothing(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        answer = proposals(lake)
    assert (answer.found, answer.total, answer.considered) == ((), 0, 0)


@pytest.mark.slow
def test_proposals_of_real_attacks_name_events_that_exist(shared: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((shared / "evtx-attack-samples").rglob("*.evtx"))):
        write_item(tmp_path, f"E{number}", read(path, Tally(), name=path.name))
    with Lake(tmp_path) as lake:
        answer = proposals(lake)
        assert {one.analysis for one in answer.found} <= set(ANALYSES)
        assert any("The Security log was cleared" in one.claim for one in answer.found)
        for one in answer.found:
            assert one.reasons
            assert 0 < len(one.proof.events) <= min(MOST_PROOF, one.proof.count)
            assert all(lake.event(event) is not None for event in one.proof.events)
    assert len({one.key for one in answer.found}) == len(answer.found)
