"""Casework on one item: its events in the lake compared with indicators, its samples laid out, feeds and rules read."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from tocsin.lab import casework
from tocsin.lab.casework import (
    account_of_feed,
    account_of_yara,
    compile_feeds,
    lay_out_samples,
    sight_items,
)
from tocsin.lab.indicators import Context, UnreadableFeedError
from tocsin.lab.lake import Lake, load
from tocsin.lab.sources.containers.unpacking import ArchiveLimits

SCRIPT = b"powershell -nop -w hidden -enc SQBFAFgA\r\nInvoke-Expression $x\r\nWrite-Host $env:USERNAME\r\n" * 4


def archive(members: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return whole.getvalue()


def event(number: int, address: str, time: str = "2026-03-01T03:10:00Z") -> str:
    system: dict[str, Any] = {
        "Provider": {"#attributes": {"Name": "P"}}, "EventID": 4624, "EventRecordID": number, "Channel": "Security",
        "Computer": f"ws{number % 2}",
    }  # fmt: skip
    if time:
        system["TimeCreated"] = {"#attributes": {"SystemTime": time}}
    return json.dumps({"Event": {"System": system, "EventData": {"IpAddress": address, "User": "ann"}}})


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake with two items; the second holds the same address."""
    folder = tmp_path / "lake"
    lines = [event(n, "203.0.113.66" if n in (3, 8) else "198.51.100.1") for n in range(10)]
    lines += [event(10, "203.0.113.66", "2026-02-28T01:00:00Z"), event(11, "203.0.113.66", "")]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.jsonl").write_text(event(1, "203.0.113.66", "2025-01-01T00:00:00Z"))
    load(tmp_path / "a.jsonl", folder, "E-01", jobs=1)
    load(tmp_path / "b.jsonl", folder, "E-02", jobs=1)
    return folder


def compiled(folder: Path, *feeds: tuple[str, Context]) -> Path:
    paths = []
    for number, (text, context) in enumerate(feeds):
        (folder / f"feed{number}").write_text(text)
        paths.append((folder / f"feed{number}", context))
    return Path(compile_feeds(paths, folder / "sets").decode())


def test_an_items_events_are_compared_and_no_others(lake: Path, tmp_path: Path) -> None:
    path = compiled(
        tmp_path,
        ("type,value\nip,203.0.113.66\nip,192.0.2.200\n", Context(source="cert", tlp="RED", confidence=90)),
        ("type,value,source\nip,203.0.113.66,own\n", Context(source="other")),
    )
    answer = orjson.loads(sight_items(lake, ["E-01"], path))
    assert answer["left_out"] == 0
    first, second = sorted(answer["sighted"]["E-01"], key=lambda one: one["about"]["source"])
    assert (first["about"]["source"], first["about"]["tlp"], first["about"]["level"]) == ("cert", "RED", "high")
    assert (second["about"]["source"], second["about"]["tlp"]) == ("own", "")
    for one in (first, second):
        assert one["count"] == 4
        assert sorted(one["places"]) == [3, 8, 10, 11]
        assert (one["first"], one["last"]) == ("2026-02-28T01:00:00Z", "2026-03-01T03:10:00Z")
        assert sorted(one["hosts"]) == ["ws0", "ws1"]
        assert one["fields"] == ["IpAddress"]
    with Lake(lake) as opened:
        for place in first["places"]:
            found = opened.event(f"E-01.{place}")
            assert found is not None
            assert found.fields["IpAddress"] == "203.0.113.66"
    both = orjson.loads(sight_items(lake, ["E-01", "E-02"], path))["sighted"]
    assert both["E-01"] == answer["sighted"]["E-01"]
    (other,) = [one for one in both["E-02"] if one["about"]["source"] == "own"]
    assert (other["count"], other["places"]) == (1, [0])


