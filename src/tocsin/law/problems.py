"""What is wrong in a regime or on a fact sheet, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding in a file: its line (from 1), what is wrong, what to do."""

    file: str
    line: int
    what: str
    help: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}{f' ({self.help})' if self.help else ''}"


class LawError(Exception):
    """A regime that cannot be read. `problems` says what, where and what to do, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
