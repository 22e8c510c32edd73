"""Find a million indicators in events and files.

Most values of events come again and again. A pair of field and value that was found clean is remembered, so that
an event costs little more than what is new in it; its words are looked up in the index (see `words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tocsin.lab.indicators import files
from tocsin.lab.indicators.index import Index
from tocsin.lab.indicators.keys import Text, field_keys, field_names, found, text_of
from tocsin.lab.indicators.patterns import PatternSet
from tocsin.lab.indicators.sightings import Sighting, validity
from tocsin.lab.indicators.words import text_keys, word_keys, words
from tocsin.lab.record import Record

REMEMBERED = 100_000
"""Clean values that are remembered; then all are forgotten."""
REMEMBERED_LENGTH = 300
WINDOW = 1 << 20
"""Characters of a value that are cut into words at a time."""
OVERLAP = 1 << 13
"""Characters that two windows share: more than the longest indicator has."""
MAX_DEPTH = 12
"""Levels of objects in an event that are looked into."""
SHOWN = 500
"""Characters of a value that a sighting shows."""


class Matcher:
    """Compiled indicators, open for matching. Not for several threads at a time."""

    def __init__(self, path: Path) -> None:
        """Open what `compile_indicators` wrote. Raises OSError or ValueError where that cannot be used."""
        self._index = Index(path)
        self._prefixes: tuple[int, ...] = tuple(self._index.head["prefixes"])
        self._patterned = bool(self._index.head["patterns"])
        self._named = bool(self._index.head["named"])
        self._clean: set[tuple[str, Any]] = set()
        self._clean_words: set[bytes] = set()
        self._fields = lru_cache(4096)(field_names)
        self.indicator = lru_cache(10_000)(self._index.indicator)

    def __len__(self) -> int:
        return int(self._index.head["taken"])

    @cached_property
    def _patterns(self) -> PatternSet:
        return PatternSet((row, self._index.indicator(row)) for row in self._index.head["patterns"])

    def match(self, record: Record) -> list[Sighting]:
        """Return the sightings in an event, in the order of its fields and then of the indicators."""
        fresh = self._fresh(record.data)
        if record.system:
            fresh += self._fresh(record.system)
        return self._sightings(fresh, record.time) if fresh else []

    def match_fields(self, fields: Mapping[str, Any], time: str = "") -> list[Sighting]:
        """Return the sightings in any fields; `time` (ISO 8601, UTC, Z) is when they were so."""
        return self._sightings(self._fresh(fields), time)

    def match_file(self, path: Path, time: str = "") -> list[Sighting]:
        """Return the indicators that a file is by its hashes or its name. Raises OSError where it cannot be read."""
        return self.match_fields({**files.digests(path), "FileName": path.name}, time)

    def _fresh(self, fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
        clean = self._clean
        try:
            return [item for item in fields.items() if item not in clean]
        except TypeError:  # a list or an object among the values
            return [item for item in flat(fields) if item not in clean]

    def _sightings(self, fresh: list[tuple[str, Any]], time: str) -> list[Sighting]:
        texts = [(name, value) for name, value in fresh if type(value) is str and len(value) > 2]
        sightings: list[Sighting] = []
        worth = bool(texts) and self._worth_a_look(texts)
        if worth or self._patterned:
            touched = set()
            for name, value in texts:
                met = self._in_value(name, value) if worth else {}
                if self._patterned:
                    met = self._patterns.matches(text_of(name, value)) | met
                if met:
                    touched.add((name, value))
                    sightings += self._seen(name, value, met, time)
            fresh = [item for item in fresh if item not in touched]
        self._remember(fresh)
        return sightings

    def _worth_a_look(self, texts: list[tuple[str, str]]) -> bool:
        """Tell whether any of some values may hold an indicator; hardly ever where none does."""
        plain = []
        for name, value in texts:
            if len(value) > WINDOW or (self._named and self._any_name(name, value)):
                return True
            if value.isascii():
                plain.append(value)
            elif self._any_key(value):
                return True
        return self._any_key("\n".join(plain))

    def _any_name(self, name: str, value: str) -> bool:
        kinds = self._fields(name)
        return bool(kinds) and any(self._index.has(key) for kind in kinds for key in field_keys(kind, value))

    def _any_key(self, text: str) -> bool:
        has = self._index.has
        fresh = set(words(text)).difference(self._clean_words)
        if fresh:
            for word in fresh:
                if has(word) if word.isalnum() else any(map(has, word_keys(word, self._prefixes))):
                    return True
            self._remember_words(fresh)
        return any(map(has, text_keys(text, self._prefixes)))

    def _keys(self, text: str) -> Iterator[bytes]:
        """Yield all keys of a text, in the order of its words."""
        for word in dict.fromkeys(words(text)):
            yield from word_keys(word, self._prefixes)
        yield from text_keys(text, self._prefixes)

    def _in_value(self, name: str, value: str) -> dict[int, str]:
        """Return the rows that are met in a value, each with what was met."""
        met: dict[int, str] = {}
        text: Text | None = None
        for key in self._value_keys(name, value):
            for row in self._index.rows(key):
                text = text or text_of(name, value)
                if row not in met and (what := found(self.indicator(row), key, text)) is not None:
                    met[row] = what
        return met

    def _value_keys(self, name: str, value: str) -> Iterator[bytes]:
        for kind in self._fields(name):
            yield from field_keys(kind, value)
        for window in windows(value):
            yield from self._keys(window)

    def _seen(self, name: str, value: str, met: dict[int, str], time: str) -> Iterator[Sighting]:
        for row in sorted(met):
            indicator = self.indicator(row)
            yield Sighting(indicator, name, value[:SHOWN], met[row][:SHOWN], validity(indicator, time))

    def _remember_words(self, fresh: set[bytes]) -> None:
        if len(self._clean_words) > REMEMBERED:
            self._clean_words.clear()
        self._clean_words.update([word for word in fresh if len(word) <= REMEMBERED_LENGTH])

    def _remember(self, items: Iterable[tuple[str, Any]]) -> None:
        if len(self._clean) > REMEMBERED:
            self._clean.clear()
        self._clean.update([item for item in items if type(item[1]) is not str or len(item[1]) <= REMEMBERED_LENGTH])


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the plain values of nested fields, with dotted names; items of a list have the list's name."""
    waiting: list[tuple[str, Any, int]] = [(name, value, 0) for name, value in reversed(list(fields.items()))]
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, Mapping) and depth < MAX_DEPTH:
            waiting += [(f"{name}.{inner}", item, depth + 1) for inner, item in reversed(list(value.items()))]
        elif isinstance(value, list | tuple) and depth < MAX_DEPTH:
            waiting += [(name, item, depth + 1) for item in reversed(value)]
        elif isinstance(value, Mapping | list | tuple):
            yield name, str(value)
        else:
            yield name, value


def windows(value: str) -> Iterator[str]:
    """Yield overlapping pieces of a long value, so that its words need not be in memory all at once.

    A piece ends between words, unless a single word is longer than anything that could be met in it.
    """
    start = 0
    while len(value) - start > WINDOW:
        end = start + WINDOW
        while end > start + WINDOW - OVERLAP // 2 and not value[end - 1].isspace():
            end -= 1
        yield value[start:end]
        start = end - OVERLAP
        while start < end and not value[start - 1].isspace():
            start += 1
    yield value[start:]