def test_what_is_told_is_bounded(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = compiled(tmp_path, ("type,value\nip,203.0.113.66\nip,198.51.100.1\n", Context(source="cert")))
    monkeypatch.setattr(casework, "MOST_CITES", 2)
    monkeypatch.setattr(casework, "MOST_SIGHTED", 1)
    monkeypatch.setattr(casework, "MOST_HOSTS", 1)
    answer = orjson.loads(sight_items(lake, ["E-01"], path))
    assert answer["left_out"] == 1
    (one,) = answer["sighted"]["E-01"]
    assert one["count"] > 2
    assert len(one["places"]) == 2
    assert len(one["hosts"]) == 1


def laid_out(path: Path, name: str, into: Path) -> tuple[dict[str, bytes], int]:
    into.mkdir()
    answer = orjson.loads(lay_out_samples(path, name, into))
    return {one["name"]: Path(one["path"]).read_bytes() for one in answer["samples"]}, answer["left_out"]


def test_a_file_that_is_a_sample_stays_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "stored"
    path.write_bytes(SCRIPT)
    (tmp_path / "out").mkdir()
    answer = orjson.loads(lay_out_samples(path, "run.ps1", tmp_path / "out"))
    assert [(one["name"], one["path"], one["kind"]) for one in answer["samples"]] == [
        ("run.ps1", str(path), "powershell")
    ]
    assert path.read_bytes() == SCRIPT
    (tmp_path / "log").write_text(event(1, "203.0.113.66"))
    assert laid_out(tmp_path / "log", "a.jsonl", tmp_path / "none") == ({}, 0)


def test_samples_in_archives_in_archives_are_laid_out_and_the_rest_is_not_kept(tmp_path: Path) -> None:
    inner = archive({"deep/two.ps1": SCRIPT + b"# two\r\n", "notes.txt": b"hello"})
    log = event(1, "203.0.113.66").encode()
    outside = SCRIPT + b"# out\r\n"
    whole = archive({"one.ps1": SCRIPT, "../../out.ps1": outside, "log.jsonl": log, "inner.zip": inner})
    path = tmp_path / "stored"
    path.write_bytes(whole)
    found, left_out = laid_out(path, "all.zip", tmp_path / "out")
    assert sorted(found.values()) == sorted([SCRIPT, SCRIPT + b"# two\r\n"])
    assert left_out == 0
    assert any(name.startswith("all.zip!inner.zip!") for name in found)
    assert len([file for file in (tmp_path / "out").rglob("*") if file.is_file()]) == 2
    assert not list(tmp_path.rglob("out.ps1"))


def test_too_many_and_too_large_samples_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "stored"
    path.write_bytes(archive({f"{n}.ps1": SCRIPT + b"# %d\r\n" % n for n in range(5)} | {"big.ps1": SCRIPT * 100}))
    monkeypatch.setattr(casework, "MOST_SAMPLES", 3)
    monkeypatch.setattr(casework, "MOST_BYTES", len(SCRIPT) * 50)
    found, left_out = laid_out(path, "all.zip", tmp_path / "out")
    assert (len(found), left_out) == (3, 3)
    assert len([file for file in (tmp_path / "out").rglob("*") if file.is_file()]) == 3


def test_archives_that_are_nested_too_deeply_or_grow_too_large_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive({"last.ps1": SCRIPT})
    for _ in range(ArchiveLimits().depth + 2):
        content = archive({"next.zip": content})
    (tmp_path / "deep").write_bytes(content)
    assert laid_out(tmp_path / "deep", "deep.zip", tmp_path / "out") == ({}, 0)
    inner = [archive({"a.ps1": SCRIPT * 20 + b"# %d\r\n" % n}) for n in range(4)]
    (tmp_path / "wide").write_bytes(archive({f"{n}.zip": one for n, one in enumerate(inner)}))
    limits = ArchiveLimits(total=sum(map(len, inner)) + len(SCRIPT) * 20 * 2 + 100)
    monkeypatch.setattr("tocsin.lab.sources.containers.unpacking.ArchiveLimits", lambda: limits)
    found, _ = laid_out(tmp_path / "wide", "wide.zip", tmp_path / "out2")
    assert len(found) == 2, "all archives of an item share one budget"


def test_a_feed_is_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text("type,value\nip,203.0.113.66\nip,203.0.113.66\nip,not-one\ndomain,evil.example.org\n")
    account = orjson.loads(account_of_feed(path, "feed.csv"))
    assert (account["count"], account["kinds"]) == (2, {"ip": 1, "domain": 1})
    assert (account["duplicates"], account["rejected"], account["name"]) == (1, 1, "feed.csv")
    assert account["left_out"][0]["value"] == "not-one"
    assert account["left_out"][0]["reason"]
    path.write_text('{"type": "bundle", ')
    with pytest.raises(UnreadableFeedError):
        account_of_feed(path, "feed.json")


def test_yara_rules_are_accounted_for() -> None:
    text = "rule good { condition: true }\n\nrule bad { condition: nothing_known }\n"
    account = orjson.loads(account_of_yara(text))
    assert account["rules"] == ["good"]
    assert account["errors"][0].startswith("line 3: ")
    assert orjson.loads(account_of_yara("")) == {"rules": [], "errors": []}
