"""Calling somebody for a seat, as a pure question: by which methods, after how long the next one, and who comes then.

No database and no clock: `actions.paging` keeps what this decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

LONGEST_ADDRESS = 500
"""Characters of an address that the outbox keeps whole."""
SHORTEST_WAIT = timedelta(seconds=30)
LONGEST_GAP = timedelta(minutes=5)
DEFAULT_PATIENCE = {1: timedelta(minutes=5), 2: timedelta(minutes=15), 3: timedelta(hours=1), 4: timedelta(hours=8)}
"""How long one person is waited for where the plan has no escalation rule for a severity: the starter plan's times."""
BY_HAND = ("phone", "radio", "in_person")
CODE_DIGITS = 6
_CODE = re.compile(r"(?<![0-9])([0-9]{3})[ -]?([0-9]{3})(?![0-9])")


@dataclass(frozen=True)
class Round:
    """What is tried at one moment: at most one method that a machine can deliver, and those before it that a human
    has to ring. Numbers are places in the person's list of methods.
    """

    machine: int | None
    hand: tuple[int, ...]


@dataclass(frozen=True)
class Effort:
    """Where a paging stands: the person on the ladder, how many people it has, how many rounds this person was given
    of how many, how long one person is waited for, and whether this one said that they cannot come.
    """

    rung: int
    people: int
    tried: int
    rounds: int
    patience: timedelta
    declined: bool = False


@dataclass(frozen=True)
class Try:
    """Give the person at hand round number `round`, then wait `wait`."""

    round: int
    wait: timedelta


@dataclass(frozen=True)
class Pass:
    """Nobody answered in time: the person at place `rung` of the ladder comes next."""

    rung: int


@dataclass(frozen=True)
class GiveUp:
    """There is nobody left to call."""


Step = Try | Pass | GiveUp


def by_hand(method: Mapping[str, str]) -> bool:
    """Whether only a human can use this method: no machine here speaks on a telephone.

    A voice gateway has an Apprise URL, so a `phone` with such a URL is delivered by machine.
    """
    scheme = method["url"].partition(":")[0].lower()
    return scheme == "tel" or (method["kind"] in BY_HAND and "://" not in method["url"])


def rounds(methods: Sequence[Mapping[str, str]]) -> list[Round]:
    """The methods in their order, as rounds: one machine's method each, with the human ones that stand before it.

    Waiting between a number that nobody may be there to ring and the mail that follows it would lose minutes.
    Human methods after the last machine's go with that one. Without any machine's method they are one round.
    """
    found: list[Round] = []
    hand: list[int] = []
    for place, method in enumerate(methods):
        if by_hand(method):
            hand.append(place)
        else:
            found.append(Round(place, tuple(hand)))
            hand = []
    if hand and found:
        found[-1] = Round(found[-1].machine, (*found[-1].hand, *hand))
    elif hand:
        found.append(Round(None, tuple(hand)))
    return found


def gap(patience: timedelta, count: int) -> timedelta:
    """How long after one round the next is given: all within the first half of the time, 30 s to 5 min apart."""
    if count < 2:
        return timedelta(0)
    return min(max(patience / 2 / (count - 1), SHORTEST_WAIT), LONGEST_GAP)


def whole_wait(patience: timedelta, count: int) -> timedelta:
    """How long one person is waited for: the plan's time, and at least 30 s after the last of their methods."""
    return max(patience, gap(patience, count) * max(count - 1, 0) + SHORTEST_WAIT)


def next_step(at: Effort) -> Step:
    """What comes next when the wait is over. Who has no method, or cannot come, is passed over at once."""
    if at.tried < at.rounds and not at.declined:
        apart = gap(at.patience, at.rounds)
        last = at.tried == at.rounds - 1
        return Try(at.tried, whole_wait(at.patience, at.rounds) - apart * at.tried if last else apart)
    return Pass(at.rung + 1) if at.rung + 1 < at.people else GiveUp()


def codes_in(text: str) -> list[str]:
    """The reply codes that somebody's answer may hold: six digits, alone or as three and three, in reading order."""
    return [a + b for a, b in _CODE.findall(text)][:5]
