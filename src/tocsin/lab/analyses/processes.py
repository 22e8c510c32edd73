"""Process trees of one host, from Sysmon 1 (Windows, Linux), Security 4688 and auditd, with what was detected on each.

Sysmon names a process and its parent by GUID, which is exact. The others have numbers that are used again: there the parent
is the latest process with the number that had started and had not ended (4689), and whose program is the one that the
child's record names. The same start in both logs is one process. A parent that no record tells of is made from what its
children say of it, and marked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tocsin.lab.analyses.answer import Answer, moment
from tocsin.lab.analyses.names import host_of
from tocsin.lab.lake import Lake
from tocsin.lab.lake.normalise import short_name

MAX_PROCESSES = 50_000
"""Processes of one tree: a busy host's week. About 100 MB."""
MAX_DEPTH = 200
"""Deeper chains are cut: a program that starts itself in a loop must not fill the page."""
SAME = timedelta(seconds=2)
"""Two logs write the same start within this time of one another."""
MAX_COMMAND = 4_000
COLUMNS = (
    *("time", "item", "seq", "channel", "code", "host_name", "user", "process", "process_name", "parent_process"),
    *("command_line", "action", "status", "process_id", "parent_process_id", "process_guid", "parent_process_guid"),
)
FIELDS = {"TargetUserName": "target_name", "TargetDomainName": "target_domain"}
"""For whom 4688 says that the program was started, where that is another than the one who started it."""


@dataclass(slots=True)
class _Start:
    """A process as it is put together."""

    events: list[str]
    started: datetime | None
    guid: str | None
    pid: int | None
    parent_guid: str | None
    parent_pid: int | None
    program: str
    parent_program: str
    command: str
    user: str
    ended: datetime | None = None
    parent: int | None = None
    children: list[int] = field(default_factory=list)
    is_made: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A process in a tree. A tree is a list in which each process stands behind its parent, children by time."""

    id: int
    parent: int | None
    depth: int
    children: int
    """How many children it has."""
    host: str
    pid: int | None
    guid: str | None
    program: str
    """With its path, as written; empty where no record says."""
    command_line: str
    user: str
    started: datetime | None
    ended: datetime | None
    events: tuple[str, ...]
    detections: tuple[str, ...]
    """What was detected on its events."""
    is_made: bool
    """No record tells of it; only its children do."""

    @property
    def name(self) -> str:
        """The program's file name in lower case."""
        return short_name("process", self.program) if self.program else ""


def process_tree(
    lake: Lake,
    host: str,
    *,
    query: str = "",
    detections: Mapping[str, Sequence[str]] | None = None,
    limit: int = MAX_PROCESSES,
) -> Answer[Process]:
    """Return all processes of a host as a forest, roots by time.

    `detections` names what was detected on events, by their ids in the lake (ITEM.SEQ); it may be on any event of the
    process that is a start. `query` may bound the time. Raises QueryError, LakeError.
    """
    limit = max(1, min(limit, MAX_PROCESSES))
    name = host_of(host)
    rows = lake.select(_sql(limit), COLUMNS, fields=FIELDS, query=query, values={"host": name})
    starts = _starts([row for row in rows if row[0] == "start"])
    _end(starts, [row for row in rows if row[0] == "end"])
    _link(starts)
    found, cut = _flat(starts, name, detections or {})
    notes: list[str] = []
    if sum(row[0] == "start" for row in rows) > limit:
        notes.append(f"Only the first {limit:,} starts of processes were looked at: narrow the time.")
    if cut:
        notes.append(f"{cut:,} processes deeper than {MAX_DEPTH} levels are left out.")
    return Answer(tuple(found), len(starts), len(rows), tuple(notes))


