"""The timeline figure: lanes, marks and labels laid out once, in millimetres, for the PDF and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.reports import axis as axes
from tocsin.reports.attack import LANES, ORDER, Lane
from tocsin.reports.data import Cite, Timeline, TimelineEvent
from tocsin.reports.text import Rich

MOST_MARKS = 40  # more than fits one page of figure and list is not read
NAMES, WIDTH, TOP, LANE, RADIUS = 31.0, 137.0, 9.0, 6.4, 1.75  # mm; NAMES + WIDTH is the text width of A4
_APART = 2 * RADIUS + 0.3
_LETTER, _CAPITAL = 1.14, 1.6  # mm, the mean width of a letter at label size, on the generous side
TIMES = "\u00d7"
_LONGEST = 30  # letters of a label


@dataclass(frozen=True)
class Mark:
    """One numbered mark. x: its middle; true_x: its place in time, where marks crowd; x_end: of its bar."""

    n: int
    lane: Lane
    y: float
    x: float
    true_x: float
    x_end: float | None
    label: str
    label_x: float | None
    events: tuple[TimelineEvent, ...]
    count: int

    @property
    def cites(self) -> tuple[Cite, ...]:
        """The sources of all its events, each once."""
        return tuple(dict.fromkeys(cite for event in self.events for cite in event.cites))

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """What it holds, most frequent first: label and count."""
        tally: Counter[str] = Counter()
        for event in self.events:
            tally[event.label] += event.count
        return tally.most_common()

    @property
    def techniques(self) -> list[str]:
        """The techniques named by its events, each once."""
        return list(dict.fromkeys(event.technique for event in self.events if event.technique))


@dataclass(frozen=True)
class Figure:
    """The whole figure. `total`: events behind the marks."""

    axis: axes.Axis
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    rules: tuple[tuple[float, str], ...]
    total: int

    @property
    def height(self) -> float:
        """Millimetres from the top of the axis to the foot of the last lane."""
        return TOP + LANE * len(self.lanes)


def draw(timeline: Timeline) -> Figure | None:
    """Lay out `timeline`; None when there is nothing to draw."""
    if not timeline.events:
        return None
    axis = choose_axis(timeline)
    used = {event.lane for event in timeline.events}
    shown = tuple(lane for lane in LANES.values() if lane.id in used or lane.group == "responder")
    groups = _grouped(timeline.events, axis)
    numbered = sorted(groups, key=lambda g: (g[0].t, ORDER[g[0].lane]))
    marks: list[Mark] = []
    for row, lane in enumerate(shown):
        own = [(n, g) for n, g in enumerate(numbered, 1) if g[0].lane == lane.id]
        marks += _lane(own, lane, TOP + LANE * row, axis)
    rules = tuple((axis.x(rule.t) * WIDTH, rule.label) for rule in timeline.rules)
    total = sum(event.count for event in timeline.events)
    return Figure(axis, shown, tuple(sorted(marks, key=lambda m: m.n)), _spread(rules), total)


def choose_axis(timeline: Timeline) -> axes.Axis:
    """Return the axis for all times in `timeline`, ends and rules included."""
    times = [event.t for event in timeline.events] + [event.end for event in timeline.events if event.end]
    return axes.choose(times + [rule.t for rule in timeline.rules])


def _grouped(events: Sequence[TimelineEvent], axis: axes.Axis) -> list[list[TimelineEvent]]:
    """Put events of one lane that would fall on each other into one mark, coarser until few enough remain."""
    ordered = sorted(events, key=lambda e: e.t)
    width = 0.0
    while True:
        groups: dict[tuple[str, str, float], list[TimelineEvent]] = {}
        for _i, event in enumerate(ordered):
            place = axis.x(event.t) * WIDTH
            # like events within a mark's breadth are always one; unlike ones only when there are too many
            key = (event.lane, "", place // width) if width else (event.lane, event.label, place // _APART)
            groups.setdefault(key, []).append(event)
        most = max(Counter(lane for lane, _, _ in groups).values())
        if (len(groups) <= MOST_MARKS and most * _APART < WIDTH) or width > WIDTH:
            return list(groups.values())
        width = width * 1.5 if width else _APART


def _lane(own: list[tuple[int, list[TimelineEvent]]], lane: Lane, y: float, axis: axes.Axis) -> list[Mark]:
    """Place the marks of one lane so that none lies on another, and the labels where there is room."""
    true = [axis.x(group[0].t) * WIDTH for _, group in own]
    xs = _pushed(true)
    marks, free = [], 0.0
    for j, (n, group) in enumerate(own):
        ends = [axis.x(event.end) * WIDTH for event in group if event.end]
        end = max(ends) if ends and max(ends) > true[j] + 0.6 else None
        label = _label(group)
        after = xs[j + 1] - RADIUS if j + 1 < len(xs) else WIDTH
        right = max(xs[j] + RADIUS, end or 0.0)
        at = _room(label, (free, xs[j], right, after))
        ends_at = (at + _breadth(label)) if at is not None and at > xs[j] else xs[j] + RADIUS
        free = max(ends_at, right)
        count = sum(event.count for event in group)
        marks.append(Mark(n, lane, y, xs[j], true[j], end, label, at, tuple(group), count))
    return marks


def _room(label: str, room: tuple[float, float, float, float]) -> float | None:
    """Return where `label` fits: after the bar, on the bar, before the mark, or nowhere."""
    free, x, right, after = room
    width = _breadth(label)
    if after - right > width + 1.2:
        return right + 0.9
    if right > x + RADIUS and after - x - RADIUS > width + 1.2:
        return x + RADIUS + 0.9
    if x - RADIUS - free > width + 1.6:
        return x - RADIUS - 0.9 - width
    return None


def _breadth(label: str) -> float:
    """Return about how wide a label is set, in millimetres; the real width is known only to what sets it."""
    return sum(_CAPITAL if letter.isupper() or letter in "mw%@" else _LETTER for letter in label)


def _pushed(true: list[float]) -> list[float]:
    """Return places at least a mark apart, as near to the true ones as the edges allow."""
    xs: list[float] = []
    for x in true:
        xs.append(max(x, RADIUS, xs[-1] + _APART if xs else 0.0))
    limit = WIDTH - RADIUS - 0.2
    for j in reversed(range(len(xs))):
        xs[j] = min(xs[j], limit)
        limit = xs[j] - _APART
    return xs


def _label(group: list[TimelineEvent]) -> str:
    labels = Counter[str]()
    for event in group:
        labels[event.label] += event.count
    count = sum(labels.values())
    (most, _), kinds = labels.most_common(1)[0], len(labels)
    tail = f" +{kinds - 1}" if kinds > 1 else f" {TIMES}{count}" if count > 1 else ""
    room = _LONGEST - len(tail)
    return (most if len(most) <= room else most[: room - 1].rstrip() + "…") + tail


def _spread(rules: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
    """Drop the words of a rule that would lie on its neighbour's."""
    out: list[tuple[float, str]] = []
    edge = -1e9
    for x, label in sorted(rules):
        half = _breadth(label) / 2
        clear = x - half > edge
        out.append((x, label if clear else ""))
        edge = x + half + 1 if clear else edge
    return tuple(out)


def sentence(mark: Mark, most: int = 3) -> Rich:
    """Return what a mark stands for as one sentence."""
    kinds = mark.kinds
    if len(kinds) == 1:
        text = mark.events[0].text
        return (*text, f" ({TIMES}{mark.count:,})") if mark.count > 1 else text
    named = [f"{label} ({TIMES}{count:,})" if count > 1 else label for label, count in kinds[:most]]
    rest = len(kinds) - most
    tail = f"; and {rest:,} more kind{'s' if rest > 1 else ''}" if rest > 0 else ""
    return (f"{mark.count:,} events of {len(kinds)} kinds: ", "; ".join(named) + tail)
