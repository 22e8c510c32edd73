"""Collections as their tools lay them out: where each file came from, of which host, made by what and when."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import Scan, log, tarred, zipped

from tocsin.lab import read
from tocsin.lab.report import NOT_A_LOG
from tocsin.lab.sources.containers.layout import ACQUIRE, CYLR, DRIVES, KAPE, UAC, VELOCIRAPTOR, Layout, layout_of


def layout(*names: str, **notes: object) -> Layout:
    contents = {f"{name}.json": json.dumps(value).encode() for name, value in notes.items()}
    found = layout_of([*names, *contents], lambda name, most: contents.get(name, b"")[:most])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("stored", "original"),
    [
        ("uploads/auto/C%3A/Windows/System32/winevt/Logs/Microsoft-Windows-Sysmon%254Operational.evtx",
         "C:\\Windows\\System32\\winevt\\Logs\\Microsoft-Windows-Sysmon%4Operational.evtx"),
        ("uploads/ntfs/%5C%5C.%5CC%3A/$Extend/$UsnJrnl%3A$J", "C:\\$Extend\\$UsnJrnl:$J"),
        ("uploads/ntfs_vss/%5C%5C%3F%5CGLOBALROOT%5CDevice%5CHarddiskVolumeShadowCopy1/Windows/x.evtx",
         "\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1\\Windows\\x.evtx"),
        ("uploads/file/var/log/auth.log", "/var/log/auth.log"),
        ("Collection-WS1/uploads/auto/D%3A/x.evtx", "D:\\x.evtx"),
    ],
)  # fmt: skip
def test_where_velociraptor_took_a_file_from(stored: str, original: str) -> None:
    root = stored.partition("uploads/")[0]
    found = layout_of([stored, f"{root}uploads.json", f"{root}client_info.json"], lambda *_: b"")
    assert found is not None
    assert found.originals == {stored: original}


def test_what_velociraptor_says_of_a_collection() -> None:
    found = layout(
        "results/Windows.KapeFiles.Targets%2FUploads.json", "results/Linux.Sys.Users.json", "uploads/auto/C%3A/x.evtx",
        "results/Linux.Sys.Users.json.index", "uploads/ntfs/C%3A/j.idx", "log.json", "requests.json",
        client_info={"Hostname": "WS1", "OS": "windows"}, collection_context={"start_time": 1767225600000000},
    )  # fmt: skip
    assert (found.tool, found.host, found.collected) == (VELOCIRAPTOR, "WS1", "2026-01-01T00:00:00Z")
    assert sorted(found.artifacts.values()) == ["Linux.Sys.Users", "Windows.KapeFiles.Targets/Uploads"]
    assert len(found.notes) == 6
    of_server = layout("uploads/auto/C%3A/x.evtx", client_info={"os_info": {"hostname": "ws2"}, "client_id": "C.1"})
    assert of_server.host == "ws2"


@pytest.mark.parametrize(
    ("names", "tool", "original"),
    [
        (["C/Windows/System32/winevt/Logs/Security.evtx", "C/odd/place.txt"], DRIVES, "C:\\odd\\place.txt"),
        (["2026-03-01T030405_WS1/C/$MFT", "2026-03-01T03_04_05_0000001_ConsoleLog.txt"], KAPE, "C:\\$MFT"),
        (["C/Windows/Prefetch/A.pf", "CyLR_Collection_Log_2026.log"], CYLR, "C:\\Windows\\Prefetch\\A.pf"),
        (["out/D:/Users/kim/NTUSER.DAT"], DRIVES, "D:\\Users\\kim\\NTUSER.DAT"),
        (["[root]/var/log/auth.log", "uac.log", "bodyfile/bodyfile.txt"], UAC, "/var/log/auth.log"),
        (["fs/C:/Windows/x.evtx", "fs/C:/$MFT"], ACQUIRE, "C:\\$MFT"),
        (["fs/$rootfs$/var/log/syslog"], ACQUIRE, "/var/log/syslog"),
        (["fs/var/log/syslog"], ACQUIRE, "/var/log/syslog"),
        (["sysvol/Windows/x.evtx"], ACQUIRE, "C:\\Windows\\x.evtx"),
    ],
)
def test_other_tools(names: list[str], tool: str, original: str) -> None:
    found = layout(*names)
    assert found.tool == tool
    assert original in found.originals.values()


def test_what_is_no_collection() -> None:
    for names in (["a.json", "b/c.evtx"], ["c/readme.md", "src/d/x.c"], ["uploads/auto/x"], [], ["fs/ab", "x", "y"]):
        assert layout_of(names, lambda *_: b"") is None


def test_the_time_of_a_kape_collection() -> None:
    assert layout("C/$MFT", "2026-03-01T03_04_05_0000001_CopyLog.csv").collected == "2026-03-01T03:04:05Z"


@given(st.lists(st.text(max_size=60) | st.from_regex(r"(uploads/(auto|ntfs)|results|fs|C|\[root\]|\./|/|%3A|\.json){1,6}")),
       st.binary(max_size=40) | st.just(b'{"Hostname": 7, "os_info": [], "start_time": -1e99}'))  # fmt: skip
def test_no_name_and_no_note_raises(names: list[str], note: bytes) -> None:
    found = layout_of([*names, "client_info.json", "collection_context.json", "uac.log"], lambda *_: note)
    assert found is None or set(found.originals) <= {*names, "client_info.json", "collection_context.json", "uac.log"}


def test_names_that_patterns_could_take_long_over() -> None:
    names = ["uac-" * 16_000, "a/" * 30_000, "results/" * 8_000 + ".json", "2026-03-01T03_04_05_" * 3_000, "uac-" * 250]
    began = time.process_time()
    layout_of([*names, "uac.log"] * 100, lambda *_: b"Hostname" * 100_000)
    assert time.process_time() - began < 5


def test_a_velociraptor_collection_as_a_whole(scanned: Scan, tmp_path: Path) -> None:
    evtx = {"System": {"Provider": {"Name": "Microsoft-Windows-Security-Auditing"}, "EventID": {"Value": 4624},
                       "TimeCreated": {"SystemTime": 1772334600.25}, "EventRecordID": 5, "Channel": "Security",
                       "Computer": "ws1"}, "EventData": {"TargetUserName": "kim"}}  # fmt: skip
    content = zipped(
        ("client_info.json", b'{"Hostname": "WS1"}'),
        ("uploads.json", b'{"Timestamp": 1}\n'),
        ("uploads/auto/C%3A/logs/x.json", log(1)),
        ("uploads/ntfs/%5C%5C.%5CC%3A/logs/x.json", log(1)),
        ("results/Windows.EventLogs.Evtx.json", json.dumps(evtx).encode()),
        (
            "results/Linux.Sys.Users.json",
            b'{"User": "kim", "Details": {"Uid": 1000}, "Mtime": "2026-03-01T03:10:00Z"}\n[1]\n',
        ),
    )
    report, rows = scanned(content, "collection.zip")
    (made,) = report.collections
    assert (made.tool, made.host) == (VELOCIRAPTOR, "WS1")
    assert rows["!uploads/auto/C%3A/logs/x.json"].original == "C:\\logs\\x.json"
    assert rows["!uploads.json"].status == NOT_A_LOG
    assert report.channels == {"Security": 2, "velociraptor/linux.sys.users": 1}
    assert (report.detections, report.not_understood) == (2, 1)
    path = tmp_path / "collection.zip"
    by_file = {each.source_file.removeprefix(str(path)): each for each in read(path)}
    assert list(by_file) == [
        "!C:\\logs\\x.json",
        "!results/Windows.EventLogs.Evtx.json",
        "!results/Linux.Sys.Users.json",
    ]
    user = by_file["!results/Linux.Sys.Users.json"]
    assert (user.data, user.time) == (
        {"User": "kim", "Details.Uid": 1000, "Mtime": "2026-03-01T03:10:00Z"}, "2026-03-01T03:10:00.000000Z",
    )  # fmt: skip
    logon = by_file["!results/Windows.EventLogs.Evtx.json"]
    assert (logon.event_id, logon.time, logon.data) == (4624, "2026-03-01T03:10:00.250000Z", {"TargetUserName": "kim"})


def test_detections_name_the_path_on_the_host(tmp_path: Path, rules: object) -> None:
    from tocsin.lab import scan

    folder = tmp_path / "collected"
    (folder / "C" / "Windows" / "Logs").mkdir(parents=True)
    (folder / "C" / "Windows" / "Logs" / "a.json").write_bytes(log())
    found: list[object] = []
    report = scan([folder], rules, jobs=1, sink=found.extend)  # type: ignore[arg-type]
    assert [each.source_file for each in found] == [f"{folder}!C:\\Windows\\Logs\\a.json"]  # type: ignore[attr-defined]
    assert report.collections[0].tool == DRIVES


def test_a_uac_collection_as_a_whole(scanned: Scan) -> None:
    buffer = io.BytesIO()
    link = tarfile.TarInfo("[root]/var/log/link")
    link.type = tarfile.SYMTYPE
    buffer.write(
        tarred(
            ("uac.log", b"2026-03-01 03:10:00 +0000 INFO Hostname: web1\n"),
            ("bodyfile/bodyfile.txt", b"0|/etc/passwd|131|-rw-r--r--|0|0|1024|1767225600|1767225601|1767225602|0\n"),
            ("live_response/process/ps.txt", b"PID TTY\n1 ?\n"),
            ("[root]/var/log/app.json", log()),
            (link, b""),
        )
    )
    report, rows = scanned(gzip.compress(buffer.getvalue()), "uac-web1-linux-20260301031000.tar.gz")
    (made,) = report.collections
    assert (made.tool, made.host) == (UAC, "web1")
    assert rows["!live_response/process/ps.txt"].status == NOT_A_LOG
    assert rows["![root]/var/log/app.json"].original == "/var/log/app.json"
    assert report.channels == {"Security": 1, "uac/bodyfile": 3}
    assert report.exit_status == 0
