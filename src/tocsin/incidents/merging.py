"""Two people change one text at once: what can be put together is, the rest is laid side by side. Pure functions.

A text is merged line by line, from the revision that somebody began with (`base`), what stands there now (`theirs`) and
what they send (`mine`). Lines that only one side touched go in as that side has them. Lines that both put in at the same
place are both kept. Lines that both touched, differently, clash: those a person settles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diff_match_patch import diff_match_patch

PATIENCE = 0.5
"""Seconds for comparing two texts. When they are over, the rest counts as replaced: a clash at worst, never a loss."""
_FIRST, _SURROGATES, _BEYOND = 0x20, 0xD800, 0x800
Lines = tuple[str, ...]


class Side(StrEnum):
    """Whose words a part of a merged text has."""

    SAME = "same"
    THEIRS = "theirs"
    MINE = "mine"
    BOTH = "both"
    CLASH = "clash"


@dataclass(frozen=True)
class Change:
    """The lines `start` to `end` (from 0, end not included) of the older text became `lines`."""

    start: int
    end: int
    lines: Lines


@dataclass(frozen=True)
class Part:
    """A stretch of a merged text: what the base had there, and what either side has."""

    side: Side
    base: Lines
    theirs: Lines
    mine: Lines

    @property
    def lines(self) -> Lines:
        """What stands in the merged text; where the sides clash, theirs and then mine, so that no word is missing."""
        if self.side == Side.CLASH:
            return self.theirs + self.mine
        return self.theirs if self.side in (Side.THEIRS, Side.SAME) else self.mine


@dataclass(frozen=True)
class Merge:
    """A merged text in parts."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The whole text; where the sides clash it has both."""
        return "\n".join(line for part in self.parts for line in part.lines)

    @property
    def clashes(self) -> list[Part]:
        """What a person has to settle."""
        return [p for p in self.parts if p.side == Side.CLASH]

    @property
    def from_them(self) -> list[Part]:
        """What came in from the other side."""
        return [p for p in self.parts if p.side == Side.THEIRS]


def merge(base: str, theirs: str, mine: str) -> Merge:
    """Put together what two people made of one text."""
    old = _lines(base)
    sided = [(c, False) for c in changes(base, theirs)] + [(c, True) for c in changes(base, mine)]
    sided.sort(key=lambda s: (s[0].start, s[0].end, s[1]))
    parts: list[Part] = []
    at = 0
    for group in _groups(sided):
        start, end = min(c.start for c, _ in group), max(c.end for c, _ in group)
        if start > at:
            parts.append(_same(old[at:start]))
        their = [c for c, is_mine in group if not is_mine]
        my = [c for c, is_mine in group if is_mine]
        parts += _settle(old, start, end, their, my)
        at = max(at, end)
    if at < len(old):
        parts.append(_same(old[at:]))
    return Merge(tuple(parts))


def changes(old: str, new: str) -> list[Change]:
    """What turns the lines of one text into those of another, in order."""
    if old == new:
        return []
    before, after = _lines(old), _lines(new)
    signs: dict[str, str] = {}
    coded = ["".join(signs.setdefault(line, _sign(len(signs))) for line in lines) for lines in (before, after)]
    differ = diff_match_patch()
    differ.Diff_Timeout = PATIENCE
    found: list[Change] = []
    at = to = start = first = 0
    for kind, run in differ.diff_main(coded[0], coded[1], False):
        if kind == 0:
            if (start, first) != (at, to):
                found.append(Change(start, at, tuple(after[first:to])))
            at, to = at + len(run), to + len(run)
            start, first = at, to
        elif kind < 0:
            at += len(run)
        else:
            to += len(run)
    if (start, first) != (at, to):
        found.append(Change(start, at, tuple(after[first:to])))
    return found


def _lines(text: str) -> Lines:
    """The lines of a text; an empty text has none."""
    return tuple(text.split("\n")) if text else ()


def _sign(number: int) -> str:
    """One character for each different line: the comparison works on characters. Surrogates are left out."""
    code = number + _FIRST
    return chr(code if code < _SURROGATES else code + _BEYOND)


