"""Drawings of the evidence: how many events there are over time, and who logged on from where to where."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from tocsin.lab.analyses.answer import span_words
from tocsin.lab.lake import Histogram, Lake

BARS, FINE = 90, 600
"""Bars that a histogram may have, and spans to look for the empty ones that it leaves out."""
MOST_EMPTY = 4
"""Empty spans in a row from which on they are drawn as one gap."""
BULK, NARROW = 0.9, 0.1
"""A histogram is narrowed to the part of the time that has this share of the events where it is this short."""
LABELS = 9
"""Least percent of the width between two times written under a histogram."""

MOST_NODES = 24
"""Hosts of a graph; the styles that highlight one know as many."""
MOST_LINES = 100
MOST_ORIGINS = 9
"""Hosts that nobody reached; the quieter ones beyond are drawn as one."""
MOST_WAYS = 3
"""Ways of lateral movement that are highlighted."""
SWEEPS = 6
ROW, MARGIN, BOX = 36, 16, (208, 26)
"""Distance of the rows, the edge, and the size of a host's box, in units of the drawing."""
COLUMNS = {1: 620, 2: 460}
"""Distance of the columns where there are few."""
COLUMN = 340
Lines = dict[tuple[str, str], dict[str, Any]]


def stamp(moment: datetime) -> str:
    """Return a time as the search language writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def said(moment: datetime) -> str:
    """Return a time as pages say it, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def histogram_of(lake: Lake, query: str) -> tuple[Histogram, list[dict[str, Any]]]:
    """Return the events over time, narrowed to where nearly all of them lie, and what lies outside of it.

    A few wrong clocks or old files would else push all that happened into one bar. Raises QueryError, LakeError.
    """
    shown, outside = lake.histogram(query, FINE), []
    untimed = shown.untimed
    for _round in range(4):
        part = _bulk(shown.counts)
        if part is None:
            break
        start, end = shown.counts[part[0]][0], shown.counts[part[1]][0] + shown.step
        before, after = sum(n for at, n in shown.counts if at < start), sum(n for at, n in shown.counts if at >= end)
        if before:
            outside.append({"count": before, "earlier": True, "narrow": f"time:<{stamp(start)}"})
        if after:
            outside.append({"count": after, "earlier": False, "narrow": f"time:>={stamp(end)}"})
        query = f"time:>={stamp(start)} time:<{stamp(end)}" + (f" ({query})" if query else "")
        shown = lake.histogram(query, FINE)
    if len(_spans(shown)) > BARS:
        shown = lake.histogram(query, BARS)
    return Histogram(shown.step, shown.counts, untimed), outside


def _bulk(counts: Sequence[tuple[datetime, int]]) -> tuple[int, int] | None:
    """Return the first and last of the fewest spans that hold nearly all events, None where those are not few."""
    total, most = sum(n for _, n in counts), int(len(counts) * NARROW)
    if total < BARS or most < 1:
        return None
    first, inside, best = 0, 0, None
    for last, (_at, count) in enumerate(counts):
        inside += count
        while inside - counts[first][1] >= total * BULK:
            inside -= counts[first][1]
            first += 1
        if inside >= total * BULK and (best is None or last - first < best[1] - best[0]):
            best = (first, last)
    return best if best and best[1] - best[0] < most else None


def _spans(histogram: Histogram) -> list[tuple[datetime, datetime, int]]:
    """Return start, end and count of the spans to draw; a long row of empty ones is one, with the count -1."""
    drawn: list[tuple[datetime, datetime, int]] = []
    empty: list[tuple[datetime, datetime, int]] = []
    for start, count in [*histogram.counts, (histogram.counts[-1][0], 1)] if histogram.counts else ():
        span = (start, start + histogram.step, count)
        if not count:
            empty.append(span)
            continue
        drawn += [(empty[0][0], empty[-1][1], -1)] if len(empty) >= MOST_EMPTY else empty
        drawn, empty = [*drawn, span], []
    return drawn[:-1]


