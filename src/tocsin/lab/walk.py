"""The files in a folder, in order, and their names as text."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def files_in(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files in a folder, sorted, or the file itself, each with what keeps it from being read ('' =
    nothing)."""
    if not path.is_dir():
        yield path, _obstacle(path)
        return
    unreadable: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=unreadable.append):
        folders.sort()
        for name in sorted(names):
            found = Path(folder, name)
            yield found, _obstacle(found)
        for error in unreadable:
            yield Path(error.filename), f"folder cannot be read: {error.strerror}"
        unreadable.clear()


def _obstacle(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "does not exist"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if stat.S_ISREG(mode) else "is not a regular file"


def head_of(path: Path, most: int) -> bytes:
    """Return up to `most` bytes from a file's beginning, b'' where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


def printable(path: Path) -> str:
    """Return a path as text that can be stored, whatever bytes its name holds."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def as_text(name: str) -> str:
    """Return a name as text that can be stored, whatever it holds."""
    return name.encode("utf-8", "backslashreplace").decode()