def _groups(sided: Sequence[tuple[Change, bool]]) -> Iterator[list[tuple[Change, bool]]]:
    """The changes, those that touch the same lines of the base together."""
    group: list[tuple[Change, bool]] = []
    end = -1
    for change, is_mine in sided:
        # An insertion at the edge of what the other side changed touches none of its lines.
        meets = change.start < end or (group and group[-1][0].start == group[-1][0].end == change.start == change.end)
        if group and not meets:
            yield group
            group, end = [], -1
        group.append((change, is_mine))
        end = max(end, change.end)
    if group:
        yield group


def _settle(old: Lines, start: int, end: int, their: list[Change], my: list[Change]) -> list[Part]:
    base, theirs, mine = old[start:end], _applied(old, start, end, their), _applied(old, start, end, my)
    if not my:
        return [Part(Side.THEIRS, base, theirs, base)]
    if not their:
        return [Part(Side.MINE, base, base, mine)]
    if theirs == mine:
        return [Part(Side.BOTH, base, theirs, mine)]
    if start < end:
        return [Part(Side.CLASH, base, theirs, mine)]
    # Both put something in at the same place: what is alike once, then theirs, then mine.
    head = _alike(theirs, mine)
    tail = min(_alike(theirs[::-1], mine[::-1]), min(len(theirs), len(mine)) - head)
    first, last = theirs[:head], theirs[len(theirs) - tail :]
    return [
        part
        for part in (
            Part(Side.BOTH, (), first, first),
            Part(Side.THEIRS, (), theirs[head : len(theirs) - tail], ()),
            Part(Side.MINE, (), (), mine[head : len(mine) - tail]),
            Part(Side.BOTH, (), last, last),
        )
        if part.theirs or part.mine
    ]


def _applied(old: Lines, start: int, end: int, made: list[Change]) -> Lines:
    lines: list[str] = []
    for change in made:
        lines += old[start : change.start]
        lines += change.lines
        start = change.end
    return tuple(lines) + old[start:end]


def _alike(one: Lines, other: Lines) -> int:
    """How many lines are the same from the start."""
    most = min(len(one), len(other))
    return next((n for n in range(most) if one[n] != other[n]), most)


def _same(lines: Lines) -> Part:
    return Part(Side.SAME, lines, lines, lines)


@dataclass(frozen=True)
class Row:
    """One line of a comparison: `kind` is same, gone, new or skipped (then `text` is empty and `count` lines are left
    out); `marks` are the pieces of the text, each with whether it differs from the line it stands against.
    """

    kind: str
    text: str = ""
    count: int = 0
    marks: tuple[tuple[str, bool], ...] = ()


def compared(old: str, new: str, around: int = 2) -> list[Row]:
    """The two texts line by line, with `around` lines of what stayed about each change."""
    before = _lines(old)
    rows: list[Row] = []
    at = 0
    for change in changes(old, new):
        rows += _quiet(before[at : change.start], around, first=not rows, last=False)
        rows += _against(before[change.start : change.end], change.lines)
        at = change.end
    return rows + _quiet(before[at:], around, first=not rows, last=True)


def _quiet(lines: Lines, around: int, *, first: bool, last: bool) -> list[Row]:
    head, tail = (0 if first else around), (0 if last else around)
    left_out = len(lines) - head - tail
    if left_out <= 1:
        return [Row("same", line) for line in lines]
    kept_tail = lines[len(lines) - tail :] if tail else ()
    return [
        *(Row("same", line) for line in lines[:head]),
        Row("skipped", count=left_out),
        *(Row("same", line) for line in kept_tail),
    ]


def _against(gone: Lines, new: Lines) -> list[Row]:
    """Lines that became other lines. One line against one line also says which words differ."""
    if len(gone) == len(new) and len(gone) <= 20:
        pairs = [_words(a, b) for a, b in zip(gone, new, strict=True)]
        return [
            *(Row("gone", a, marks=p[0]) for a, p in zip(gone, pairs, strict=True)),
            *(Row("new", b, marks=p[1]) for b, p in zip(new, pairs, strict=True)),
        ]
    return [*(Row("gone", line) for line in gone), *(Row("new", line) for line in new)]


def _words(old: str, new: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]]:
    differ = diff_match_patch()
    differ.Diff_Timeout = PATIENCE / 10
    found = differ.diff_main(old, new, False)
    differ.diff_cleanupSemantic(found)
    return (
        tuple((text, kind < 0) for kind, text in found if kind <= 0),
        tuple((text, kind > 0) for kind, text in found if kind >= 0),
    )