def bars(histogram: Histogram, height: int = 64) -> dict[str, Any] | None:
    """Return a histogram as bars, each with the time that a click narrows to; None where nothing has a time.

    Places and widths are percent of the width, heights are pixels.
    """
    spans = _spans(histogram)
    if not spans:
        return None
    highest = max(count for *_span, count in spans)
    width = min(100 / len(spans), 9.0)
    drawn, labels, labelled = [], [], -math.inf
    for number, (start, end, count) in enumerate(spans):
        size = max(3.0, height * count / highest) if count > 0 else 0.0
        x = number * width
        drawn.append({
            "x": round(x, 3), "y": round(height - size, 1), "w": round(width * 0.9, 3), "h": round(size, 1),
            "count": max(count, 0), "gap": span_words((end - start).total_seconds()) if count < 0 else "",
            "start": said(start), "narrow": f"time:>={stamp(start)} time:<{stamp(end)}",
        })  # fmt: skip
        after_gap = number == 0 or spans[number - 1][2] < 0
        if count > 0 and x - labelled >= LABELS and (after_gap or x - labelled >= 2 * LABELS) and x <= 100 - LABELS:
            labels.append({"x": round(x, 3), "text": start.strftime(_label(histogram.step))})
            labelled = x
    return {"bars": drawn, "labels": labels, "first": said(spans[0][0]), "last": said(spans[-1][1]), "height": height,
            "highest": highest, "step_words": span_words(histogram.step.total_seconds())}  # fmt: skip


def _label(step: timedelta) -> str:
    return "%Y-%m-%d" if step >= timedelta(days=1) else "%d %b %H:%M" if step >= timedelta(minutes=1) else "%H:%M:%S"


def logon_graph(edges: Iterable[Any], ways: Iterable[Any] = ()) -> dict[str, Any] | None:
    """Return boxes and lines of the logons from one host to another; None where there are none.

    `ways` are paths that somebody may have moved along: their hosts stay, their lines are numbered in order.
    The busiest hosts are drawn, `left_out` says how many are not.
    """
    every = [edge for edge in edges if edge.source and edge.source != edge.target]
    steps = _steps_of(ways)
    members = _together(every, {host for ends in steps for host in ends})
    lines = _lines(every, {source: name for name, sources in members.items() for source in sources})
    if not lines:
        return None
    weight: Counter[str] = Counter()
    for (source, target), line in lines.items():
        for name in (source, target):
            weight[name] += line["count"] + (1_000_000_000 if (source, target) in steps else 0)
    nodes = {name for name, _ in weight.most_common(MOST_NODES)}
    kept = {ends: line for ends, line in lines.items() if set(ends) <= nodes}
    by_count = sorted(kept.items(), key=lambda item: (item[0] not in steps, -item[1]["count"]))
    chosen = dict(by_count[:MOST_LINES])
    columns = _columns(nodes, chosen)
    places = _places(columns, weight, chosen)
    numbers = {name: number for number, name in enumerate(places)}
    return {
        "nodes": [_node(numbers[name], name, place, members.get(name, ())) for name, place in places.items()],
        "lines": [_line(places, numbers, ends, line, steps.get(ends)) for ends, line in reversed(chosen.items())],
        "width": max(x for x, _y in places.values()) + BOX[0] + 48 + MARGIN,
        "height": MARGIN * 2 + ROW * max(Counter(columns.values()).values()),
        "box": {"w": BOX[0], "h": BOX[1]},
        "ways": len(steps),
        "left_out": len(weight) - len(nodes),
    }


def _steps_of(ways: Iterable[Any]) -> dict[tuple[str, str], int]:
    """Return the lines of the first ways with their place in the way, counted from 1."""
    found: dict[tuple[str, str], int] = {}
    for way in list(ways)[:MOST_WAYS]:
        for number, hop in enumerate(way.hops, 1):
            if hop.source and hop.source != hop.target:
                found.setdefault((hop.source, hop.target), number)
    return found


def _lines(edges: list[Any], names: dict[str, str]) -> Lines:
    lines: Lines = {}
    for edge in edges:
        line = lines.setdefault(
            (names.get(edge.source, edge.source), edge.target),
            {"count": 0, "failed": 0, "accounts": Counter(), "first": edge.first},
        )
        line["count"] += edge.count
        line["failed"] += edge.failed
        line["accounts"][edge.account] += edge.count
        line["first"] = min(line["first"], edge.first)
    return lines


def _together(edges: list[Any], alone: set[str]) -> dict[str, list[str]]:
    """Return the sources that are drawn as one, by the name of that one.

    They were reached by nobody, are on no way in `alone`, and reached the same hosts, or are the quieter ones of many.
    Who only failed stays by itself: guessing passwords is what one looks for.
    """
    reached: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for edge in edges:
        reached.setdefault(edge.source, set()).add(edge.target)
        counts[edge.source] += edge.count
        failed[edge.source] += edge.failed
    targets = {edge.target for edge in edges}
    alike: dict[frozenset[str], list[str]] = {}
    for source in sorted(reached):
        if source not in targets | alone and failed[source] < counts[source]:
            alike.setdefault(frozenset(reached[source]), []).append(source)
    groups = sorted(alike.values(), key=lambda sources: -sum(counts[one] for one in sources))
    quiet = [source for group in groups[MOST_ORIGINS:] for source in group]
    made = {
        _("%(count)d hosts like %(name)s") % {"count": len(group), "name": group[0]}: group
        for group in groups[:MOST_ORIGINS]
        if len(group) > 1
    }
    return {**made, **({_("%d other hosts") % len(quiet): quiet} if len(quiet) > 1 else {})}


