"""Artefacts of Windows, browsers and mail: what each proves is read, and damage costs only what is damaged."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import artefact_files as files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.lab.reading import read
from tocsin.lab.record import Record, Tally
from tocsin.lab.sources.kind import kind_of
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.macb import moments
from tocsin.lab.sources.rows import record_of
from tocsin.lab.sources.srum import ole_time, sid_text

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=5)


def records(path: Path, kind: str) -> tuple[list[Record], Tally]:
    """Read a file as the lab does, and see that it is taken for what it is."""
    assert kind_of(path).name == kind
    tally = Tally()
    found = list(read(path, tally))
    assert tally.read == len(found)
    return found, tally


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_moments_of_a_file_are_told_once_each() -> None:
    assert moments(
        {"m": "2026-01-02T00:00:00Z", "a": "2026-01-03T00:00:00Z", "c": "2026-01-02T00:00:00Z", "b": ""}
    ) == [
        ("2026-01-02T00:00:00Z", "m.c."),
        ("2026-01-03T00:00:00Z", ".a.."),
    ]
    assert moments({"m": ""}) == [("", "....")]


@pytest.fixture(scope="module")
def hive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = files.Hive()
    run = built.key("Run", LATER, values=[
        built.value("Updater", files.SZ, "C:\\Users\\Public\\u.exe\0".encode("utf-16-le")),
        built.value("Number", files.DWORD, (7).to_bytes(4, "little")),
        built.value("List", files.MULTI_SZ, "a\0b\0\0".encode("utf-16-le")),
        built.value("Raw", files.BINARY, b"\x01\x02\x03\x04\x05\x06"),
    ])  # fmt: skip
    counted = bytearray(72)
    counted[4:8] = (3).to_bytes(4, "little")
    counted[60:68] = files.ticks(LATER).to_bytes(8, "little")
    count = built.key("Count", NOON, values=[built.value("P:\\rivy.rkr", files.BINARY, bytes(counted))])
    assist = built.key("{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}", NOON, keys=[count])
    tree = built.key("UserAssist", NOON, keys=[assist])
    program = built.key("evil.exe|1", LATER, values=[
        built.value("FileId", files.SZ, ("0000" + "ab" * 20 + "\0").encode("utf-16-le")),
        built.value("LowerCaseLongPath", files.SZ, "c:\\temp\\evil.exe\0".encode("utf-16-le")),
    ])  # fmt: skip
    amcache = built.key("InventoryApplicationFile", NOON, keys=[program])
    root = built.key("Root", NOON, keys=[amcache])
    cache = bytearray(48)
    cache[0:4] = (0x30).to_bytes(4, "little")
    path = "C:\\temp\\evil.exe".encode("utf-16-le")
    entry = len(path).to_bytes(2, "little") + path + files.ticks(NOON).to_bytes(8, "little") + (0).to_bytes(4, "little")
    cache += b"10ts" + (0).to_bytes(4, "little") + len(entry).to_bytes(4, "little") + entry
    shim = built.key("AppCompatCache", LATER, values=[built.value("AppCompatCache", files.BINARY, bytes(cache))])
    top = built.key("ROOT", NOON, keys=[run, tree, root, shim], root=True)
    return built.write(tmp_path_factory.mktemp("hive") / "NTUSER.DAT", top)


def test_a_hive_gives_every_key_with_its_values(hive: Path) -> None:
    found, tally = records(hive, "registry")
    keys = {record.data["key"]: record for record in found if record.channel == "registry/key"}
    assert keys["\\Run"].data["values"] == [
        "Updater=C:\\Users\\Public\\u.exe",
        "Number=7",
        "List=a b",
        "Raw=010203040506",
    ]
    assert keys["\\Run"].time == "2026-03-04T17:00:00Z"
    assert {"\\", "\\UserAssist", "\\Root\\InventoryApplicationFile\\evil.exe|1"} <= keys.keys()
    assert not tally.problems


def test_a_hive_tells_what_windows_noted_of_programs(hive: Path) -> None:
    found, _ = records(hive, "registry")
    by_channel = {record.channel: record for record in found}
    amcache = by_channel["registry/amcache"]
    assert (amcache.data["sha1"], amcache.data["path"]) == ("ab" * 20, "c:\\temp\\evil.exe")
    assist = by_channel["registry/userassist"]
    assert (assist.data["path"], assist.data["run_count"], assist.time) == ("C:\\evil.exe", 3, "2026-03-04T17:00:00Z")
    shim = by_channel["registry/shimcache"]
    assert (shim.data["path"], shim.time) == ("C:\\temp\\evil.exe", "2026-03-04T12:00:00Z")


def test_the_journal_is_read_over_holes_and_damage(tmp_path: Path) -> None:
    first = files.usn_record("evil.exe", 64, NOON, 0x100 | 0x80000000)
    second = files.usn_record("evil.exe", 128, LATER, 0x200 | 0x80000000, entry=41)
    journal = saved(tmp_path / "anything", b"")
    with journal.open("r+b") as file:
        file.seek(2 * 1024 * 1024)  # a hole, as the real journal begins with
        file.write(first + b"\xff" * 64 + second + b"\0" * 4096)
    found, tally = records(journal, "usn")
    assert [(record.data["name"], record.data["reason"], record.time) for record in found] == [
        ("evil.exe", ["created", "closed"], "2026-03-04T12:00:00Z"),
        ("evil.exe", ["deleted", "closed"], "2026-03-04T17:00:00Z"),
    ]
    assert (found[1].data["entry"], found[1].data["parent_entry"], tally.lost) == (41, 5, 1)


def test_the_journal_is_read_whole_over_blocks(tmp_path: Path) -> None:
    many = b"".join(files.usn_record(f"file-{n:05}.txt", n * 96, NOON, 0x100) for n in range(30_000))
    found, tally = records(saved(tmp_path / "J", many), "usn")
    assert [record.data["name"] for record in found] == [f"file-{n:05}.txt" for n in range(30_000)]
    assert not tally.lost


LOADED = ["\\VOLUME{01d0000000000000-1234abcd}\\WINDOWS\\SYSTEM32\\NTDLL.DLL",
          "\\VOLUME{01d0000000000000-1234abcd}\\TEMP\\EVIL.EXE"]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_prefetch_tells_each_run(tmp_path: Path, packed: bool) -> None:
    content = files.prefetch("EVIL.EXE", [LATER, NOON], 2, LOADED)
    found, _ = records(saved(tmp_path / "p", files.mam(content) if packed else content), "prefetch")
    assert [record.time for record in found] == ["2026-03-04T17:00:00Z", "2026-03-04T12:00:00Z"]
    data = found[0].data
    assert (data["executable"], data["path"], data["run_count"], data["hash"]) == ("EVIL.EXE", LOADED[1], 2, "CAFEF00D")
    assert data["files"] == LOADED
    assert "files" not in found[1].data


def test_browsers_tell_visits_and_downloads(tmp_path: Path) -> None:
    at = files.ticks(NOON) // 10
    visits = [(at, "https://mail.example/", "Mail"), (at + 60_000_000, "http://evil.example/bill.iso", "")]
    found, _ = records(files.chromium(tmp_path / "h", visits), "browser")
    seen = [(r.channel, r.time, r.data["url"]) for r in found]
    assert seen[:2] == [
        ("browser/visit", "2026-03-04T12:00:00Z", "https://mail.example/"),
        ("browser/visit", "2026-03-04T12:01:00Z", "http://evil.example/bill.iso"),
    ]
    assert found[1].data["from_url"] == "https://mail.example/"
    download = found[2].data
    assert (download["path"], download["url"], download["danger"]) == (
        "C:\\Users\\ann\\Downloads\\bill.iso", "http://evil.example/bill.iso", "dangerous file"
    )  # fmt: skip

    fox, _ = records(
        files.firefox(tmp_path / "f", [(int(NOON.timestamp()) * 1_000_000, "https://a.example/", "A")]), "browser"
    )
    assert (fox[0].time, fox[0].data["title"], fox[0].data["browser"]) == ("2026-03-04T12:00:00Z", "A", "firefox")


@pytest.mark.parametrize("endless", ["9e999", "-9e999"])
def test_a_visit_at_an_endless_time_has_none(tmp_path: Path, endless: str) -> None:
    import sqlite3

    with sqlite3.connect(files.chromium(tmp_path / "h", [(1, "https://a.example/", "A"), (2, "b", "B")])) as database:
        database.execute("CREATE TABLE kept AS SELECT * FROM visits")
        database.execute(f"UPDATE kept SET visit_time = {endless} WHERE visit_time = 1")
        database.execute("DROP TABLE visits")
        database.execute("ALTER TABLE kept RENAME TO visits")
    database.close()
    found, _ = records(tmp_path / "h", "browser")
    visits = [record for record in found if record.channel == "browser/visit"]
    assert visits[0].time == ""
    assert len(visits) == 2


def test_another_database_is_said_to_be_none(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "d") as database:
        database.execute("CREATE TABLE things(a)")
    database.close()
    found, tally = records(tmp_path / "d", "browser")
    assert not found
    assert tally.problems[0].reason.endswith("its tables: things")


HEADERS = {"From": "Bank <info@bank.example>", "To": "ann@cheese.example", "Subject": "Your bill",
           "Date": "Wed, 04 Mar 2026 13:00:00 +0100", "Message_ID": "<1@bank.example>", "Reply_To": "x@evil.example",
           "Received": "from evil.example by mx.cheese.example; Wed, 04 Mar 2026 13:00:01 +0100"}  # fmt: skip


def test_a_message_tells_sender_links_and_attachments(tmp_path: Path) -> None:
    found, _ = records(saved(tmp_path / "m", files.message(**HEADERS)), "mail")
    (only,) = found
    assert only.time == "2026-03-04T12:00:00Z"
    assert only.system["time_zone"] == "+0100"
    assert (only.data["from_address"], only.data["to_address"]) == ("info@bank.example", "ann@cheese.example")
    assert only.data["links"] == ["https://evil.example/a"]
    assert only.data["attachments"] == ["bill.exe"]
    assert only.data["attachment_sha256"] == [hashlib.sha256(b"MZ attachment").hexdigest()]
    assert {"mail.misleading_link", "mail.risky_attachment", "mail.other_reply_to"} <= set(only.data["signs"])


def test_a_mailbox_gives_each_message(tmp_path: Path) -> None:
    one = files.message(**HEADERS)
    box = (
        b"From info@bank.example Wed Mar  4 12:00:00 2026\n" + one + b"\n\nFrom other Wed Mar  4 13:00:00 2026\n" + one
    )
    found, _ = records(saved(tmp_path / "box", box), "mail")
    assert [record.data["subject"] for record in found] == ["Your bill", "Your bill"]


@pytest.mark.skipif(not shutil.which("mkntfs", path="/usr/sbin:/usr/bin") or not shutil.which("ntfscat"),
                    reason="needs ntfs-3g's tools to make a real file system")  # fmt: skip
def test_a_real_master_file_table(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    subprocess.run(["/usr/sbin/mkntfs", "-F", "-q", str(disk)], check=True, capture_output=True)
    small = saved(tmp_path / "small", b"attack")
    subprocess.run(["/usr/sbin/ntfscp", str(disk), str(small), "evil.exe"], check=True, capture_output=True)
    table = subprocess.run(["ntfscat", "-i", "0", str(disk)], check=True, capture_output=True).stdout
    found, tally = records(saved(tmp_path / "table", table), "mft")
    (evil,) = [record for record in found if record.data["path"] == "evil.exe"]
    assert evil.data["macb"] == "macb"
    assert (evil.data["size"], evil.data["deleted"], evil.data["directory"]) == (6, False, False)
    assert abs(datetime.fromisoformat(evil.time) - datetime.now(UTC)) < timedelta(minutes=5)
    assert not tally.lost

    torn = bytearray(table)
    torn[64 * 1024 : 64 * 1024 + 4] = b"XXXX"  # the entry of evil.exe
    again, damaged = records(saved(tmp_path / "torn", bytes(torn)), "mft")
    assert len(again) == len(found) - 1
    assert damaged.lost + len(damaged.problems) > len(tally.problems)


def test_srum_says_times_and_accounts_in_words() -> None:
    assert ole_time(46085.5) == "2026-03-04T12:00:00Z"
    assert ole_time(float("nan")) == ""
    assert sid_text(bytes.fromhex("010500000000000515000000010000000200000003000000f4010000")) == "S-1-5-21-1-2-3-500"
    assert sid_text(b"\x01\x05") == "0105"


ARTEFACTS = ("mft", "prefetch", "registry", "lnk", "browser", "srum", "usn", "mail")


@pytest.fixture(scope="module")
def samples(hive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("samples")
    at = files.ticks(NOON) // 10
    return {
        "registry": hive.read_bytes(),
        "usn": files.usn_record("a.txt", 8, NOON, 0x100) * 20,
        "prefetch": files.mam(files.prefetch("EVIL.EXE", [NOON], 1, LOADED)),
        "browser": files.chromium(folder / "h", [(at, "https://a.example/", "A")]).read_bytes(),
        "mail": files.message(**HEADERS),
        "mft": b"FILE0\0" + b"\0" * 1018,
        "lnk": b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46" + b"\x9b\0\x08\0" + b"\0" * 52,
        "srum": b"\0\0\0\0\xef\xcd\xab\x89" + b"\x20\x06\0\0" + b"\0" * 8180,
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", ARTEFACTS)
def test_damage_is_accounted_for_and_raises_nothing(
    kind: str, samples: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(samples[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=8))
        content[place : place + len(piece)] = piece
    cut = data.draw(st.integers(1, len(content)))
    path = tmp_path_factory.getbasetemp() / f"damaged-{kind}"
    path.write_bytes(bytes(content[:cut]))
    tally = Tally()
    found = [record_of(event) for event in _events(kind, path, tally)]
    assert len(found) == tally.read
    assert found or tally.problems or tally.not_understood or tally.lost or kind in {"browser", "usn", "mft"}


def _events(kind: str, path: Path, tally: Tally) -> Iterator[object]:
    return sources()[kind].read(path, tally, 0, None)
