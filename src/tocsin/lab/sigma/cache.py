"""Where compiled rules are kept between runs.

Entries are lines of JSON, so reading one can run nothing. The folder belongs to the user alone (mode 0700); one
that somebody else owns or may write to is not used. Each entry begins with the SHA-256 of its content: a
broken one is ignored and written anew. Entries are put in place by renaming, so none is ever half there.
"""

from __future__ import annotations

import os
import tempfile
from hashlib import sha256
from pathlib import Path

KEPT = 8
"""Rule sets that are kept; the ones used longest ago go."""
DIGEST_LENGTH = 64


def default_dir() -> Path:
    """Return the user's cache folder for compiled rules."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tocsin" / "rules"


def place(directory: Path, key: str) -> Path:
    """Return the file of an entry."""
    return directory / f"{key}.jsonl"


def get(directory: Path, key: str) -> bytes | None:
    """Return the content of an entry, or None where there is none, it is broken or the folder is not safe."""
    if not _is_safe(directory):
        return None
    return read_entry(place(directory, key))


def read_entry(path: Path) -> bytes | None:
    """Return the content of an entry's file, or None where it is missing or broken."""
    try:
        entry = path.read_bytes()
    except OSError:
        return None
    digest, content = entry[:DIGEST_LENGTH], entry[DIGEST_LENGTH + 1 :]
    return content if sha256(content).hexdigest().encode() == digest else None


def put(directory: Path, key: str, content: bytes) -> Path:
    """Keep an entry and return its file; where the folder cannot be used, the file lies in a temporary
    folder."""
    entry = sha256(content).hexdigest().encode() + b"\n" + content
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_safe(directory):
            raise PermissionError(f"{directory} belongs to somebody else, or others may write to it")
        target = place(directory, key)
        _write(directory, target, entry)
        _drop_old(directory)
    except OSError:
        # A cache that cannot be written only makes the next start slower.
        target = place(Path(tempfile.mkdtemp(prefix="tocsin-rules-")), key)
        target.write_bytes(entry)
    return target


def _is_safe(directory: Path) -> bool:
    try:
        state = directory.stat()
    except OSError:
        return False
    return state.st_uid == os.getuid() and not state.st_mode & 0o022


def _write(directory: Path, target: Path, entry: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=directory, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _drop_old(directory: Path) -> None:
    entries = sorted(directory.glob("*.json*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[KEPT:]:
        path.unlink(missing_ok=True)
