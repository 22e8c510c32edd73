"""Tar archives, read as a stream from the beginning to the end, plain or packed."""

from __future__ import annotations

import tarfile
from typing import Any, BinaryIO

from tocsin.lab.sources.containers.unpacking import DamagedError, Unpacking

BROKEN = (tarfile.TarError, ValueError, EOFError, OverflowError, IndexError)


def unpack_tar(stream: BinaryIO, work: Unpacking) -> None:
    """Unpack the members of a tar archive that a stream holds.

    Links, devices and folders are counted as skipped: they hold nothing, and what a link points to within the
    archive is there itself. Raises TooLargeError where the stream unfolds too far; the members before are there.
    """
    try:
        with tarfile.open(fileobj=stream, mode="r|", errorlevel=0, encoding="utf-8") as archive:
            for info in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # else they are all remembered
                if not info.isfile():
                    work.tally.skipped += not info.isdir()
                elif not work.has_room():
                    _stop(work, f"archive has more than {work.limits.members} members; the rest is not opened")
                    return
                elif work.admits(info.name):
                    _unpack_member(archive, info, work)
    except BROKEN as error:
        _stop(work, f"tar archive is damaged or breaks off after {len(work.members)} members: {error}")


def _unpack_member(archive: tarfile.TarFile, info: tarfile.TarInfo, work: Unpacking) -> None:
    holes: Any = info.sparse  # a list of places and sizes, whatever the type stubs say
    stored = sum(size for _, size in holes) if holes else None
    source = archive.extractfile(info)
    if source is None:
        return
    try:
        work.copy(info.name, source, stored, info.mtime)  # type: ignore[arg-type]
    except DamagedError:
        raise
    except (tarfile.StreamError, ValueError) as error:  # a map of a sparse file that leads back or nowhere
        work.refuse(info.name, f"member is damaged: {error}")


def _stop(work: Unpacking, reason: str) -> None:
    work.tally.not_understood += 1
    work.tally.problem(reason, "directory")
