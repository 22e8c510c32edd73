"""Open a container of any kind: its members into a folder, with what its layout says of them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO

from tocsin.lab.record import Tally
from tocsin.lab.sources.containers.images import unpack_image
from tocsin.lab.sources.containers.layout import Layout, layout_of
from tocsin.lab.sources.containers.marks import IMAGE, SEVENZIP, TAR, ZIP, is_tar
from tocsin.lab.sources.containers.packed import ENDINGS, Unpacked
from tocsin.lab.sources.containers.sevenzips import unpack_sevenzip
from tocsin.lab.sources.containers.tars import unpack_tar
from tocsin.lab.sources.containers.unpacking import (
    COPY_SIZE,
    ArchiveLimits,
    DamagedError,
    Member,
    TooLargeError,
    Unpacking,
    mark_copies,
)
from tocsin.lab.sources.containers.zips import unpack_zip

PASSWORDS = ("infected", "malware")
"""The usual passwords of archives that hold malicious files; they are tried after those that the caller gives."""


@dataclass
class Opened:
    """What a container held: its members, and what their names say of the collection that they are (None = none)."""

    members: list[Member] = field(default_factory=list)
    layout: Layout | None = None


def open_container(
    path: Path,
    kind: str,
    name: str,
    into: Path,
    tally: Tally,
    limits: ArchiveLimits,
    budget: int,
    passwords: Sequence[str] = (),
) -> Opened:
    """Unpack the members of a container of a kind into the folder `into`, at most `budget` bytes in total.

    What is refused, cannot be read or finds no room on the disk is noted in `tally`. `name` is the container's own,
    after which the content of a packed file is called. Raises OSError where the container cannot be opened.
    """
    work = Unpacking(into, tally, limits, budget)
    layout: Layout | None = None
    known = tuple(dict.fromkeys((*passwords, *PASSWORDS)))
    if kind == ZIP:
        unpack_zip(path, known, work)
    elif kind == SEVENZIP:
        unpack_sevenzip(path, known, work)
    elif kind == IMAGE:
        layout = unpack_image(path, work)
    else:
        with path.open("rb") as file:
            _unpack_stream(file, kind, name, work)
    mark_copies(work.members)
    by_name = {member.name: member.path for member in work.members if not member.same_as}
    names = [member.name for member in work.members]
    return Opened(work.members, layout or layout_of(names, _opener(by_name)))


def _unpack_stream(file: BinaryIO, kind: str, name: str, work: Unpacking) -> None:
    """Unpack a tar archive, or what is packed: a tar archive's members, or else the one file."""
    try:
        if kind == TAR:
            unpack_tar(file, work)
            return
        stream = io.BufferedReader(Unpacked(file, kind, work.limits), 64 * 1024)
        if is_tar(stream.peek(512)):
            unpack_tar(stream, work)
        else:
            _unpack_single(stream, _inner_name(name), work, os.fstat(file.fileno()).st_mtime)
    except (DamagedError, TooLargeError) as error:
        work.tally.not_understood += 1
        work.tally.problem(str(error))


def _unpack_single(stream: io.BufferedReader[Unpacked], name: str, work: Unpacking, changed: float) -> None:
    """Unpack one file; where its packed data breaks off, what came before is kept: logs are read from the front."""
    work.number()
    file = work.begin(None)
    try:
        while block := stream.read1(COPY_SIZE):  # what is there, not more: the next piece may be the damaged one
            file.write(block)
    except DamagedError:
        if file.size:
            file.close()
            work.keep(name, file, changed)
        else:
            file.discard()
        raise
    except TooLargeError:
        file.discard()
        raise
    except OSError as error:
        file.discard()
        work.refuse(name, f"cannot be unpacked into {work.into}: {error.strerror or error}")
        return
    file.close()
    work.keep(name, file, changed)


def _inner_name(name: str) -> str:
    """Return what the content of a packed file is called: its name without the ending that says how it is packed."""
    last = PurePath(name.rpartition("!")[2]).name
    ending = next((each for each in ENDINGS if last.lower().endswith(each)), "")
    return last[: len(last) - len(ending)] or last


def _opener(paths: dict[str, Path]) -> Callable[[str, int], bytes]:
    def read(name: str, most: int) -> bytes:
        path = paths.get(name)
        if path is None:
            return b""
        with path.open("rb") as file:
            return file.read(most)

    return read
