"""What files there are to load: folders walked, collections known by their layout, containers opened, and all of it in
one order that does not depend on who opened what when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab.examine import Part, open_archive
from tocsin.lab.found import Found, described, in_container, in_folder
from tocsin.lab.record import Problem
from tocsin.lab.report import FAILED, Collection, FileRow
from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.marks import CONTAINERS
from tocsin.lab.sources.containers.unpacking import ArchiveLimits


@dataclass(eq=False)
class File:
    """A file of the evidence: its row in the account, and the parts in which it is read (none: it is not read)."""

    row: FileRow
    parts: list[Part] = field(default_factory=list)
    members: list[File] = field(default_factory=list)
    opening: Future[bytes] | None = None
    depth: int = 0
    budget: int = 0

    def all(self) -> Iterable[File]:
        """Yield the file, and all that it contains after it."""
        yield self
        for member in self.members:
            yield from member.all()


class Evidence:
    """Files and folders on their way to a list of files that can be read."""

    def __init__(
        self, executor: Executor, unpacked: Path, limits: ArchiveLimits, passwords: Sequence[str], name: str = ""
    ) -> None:
        self._executor = executor
        self._unpacked = unpacked
        self._limits = limits
        self._passwords = tuple(passwords)
        self._name = name
        self._opened = 0
        self._opening: list[File] = []
        self.collections: list[Collection] = []

    def of(self, paths: Iterable[Path]) -> list[File]:
        """Return all files, members after their container; containers are opened by the executor."""
        found = [file for path in paths for file in self._in(path)]
        while self._opening:
            file = self._opening.pop(0)
            assert file.opening is not None  # noqa: S101 - it stands in the line
            try:
                self._take(file, orjson.loads(file.opening.result())[0])
            except Exception as error:  # noqa: BLE001 - whatever ends a container costs that container
                file.row.status = FAILED
                file.row.problems.append(Problem(str(error) or type(error).__name__))
        return [one for file in found for one in file.all()]

    def _in(self, path: Path) -> list[File]:
        found, collection = in_folder(path, self._name)
        if collection:
            self.collections.append(collection)
        return [self._file(one) for one in found]

    def _file(self, found: Found, depth: int = 0, budget: int | None = None) -> File:
        if found.unread:
            return File(found.unread)
        size, kind, problem = 0, kinds.Kind(kinds.UNKNOWN), found.problem
        try:
            if not problem:
                size, kind = found.path.stat().st_size, kinds.kind_of(found.path)
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
        row, is_read = described(found.place, kind, size, problem, depth, self._limits.depth)
        file = File(row, depth=depth, budget=self._limits.total if budget is None else budget)
        if is_read and kind.name in CONTAINERS:
            self._open(file, Part(found.path, row.source_file, kind.name, 0, None))
        elif is_read:
            ends = kinds.parts_of(kind.name, size)
            file.parts = [Part(found.path, row.source_file, kind.name, *each, found.artifact) for each in ends]
        return file

    def _open(self, file: File, part: Part) -> None:
        self._opened += 1
        folder = self._unpacked / str(self._opened)
        folder.mkdir()
        file.opening = self._executor.submit(open_archive, part, folder, self._limits, file.budget, self._passwords)
        self._opening.append(file)

    def _take(self, file: File, content: dict[str, Any]) -> None:
        """Add what a container held."""
        file.row.add(content["tally"])
        found, left = in_container(file.row, content, file.budget)
        file.members += [self._file(one, file.depth + 1, left) for one in found]
