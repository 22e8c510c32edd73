"""The search language: text in, a tree of questions about one event out.

    powershell -enc                      words: somewhere in the event's fields or host
    "new service"                        a phrase, taken literally ("" for a quotation mark within)
    process:powershell.exe               a column; a value without \\ / . @ is compared with the telling part
    command_line:*"net user"*            * any text, ? any one character; quoted parts are literal
    fields.TargetObject:*\\Run\\*          an own field; fields."odd name":x
    code:(4624 or 4625)  code:[4600 TO 4699]  dst_port:>=1024
    time:2026-03-13  time:>=2026-03-13T06:00  time:[2026-03-13 TO 2026-03-15]
    address:10.0.0.0/8                   addresses take networks
    hash:...  address:...  port:...      any of the columns for it
    a b = a and b;  or;  not;  ( )       not before and before or; case never matters

A backslash is only a backslash. A field that is absent is not equal to anything, so `not user:x` includes events
without a user. `user:*` means that there is a user.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.lab.lake.columns import BY_NAME, GROUPS
from tocsin.lab.lake.tree import And, Everything, Node, Not, Or, Own, Pattern, Wild, Word
from tocsin.lab.lake.values import Target, ValueProblem, compared, matched, ranged

MAX_LENGTH = 10_000
MAX_DEPTH = 40
MAX_TERMS = 500
HASH_COLUMNS = {32: "md5", 40: "sha1", 64: "sha256"}
"""By the number of hexadecimal digits."""
NAME = re.compile(r'(?P<name>[A-Za-z_][\w.@#$-]*(?:"(?:[^"]|"")*")?):', re.ASCII)
RANGE = re.compile(r"(?P<open>[\[{])\s*(?P<low>\S+)\s+TO\s+(?P<high>[^\s\]}]+)\s*(?P<close>[\]}])", re.IGNORECASE)
COMPARISON = re.compile(r"(?P<sign>>=|<=|>|<)\s*(?P<value>[^\s()]*)")
PIECE = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^\s()"]+)')
KEYWORD = re.compile(r"(?P<word>and|or|not)(?=[\s()]|\Z)", re.IGNORECASE)
SPACE = re.compile(r"\s*")


class QueryError(ValueError):
    """A query that cannot be understood: what is wrong and what to do, and where (a character's place from 0)."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(f"{message} (at character {place + 1})")
        self.place = place


@dataclass(frozen=True, slots=True)
class _Field:
    """What stands before a colon: common columns of which any may match, or an own field."""

    columns: tuple[str, ...] = ()
    own: str | None = None
    place: int = 0


def parse(text: str) -> Node:
    """Return the tree of a query; an empty one asks for everything. Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"The query has {len(text):,} characters; {MAX_LENGTH:,} are the limit. Split it", MAX_LENGTH)
    return _Parser(text).parse()


class _Parser:
    """Recursive descent over the text; `at` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.terms = 0

    def parse(self) -> Node:
        self._skip()
        if self.at == len(self.text):
            return Everything()
        node = self._either(None)
        if self.at < len(self.text):
            raise QueryError("There is a ) without its (. Remove it, or add the ( it belongs to", self.at)
        return node

    def _either(self, field: _Field | None) -> Node:
        parts = [self._both(field)]
        while self._take("or"):
            parts.append(self._both(field))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self, field: _Field | None) -> Node:
        parts = [self._one(field)]
        while True:
            if self._take("and"):
                parts.append(self._one(field))
            elif self._ends() or self._peek("or"):
                return parts[0] if len(parts) == 1 else And(tuple(parts))
            else:
                parts.append(self._one(field))

    def _one(self, field: _Field | None) -> Node:
        negations = 0
        while self._take("not"):
            negations += 1
        node = self._group_or_term(field)
        return Not(node) if negations % 2 else node

    def _group_or_term(self, field: _Field | None) -> Node:
        if self._ends():
            what = "a ) stands" if self.at < len(self.text) else "the query ends"
            raise QueryError(f"Something to look for is missing: {what} where a word or field:value should be", self.at)
        for keyword in ("and", "or"):
            if self._peek(keyword):
                raise QueryError(f"'{keyword}' needs something on both sides; to look for the word, quote it", self.at)
        if self.text[self.at] == "(":
            return self._group(field)
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QueryError(f"The query asks for more than {MAX_TERMS} things. Split it", self.at)
        return self._field_term() if field is None and self._names_a_field() else self._value(field)

    def _names_a_field(self) -> bool:
        """Tell whether a name and a colon stand here; C:\\Windows and https://x are words."""
        match = NAME.match(self.text, self.at)
        if match is None:
            return False
        known = match["name"].lower() in BY_NAME or match["name"].lower() in GROUPS or "." in match["name"]
        return known or self.text[match.end() : match.end() + 1] not in ("\\", "/")

    def _group(self, field: _Field | None) -> Node:
        opened = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError(f"Parentheses are nested more than {MAX_DEPTH} deep. Simplify the query", opened)
        self.at += 1
        self._skip()
        node = self._either(field)
        if self.at == len(self.text):
            raise QueryError("A ( is never closed. Add a )", opened)
        self.at += 1
        self._skip()
        self.depth -= 1
        return node

    def _field_term(self) -> Node:
        match = NAME.match(self.text, self.at)
        assert match is not None  # noqa: S101 - the caller looked
        field = _field_of(match["name"], self.at)
        self.at = match.end()
        if self.text[self.at : self.at + 1] == "(":
            return self._group(field)
        return self._value(field)

    def _value(self, field: _Field | None) -> Node:
        place = self.at
        try:
            if field is not None:
                if found := RANGE.match(self.text, place):
                    self._move(found)
                    low, high = found["low"].strip('"'), found["high"].strip('"')
                    low_in, high_in = found["open"] == "[", found["close"] == "]"
                    return _any(field, lambda target: ranged(target, low, high, low_in, high_in))
                if self.text[place : place + 1] in ("[", "{"):
                    raise QueryError("A range is written [LOW TO HIGH], with * for an open end", place)
                if found := COMPARISON.match(self.text, place):
                    self._move(found)
                    sign, value = found["sign"], found["value"].strip('"')
                    return _any(field, lambda target: compared(target, sign, value))
            pattern = self._pattern(field)
            if field is not None and field.columns == GROUPS["hash"]:
                field = _hash_field(field, pattern)
            return Word(pattern) if field is None else _any(field, lambda target: matched(target, pattern))
        except ValueProblem as problem:
            raise QueryError(str(problem), place) from None

    def _pattern(self, field: _Field | None) -> Pattern:
        pieces: list[str | Wild] = []
        start = self.at
        while match := PIECE.match(self.text, self.at):
            if match["quoted"] is not None:
                pieces.append(match["quoted"].replace('""', '"'))
            else:
                parts = re.split(r"([*?])", match["bare"])
                pieces += [Wild(part) if part in ("*", "?") else part for part in parts]
            self.at = match.end()
        if self.text[self.at : self.at + 1] == '"':
            raise QueryError("A quotation mark is never closed. Add a second one", self.at)
        if self.at == start and field is not None:
            raise QueryError('A value is missing after the colon; write "" for an empty one', self.at)
        self._skip()
        return Pattern.of(pieces)

    def _move(self, match: re.Match[str]) -> None:
        self.at = match.end()
        self._skip()

    def _skip(self) -> None:
        match = SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _ends(self) -> bool:
        return self.at == len(self.text) or self.text[self.at] == ")"

    def _peek(self, keyword: str) -> bool:
        match = KEYWORD.match(self.text, self.at)
        return match is not None and match["word"].lower() == keyword

    def _take(self, keyword: str) -> bool:
        if not self._peek(keyword):
            return False
        self.at += len(keyword)
        self._skip()
        return True


