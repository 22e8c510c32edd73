"""The store: whole or not at all, whatever the disk does, and only regular files."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tocsin.evidence.store import StoreError, path_of, put, put_file, still_holds, sweep

MEGABYTE = b"x" * (1024 * 1024)


def leftovers(store: Path) -> list[Path]:
    return [p for p in store.rglob("*") if p.is_file()] if store.exists() else []


def test_content_lies_under_its_hash_read_only(store: Path) -> None:
    stored = put(io.BytesIO(b"evidence"), "a.evtx")
    assert stored.sha256 == hashlib.sha256(b"evidence").hexdigest()
    assert stored.bytes == 8
    assert stored.path.read_bytes() == b"evidence"
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o400
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert leftovers(store) == [stored.path]


def test_the_same_content_is_stored_once(store: Path) -> None:
    first = put(io.BytesIO(b"evidence"), "a")
    written = first.path.stat().st_mtime_ns
    assert put(io.BytesIO(b"evidence"), "b") == first
    assert first.path.stat().st_mtime_ns == written
    assert len(leftovers(store)) == 1


@pytest.fixture
def small_disk(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A store on a real file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root; test_a_file_size_limit covers the rest")
    settings.STORE = place / "store"
    yield settings.STORE
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_nothing_behind_and_says_so(small_disk: Path) -> None:
    kept = put(io.BytesIO(b"first"), "first.evtx")
    with pytest.raises(StoreError, match=r"big\.evtx: could not be stored: the disk is full"):
        put(io.BytesIO(MEGABYTE * 3), "big.evtx")
    assert leftovers(small_disk) == [kept.path]
    assert kept.path.read_bytes() == b"first"
    assert put(io.BytesIO(b"second"), "second.evtx").path.exists()


_LIMITED = """
import io, resource, sys
from pathlib import Path
from django.conf import settings
settings.configure(STORE=Path(sys.argv[1]))
from tocsin.evidence.store import StoreError, put
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    put(io.BytesIO(b"x" * 1_000_000), "big.evtx")
except StoreError as error:
    print(error)
"""


def test_a_file_size_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, tmp_path / "store"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("big.evtx: could not be stored: [Errno 27]")
    assert leftovers(tmp_path / "store") == []


class Broken(io.RawIOBase):
    """A source that fails in the middle, like a disk with a bad sector."""

    def __init__(self) -> None:
        self.blocks = [MEGABYTE, MEGABYTE]

    def read(self, size: int = -1) -> bytes:
        if not self.blocks:
            raise OSError(5, "Input/output error")
        return self.blocks.pop()


def test_a_source_that_breaks_off_leaves_nothing_behind(store: Path) -> None:
    with pytest.raises(StoreError, match=r"disk\.img: could not be stored"):
        put(Broken(), "disk.img")
    assert leftovers(store) == []


_KILLED = """
import io, os, sys
from pathlib import Path
from django.conf import settings
settings.configure(STORE=Path(sys.argv[1]))
from tocsin.evidence.store import put
class Dies(io.RawIOBase):
    def read(self, size=-1):
        if getattr(self, "asked", False):
            os.kill(os.getpid(), 9)
        self.asked = True
        return b"half"
put(Dies(), "half.evtx")
"""


def test_killed_in_the_middle_nothing_stands_under_a_hash(tmp_path: Path, settings: Any) -> None:
    settings.STORE = tmp_path / "store"
    done = subprocess.run([sys.executable, "-c", _KILLED, settings.STORE], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [p.name[:7] for p in leftovers(settings.STORE)] == ["intake-"], "only what never got a name"
    assert not path_of(hashlib.sha256(b"half").hexdigest()).exists()
    whole = put(io.BytesIO(b"half"), "half.evtx")
    assert still_holds(whole.sha256, whole.bytes)


def test_links_devices_and_folders_are_not_taken(tmp_path: Path, store: Path) -> None:
    (tmp_path / "secret").write_text("not evidence")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", ".", "missing"):
        with pytest.raises(StoreError, match="not a regular file"):
            put_file(tmp_path / name)
    with pytest.raises(StoreError, match="not a regular file"):
        put_file(Path("/dev/zero"))
    assert leftovers(store) == []


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "store").write_text("a file stands where the store should be")
    settings.STORE = tmp_path / "store"
    with pytest.raises(StoreError, match=r"a\.evtx: the evidence store .* cannot be written"):
        put(io.BytesIO(b"x"), "a.evtx")


@pytest.mark.parametrize("damage", [b"evidencE", b"evidence and more", b""])
def test_tampering_shows(damage: bytes, store: Path) -> None:
    stored = put(io.BytesIO(b"evidence"), "a")
    assert still_holds(stored.sha256, stored.bytes)
    stored.path.chmod(0o600)
    stored.path.write_bytes(damage)
    assert not still_holds(stored.sha256, stored.bytes)
    stored.path.unlink()
    assert not still_holds(stored.sha256, stored.bytes)


def test_what_cut_off_intakes_left_is_swept_later_and_nothing_else(tmp_path: Path) -> None:
    stored = put(io.BytesIO(b"evidence"), "a")
    old, young = stored.path.parent.parent / "intake-old", stored.path.parent.parent / "intake-young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    os.utime(stored.path, (0, 0))
    assert sweep() == 1
    assert (old.exists(), young.exists(), stored.path.exists()) == (False, True, True)