def around(tree: Sequence[Process], event: str, *, descendants: int = 500) -> tuple[Process, ...]:
    """Return the process that an event started, all its ancestors, and up to so many of its descendants, in order."""
    place = next((number for number, process in enumerate(tree) if event in process.events), None)
    if place is None:
        return ()
    by_id = {process.id: process for process in tree}
    above: list[Process] = []
    parent = tree[place].parent
    while parent is not None:
        above.append(by_id[parent])
        parent = by_id[parent].parent
    below: list[Process] = []
    for process in tree[place + 1 :]:
        if process.depth <= tree[place].depth or len(below) >= descendants:
            break
        below.append(process)
    return (*reversed(above), tree[place], *below)


def _sql(limit: int) -> str:
    sysmon = "lower(channel) in ('microsoft-windows-sysmon/operational', 'linux/sysmon')"
    security = "lower(channel) = 'security'"
    # The audit daemon's record of arguments, which its reader gave what the call's other records say. One that failed
    # started nothing: shells try each folder of the path.
    audited = (
        "lower(channel) = 'linux/auditd' and contains(code, 'EXECVE') "
        "and process_id is not null and coalesce(status, 'yes') <> 'no'"
    )
    started = f"(({sysmon} and code = '1') or ({security} and code = '4688') or ({audited}))"
    ended = f"(({sysmon} and code = '5') or ({security} and code = '4689'))"
    return f"""
        , rows as (
            select case when {started} then 'start' else 'end' end as what, *
            from events where host_name = $host and ({started} or {ended})
        )
        select what, epoch_us(time) as started, item || '.' || seq, process_guid, process_id, parent_process_guid,
            parent_process_id, process, parent_process, left(command_line, {MAX_COMMAND}),
            case when nullif(target_name, '-') is not null
                then concat_ws('\\', nullif(target_domain, '-'), target_name) else "user" end
        from rows qualify row_number() over (partition by what order by time nulls last, item, seq) <= {limit} + 1
        order by started nulls last, 3
    """  # noqa: S608 - our own words only


def _starts(rows: list[tuple[Any, ...]]) -> list[_Start]:
    """Return the processes that records tell of, one for each start."""
    starts: list[_Start] = []
    recent: dict[int | None, int] = {}
    for _, started, event, guid, pid, parent_guid, parent_pid, program, parent, command, user in rows:
        one = _Start(
            [event],
            moment(started),
            guid,
            pid,
            parent_guid,
            parent_pid,
            program or "",
            parent or "",
            command or "",
            user or "",
        )
        twin = starts[recent[pid]] if pid is not None and pid in recent else None
        if twin is not None and _is_same(twin, one):
            twin.events.append(event)
            twin.guid, twin.parent_guid = twin.guid or guid, twin.parent_guid or parent_guid
            twin.command, twin.user = twin.command or one.command, twin.user or one.user
            twin.parent_program = max(twin.parent_program, one.parent_program, key=len)
        else:
            recent[pid] = len(starts)
            starts.append(one)
    return starts


def _is_same(one: _Start, other: _Start) -> bool:
    """Tell whether two records, of the same number, tell of one start: from two logs, at about one time."""
    if one.guid and other.guid:
        return one.guid == other.guid
    close = one.started is not None and other.started is not None and abs(other.started - one.started) <= SAME
    return close and bool(one.guid) != bool(other.guid) and _is_program(one.program, other.program)


def _is_program(one: str, other: str) -> bool:
    return not one or not other or short_name("process", one) == short_name("process", other)


def _end(starts: list[_Start], rows: list[tuple[Any, ...]]) -> None:
    """Note when processes ended."""
    by_guid = {one.guid: one for one in starts if one.guid}
    by_pid = _by_pid(starts)
    for _, ended, _, guid, pid, *_, program, _, _, _ in rows:
        at = moment(ended)
        place = None if guid and guid in by_guid else _running(starts, by_pid.get(pid, []), at, program or "")
        one = by_guid[guid] if guid and guid in by_guid else starts[place] if place is not None else None
        if one is not None and one.ended is None:
            one.ended = at


def _by_pid(starts: list[_Start]) -> dict[int | None, list[int]]:
    by_pid: dict[int | None, list[int]] = {}
    for place, one in enumerate(starts):
        if one.started is not None:
            by_pid.setdefault(one.pid, []).append(place)
    return by_pid


