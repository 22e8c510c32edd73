"""Indicators with wildcards or regular expressions: all of them in one pass with RE2, in linear time.

What a pattern is laid against depends on its kind: the host names in a text for a domain, its URLs for a URL, the
last part of a path for a file's name, the whole value for everything else. It has to cover that whole, as LIKE and
wildcards do; a regular expression is searched for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import re2

from tocsin.lab.indicators import hosts, model
from tocsin.lab.indicators.keys import HEX_KINDS, Text
from tocsin.lab.indicators.model import Indicator
from tocsin.lab.indicators.words import parts, urls, words

MAX_PATTERNS = 10_000
MAX_LENGTH = 4096
"""Characters of one pattern."""
MEMORY = 64 * 1024**2
"""Bytes that the automata of one group may take; where that is not enough, the group is halved."""
MIN_FIXED = 3
"""Letters and digits that a wildcard pattern has to name."""
Found = tuple[int, str]
"""A pattern's number and the text that it covers."""


def pattern_problem(indicator: Indicator) -> str:
    """Return why a pattern cannot be used ('' = it can)."""
    if len(indicator.value) > MAX_LENGTH:
        return f"is a pattern of more than {MAX_LENGTH} characters"
    if indicator.kind in HEX_KINDS or indicator.kind in (model.IP, model.NETWORK):
        return f"is a pattern; {indicator.kind} is compared as a whole"
    if indicator.form == model.WILDCARD and sum(char.isalnum() for char in indicator.value) < MIN_FIXED:
        return f"names fewer than {MIN_FIXED} letters or digits"
    try:
        compiled = re2.compile(regex_of(indicator), _options())
        if compiled.search(""):
            return "matches everything"
    except re2.error as error:
        return f"is no regular expression that can be matched in linear time: {error}"
    return ""


def regex_of(indicator: Indicator) -> str:
    """Return the RE2 regular expression of a pattern."""
    if indicator.form == model.REGEX:
        return indicator.value
    shown = "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in indicator.value)
    return rf"\A{shown}\z"


def subjects(kind: str, text: Text) -> Iterator[str]:
    """Yield what patterns of a kind are laid against in a text."""
    if kind == model.DOMAIN:
        for word in words(text.folded):
            yield from (part.decode() for part in parts(word) if b"." in part and len(part) <= hosts.MAX_DOMAIN)
    elif kind == model.URL:
        yield from urls(text.written)
    elif kind == model.FILE_NAME:
        yield text.path.rpartition("\\")[2]
    elif kind in (model.FILE_PATH, model.REGISTRY_KEY):
        yield text.path
    else:
        yield text.folded


class PatternSet:
    """Patterns of all kinds, compiled."""

    def __init__(self, indicators: Iterable[tuple[int, Indicator]]) -> None:
        """Compile the patterns of some rows."""
        by_kind: dict[str, list[tuple[int, str]]] = {}
        for row, indicator in indicators:
            by_kind.setdefault(indicator.kind, []).append((row, regex_of(indicator)))
        self._groups = {kind: list(_groups(rules)) for kind, rules in by_kind.items()}

    def __bool__(self) -> bool:
        return bool(self._groups)

    def matches(self, text: Text) -> dict[int, str]:
        """Return the rows of the patterns that cover something in a text, each with what it covers first."""
        found: dict[int, str] = {}
        for kind, groups in self._groups.items():
            for subject in dict.fromkeys(subjects(kind, text)):
                for rows, group in groups:
                    for number in group.Match(subject) or ():
                        found.setdefault(rows[number], subject)
        return found


Group = tuple[list[int], "re2.Set"]


def _groups(rules: list[tuple[int, str]]) -> Iterator[Group]:
    group = re2.Set.SearchSet(_options())
    for _, regex in rules:
        group.Add(regex)
    try:
        group.Compile()
    except re2.error:
        if len(rules) == 1:
            raise
        middle = len(rules) // 2
        yield from _groups(rules[:middle])
        yield from _groups(rules[middle:])
        return
    yield [row for row, _ in rules], group


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = MEMORY
    return options
