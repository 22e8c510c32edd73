"""A file on its way through a scan: where it lies, in which parts it is read, and what they gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tocsin.lab.examine import Part
from tocsin.lab.journal import Key
from tocsin.lab.report import FileRow


@dataclass(frozen=True)
class Answer:
    """What a part gave (see `examine`), and how many bytes of memory that takes, roughly."""

    content: dict[str, Any]
    size: int


@dataclass(frozen=True)
class Place:
    """Where a file lies: its path as reports show it, the path on the host that it was collected from, and the name
    under which its events go ('' = the path)."""

    path: str
    original: str = ""
    shown: str = ""

    def row(self, kind: str, size: int) -> FileRow:
        """Return a row for the file."""
        return FileRow(self.path, kind, size, original=self.original, source_file=self.shown or self.path)


@dataclass(eq=False)
class Entry:
    """A file on its way through the scan. `answers` hold what its parts gave, in order; `members` what it
    contained."""

    path: Path
    row: FileRow
    depth: int = 0
    budget: int = 0
    parts: list[Part] = field(default_factory=list)
    answers: list[Answer | Exception | None] = field(default_factory=list)
    missing: int = 0
    handed_on: int = 0
    members: list[Entry] = field(default_factory=list)
    key: Key | None = None
    """What a file of the evidence itself goes by in a journal."""
    is_known: bool = False
    """Whether a journal has the file already."""

    def length(self, number: int) -> int:
        """Return the bytes of a part."""
        part = self.parts[number]
        return (self.row.bytes if part.end is None else part.end) - part.start
