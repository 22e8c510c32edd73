"""The spans of time in which a correlation holds for one group of matches, and for how long it goes on.

A condition is asked of each window: the matches of a span no longer than the timespan that no earlier or later match
could join. So `lt: 3` is not true of a burst only because it has a beginning. Windows that hold and share matches are
one stretch: a thousand failed logons within an hour are one finding and not a thousand. A window reaches over the
whole timespan, both ends included. https://github.com/SigmaHQ/sigma-specification (correlation rules, version 2.1)
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple, Protocol

from tocsin.lab.sigma.compiled import Correlation
from tocsin.lab.sigma.expression import Node

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"lt": lt, "lte": le, "gt": gt, "gte": ge, "eq": eq, "neq": ne}
MICROSECONDS = 1_000_000


class Moment(NamedTuple):
    """A match: its time in microseconds, the place of its rule in the correlation, what tells it from others, and its
    value (a text to be counted, or a number)."""

    time: int
    place: int
    key: int
    value: Hashable | Fraction | None = None


class Stretch(NamedTuple):
    """Matches `first` to `last`, by index, in whose windows the condition held; from match `met` on that is known.
    `value` is the highest that was measured in a window (the lowest where the condition asks for little)."""

    first: int
    last: int
    met: int
    value: float


class Measure(Protocol):
    """Something measured over the matches that are in a window."""

    def add(self, moment: Moment) -> None:
        """Take a match in."""

    def remove(self, moment: Moment) -> None:
        """Let a match go."""

    def value(self) -> Any:
        """Return what is measured now."""


class Count:
    """The number of matches."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, _: Moment) -> None:
        """Take a match in."""
        self._count += 1

    def remove(self, _: Moment) -> None:
        """Let a match go."""
        self._count -= 1

    def value(self) -> int:
        """Return the number."""
        return self._count


class Distinct:
    """The number of different values, or of different rules."""

    def __init__(self, of: str) -> None:
        self._of = of
        self.seen: Counter[Hashable] = Counter()

    def add(self, moment: Moment) -> None:
        """Take a match in."""
        self.seen[getattr(moment, self._of)] += 1

    def remove(self, moment: Moment) -> None:
        """Let a match go."""
        what = getattr(moment, self._of)
        self.seen[what] -= 1
        if not self.seen[what]:
            del self.seen[what]

    def value(self) -> int:
        """Return the number."""
        return len(self.seen)


class Presence(Distinct):
    """Whether a condition over rules is true of the rules that matched."""

    def __init__(self, tree: Node) -> None:
        super().__init__("place")
        self._tree = tree

    def value(self) -> int:
        """Return 1 where it is."""
        return int(_true(self._tree, self.seen))


class Total:
    """The sum of values, or their mean."""

    def __init__(self, mean: bool) -> None:
        self._mean = mean
        self._sum = Fraction(0)
        self._count = 0

    def add(self, moment: Moment) -> None:
        """Take a match in."""
        self._sum += _number(moment)
        self._count += 1

    def remove(self, moment: Moment) -> None:
        """Let a match go."""
        self._sum -= _number(moment)
        self._count -= 1

    def value(self) -> Fraction:
        """Return the sum or mean."""
        return self._sum / self._count if self._mean else self._sum


class Percentile:
    """The value below which a share of the values lies, between two of them in proportion."""

    def __init__(self, percent: float) -> None:
        self._share = Fraction(percent) / 100
        self._values: list[Fraction] = []

    def add(self, moment: Moment) -> None:
        """Take a match in."""
        insort(self._values, _number(moment))

    def remove(self, moment: Moment) -> None:
        """Let a match go."""
        del self._values[bisect_left(self._values, _number(moment))]

    def value(self) -> Fraction:
        """Return the value."""
        place = self._share * (len(self._values) - 1)
        whole = int(place)
        if whole + 1 >= len(self._values):
            return self._values[-1]
        return self._values[whole] + (place - whole) * (self._values[whole + 1] - self._values[whole])


def stretches(correlation: Correlation, moments: Sequence[Moment]) -> list[Stretch]:
    """Return the stretches in which a correlation holds for a group's matches, which stand in the order of their times
    (and of their rules, where times are equal)."""
    span = correlation.seconds * MICROSECONDS
    if correlation.type == "temporal_ordered":
        if correlation.tree is not None:
            return _in_order_by_tree(correlation.tree, moments, span)
        return _in_order(correlation, moments, span)
    return _sliding(correlation, moments, span)


def _measure(correlation: Correlation) -> Measure:
    match correlation.type:
        case "event_count":
            return Count()
        case "value_count":
            return Distinct("value")
        case "temporal":
            return Distinct("place") if correlation.tree is None else Presence(correlation.tree)
        case "value_sum" | "value_avg":
            return Total(mean=correlation.type == "value_avg")
        case "value_median":
            return Percentile(50)
        case _:
            return Percentile(correlation.percentile or 0)