def _running(
    starts: list[_Start], places: list[int], at: datetime | None, program: str, other: int | None = None
) -> int | None:
    """Return which of some processes, all with one number and in order of time, ran at a time under a program's name;
    `other` is the one that it cannot be."""
    if at is None:
        return None
    place = bisect_right(places, at, key=lambda number: starts[number].started) - 1  # type: ignore[arg-type,return-value]
    if place >= 0 and places[place] == other:
        place -= 1
    if place < 0:
        return None
    one = starts[places[place]]
    over = one.ended is not None and one.ended < at - SAME
    return None if over or not _is_program(one.program, program) else places[place]


def _link(starts: list[_Start]) -> None:
    """Find each process's parent; make those that no record tells of."""
    by_guid = {one.guid: place for place, one in enumerate(starts) if one.guid}
    by_pid = _by_pid(starts)
    made: dict[tuple[object, ...], int] = {}
    for place in range(len(starts)):
        one = starts[place]
        parent = by_guid.get(one.parent_guid) if one.parent_guid else None
        if parent is None and one.parent_pid is not None:
            parent = _running(starts, by_pid.get(one.parent_pid, []), one.started, one.parent_program, place)
            if parent is not None and one.parent_guid:
                # Another log than the child's may have written of the parent: then it is the child that tells its GUID.
                parent = parent if starts[parent].guid is None else None
                if parent is not None:
                    starts[parent].guid = one.parent_guid
                    by_guid[one.parent_guid] = parent
        if parent is None:
            parent = _made_parent(starts, one, made)
        if parent is not None and not _is_below(starts, parent, place):
            one.parent = parent
            starts[parent].children.append(place)


def _made_parent(starts: list[_Start], one: _Start, made: dict[tuple[object, ...], int]) -> int | None:
    """Return the parent that only its children tell of, None where a record says nothing of a parent."""
    if not (one.parent_guid or one.parent_pid is not None or one.parent_program):
        return None
    named = (one.parent_pid, short_name("process", one.parent_program or "?"))
    key = (one.parent_guid,) if one.parent_guid else named
    if key not in made:
        made[key] = len(starts)
        guid, pid, program = one.parent_guid, one.parent_pid, one.parent_program
        starts.append(_Start([], None, guid, pid, None, None, program, "", "", "", is_made=True))
    return made[key]


def _is_below(starts: list[_Start], place: int, other: int) -> bool:
    """Tell whether a process is another or below it, which hostile records could claim of a parent."""
    seen = 0
    at: int | None = place
    while at is not None and seen <= MAX_DEPTH * 2:
        if at == other:
            return True
        at = starts[at].parent
        seen += 1
    return at is not None


def _flat(starts: list[_Start], host: str, detections: Mapping[str, Sequence[str]]) -> tuple[list[Process], int]:
    """Return the forest as a list, and how many processes were too deep."""

    def by_time(place: int) -> tuple[bool, datetime | None, int]:
        one = starts[place]
        first = one.started or next((starts[child].started for child in one.children), None)
        return first is None, first, place

    found: list[Process] = []
    stack = [(place, 0) for place in sorted((p for p, one in enumerate(starts) if one.parent is None), key=by_time)]
    stack.reverse()
    while stack:
        place, depth = stack.pop()
        one = starts[place]
        if depth >= MAX_DEPTH:
            continue
        hits = dict.fromkeys(title for event in one.events for title in detections.get(event, ()))
        found.append(
            Process(
                place,
                one.parent,
                depth,
                len(one.children),
                host,
                one.pid,
                one.guid,
                one.program,
                one.command,
                one.user,
                one.started,
                one.ended,
                tuple(one.events),
                tuple(hits),
                one.is_made,
            )
        )
        stack += [(child, depth + 1) for child in sorted(one.children, key=by_time, reverse=True)]
    return found, len(starts) - len(found)
