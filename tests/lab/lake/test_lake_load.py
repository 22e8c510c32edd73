"""Loading evidence of any kind: the same bytes whoever works, and an account of what was there."""

from __future__ import annotations

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from tocsin.lab.contained import Limits
from tocsin.lab.containment import ContainedPool
from tocsin.lab.lake import Lake, account_of, load


def lines(first: int, count: int) -> bytes:
    return b"\n".join(
        orjson.dumps(
            {
                "EventID": 4688,
                "Channel": "Security",
                "Hostname": f"ws{number % 3}.corp.example",
                "SourceName": "Microsoft-Windows-Security-Auditing",
                "EventTime": f"2026-03-13 06:{number // 60:02}:{number % 60:02}",
                "NewProcessName": f"C:\\Windows\\{number}.exe",
                "RecordNumber": number,
            }
        )
        for number in range(first, first + count)
    )


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "a.json").write_bytes(lines(0, 100))
    (folder / "b.json").write_bytes(lines(100, 50) + b"\n{broken\n" + lines(150, 50))
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        archive.writestr("inner/d.json", lines(200, 30))
        archive.writestr("notes.bin", b"\1\2\3\xff\xfe" * 9)
    (folder / "e.txt").write_bytes(b"nothing of interest\n")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_everything_is_loaded_and_accounted_for(evidence: Path, tmp_path: Path) -> None:
    manifest = load(evidence, tmp_path / "lake", "one", jobs=1)
    account = account_of(tmp_path / "lake", "one")
    assert manifest.rows == account.records == 230
    assert account.exit_status == 1
    assert account.channels == {"Security": 230}
    by_name = {row.path.rpartition("/")[2]: row for row in account.files}
    assert [by_name[name].records for name in ("a.json", "b.json", "d.json")] == [100, 100, 30]
    assert by_name["b.json"].not_understood == 1
    with Lake(tmp_path / "lake") as lake:
        assert lake.count("") == 230
        assert lake.count("source_file:*c.zip!inner/d.json") == 30
        events = lake.search("", limit=500, order="oldest").events
        assert [event.columns["record_id"] for event in events] == list(range(230))
        whole = lake.event(events[215].id)
        assert whole is not None
        assert whole.fields["NewProcessName"] == "C:\\Windows\\215.exe"


def test_the_bytes_do_not_depend_on_who_worked(evidence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.lab.lake.loading.LEAST_BATCH", 1)
    for jobs in (1, 2):
        load([evidence], tmp_path / str(jobs), "one", jobs=jobs)
    with ThreadPoolExecutor(3) as threads:
        load([evidence], tmp_path / "threads", "one", executor=threads)
    first = contents(tmp_path / "1" / "one")
    assert len([name for name in first if name.endswith(".parquet")]) == 3
    assert first == contents(tmp_path / "2" / "one") == contents(tmp_path / "threads" / "one")


def test_an_item_that_is_there_is_not_loaded_again(evidence: Path, tmp_path: Path) -> None:
    first = load(evidence, tmp_path / "lake", "one", jobs=1)
    assert load(tmp_path / "nowhere", tmp_path / "lake", "one") == first


def test_progress_ends_with_everything(evidence: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, int, int, str]] = []
    load(evidence, tmp_path / "lake", "one", jobs=1, progress=lambda *state: told.append(state))
    done, total, files_done, files_total, _ = told[-1]
    assert (done, files_done) == (total, files_total)
    assert files_total == 3


def test_a_child_that_dies_costs_its_file_and_nothing_else(evidence: Path, tmp_path: Path) -> None:
    # More address space than the child may have is asked for while this line is parsed.
    (evidence / "aa.json").write_bytes(b'{"a":"' + b"x" * 400_000_000 + b'"}\n')
    with ContainedPool(1, Limits(memory=700 * 1024**2)) as pool:
        manifest = load(evidence, tmp_path / "lake", "one", executor=pool)
    account = account_of(tmp_path / "lake", "one")
    assert manifest.rows == 230
    assert [row.path.rpartition("/")[2] for row in account.files if row.problems and not row.records] == ["aa.json"]
    assert account.exit_status == 1


def test_nothing_to_read_is_an_empty_item(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\1\2\3")
    assert load([tmp_path / "x.bin", tmp_path / "missing"], tmp_path / "lake", "one", jobs=1).rows == 0
    assert account_of(tmp_path / "lake", "one").exit_status == 2
