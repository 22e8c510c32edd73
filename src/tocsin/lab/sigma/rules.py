"""A set of rules: what each says of itself, which cannot be used and why, and the compiled form to match
with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.lab.sigma import cache
from tocsin.lab.sigma.compiled import CompiledRules, RefusedRule, RuleInfo

if TYPE_CHECKING:
    from tocsin.lab.sigma.matcher import Matcher


@dataclass
class RuleSet:
    """Rules as they were loaded. `path` is the file of the compiled form, which workers read."""

    compiled: CompiledRules
    path: Path
    from_cache: bool

    @property
    def rules(self) -> Sequence[RuleInfo]:
        """The rules that can match what the lab reads."""
        return self.compiled.rules

    @property
    def count(self) -> int:
        """The number of rules that can match what the lab reads, and of correlations."""
        return len(self.rules) + len(self.compiled.correlations)

    @property
    def rejected(self) -> list[RefusedRule]:
        """Rules that do not parse or use what is not supported."""
        return self.compiled.rejected

    @property
    def not_assessable(self) -> list[RefusedRule]:
        """Rules for log sources that nothing the lab reads answers."""
        return self.compiled.not_assessable

    @property
    def digest(self) -> str:
        """The SHA-256 that names exactly these rules: the key that their compiled form is kept under."""
        return self.path.stem

    @cached_property
    def by_id(self) -> dict[str, RuleInfo]:
        """The rules that can match what the lab reads, and correlations, by id."""
        return {rule.id: rule for rule in (*self.rules, *(each.rule for each in self.compiled.correlations))}

    def matcher(self) -> Matcher:
        """Return a matcher for these rules; it remembers what it has seen, so use one for many records."""
        from tocsin.lab.sigma.matcher import Matcher  # late: whoever hands out work does not match

        return Matcher(self.compiled)


def read_compiled(path: Path) -> CompiledRules:
    """Return the compiled rules in a file that `load_rules` made. Raises ValueError where it is broken or
    gone."""
    content = cache.read_entry(path)
    if content is None:
        raise ValueError(f"compiled rules {path} are missing or broken")
    return CompiledRules.from_lines(content)