def _sliding(correlation: Correlation, moments: Sequence[Moment], span: int) -> list[Stretch]:
    def holds(value: Any) -> bool:
        if correlation.tree is not None:
            return bool(value)
        return all(COMPARISONS[name](value, number) for name, number in correlation.comparisons)

    measure = _measure(correlation)
    asks_much = all(name in ("gt", "gte") for name, _ in correlation.comparisons)
    highest = max if asks_much or correlation.tree is not None else min
    found: list[Stretch] = []
    last = -1
    for first, moment in enumerate(moments):
        before = last
        while last + 1 < len(moments) and moments[last + 1].time - moment.time <= span:
            last += 1
            measure.add(moments[last])
        if last > before and holds(value := measure.value()):
            if found and first <= found[-1].last:
                known = found[-1]
                found[-1] = known._replace(last=last, value=highest(known.value, float(value)))
            else:
                met = _met(_measure(correlation), moments[first : last + 1], holds) if asks_much else last - first
                found.append(Stretch(first, last, first + met, float(value)))
        measure.remove(moment)
    return found


def _met(measure: Measure, moments: Sequence[Moment], holds: Callable[[Any], bool]) -> int:
    """Return from which of the matches on a condition holds that holds for all of them."""
    for place, moment in enumerate(moments):
        measure.add(moment)
        if holds(measure.value()):
            return place
    return len(moments) - 1


def _in_order(correlation: Correlation, moments: Sequence[Moment], span: int) -> list[Stretch]:
    """Return the stretches in which rules matched in their order: as many of them as are asked for.

    Keeps for each number of rules, and each last one of them, where the latest such sequence begins, since what begins
    latest is what fits into the timespan if anything does.
    """
    rules = len(correlation.rules)
    latest = [[-1] * rules for _ in range(rules + 1)]
    found: list[Stretch] = []
    for index, moment in enumerate(moments):
        place, value, first = moment.place, 0, index
        for length in range(1, place + 2):
            begin = index if length == 1 else max(latest[length - 1][:place])
            if begin < 0:
                break
            latest[length][place] = max(latest[length][place], begin)
            if moment.time - moments[begin].time <= span:
                value, first = length, begin
        if value and all(COMPARISONS[name](value, number) for name, number in correlation.comparisons):
            _extend(found, Stretch(first, index, index, value))
    return found


def _in_order_by_tree(tree: Node, moments: Sequence[Moment], span: int) -> list[Stretch]:
    """Return the windows in which a condition over rules is true with its parts in order: in `a and b` b comes after
    a."""
    times: dict[int, list[int]] = {}
    for moment in moments:
        times.setdefault(moment.place, []).append(moment.time)
    found: list[Stretch] = []
    last = -1
    for first, moment in enumerate(moments):
        before = last
        while last + 1 < len(moments) and moments[last + 1].time - moment.time <= span:
            last += 1
        if last > before and _completed(tree, times, moment.time, moments[last].time) is not None:
            _extend(found, Stretch(first, last, last, 1))
    return found


def _extend(found: list[Stretch], stretch: Stretch) -> None:
    """Add a stretch to those before, or to the last one where they share a match."""
    if found and stretch.first <= found[-1].last:
        known = found[-1]
        found[-1] = Stretch(min(known.first, stretch.first), stretch.last, known.met, max(known.value, stretch.value))
    else:
        found.append(stretch)


def _completed(tree: Node, times: dict[int, list[int]], begin: int, end: int) -> int | None:
    """Return when a condition is first true of what happened from a time to another one; None where it never is."""
    if isinstance(tree, int):
        of_rule = times.get(tree, [])
        place = bisect_left(of_rule, begin)
        return of_rule[place] if place < len(of_rule) and of_rule[place] <= end else None
    operation, *parts = tree
    if operation == "not":
        return begin if _completed(parts[0], times, begin, end) is None else None
    if operation == "or":
        known = [time for part in parts if (time := _completed(part, times, begin, end)) is not None]
        return min(known, default=None)
    moment: int | None = begin
    for part in parts:
        if moment is None:
            return None
        moment = _completed(part, times, moment, end)
    return moment


def _true(tree: Node, seen: Counter[Hashable]) -> bool:
    if isinstance(tree, int):
        return tree in seen
    operation, *parts = tree
    if operation == "not":
        return not _true(parts[0], seen)
    return (all if operation == "and" else any)(_true(part, seen) for part in parts)


def _number(moment: Moment) -> Fraction:
    return moment.value if isinstance(moment.value, Fraction) else Fraction(0)
