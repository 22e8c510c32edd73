"""A program of its own: opens a disk image with dissect.target and copies out the artefacts that the lab reads.

    python images_child.py IMAGE FOLDER MEMBERS BYTES

Each file goes into FOLDER under a number, at most MEMBERS files and BYTES in total. Standard output has one JSON object
a line: `{"name", "file", "size"}` of a file, or `{"problem", "place"}`. Ends with status 3 where dissect.target is not
installed. It imports nothing of Tocsin: dissect.target is AGPL, and Tocsin is not.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOT_INSTALLED = 3
BLOCK = 1024 * 1024
MOST_OF_A_JOURNAL = 4 * 1024**3
"""Bytes at the end of a change journal that are looked at; what lies before is a hole."""

WANTED = (
    "Windows/System32/winevt/Logs/*.evtx",
    *(f"Windows/System32/config/{hive}" for hive in ("SAM", "SECURITY", "SOFTWARE", "SYSTEM")),
    "Windows/AppCompat/Programs/Amcache.hve", "Windows/appcompat/Programs/RecentFileCache.bcf",
    "Windows/Prefetch/*.pf", "Windows/System32/sru/SRUDB.dat", "Windows/System32/Tasks/**",
    "Windows/System32/LogFiles/**/*.log", "inetpub/logs/LogFiles/**/*.log",
    "Windows/System32/wbem/Repository/OBJECTS.DATA",
    "Users/*/NTUSER.DAT", "Users/*/AppData/Local/Microsoft/Windows/UsrClass.dat",
    "Users/*/AppData/Roaming/Microsoft/Windows/Recent/**", "Users/*/AppData/Local/Google/Chrome/User Data/*/History",
    "Users/*/AppData/Local/Microsoft/Edge/User Data/*/History",
    "Users/*/AppData/Roaming/Mozilla/Firefox/Profiles/*/places.sqlite",
    "Users/*/AppData/Roaming/Microsoft/Windows/PowerShell/PSReadLine/*.txt",
    "$MFT",
    "var/log/**", "home/*/.bash_history", "root/.bash_history", "etc/passwd", "etc/crontab", "etc/cron.d/*",
    "home/*/.config/google-chrome/*/History", "home/*/.config/chromium/*/History", "home/*/.mozilla/firefox/*/places.sqlite",
    "home/*/snap/firefox/common/.mozilla/firefox/*/places.sqlite",
)  # fmt: skip
"""Where the artefacts lie that the lab has readers for, from the root of each file system."""
JOURNAL = "$Extend/$UsnJrnl:$J"


def main(image: str, folder: str, members: str, room: str) -> int:
    """Copy the artefacts out of an image; return the status to end with."""
    _end_with_the_parent()
    try:
        from dissect.target import Target  # type: ignore[import-not-found]  # not part of Tocsin
    except ImportError:
        return NOT_INSTALLED
    writer = _Writer(Path(folder), int(members), int(room))
    try:
        target = Target.open_raw(image)
    except Exception as error:  # noqa: BLE001 - whatever it throws says that this image cannot be opened
        _say({"problem": f"image cannot be opened: {type(error).__name__}: {error}"})
        return 0
    _say({"host": _host(target)})
    mounts = {id(system): mount for mount, system in reversed(list(target.fs.mounts.items()))}
    systems = list(target.filesystems)
    if not systems:
        _say({"problem": "image holds no file system that dissect.target knows"})
    for number, system in enumerate(systems):
        place = f"fs{number}" if len(systems) > 1 else "fs"
        if not writer.copy_all(system, place, str(mounts.get(id(system), ""))):
            _say({"problem": "the limit of files or bytes is reached; the rest of the image is not copied"})
            break
    return 0


class _Writer:
    """Files on their way out of an image, counted as they come."""

    def __init__(self, folder: Path, members: int, room: int) -> None:
        self._folder = folder
        self._members = members
        self._room = room
        self._count = 0

    def copy_all(self, system: Any, place: str, mount: str) -> bool:
        """Copy the artefacts of a file system; return whether there is still room."""
        for path in _wanted(system):
            if self._count >= self._members or self._room <= 0:
                return False
            original = _original(mount, path)
            try:
                self._copy(system, path, f"{place}/{path}", original)
            except Exception as error:  # noqa: BLE001 - a broken file system costs this file
                _say({"problem": f"file cannot be read: {type(error).__name__}: {error}", "place": original})
        return self._room > 0

    def _copy(self, system: Any, path: str, name: str, original: str) -> None:
        entry = system.get(path)
        if path != JOURNAL and not entry.is_file(follow_symlinks=False):
            return
        self._count += 1
        size = 0
        with entry.open() as source, (self._folder / str(self._count)).open("wb") as file:
            if path == JOURNAL:
                source.seek(max(0, source.size - MOST_OF_A_JOURNAL))
            while (block := source.read(BLOCK)) and size <= self._room:
                if path == JOURNAL and not size and not any(block):
                    continue
                size += file.write(block)
        self._room -= size
        _say({"name": name, "original": original, "file": self._count, "size": size})


def _wanted(system: Any) -> Iterator[str]:
    """Yield the paths of the artefacts in a file system, each once."""
    seen = set()
    for pattern in (*WANTED, JOURNAL):
        try:
            found = [pattern] if "*" not in pattern and system.exists(pattern) else list(system.glob(pattern))
        except Exception as error:  # noqa: BLE001 - a broken folder costs itself only
            _say({"problem": f"folder cannot be read: {type(error).__name__}: {error}", "place": pattern})
            continue
        for path in sorted(str(each).lstrip("/") for each in found):
            if path not in seen:
                seen.add(path)
                yield path


def _original(mount: str, path: str) -> str:
    """Return the path as the machine knew it."""
    if len(mount) == 2 and mount[1] == ":":
        return f"{mount.upper()}\\" + path.replace("/", "\\")
    if mount == "sysvol":
        return "C:\\" + path.replace("/", "\\")
    return f"{mount.rstrip('/')}/{path}"


def _host(target: Any) -> str:
    try:
        return str(target.hostname or "")
    except Exception:  # noqa: BLE001 - an image of data has none, and a broken one need not say
        return ""


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


def _end_with_the_parent() -> None:
    """Have this process killed when the one that started it is (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
