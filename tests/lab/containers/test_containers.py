"""Containers of every kind, honest ones and such as were built to hurt."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import pyzipper
from packing import PACK, Scan, log, reasons, sevenzipped, tarred, zipcrypto, zipped

from tocsin.lab import read
from tocsin.lab.report import NOT_A_LOG, NOT_UNDERSTOOD, SAME, SOMETHING_MISSING
from tocsin.lab.sources.containers.unpacking import ArchiveLimits


@pytest.mark.parametrize("kind", PACK)
def test_a_packed_log_is_read_as_what_it_holds(scanned: Scan, kind: str) -> None:
    report, rows = scanned(PACK[kind](log()), "trail.json.GZ")
    assert (rows[""].kind, report.records, report.exit_status) == (kind, 1, 0)
    assert rows["!trail.json"].detections == 1


@pytest.mark.parametrize("kind", ["", *PACK])
def test_a_tar_archive_is_opened_plain_or_packed(scanned: Scan, kind: str) -> None:
    content = tarred(("logs/a.json", log(1)), ("./b.json", log(2)))
    report, rows = scanned(PACK[kind](content) if kind else content)
    assert list(rows) == ["", "!logs/a.json", "!./b.json"]
    assert (report.records, report.detections, report.exit_status) == (2, 2, 0)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar(scanned: Scan, form: int) -> None:
    report, _ = scanned(tarred(("d/" * 60 + "a.json", log()), form=form))
    assert report.records == 1


@pytest.mark.skipif(not shutil.which("tar"), reason="needs tar")
def test_what_the_real_tools_make(scanned: Scan, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_bytes(log(1))
    (folder / "link").symlink_to("a.json")
    with (folder / "sparse").open("wb") as file:
        file.truncate(500_000)
        file.seek(400_000)
        file.write(b"\n" + log(2))
    for flags in ("-cf", "-czf", "-cSf", "-czSf"):
        subprocess.run(["tar", flags, tmp_path / "out.tar", "-C", tmp_path, "in"], check=True)
        report, rows = scanned((tmp_path / "out.tar").read_bytes())
        assert rows["!in/a.json"].records == 1
        assert rows["!in/sparse"].bytes == 500_000
        assert report.skipped == 1


def test_a_sparse_member_is_bounded_by_what_it_unfolds_to(scanned: Scan, tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    subprocess.run(["tar", "-cSf", tmp_path / "out.tar", "-C", tmp_path, "sparse"], check=True)
    report, rows = scanned((tmp_path / "out.tar").read_bytes())
    assert "times its size" in reasons(rows[""])
    assert report.exit_status == 2


@pytest.mark.parametrize(
    "name", ["../climbs.json", "a/../../climbs.json", "/etc/absolute.json", "C:\\drive.json", "..\\climbs.json"]
)
@pytest.mark.parametrize("make", [tarred, zipped])
def test_a_name_that_leads_out_costs_itself_only(scanned: Scan, name: str, make: type[bytes]) -> None:
    report, rows = scanned(make((name, log(1)), ("good.json", log(2))))  # type: ignore[call-arg, arg-type]
    assert list(rows) == ["", "!good.json"]
    assert "climbs out" in reasons(rows[""]) or "absolute" in reasons(rows[""])
    assert report.exit_status == SOMETHING_MISSING


def test_links_and_devices_of_a_tar_archive_are_skipped(scanned: Scan) -> None:
    special = []
    for number, kind in enumerate(
        (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    ):
        info = tarfile.TarInfo(f"special{number}")
        info.type, info.linkname = kind, "/etc/passwd"
        special.append((info, b""))
    folder = tarfile.TarInfo("folder")
    folder.type = tarfile.DIRTYPE
    report, rows = scanned(tarred(*special, (folder, b""), ("good.json", log())))
    assert list(rows) == ["", "!good.json"]
    assert (report.skipped, report.exit_status) == (5, 0)


def test_members_of_the_same_name_are_all_read(scanned: Scan) -> None:
    report, rows = scanned(tarred(("a.json", log(1)), ("a.json", log(2)), ("a.json", log(3))))
    assert list(rows) == ["", "!a.json", "!a.json#2", "!a.json#3"]
    assert report.records == 3


def test_copies_are_read_once_and_named(scanned: Scan) -> None:
    report, rows = scanned(zipped(("a.json", log(1)), ("b.json", log(1)), ("c.json", log(2))))
    assert (rows["!b.json"].status, rows["!b.json"].same_as[-7:]) == (SAME, "!a.json")
    assert (report.records, report.exit_status, report.other_files) == (2, 0, {"a copy of a file that was read": 1})


def test_names_that_are_not_text(scanned: Scan) -> None:
    content = tarred(("log\udcff.json", log(1)), form=tarfile.GNU_FORMAT)
    report, rows = scanned(content)
    assert list(rows) == ["", "!log\\udcff.json"]
    info = zipfile.ZipInfo("Prüfung.json".encode().decode("cp437"))
    content = bytearray(zipped((info, log())))
    assert "!Prüfung.json" in scanned(zipped(("Prüfung.json", log())))[1]
    assert report.records == 1


def test_a_packed_file_that_breaks_off_gives_what_came_before(scanned: Scan) -> None:
    lines = b"\n".join(log(number) for number in range(3_000))
    report, rows = scanned(gzip.compress(lines)[:-3_000], "a.json.gz")
    assert "breaks off" in reasons(rows[""])
    assert 1_000 < report.records < 3_000
    assert report.exit_status == SOMETHING_MISSING


def test_damage_in_packed_data_is_said(scanned: Scan) -> None:
    for kind, pack in PACK.items():
        content = bytearray(pack(b"\n".join(log(number) for number in range(20_000))))
        content[len(content) // 2 : len(content) // 2 + 64] = b"\xff" * 64
        report, rows = scanned(bytes(content))
        assert "damaged" in reasons(rows[""]) or "breaks off" in reasons(rows[""]), kind
        assert report.exit_status != 0


def test_streams_in_a_row_are_one(scanned: Scan) -> None:
    for kind, pack in PACK.items():
        report, _ = scanned(pack(log(1) + b"\n") + pack(log(2) + b"\n") + b"\0" * 1024)
        assert (report.records, report.exit_status) == (2, 0), kind


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_packed_bomb_stops(scanned: Scan, kind: str) -> None:
    report, rows = scanned(PACK[kind](b"\0" * 9_000_000))
    assert "bomb" in reasons(rows[""])
    assert list(rows) == [""]
    assert report.exit_status == 2


def test_a_bomb_of_tar_costs_what_comes_after_it(scanned: Scan) -> None:
    _, rows = scanned(gzip.compress(tarred(("good.json", log()), ("bomb", b"\0" * 9_000_000), ("late.json", log(2)))))
    assert "bomb" in reasons(rows[""])
    assert rows["!good.json"].records == 1


def test_too_many_members_of_a_tar_archive(scanned: Scan) -> None:
    report, rows = scanned(tarred(*((f"{number}.json", log(number)) for number in range(60))))
    assert "more than 50 members" in reasons(rows[""])
    assert report.records == 50


def test_a_tar_archive_that_breaks_off(scanned: Scan) -> None:
    content = tarred(("a.json", log(1)), ("b.json", b" " * 5_000 + log(2)))
    report, rows = scanned(content[:3_000])
    assert "damaged or breaks off" in reasons(rows[""])
    assert (report.records, report.exit_status) == (1, SOMETHING_MISSING)


def test_what_is_packed_within_what_is_packed(scanned: Scan) -> None:
    inner = gzip.compress(log())
    report, rows = scanned(zipped(("a.json.gz", inner)))
    assert rows["!a.json.gz!a.json"].records == 1
    report, rows = scanned(zipped(("x.zip", zipped(("a.json.gz", inner)))))
    assert rows["!x.zip!a.json.gz"].status == NOT_UNDERSTOOD
    assert report.empty


@pytest.mark.parametrize("password", ["infected", "malware", "of our own"])
def test_zip_archives_with_passwords(scanned: Scan, password: str) -> None:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        archive.writestr("secret.json", log())
    for content in (buffer.getvalue(), zipcrypto("secret.json", log(), password.encode())):
        report, rows = scanned(content, passwords=["wrong", "of our own"])
        assert (report.records, report.exit_status) == (1, 0), reasons(rows[""])
        report, rows = scanned(content, passwords=["wrong"])
        assert report.empty is (password == "of our own")
        assert ("--password" in reasons(rows[""])) is report.empty


def test_a_seven_zip_archive(scanned: Scan) -> None:
    report, rows = scanned(sevenzipped(("d/a.json", log(1)), ("b.json", log(2)), ("c.txt", b"hello")))
    assert list(rows) == ["", "!d/a.json", "!b.json", "!c.txt"]
    assert (report.records, report.exit_status) == (2, 0)


@pytest.mark.parametrize("password", ["infected", "malware", "of our own"])
def test_seven_zip_archives_with_passwords(scanned: Scan, password: str) -> None:
    content = sevenzipped(("secret.json", log()), password=password)
    report, rows = scanned(content, passwords=["wrong", "of our own"])
    assert (report.records, report.exit_status) == (1, 0), reasons(rows[""])
    report, rows = scanned(content, passwords=["wrong"])
    assert report.empty is (password == "of our own")
    assert ("--password" in reasons(rows[""])) is report.empty


def test_a_seven_zip_bomb_and_a_damaged_one(scanned: Scan) -> None:
    report, rows = scanned(sevenzipped(("a.json", log()), ("bomb", b"\0" * 9_000_000)))
    assert "times its size" in reasons(rows[""])
    content = bytearray(sevenzipped(("a.json", log())))
    content[40:60] = b"\xff" * 20
    report, rows = scanned(bytes(content))
    assert "7-Zip archive is not" in reasons(rows[""])
    assert report.exit_status == 2


def test_seven_zip_without_its_library_says_so(scanned: Scan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "py7zr.py").write_text("raise ImportError")
    monkeypatch.syspath_prepend(tmp_path)
    report, rows = scanned(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    assert "tocsin[7z]" in reasons(rows[""])
    assert report.exit_status == 2


def test_rar_is_said_not_to_be_opened(scanned: Scan) -> None:
    report, rows = scanned(b"Rar!\x1a\x07\x01\x00" + bytes(100))
    assert "RAR" in reasons(rows[""])
    assert report.exit_status == 2


@pytest.mark.parametrize(
    ("member", "words"),
    [("[Content_Types].xml", "Office"), ("META-INF/MANIFEST.MF", "Java"), ("AndroidManifest.xml", "Android"),
     ("mimetype", "OpenDocument")],
)  # fmt: skip
def test_documents_are_files_and_no_archives(scanned: Scan, member: str, words: str) -> None:
    report, rows = scanned(zipped(("evidence.zip", zipped((member, b"x"), ("a.json", log()))), ("b.json", log(2))))
    assert rows[""].kind == "zip"
    (document,) = [row for row in report.files if row.seems]
    assert document.status == NOT_A_LOG
    assert words in document.seems
    assert (report.records, report.exit_status) == (1, 0)


def test_a_document_is_told_by_its_directory_too(scanned: Scan) -> None:
    large = ("word/media/large.bin", bytes(range(256)) * 1_000)
    _, rows = scanned(zipped(large, ("[Content_Types].xml", b"x")))
    assert rows[""].status == NOT_A_LOG


def test_read_follows_them_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(PACK["zstd"](tarred(("x/a.json.xz", PACK["xz"](log())))))
    (each,) = read(path)
    assert each.source_file == f"{path}!x/a.json.xz!a.json"


def test_a_gigabyte_that_unpacks_does_not_grow_the_process(tmp_path: Path) -> None:
    # The line differs enough from the next one not to look like a bomb.
    line = b"".join(log(number) + b"\n" for number in range(400))
    block, times = line * 10, (1 << 30) // (len(line) * 10)
    path = tmp_path / "large.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(times):
            file.write(block)
    from tocsin.lab.containment import ContainedPool, Limits
    from tocsin.lab.examine import Part, open_archive

    into = tmp_path / "into"
    into.mkdir()
    with ContainedPool(1, Limits(memory=220 * 1024**2)) as pool:
        part = Part(path, "large.json.gz", "gzip", 0, None)
        answer = pool.submit(open_archive, part, into, ArchiveLimits(), 1 << 40, ()).result()
    assert (into / "1").stat().st_size == len(block) * times
    assert b'"problems":[]' in answer
