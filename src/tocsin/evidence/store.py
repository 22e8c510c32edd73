"""The evidence store: content stored once under its SHA-256, read-only, never half-written."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from tocsin.core import clock

BLOCK = 1024 * 1024
LEFT_SECONDS = 3600


class StoreError(Exception):
    """Evidence could not be stored or read; the message names the file and what to do."""


@dataclass(frozen=True)
class Stored:
    """What the store holds of one file: its SHA-256 (hex) and its size in bytes."""

    sha256: str
    bytes: int

    @property
    def path(self) -> Path:
        """Where the content lies."""
        return path_of(self.sha256)


def path_of(sha256: str) -> Path:
    """Where content of that hash lies or would lie."""
    return Path(settings.STORE) / sha256[:2] / sha256


def put(source: IO[bytes], name: str) -> Stored:
    """Copy a stream into the store while hashing it; content that is there already is not written again.

    The file appears under its final name only when all of it is on disk. Raises StoreError, for example when the
    disk is full; then nothing is left behind.
    """
    root = Path(settings.STORE)
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(prefix="intake-", dir=root)
    except OSError as error:
        raise StoreError(f"{name}: the evidence store {root} cannot be written: {error.strerror}") from error
    hashed, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            while block := source.read(BLOCK):
                hashed.update(block)
                size += len(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        return _settle(Path(temporary), Stored(hashed.hexdigest(), size))
    except OSError as error:
        what = "the disk is full; free some space and take it in again" if error.errno == errno.ENOSPC else str(error)
        raise StoreError(f"{name}: could not be stored: {what}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)


def _settle(temporary: Path, stored: Stored) -> Stored:
    final = stored.path
    if not still_holds(stored.sha256, stored.bytes):  # not there, or damaged: good content takes its place
        final.parent.mkdir(exist_ok=True, mode=0o700)
        temporary.chmod(0o400)
        temporary.rename(final)
        for folder in (final.parent, final.parent.parent):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    return stored


def sweep() -> int:
    """Remove what intakes left that were cut off an hour ago or more; returns how many. Finished content is never named so."""
    long_ago = clock.now().timestamp() - LEFT_SECONDS
    left = [p for p in Path(settings.STORE).glob("intake-*") if p.stat().st_mtime < long_ago]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def put_file(path: Path) -> Stored:
    """Copy a regular file into the store. Raises StoreError for links, devices, or what cannot be read."""
    if path.is_symlink() or not path.is_file():
        raise StoreError(f"{path}: not a regular file; links and devices are not followed")
    try:
        with path.open("rb") as source:
            return put(source, str(path))
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error


def still_holds(sha256: str, size: int) -> bool:
    """Whether the stored content still has its hash and size."""
    path = path_of(sha256)
    try:
        with path.open("rb") as file:
            return path.stat().st_size == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def free_bytes() -> int:
    """Space left where the store lies."""
    root = Path(settings.STORE)
    while not root.exists():
        root = root.parent
    return shutil.disk_usage(root).free