def _columns(nodes: set[str], lines: Lines) -> dict[str, int]:
    """Return each host's column: 0 for those that nobody reached, then one further than the first that reached it."""
    columns: dict[str, int] = {}
    by_time = sorted(lines.items(), key=lambda item: item[1]["first"])
    reached = {target for _source, target in lines}
    for name in sorted(nodes):
        if name not in reached:
            columns[name] = 0
    for (source, target), _made in by_time:
        columns.setdefault(source, 0)
        columns.setdefault(target, min(columns[source] + 1, 5))
    for name in nodes:
        columns.setdefault(name, 0)
    return columns


def _places(columns: dict[str, int], weight: Counter[str], lines: Lines) -> dict[str, tuple[int, int]]:
    """Return where each host stands: each one at the middle of those that it has to do with, so that fewer lines cross."""
    order: dict[int, list[str]] = {}
    for name in sorted(columns, key=lambda one: (columns[one], -weight[one], one)):
        order.setdefault(columns[name], []).append(name)
    near: dict[str, list[str]] = {name: [] for name in columns}
    for source, target in lines:
        near[source].append(target)
        near[target].append(source)
    most = max(len(names) for names in order.values())

    def heights() -> dict[str, float]:
        return {name: row + (most - len(names)) / 2 for names in order.values() for row, name in enumerate(names)}

    for sweep in range(SWEEPS):
        for column in sorted(order, reverse=bool(sweep % 2)):
            at = heights()
            middle = {one: sum(at[other] for other in near[one]) / len(near[one]) if near[one] else at[one]
                      for one in order[column]}  # fmt: skip
            order[column].sort(key=lambda one: (middle[one], one))
    at = heights()
    wide = COLUMNS.get(max(order), COLUMN)
    return {name: (MARGIN + wide * column, MARGIN + round(ROW * at[name]))
            for column, names in sorted(order.items()) for name in names}  # fmt: skip


def _node(number: int, name: str, place: tuple[int, int], members: Sequence[str]) -> dict[str, Any]:
    said = ", ".join(members[:12]) + (f" +{len(members) - 12}" if len(members) > 12 else "")
    return {"n": number, "name": name, "x": place[0], "y": place[1], "title": said or name, "many": bool(members)}


def _line(
    places: dict[str, tuple[int, int]],
    numbers: dict[str, int],
    ends: tuple[str, str],
    line: dict[str, Any],
    step: int | None,
) -> dict[str, Any]:
    (x1, y1), (x2, y2) = places[ends[0]], places[ends[1]]
    start, end = (x1 + BOX[0], y1 + BOX[1] // 2), (x2, y2 + BOX[1] // 2)
    if x2 <= x1:  # back, or within a column: around the right side
        end = (x2 + BOX[0], y2 + BOX[1] // 2)
        bend = max(start[0], end[0]) + 44
        path = f"M{start[0]} {start[1]}C{bend} {start[1]} {bend} {end[1]} {end[0]} {end[1]}"
        label = (bend - 12, (start[1] + end[1]) // 2)
    else:
        middle = (start[0] + end[0]) // 2
        path = f"M{start[0]} {start[1]}C{middle} {start[1]} {middle} {end[1]} {end[0]} {end[1]}"
        label = (middle, (start[1] + end[1]) // 2)
    accounts = ", ".join(f"{name} ({count})" for name, count in line["accounts"].most_common(4))
    width = min(5, 1 + len(str(line["count"])))
    return {"path": path, "from": ends[0], "to": ends[1], "accounts": accounts, "count": line["count"],
            "failed": line["failed"], "width": width, "all_failed": line["failed"] >= line["count"],
            "ends": f"{numbers[ends[0]]} {numbers[ends[1]]}", "step": step, "x": label[0], "y": label[1]}  # fmt: skip


def detected_on(processes: Iterable[Any], rows: Iterable[Any]) -> dict[int, tuple[str, list[str]]]:
    """Return the gravest level and the titles of what was detected on processes, by the processes' ids.

    `rows` are detections, the gravest first; they name their process by the GUID that Sysmon gives each.
    """
    by_guid = {process.guid.lower(): process.id for process in processes if process.guid}
    found: dict[int, tuple[str, list[str]]] = {}
    for row in rows:
        if one := by_guid.get(str(row.fields.get("ProcessGuid", "")).lower()):
            titles = found.setdefault(one, (row.level, []))[1]
            if row.title not in titles:
                titles.append(row.title)
    return found