def _field_of(name: str, place: int) -> _Field:
    """Return what a name before a colon stands for."""
    head, _, rest = name.partition(".")
    if head.lower() == "fields" and rest:
        quoted = rest.startswith('"')
        if not quoted and '"' in rest:
            raise QueryError('Put quotation marks around the whole name: fields."odd name"', place)
        return _Field(own=rest[1:-1].replace('""', '"') if quoted else rest, place=place)
    lower = name.lower()
    if lower in GROUPS:
        return _Field(GROUPS[lower], place=place)
    if lower in BY_NAME:
        return _Field((lower,), place=place)
    near = difflib.get_close_matches(lower, [*BY_NAME, *GROUPS], 1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise QueryError(
        f"There is no column {name[:100]!r}. {hint}For a field of the source itself write fields.{name[:100]}:..., "
        "for a word with a colon put it in quotation marks",
        place,
    )


def _hash_field(field: _Field, pattern: Pattern) -> _Field:
    """Return the one column that a whole hash can be in, told by its length; all of them for a part of one."""
    kind = HASH_COLUMNS.get(len(pattern.literal or ""))
    return field if kind is None else _Field((kind,), place=field.place)


def _any(field: _Field, make: Callable[[Target], Node]) -> Node:
    """Return the question whether any of the columns that a field stands for is as asked."""
    if field.own is not None:
        return make(Own(field.own))
    nodes = [make(BY_NAME[name]) for name in field.columns]
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
