"""Find the needles of all rules in the values of one field, in one pass over values that are new together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import or_
from typing import Any

from tocsin.lab.sigma.clauses import Needle

BETWEEN = "\uffff"
"""Stands between values that are searched together; a needle that holds it may be found once too often, never
missed."""
PLACES = {"contains": 0, "startswith": 1, "endswith": 2}
"""Where in a value a needle may have to stand."""


class Search:
    """Needles, each with the bits that it stands for."""

    def __init__(self, atoms: Mapping[int, int], needles: Mapping[int, frozenset[Needle]]) -> None:
        """Take atoms with their bits, and the needles of each atom."""
        self.present = 0
        """The bits of needles that any value satisfies, also an empty one."""
        self._equal: dict[str, int] = {}
        words: dict[str, list[int]] = {}
        for atom, bits in atoms.items():
            for how, text in needles[atom]:
                if how == "equals":
                    self._equal[text] = self._equal.get(text, 0) | bits
                elif text and how in PLACES:
                    words.setdefault(text, [0, 0, 0])[PLACES[how]] |= bits
                else:
                    self.present |= bits
        self.words = frozenset((*self._equal, *words))
        # Most names of programs in rules are the whole of what follows a value's last backslash, and looking one up is
        # quicker than searching for all.
        self._tails = {
            text: end
            for text, (inside, start, end) in words.items()
            if not inside and not start and text.rfind("\\") == 0
        }
        self._automaton = _automaton({word: bits for word, bits in words.items() if word not in self._tails})

    def found(self, texts: Sequence[str]) -> list[int]:
        """Return the needles in each of some texts, as bits."""
        equal, present = self._equal, self.present
        folded = [text.casefold() for text in texts]
        found = [present | equal.get(text, 0) for text in folded] if equal else [present] * len(folded)
        if self._tails:
            tails = [self._tails.get(text[text.rfind("\\") :], 0) for text in folded]
            found = list(map(or_, found, tails))
        if self._automaton is None or not folded:
            return found
        number, start, stop = 0, 0, len(folded[0])
        for end, (length, inside, at_start, at_end) in self._automaton.iter(BETWEEN.join(folded)):
            while end >= stop:
                number += 1
                start = stop + 1
                stop = start + len(folded[number])
            bits = inside
            if at_start and end + 1 - length == start:
                bits |= at_start
            if at_end and end + 1 == stop:
                bits |= at_end
            if bits:
                found[number] |= bits
        return found


def _automaton(words: Mapping[str, Sequence[int]]) -> Any:
    """Return what finds words, with their length and bits by place; None where there are none."""
    if not words:
        return None
    # Late: building automatons is only needed where something is matched.
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for word, (inside, start, end) in words.items():
        automaton.add_word(word, (len(word), inside, start, end))
    automaton.make_automaton()
    return automaton
