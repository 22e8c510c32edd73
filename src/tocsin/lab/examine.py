"""The work on some parts of files: read their events, match the rules, account for everything. Runs in a
child.

Events are collected by make (see rows.py) over all the parts, since many that are alike cost far less
than the same number of different ones; each finding then goes back to its part.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tocsin.lab.looking import Looking, met_in_rows
from tocsin.lab.record import Record, Tally
from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.unpacking import ArchiveLimits
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.rows import Event, Key, record_of
from tocsin.lab.sources.source import Read

if TYPE_CHECKING:
    from tocsin.lab.sigma.matcher import Matcher

NO_ID = "-"
"""Stands for the event id in the account of sources whose events have none."""
TOO_DEEP = "(nested too deeply to be shown)"
MAX_TOGETHER = 2_048
"""Events that are held and matched together."""


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` (None = the end) of a file; `name` is the file's name as reports show it.

    `artifact` names the query that the file is the result of, where a collection's layout tells.
    """

    path: Path
    name: str
    kind: str
    start: int
    end: int | None
    artifact: str = ""


@dataclass
class Finding:
    """What a part gave: the tally of its events, and those that rules matched, each with the rules' numbers."""

    tally: Tally = field(default_factory=Tally)
    hits: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def count(self, key: Key, events: int) -> None:
        """Count events with a key."""
        by_id = self.tally.events.setdefault(key.channel, {})
        event_id = NO_ID if key.event_id is None else str(key.event_id)
        by_id[event_id] = by_id.get(event_id, 0) + events


class Collection:
    """Events of several parts, collected by make until there are enough to be matched together."""

    def __init__(self, matcher: Matcher, looking: Looking | None = None) -> None:
        self._matcher = matcher
        self._looking = looking if looking and looking.indicators else None
        self._groups: dict[Key, tuple[list[Any], list[int]]] = {}
        self._read = 0
        self._starts: list[int] = []
        self.findings: list[Finding] = []

    def take(self, part: Part) -> None:
        """Read the events of a part."""
        finding = Finding()
        self.findings.append(finding)
        self._starts.append(self._read)
        for key, row in events_of(part, finding.tally):
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = ([], [])
            group[0].append(row)
            group[1].append(self._read)
            self._read += 1
            if not self._read % MAX_TOGETHER:
                self.match()

    def match(self) -> None:
        """Match the events that were collected, and add what is found to the findings of their parts."""
        for key, (events, places) in self._groups.items():
            parts = [bisect_right(self._starts, place) - 1 for place in places]
            for part, count in Counter(parts).items():
                self.findings[part].count(key, count)
            rows = key.make(key, events)
            hits = self._matcher.hits(rows)
            met = met_in_rows(rows, self._looking) if self._looking else {}
            if met:
                hits = sorted({**{index: [] for index in met}, **dict(hits)}.items())
            for index, numbers in hits:
                hit = _hit(rows.record(index), numbers, self._matcher.feeds_correlation(numbers), met.get(index))
                self.findings[parts[index]].hits.append((places[index], hit))
        self._groups.clear()


def prepare() -> bytes:
    """Import what examining takes, and nothing else: a child can do so while the rules are still being read.

    The parent, which only hands out the work, does not need those modules.
    """
    for module in ("sigma.matcher", "sigma.rules", "sources.evtx", "sources.json_values"):
        import_module(f"tocsin.lab.{module}")
    return b""


def examine_each(parts: Sequence[Part], rules: Path, looking: Looking | None = None) -> bytes:
    """Return, as JSON, for each of some parts of files the tally of its events and those that rules matched.

    `rules` is the file of the compiled rules; events in which indicators are met are among them too. The result is the
    same wherever, with whatever others and in whatever order parts are examined. Raises OSError where a file cannot be
    read, ValueError where the compiled rules cannot.
    """
    collection = Collection(matcher_of(rules), looking)
    for part in parts:
        collection.take(part)
    collection.match()
    return orjson.dumps([
        {
            "tally": finding.tally,
            "hits": [hit for _, hit in sorted(finding.hits, key=lambda placed: placed[0])],
        }
        for finding in collection.findings
    ])  # fmt: skip


def open_archive(part: Part, into: Path, limits: ArchiveLimits, budget: int, passwords: Sequence[str]) -> bytes:
    """Unpack a container into a folder that is there and return, as JSON, a list of one: its members, what their names
    say of the collection that they are, and the tally."""
    # Late: few files need it.
    from tocsin.lab.sources.containers.layout import Layout
    from tocsin.lab.sources.containers.opening import open_container

    tally = Tally()
    opened = open_container(part.path, part.kind, part.name, into, tally, limits, budget, passwords)
    layout = opened.layout or Layout("")
    shown = layout.shown([member.name for member in opened.members if not member.same_as])
    members = [
        {
            "name": member.name,
            "path": str(member.path),
            "size": member.size,
            "kind": "" if member.same_as else kinds.kind_of(member.path).name,
            "same_as": member.same_as,
            "original": layout.originals.get(member.name, ""),
            "shown": shown.get(member.name, member.name),
            "artifact": layout.artifacts.get(member.name, ""),
            "is_note": member.name in layout.notes,
        }
        for member in opened.members
    ]
    made = {"tool": layout.tool, "host": layout.host, "collected": layout.collected}
    return orjson.dumps([{"tally": tally, "members": members, "made": made}])


def read_part(part: Part, tally: Tally) -> Iterator[Record]:
    """Yield the records of a part of a file."""
    for event in events_of(part, tally):
        record = record_of(event)
        record.source_file = part.name
        yield record


def events_of(part: Part, tally: Tally) -> Iterator[Event]:
    """Yield the events of a part of a file as its reader gives them; raises OSError where it cannot be read."""
    if part.artifact and part.kind == kinds.JSON:
        from tocsin.lab.sources.velociraptor import read_result  # late: few files need it

        return read_result(part.artifact, part.path, tally, part.start, part.end)
    return _reader(part.kind)(part.path, tally, part.start, part.end)


@cache
def _reader(kind: str) -> Read:
    # Late: see `prepare`.
    if kind == kinds.EVTX:
        from tocsin.lab.sources.evtx import read_evtx

        return read_evtx
    if kind == kinds.JSON:
        from tocsin.lab.sources.json_values import read_json

        return read_json
    return sources()[kind].read


def matcher_of(rules: Path) -> Matcher:
    """Return the matcher of some compiled rules; it remembers what it has seen, and is for this thread alone."""
    return _matcher(rules, threading.get_ident())


@lru_cache(maxsize=8)
def _matcher(rules: Path, thread: int) -> Matcher:  # noqa: ARG001 - only tells one from another
    from tocsin.lab.sigma.matcher import Matcher
    from tocsin.lab.sigma.rules import read_compiled

    return Matcher(read_compiled(rules))


def _hit(
    record: Record, numbers: list[int], correlated: bool, met: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "rules": numbers,
        **({"met": met} if met else {}),
        **({"system": _written(record.system)} if correlated else {}),
        "event": {
            "time": record.time,
            "host": record.host,
            "record_id": record.record_id,
            "event_id": record.event_id,
            "channel": record.channel,
            "fields": _written(record.data),
        },
    }


def _written(fields: dict[str, Any]) -> orjson.Fragment:
    """Return an event's fields as JSON; what is nested deeper than can be written is left out, and says so."""
    try:
        return orjson.Fragment(orjson.dumps(fields))
    except orjson.JSONEncodeError:
        flat = {name: TOO_DEEP if isinstance(value, (list, dict)) else value for name, value in fields.items()}
        return orjson.Fragment(orjson.dumps(flat))
