"""The figures as numbers to draw: the timeline's marks, the cover's pulse, the growth of the scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tocsin.reports import axis as axes
from tocsin.reports import figure
from tocsin.reports.attack import LANES
from tocsin.reports.data import GrowthPoint, Timeline
from tocsin.reports.text import Code

View = dict[str, Any]

STROKES = 150  # across the cover
STATES = ("recovered", "eradicated", "contained", "confirmed", "suspected")  # from the bottom up


def axis_view(axis: axes.Axis) -> View:
    """Return the pieces of an axis, places as shares of its width."""
    return {
        "note": axis.note,
        "segments": [
            {
                "x0": s.x0,
                "x1": s.x1,
                "cut": s.cut,
                "title": s.title,
                "ticks": [{"x": tick.x, "label": tick.label} for tick in s.ticks],
            }
            for s in axis.segments
        ],
    }


def figure_view(drawn: figure.Figure | None, tie: Callable[[Sequence[str]], list[Any]]) -> View | None:
    """Return the timeline figure and the list below it; millimetres, from the top left."""
    if drawn is None:
        return None
    return {
        "axis": axis_view(drawn.axis),
        "names": figure.NAMES,
        "width": figure.WIDTH,
        "top": figure.TOP,
        "lane": figure.LANE,
        "radius": figure.RADIUS,
        "height": drawn.height,
        "total": drawn.total,
        "grouped": any(mark.count > 1 for mark in drawn.marks),
        "lanes": [
            {"label": lane.label, "group": lane.group, "y": figure.TOP + figure.LANE * i}
            for i, lane in enumerate(drawn.lanes)
        ],
        "rules": [{"x": x, "label": label} for x, label in drawn.rules],
        "marks": [_mark(mark, tie) for mark in drawn.marks],
    }


def _mark(mark: figure.Mark, tie: Callable[[Sequence[str]], list[Any]]) -> View:
    return {
        "n": mark.n,
        "group": mark.lane.group,
        "y": mark.y,
        "x": mark.x,
        "true_x": mark.true_x if abs(mark.x - mark.true_x) > 0.3 else None,
        "bar": [mark.true_x, mark.x_end] if mark.x_end is not None else None,
        "label": mark.label,
        "label_x": mark.label_x,
        "t": mark.events[0].model_dump(mode="json")["t"],
        "text": [run.model_dump() if isinstance(run, Code) else run for run in figure.sentence(mark)],
        "techniques": mark.techniques[:4],
        "cites": tie(mark.cites),
    }


def draw_pulse(timeline: Timeline, declared: datetime) -> View | None:
    """Return the cover's strokes: events in each of STROKES parts of the axis, by group; None without any."""
    if not timeline.events:
        return None
    axis = figure.choose_axis(timeline)
    out: View = {}
    for group in ("attacker", "responder", "notification"):
        times = [e.t for e in timeline.events if LANES[e.lane].group == group for _ in range(min(e.count, 1000))]
        out[group] = axes.bins(axis, times, STROKES)
    first, last = axis.segments[0].start, axis.segments[-1].end
    inside = axis.x(declared) if first <= declared <= last else None
    cuts = [{"x": s.x0, "cut": s.cut} for s in axis.segments[1:]]
    paths = {
        "up": _strokes(out["attacker"], 55.5, -44),
        "down": _strokes(out["responder"], 56.5, 30),
        "out": _strokes([min(n, 1) for n in out["notification"]], 92, 4),
    }
    titles = axis_view(axis)["segments"]
    return out | paths | {"size": STROKES, "declared_x": inside, "cuts": cuts, "titles": titles}


def _strokes(counts: list[int], foot: float, height: float) -> str:
    """Return an SVG path of upright strokes, as high as the root of each count, in a figure 100 high."""
    most = max(1, *counts)
    return "".join(f"M{i + 0.5} {foot}v{height * (n / most) ** 0.5:.2f}" for i, n in enumerate(counts) if n)


def draw_growth(points: Sequence[GrowthPoint], until: datetime) -> View | None:
    """Return the areas of the scope's growth, x and y as shares of the figure; None below two points."""
    ordered = sorted(points, key=lambda p: p.t)
    if len({p.t for p in ordered}) < 2:
        return None
    axis = axes.choose([*(p.t for p in ordered), max(until, ordered[-1].t)])
    totals = [sum(getattr(p, state) for state in STATES) for p in ordered]
    step = _round_step(max(totals))
    top = max(step, -(-max(totals) // step) * step)
    xs = [axis.x(p.t) for p in ordered] + [1.0]
    base, areas = [0] * len(ordered), []
    for state in STATES:
        upper = [b + getattr(p, state) for b, p in zip(base, ordered, strict=True)]
        there = [(x, u / top) for i, u in enumerate(upper) for x in xs[i : i + 2]]
        back = [(x, b / top) for i, b in enumerate(base) for x in xs[i : i + 2]]
        if upper != base:
            areas.append({"state": state, "points": [*there, *reversed(back)]})
        base = upper
    grid = [{"y": v / top, "label": str(v)} for v in range(0, top + 1, step)]
    return {"axis": axis_view(axis), "areas": areas, "grid": grid}


def _round_step(most: int) -> int:
    """Return a step of 1, 2 or 5 times a power of ten that makes at most five parts."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * 5 >= most:
                return factor * power
        power *= 10
