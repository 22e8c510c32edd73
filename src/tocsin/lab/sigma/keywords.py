"""What rules ask of an event as a whole: keywords, which may stand in any of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from tocsin.lab.sigma.atoms import NOT_FOR_KEYWORDS, texts_of
from tocsin.lab.sigma.clauses import Needle
from tocsin.lab.sigma.column import Column, Layers
from tocsin.lab.sigma.silence import Silence, silence
from tocsin.lab.sources.rows import Rows

IN_NUMBERS = frozenset("0123456789+-.einfatrusl")
"""The characters of numbers and truth values written as text."""


class Keywords(Column):
    """The verdicts on the keywords that are in an event."""

    def __init__(self, layers: Layers, everything: int, needles: Mapping[int, frozenset[Needle]]) -> None:
        super().__init__("", layers, everything, needles)

    def said(self, rows: Rows) -> list[int] | None:
        """Return the needles that are in each event, as bits by layer and rule; None where there are none in any."""
        suspects: Sequence[int] = range(len(rows))
        silent = self._silence
        lines = rows.lines() if silent is not None and silent.pays(len(rows)) else None
        if lines is not None and silent is not None:
            if silent.of(b"\n".join(lines)):
                return None
            suspects = [index for index, line in enumerate(lines) if not silent.of(line)]
        if len(suspects) * 2 > len(rows) and not self._spoken(rows):
            return None
        said = [0] * len(rows)
        for index in suspects:
            fields = rows.fields(index).items()
            texts = [text for name, value in fields if name not in NOT_FOR_KEYWORDS for text in texts_of(value)]
            for bits in self.search.found(texts):
                said[index] |= bits
        return said

    def _spoken(self, rows: Rows) -> bool:
        """Tell whether there may be keywords in some events, by looking at each distinct value."""
        return any(self._in(values) for name, values in rows.columns() if name not in NOT_FOR_KEYWORDS)

    def _in(self, values: Iterable[Any]) -> bool:
        """Tell whether a needle may be in any of some values; says so once too often rather than once too little."""
        if self.search.present:
            return True
        texts = {value for value in values if type(value) is str}
        others = [value for value in values if type(value) not in self._wordless]
        texts.update(text for value in others for text in texts_of(value))
        return any(self.search.found(list(texts)))

    @cached_property
    def _wordless(self) -> frozenset[type]:
        """Types whose values need not be searched: text, which is searched anyway, and numbers where no needle is one."""
        if any(IN_NUMBERS.issuperset(text) for text in self.search.words):
            return frozenset({str})
        return frozenset({str, int, float, bool, type(None)})

    @cached_property
    def _silence(self) -> Silence | None:
        """What tells that there are no needles in JSON; None where more than text can satisfy one."""
        if self.search.present or int not in self._wordless:
            return None
        return silence(self.search.words)
