"""Compile indicators, however many, into one file to match against."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from tocsin.lab.indicators import hosts, index
from tocsin.lab.indicators.keys import FIELDS, literal_of, own_key
from tocsin.lab.indicators.model import LITERAL, NETWORK, Indicator, Remark
from tocsin.lab.indicators.patterns import MAX_PATTERNS, pattern_problem
from tocsin.lab.indicators.words import literal_words

VERSION = 1
"""Goes up whenever a file of an earlier version would be matched differently."""
MAX_SAME_KEY = 2000
"""Indicators with the same rarest word; each event with the word is compared with all of them."""


@dataclass(slots=True)
class Compiled:
    """What compiling gave: how many indicators are in the file, and which are not, with the reason."""

    path: Path
    count: int = 0
    left_out: list[Remark] = field(default_factory=list)


def compile_indicators(indicators: Iterable[Indicator], path: Path) -> Compiled:
    """Write a file that `Matcher` opens. It is put in place by renaming, so none is ever half there.

    The indicators are taken one after the other, so that a stream of millions need not be in memory. Raises
    OSError where the file cannot be written.
    """
    result = Compiled(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as target, tempfile.TemporaryDirectory(dir=path.parent) as folder:
            _write(indicators, target, Path(folder) / "rows", result)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return result


def _write(indicators: Iterable[Indicator], target: BinaryIO, texts: Path, result: Compiled) -> None:
    files = _Files()
    with texts.open("wb") as rows:
        for indicator in indicators:
            problem = files.problem(indicator)
            if problem:
                result.left_out.append(Remark(indicator.source, indicator.written[:200], problem))
                continue
            text = index.row_text(indicator)
            rows.write(text)
            files.add(indicator, len(text))
    crowded = files.file_literals()
    result.count = len(files.starts) - 1
    for row in crowded:
        result.count -= 1
        result.left_out.append(
            Remark(f"row {row}", files.literals[row][:200], "shares its only rare word with too many")
        )
    index.write(target, files.head(result.count), files.entries, files.starts, texts)


class _Files:
    """The keys of the indicators as they come in."""

    def __init__(self) -> None:
        self.entries = array("Q")
        self.starts = array("Q", [0])
        self.literals: dict[int, str] = {}
        self.patterns: list[int] = []
        self.prefixes: set[int] = set()
        self.named = False

    def problem(self, indicator: Indicator) -> str:
        """Return what keeps an indicator from being compiled ('' = nothing)."""
        if indicator.form == LITERAL:
            return ""
        if len(self.patterns) >= MAX_PATTERNS:
            return f"is one more than the {MAX_PATTERNS} patterns that are matched at a time"
        return pattern_problem(indicator)

    def add(self, indicator: Indicator, length: int) -> None:
        """File an indicator under its keys as the next row."""
        row = len(self.starts) - 1
        self.starts.append(self.starts[-1] + length)
        if indicator.form != LITERAL:
            self.patterns.append(row)
            return
        key = own_key(indicator)
        if key is not None:
            self.entries.append(crc32(key) << 32 | row)
        self.named = self.named or indicator.kind in FIELDS
        if indicator.kind == NETWORK:
            self.prefixes.add(_prefix(indicator.value))
        literal = literal_of(indicator)
        if literal is not None:
            self.literals[row] = literal

    def file_literals(self) -> list[int]:
        """File each literal under its rarest word of four letters or more, if it has such; return rows that found no
        room."""
        seen: Counter[bytes] = Counter()
        for literal in self.literals.values():
            seen.update(_choices(literal))
        filed: Counter[bytes] = Counter()
        crowded = []
        for row, literal in self.literals.items():
            words = sorted(_choices(literal), key=lambda word: (-min(len(word), 4), seen[word], -len(word), word))
            word = next((word for word in words if filed[word] < MAX_SAME_KEY), None)
            if word is None:
                crowded.append(row)
                continue
            filed[word] += 1
            self.entries.append(crc32(word) << 32 | row)
        return crowded

    def head(self, count: int) -> dict[str, Any]:
        """Return what the file says about the whole."""
        return {
            "version": VERSION,
            "taken": count,
            "patterns": self.patterns,
            "named": self.named,
            "prefixes": sorted(self.prefixes, reverse=True),
        }


def _choices(literal: str) -> set[bytes]:
    """Return the words of a literal under which it may be filed: events name control sets by number."""
    return set(literal_words(literal)) - {b"currentcontrolset"}


def _prefix(network: str) -> int:
    """Return a network's prefix length in the IPv6 numbering."""
    address, _, prefix = network.partition("/")
    return int(prefix) + (96 if len(hosts.packed(address)) == 4 else 0)


def unique(indicators: Iterable[Indicator]) -> Iterator[Indicator]:
    """Yield indicators without those that a source says twice; of two, the first stays."""
    seen: set[tuple[str, str, str, str]] = set()
    for indicator in indicators:
        key = (indicator.kind, indicator.value, indicator.source, indicator.form)
        if key not in seen:
            seen.add(key)
            yield indicator
