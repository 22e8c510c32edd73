"""Archives that were built to hurt."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
import pyzipper
from lab_events import event

from tocsin.lab import FileRow, RuleSet, ScanReport, read, scan
from tocsin.lab.containment import Limits
from tocsin.lab.report import NOT_UNDERSTOOD, SOMETHING_MISSING
from tocsin.lab.sources.containers.unpacking import ArchiveLimits

RULE = """
title: Seen
id: 5a0bbd04-0000-4000-8000-000000000001
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624}, condition: selection}
"""
LOG = json.dumps(event("Security", 4624, {"A": "b"})).encode()
SMALL = ArchiveLimits(members=50, total=10_000_000, ratio=100, ratio_from=1_000_000, depth=2)


@pytest.fixture
def rules(rules_from) -> RuleSet:  # type: ignore[no-untyped-def]
    made: RuleSet = rules_from(rule=RULE)
    return made


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def scanned(
    tmp_path: Path, content: bytes, rules: RuleSet, limits: ArchiveLimits = SMALL
) -> tuple[ScanReport, dict[str, FileRow]]:
    path = tmp_path / "evidence.zip"
    path.write_bytes(content)
    report = scan([path], rules, jobs=1, archive_limits=limits, work_dir=tmp_path)
    assert [left.name for left in tmp_path.iterdir() if left.name.startswith("tocsin-scan-")] == []
    return report, {row.path.removeprefix(f"{path}"): row for row in report.files}


def reasons(row: FileRow) -> str:
    return "; ".join(problem.reason for problem in row.problems)


def test_members_are_read_and_named(tmp_path: Path, rules: RuleSet) -> None:
    report, rows = scanned(tmp_path, zipped(("logs/a.json", LOG), ("b.json", LOG + b"\n")), rules)
    assert list(rows) == ["", "!logs/a.json", "!b.json"]
    assert (report.records, report.detections, report.exit_status) == (2, 2, 0)


def test_the_notes_of_macos_are_counted_as_skipped(tmp_path: Path, rules: RuleSet) -> None:
    report, rows = scanned(tmp_path, zipped(("a.json", LOG), ("__MACOSX/._a.json", b"\0\5\x16\7")), rules)
    assert list(rows) == ["", "!a.json"]
    assert (report.skipped, report.exit_status) == (1, 0)


@pytest.mark.parametrize(
    "name", ["../climbs.json", "a/../../climbs.json", "/etc/absolute.json", "C:\\drive.json", "..\\climbs.json"]
)
def test_a_name_that_leads_out_costs_itself_only(tmp_path: Path, rules: RuleSet, name: str) -> None:
    report, rows = scanned(tmp_path, zipped((name, LOG), ("good.json", LOG)), rules)
    assert list(rows) == ["", "!good.json"]
    assert "climbs out" in reasons(rows[""]) or "absolute" in reasons(rows[""])
    assert report.exit_status == SOMETHING_MISSING
    assert sorted(path.name for path in tmp_path.parent.rglob("*.json") if "climbs" in path.name) == []


def test_a_name_with_a_nul_character(tmp_path: Path, rules: RuleSet) -> None:
    content = zipped(("good.json", LOG), ("evilXname.json", LOG)).replace(b"evilXname", b"evil\0name")
    _, rows = scanned(tmp_path, content, rules)
    assert "NUL" in reasons(rows[""])
    assert rows["!good.json"].records == 1


def test_links_are_skipped(tmp_path: Path, rules: RuleSet) -> None:
    link = zipfile.ZipInfo("link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    report, rows = scanned(tmp_path, zipped((link, b"/etc/passwd"), ("good.json", LOG)), rules)
    assert list(rows) == ["", "!good.json"]
    assert (report.records, report.skipped, report.exit_status) == (1, 1, 0)


def test_a_member_that_unfolds_too_far(tmp_path: Path, rules: RuleSet) -> None:
    _, rows = scanned(tmp_path, zipped(("bomb.json", b"\0" * 5_000_000), ("good.json", LOG)), rules)
    assert "zip bomb" in reasons(rows[""])
    assert rows["!good.json"].records == 1


def test_members_that_are_too_much_together(tmp_path: Path, rules: RuleSet) -> None:
    import random

    noise = [random.Random(number).randbytes(4_000_000) for number in range(4)]
    _, rows = scanned(
        tmp_path, zipped(*((f"{number}.bin", each) for number, each in enumerate(noise)), ("good.json", LOG)), rules
    )
    assert reasons(rows[""]).count("limit of 10000000 bytes") == 2
    assert rows["!good.json"].records == 1


def test_too_many_members(tmp_path: Path, rules: RuleSet) -> None:
    report, rows = scanned(tmp_path, zipped(*((f"{number}.json", LOG + b" " * number) for number in range(60))), rules)
    assert "60 members" in reasons(rows[""])
    assert (report.records, rows[""].not_understood) == (50, 10)


def test_archives_within_archives_are_opened_so_deep(tmp_path: Path, rules: RuleSet) -> None:
    inner = zipped(("a.json", LOG))
    two_deep = zipped(("inner.zip", inner), ("b.json", LOG))
    report, rows = scanned(tmp_path, two_deep, rules)
    assert rows["!inner.zip!a.json"].detections == 1
    assert report.records == 2
    report, rows = scanned(tmp_path, zipped(("middle.zip", two_deep)), rules)
    assert rows["!middle.zip!inner.zip"].status == NOT_UNDERSTOOD
    assert "deep" in reasons(rows["!middle.zip!inner.zip"])
    assert report.records == 1


def test_a_damaged_member_costs_itself_only(tmp_path: Path, rules: RuleSet) -> None:
    content = bytearray(zipped(("bad.json", LOG * 3), ("good.json", LOG)))
    content[60:70] = b"\xff" * 10
    _, rows = scanned(tmp_path, bytes(content), rules)
    assert "damaged" in reasons(rows[""])
    assert rows["!good.json"].records == 1


def test_a_member_that_finds_no_room_costs_itself_only(tmp_path: Path, rules: RuleSet) -> None:
    path = tmp_path / "evidence.zip"
    path.write_bytes(zipped(("large.json", b" " * 900_000 + LOG), ("good.json", LOG)))
    report = scan([path], rules, jobs=1, limits=Limits(file=100_000))
    assert "member cannot be unpacked into" in reasons(report.files[0])
    assert [row.path[-11:] for row in report.files[1:]] == ["p!good.json"]
    assert (report.records, report.exit_status) == (1, SOMETHING_MISSING)


def test_a_cut_off_archive(tmp_path: Path, rules: RuleSet) -> None:
    report, rows = scanned(tmp_path, zipped(("good.json", LOG))[:-30], rules)
    assert "zip archive is damaged" in reasons(rows[""])
    assert report.exit_status == 2


def encrypted(password: bytes, encryption: int | None) -> bytes:
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=zipfile.ZIP_DEFLATED, encryption=encryption) as archive:
        archive.setpassword(password)
        archive.writestr("secret.json", LOG)
    return buffer.getvalue()


def test_an_encrypted_archive_is_tried_with_the_usual_password(tmp_path: Path, rules: RuleSet) -> None:
    report, _ = scanned(tmp_path, encrypted(b"infected", pyzipper.WZ_AES), rules)
    assert (report.records, report.exit_status) == (1, 0)


def test_an_encrypted_archive_with_another_password_is_reported(tmp_path: Path, rules: RuleSet) -> None:
    report, rows = scanned(tmp_path, encrypted(b"other", pyzipper.WZ_AES), rules)
    assert "encrypted" in reasons(rows[""])
    assert report.empty


def test_read_follows_archives_too(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(("inner.zip", zipped(("x.json", LOG)))))
    (each,) = read(path)
    assert each.source_file == f"{path}!inner.zip!x.json"
