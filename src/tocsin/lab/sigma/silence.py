"""Tell quickly, by the JSON of events, that none of them speaks of any of some words.

JSON may write a text in several ways, and case folding knows more letters than ASCII. Whatever may be a
word written in another way (an escape that need not be one, a letter that folds to one of ASCII) counts as
speech, so that silence is certain; speech is not.
"""

from __future__ import annotations

import re
import threading
from functools import cached_property, lru_cache
from typing import Any

import orjson

ESCAPES = rb"(^|[^\\])(\\\\)*\\[u/]"
"""What may stand for any character: an escape by number, or of a slash."""
LOOKALIKES = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)
"""The letters beyond ASCII in whose case folding there is a letter of ASCII, such as the sign for kelvin."""
MAX_SETS = 64
ENOUGH_TO_PREPARE = 1_000
"""Events from which on it pays to prepare the search."""


class Silence:
    """What tells whether JSON certainly holds none of some case-folded words."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words
        self._events = 0

    def pays(self, events: int) -> bool:
        """Count events that are to be searched, and tell whether there were enough for the search to be prepared."""
        self._events += events
        return self._events > ENOUGH_TO_PREPARE

    def of(self, content: bytes) -> bool:
        """Tell whether some JSON certainly holds none of the words."""
        heard: list[int] = []

        def hear(number: int, *_: object) -> bool:
            heard.append(number)
            return True  # one is enough

        database, terminated = self._search
        try:
            database.scan(content, match_event_handler=hear)
        except terminated:
            return False
        return not heard

    @cached_property
    def _search(self) -> tuple[Any, type[Exception]]:
        """The database of words, and what a search that is ended early raises."""
        # Late: few rules have keywords. Compiled anew in each process, since it depends on the processor.
        import hyperscan

        plain = all(word.isascii() for word in self._words)
        letters = b"|".join(letter.encode() for letter in LOOKALIKES) if plain else rb"[\x80-\xff]"
        unclear = [ESCAPES, letters]
        expressions = [re.escape(orjson.dumps(word)[1:-1]) for word in sorted(self._words) if word.isascii()]
        once = hyperscan.HS_FLAG_SINGLEMATCH
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=[*unclear, *expressions],
            ids=list(range(len(unclear) + len(expressions))),
            flags=[once] * len(unclear) + [once | hyperscan.HS_FLAG_CASELESS] * len(expressions),
        )
        return database, hyperscan.ScanTerminated


def silence(words: frozenset[str]) -> Silence:
    """Return the silence of some words; it is for this thread alone."""
    return _silence(words, threading.get_ident())


@lru_cache(maxsize=MAX_SETS)
def _silence(words: frozenset[str], thread: int) -> Silence:  # noqa: ARG001 - only tells one from another
    return Silence(words)
