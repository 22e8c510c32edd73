"""Disk images: told by their bytes, opened by a separate program where dissect.target is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import Scan, log, reasons

from tocsin.lab.sources.containers.images import PYTHON
from tocsin.lab.sources.containers.marks import IMAGE, is_image

PROGRAM = os.environ.get(PYTHON) or sys.executable


def has_dissect() -> bool:
    asked = subprocess.run([PROGRAM, "-c", "import dissect.target"], capture_output=True, check=False)
    return asked.returncode == 0


needs_dissect = pytest.mark.skipif(not has_dissect(), reason=f"dissect.target is not installed (name one in {PYTHON})")


def needs(*tools: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if not shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")]
    return pytest.mark.skipif(bool(missing), reason=f"needs {missing}")


def run(tool: str, *words: object) -> None:
    found = shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found
    subprocess.run([found, *map(str, words)], check=True, capture_output=True)


@pytest.fixture
def ext4(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("var/log", "etc", "opt", "bin", "usr", "dev", "home/kim"):
        (root / folder).mkdir(parents=True)
    (root / "var/log/app.json").write_bytes(log())
    (root / "var/log/link").symlink_to("/etc/passwd")
    (root / "etc/hostname").write_text("web1\n")
    (root / "home/kim/big.bin").write_bytes(bytes(100_000))
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(32 * 1024**2)
    run("mkfs.ext4", "-q", "-F", "-d", root, image)
    return image


@needs("mkfs.ext4")
def test_an_image_is_told_by_its_bytes(ext4: Path) -> None:
    assert is_image(ext4.read_bytes()[:65536])
    for magic in (
        b"EVF\x09\x0d\x0a\xff\x00",
        b"vhdxfile",
        b"QFI\xfb",
        b"KDMV",
        b"# Disk DescriptorFile",
        b"\xebR\x90NTFS    ",
    ):
        assert is_image(magic + bytes(2_000))
    gpt = bytearray(2_000)
    gpt[510:512], gpt[512:520] = b"\x55\xaa", b"EFI PART"
    assert is_image(bytes(gpt))
    gpt[512:520] = bytes(8)
    assert not is_image(bytes(gpt))
    gpt[446:462] = b"\x80\1\1\0\x83\1\1\1\0\x08\0\0\0\x10\0\0"
    assert is_image(bytes(gpt))


@given(st.binary(max_size=3_000))
def test_no_bytes_raise(head: bytes) -> None:
    is_image(head)
    is_image(head[:1024] + b"\0" * 56 + b"\x53\xef" + head[1024:])


def test_without_dissect_the_account_says_what_to_install(
    scanned: Scan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o700)
    monkeypatch.setenv(PYTHON, str(program))
    report, rows = scanned(b"QFI\xfb" + bytes(5_000))
    assert rows[""].kind == IMAGE
    assert "pip install" in reasons(rows[""])
    assert report.exit_status == 2


def test_a_program_that_dies_costs_the_image(scanned: Scan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho words of its own >&2\nkill -9 $$\n")
    program.chmod(0o700)
    monkeypatch.setenv(PYTHON, str(program))
    _, rows = scanned(b"QFI\xfb" + bytes(5_000))
    assert "status -9: words of its own" in reasons(rows[""])


@needs_dissect
@needs("mkfs.ext4")
@pytest.mark.slow
def test_logs_are_taken_out_of_a_linux_image(scanned: Scan, ext4: Path) -> None:
    report, rows = scanned(ext4.read_bytes())
    assert {name: row.original for name, row in rows.items() if name} == {"!fs/var/log/app.json": "/var/log/app.json"}
    assert (report.records, report.collections[0].host, report.exit_status) == (1, "web1", 0)


@needs_dissect
@needs("mkfs.ntfs", "ntfscp")
@pytest.mark.slow
def test_artefacts_are_taken_out_of_a_windows_image(scanned: Scan, tmp_path: Path) -> None:
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(32 * 1024**2)
    run("mkfs.ntfs", "-F", "-q", "-Q", image)
    report, rows = scanned(image.read_bytes())
    assert rows["!fs/$MFT"].kind == "mft"
    assert report.records > 10


@needs_dissect
@pytest.mark.slow
def test_a_broken_image_is_said_to_be_one(scanned: Scan) -> None:
    report, rows = scanned(b"QFI\xfb" + bytes(range(256)) * 40)
    assert rows[""].problems
    assert report.exit_status == 2
