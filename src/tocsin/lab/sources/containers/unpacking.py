"""What all containers have in common: limits, names that are refused, and bytes that are counted as they come.

Each member is checked before a byte of it is written: no path that climbs out, no link, no member or container that
grows beyond its limits. A bad member costs itself only. Members are stored under numbers, so a name from a container
never becomes a path on this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from tocsin.lab.record import Tally

COPY_SIZE = 1024 * 1024
MACOS_NOTES = "__MACOSX/"
"""Where macOS keeps what it notes about the other members; it is no evidence of the machine under examination."""


@dataclass(frozen=True)
class ArchiveLimits:
    """How far a container may unfold. Sizes in bytes, unpacked."""

    members: int = 100_000
    total: int = 32 * 1024**3
    ratio: int = 500
    """Unpacked bytes for each packed one, looked at from `ratio_from` bytes on: logs pack well, bombs far
    better."""
    ratio_from: int = 256 * 1024**2
    depth: int = 3
    """Containers within containers."""


@dataclass
class Member:
    """One member that was unpacked: its name in the container, and the file that now holds it.

    `same_as` is the name of an earlier member with the very same content; the file of such a member is gone.
    """

    name: str
    path: Path
    size: int
    same_as: str = ""


class DamagedError(ValueError):
    """What is packed cannot be unpacked from here on; the message says why."""


class TooLargeError(Exception):
    """A member unfolds beyond a limit; the message says which."""


class MemberFile:
    """The file that a member is written into: every block is counted, and checked against the limits, as it comes."""

    def __init__(self, path: Path, packed: int | None, work: Unpacking) -> None:
        self.path = path
        self.size = 0
        limits = work.limits
        self._most = work.budget
        self._too_much = f"archive unfolds to more than the limit of {limits.total} bytes"
        if packed is not None and (steep := max(limits.ratio_from, limits.ratio * max(1, packed))) < self._most:
            self._most = steep
            self._too_much = f"member unfolds to more than {limits.ratio} times its size (a zip bomb?)"
        self._file = path.open("wb")

    def write(self, block: bytes) -> None:
        """Write one more block. Raises TooLargeError, and OSError where there is no room."""
        self.size += len(block)
        if self.size > self._most:
            raise TooLargeError(self._too_much)
        self._file.write(block)

    def close(self) -> None:
        """End the file. Raises OSError where there is no room for what is left to write."""
        self._file.close()

    def discard(self) -> None:
        """Remove the file again."""
        with suppress(OSError):  # what could not be written was said already
            self._file.close()
        self.path.unlink(missing_ok=True)


@dataclass
class Unpacking:
    """The members of one container on their way into the folder `into`, at most `budget` bytes in total."""

    into: Path
    tally: Tally
    limits: ArchiveLimits
    budget: int
    members: list[Member] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _numbers: int = 0

    def has_room(self) -> bool:
        """Tell whether one more member may be opened."""
        return self._numbers < self.limits.members

    def number(self) -> None:
        """Count one more member; its file is named by this number."""
        self._numbers += 1

    def admits(self, name: str) -> bool:
        """Tell whether a member of this name is to be unpacked; account for one that is not."""
        self.number()
        if name.startswith(MACOS_NOTES):
            self.tally.skipped += 1
            return False
        reason = refused(name)
        if reason:
            self.refuse(name, reason)
        return not reason

    def refuse(self, name: str, reason: str) -> None:
        """Account for a member that is not understood."""
        self.tally.not_understood += 1
        self.tally.problem(reason, f"member {name!r}")

    def begin(self, packed: int | None) -> MemberFile:
        """Begin to write the next member; `packed` is its size as it lies in the container, None where not known."""
        return MemberFile(self.into / str(self._numbers), packed, self)

    def write(self, blocks: Iterable[bytes], packed: int | None) -> MemberFile:
        """Write one member's blocks into the next file.

        Raises TooLargeError, and what reading the blocks raises; nothing is left behind then.
        """
        file = self.begin(packed)
        try:
            for block in blocks:
                file.write(block)
            file.close()
        except BaseException:
            file.discard()
            raise
        return file

    def keep(self, name: str, file: MemberFile, changed: float | None = None) -> None:
        """Take in a member that was written. A name that came before gets a number. `changed` is when the member was
        last changed, in seconds since 1970, as far as the container knows: logs without a year go by it."""
        name = name.encode("utf-8", "backslashreplace").decode()  # names may hold what is no text
        shown = name
        while shown in self._names:
            self._names[name] += 1
            shown = f"{name}#{self._names[name]}"
        self._names.setdefault(shown, 1)
        self.budget -= file.size
        self.members.append(Member(shown, file.path, file.size))
        if changed is not None:
            with suppress(OSError, OverflowError, ValueError):  # a container can name any time
                os.utime(file.path, (changed, changed))

    def copy(self, name: str, source: BinaryIO, packed: int | None, changed: float | None = None) -> None:
        """Write and take in what a stream holds; what goes wrong is accounted for and costs this member only."""
        try:
            file = self.write(blocks_of(source), packed)
        except TooLargeError as error:
            self.refuse(name, str(error))
        except OSError as error:
            self.refuse(name, f"member cannot be unpacked into {self.into}: {error.strerror or error}")
        else:
            self.keep(name, file, changed)


def refused(name: str) -> str:
    """Return why a member is not opened, going by its name, or '' where nothing speaks against it."""
    plain = name.replace("\\", "/")
    if not plain:
        return "name is empty"
    if "\0" in plain:
        return "name holds a NUL character"
    if plain.startswith("/") or re.match(r"[A-Za-z]:", plain):
        return "name is an absolute path"
    if ".." in plain.split("/"):
        return "name climbs out of the archive"
    return ""


def blocks_of(source: BinaryIO) -> Iterator[bytes]:
    """Yield what a stream holds, piece by piece."""
    while block := source.read(COPY_SIZE):
        yield block


def mark_copies(members: list[Member]) -> None:
    """Find members with the same content as an earlier one, note which, and remove their files.

    Only members of the same size are read, so this costs little where there are none.
    """
    sizes: dict[int, list[Member]] = {}
    for member in members:
        if member.size:
            sizes.setdefault(member.size, []).append(member)
    for alike in sizes.values():
        if len(alike) == 1:
            continue
        first: dict[bytes, Member] = {}
        for member in alike:
            original = first.setdefault(_digest(member.path), member)
            if original is not member:
                member.same_as = original.name
                member.path.unlink()


def _digest(path: Path) -> bytes:
    digest = sha256()
    with path.open("rb") as file:
        for block in blocks_of(file):
            digest.update(block)
    return digest.digest()
