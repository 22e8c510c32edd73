"""What is wrong in a plan, where, and why it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: file and line (from 1; 0 means the file as a whole), what is wrong, why it matters."""

    file: str
    line: int
    severity: Severity
    code: str
    what: str
    why: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        reason = f" ({self.why})" if self.why else ""
        return f"{place}: {self.severity}: {self.what}{reason}"


class PlanError(Exception):
    """A plan that cannot be read. `problems` says what, where and why, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = sorted(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


def refusal(file: str, line: int, code: str, what: str, why: str = "") -> PlanError:
    """A PlanError of one problem, to be raised."""
    return PlanError([Problem(file, line, "error", code, what, why)])
