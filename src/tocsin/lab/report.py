"""What a scan read, lost, skipped and did not understand, and why."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any

from tocsin.lab.looking import LookedFor
from tocsin.lab.record import MAX_PROBLEMS, Problem
from tocsin.lab.sigma.compiled import FilterNote, RefusedRule
from tocsin.lab.sources.containers.marks import CONTAINERS
from tocsin.lab.sources.kind import EMPTY, EVTX, FILE, JSON, UNKNOWN

READ = "read"
NOT_UNDERSTOOD = "not understood"
FAILED = "failed"
NOT_A_LOG = "not a log"
"""Text, images, programs and the like: nothing is missing where they are not read."""
SAME = "read elsewhere"
"""The very same content stands in another file of the same collection, which was read."""

ALL_READ = 0
SOMETHING_MISSING = 1
NOTHING_READ = 2

VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|/[^ :]+")
"""What differs between problems of the same wording."""


@dataclass
class FileRow:
    """What became of one file. `records`, `lost` and `not_understood` count its records.

    Of a member of a container `path` is `archive.zip!name in it`, and `original` the path that it had on the machine
    it comes from, where the collection's layout tells. `tool`, `host` and `collected` say of a container what made it,
    of which machine and when.
    """

    path: str
    kind: str
    bytes: int
    status: str = READ
    records: int = 0
    lost: int = 0
    skipped: int = 0
    not_understood: int = 0
    detections: int = 0
    events: dict[str, dict[str, int]] = field(default_factory=dict)
    """Records by channel and event id."""
    problems: list[Problem] = field(default_factory=list)
    unlisted_problems: int = 0
    original: str = ""
    source_file: str = ""
    """The name under which the file's events go, `collection.zip!C:\\Windows\\x.evtx`; mostly the path."""
    seems: str = ""
    """What the file is, in words, where the kind alone does not say it."""
    same_as: str = ""
    tool: str = ""
    host: str = ""
    collected: str = ""

    @classmethod
    def of(cls, plain: dict[str, Any]) -> FileRow:
        """Return a row that was kept as plain data."""
        problems = [Problem(**problem) for problem in plain["problems"]]
        return cls(**{**plain, "problems": problems})

    @property
    def complete(self) -> bool:
        """Whether all of the file was read, or there is nothing in it to read."""
        if self.status in (NOT_A_LOG, SAME):
            return True
        return self.status == READ and not (self.lost or self.not_understood or self.problems)

    def add(self, tally: dict[str, Any]) -> None:
        """Add the tally of a part of the file, as plain data."""
        self.records += tally["read"]
        self.lost += tally["lost"]
        self.skipped += tally["skipped"]
        self.not_understood += tally["not_understood"]
        problems = [Problem(**problem) for problem in tally["problems"]]
        room = max(0, MAX_PROBLEMS - len(self.problems))
        self.problems.extend(problems[:room])
        self.unlisted_problems += tally["unlisted_problems"] + len(problems[room:])
        for channel, by_id in tally["events"].items():
            counts = self.events.setdefault(channel, {})
            for event_id, count in by_id.items():
                counts[event_id] = counts.get(event_id, 0) + count

    def judge(self) -> None:
        """Say in one sentence what a file without a single readable record is."""
        if self.status != READ or self.records or self.kind in CONTAINERS:
            return
        if self.kind == JSON:
            self.status = NOT_UNDERSTOOD
            self.problems.insert(0, Problem("is JSON, but holds no event in a known shape"))
            del self.problems[3:]
        elif self.problems:
            self.status = NOT_UNDERSTOOD
            if self.kind != EVTX:
                self.problems.insert(0, Problem(f"is {self.seems or self.kind}, but no event in it was read"))
                del self.problems[3:]


@dataclass(frozen=True)
class Collection:
    """A folder or container that a collection tool made: which tool, of which host, when ('' = not said)."""

    path: str
    tool: str
    host: str
    collected: str


@dataclass
class SourceCount:
    """What became of the files of one kind."""

    files: int = 0
    bytes: int = 0
    records: int = 0
    lost: int = 0
    not_understood: int = 0


@dataclass
class ScanReport:
    """The account of a scan. Rows stand in the order of the files that were asked for."""

    files: list[FileRow] = field(default_factory=list)
    rules_loaded: int = 0
    rules_rejected: list[RefusedRule] = field(default_factory=list)
    rules_not_assessable: list[RefusedRule] = field(default_factory=list)
    rules_without_events: dict[str, list[str]] = field(default_factory=dict)
    """Rules of whose log source there was no event at all: their ids by log source. Their silence means nothing."""
    filters: list[FilterNote] = field(default_factory=list)
    correlated: int = 0
    """Detections of correlation rules, which no file has of its own."""
    uncorrelated: int = 0
    """Matches that correlation rules could not take in: without a time, or more than there was room for."""
    seconds: float = 0.0
    unread: int = 0
    """Files that were not done when the scan was stopped."""
    resumed: int = 0
    """Files of the evidence that a scan which went on did not read again."""
    folders: list[Collection] = field(default_factory=list)
    """Folders that a collection tool made."""
    looked_for: LookedFor | None = None
    """Indicators and YARA rules that the evidence was compared with, and how often they were met."""

    @property
    def bytes(self) -> int:
        """Bytes of all files; a container counts by its members, a copy not at all."""
        return sum(row.bytes for row in self.files if row.kind not in CONTAINERS and not row.same_as)

    @property
    def records(self) -> int:
        """Records that were read."""
        return sum(row.records for row in self.files)

    @property
    def lost(self) -> int:
        """Records that files should hold and that could not be recovered."""
        return sum(row.lost for row in self.files)

    @property
    def not_understood(self) -> int:
        """Files and pieces of files that are there and were not understood."""
        whole = sum(row.status in (NOT_UNDERSTOOD, FAILED) and not row.not_understood for row in self.files)
        return whole + sum(row.not_understood for row in self.files)

    @property
    def skipped(self) -> int:
        """Pieces of files that were left out on purpose, such as the notes that macOS puts into archives."""
        return sum(row.skipped for row in self.files)

    @property
    def detections(self) -> int:
        """Matches of rules, and what correlation rules found in them."""
        return sum(row.detections for row in self.files) + self.correlated

    @property
    def events(self) -> dict[str, dict[str, int]]:
        """Records by channel and event id."""
        total: dict[str, dict[str, int]] = {}
        for row in self.files:
            for channel, by_id in row.events.items():
                counts = total.setdefault(channel, {})
                for event_id, count in by_id.items():
                    counts[event_id] = counts.get(event_id, 0) + count
        return {channel: dict(sorted(total[channel].items())) for channel in sorted(total)}

    @property
    def sources(self) -> dict[str, SourceCount]:
        """What became of the files of each kind that the lab reads, by the kind's name."""
        found: dict[str, SourceCount] = {}
        for row in self.files:
            if row.kind in CONTAINERS or row.kind in (FILE, EMPTY, UNKNOWN):
                continue
            count = found.setdefault(row.kind, SourceCount())
            count.files += 1
            count.bytes += row.bytes
            count.records += row.records
            count.lost += row.lost
            count.not_understood += row.not_understood or row.status in (NOT_UNDERSTOOD, FAILED)
        return dict(sorted(found.items()))

    @property
    def other_files(self) -> dict[str, int]:
        """Files that are not read, by what they are: no logs, empty, copies of others, unknown, unreadable."""
        found: dict[str, int] = {}
        for row in self.files:
            if row.same_as:
                words = "a copy of a file that was read"
            elif row.kind in (FILE, EMPTY, UNKNOWN):
                words = row.seems or row.status
            else:
                continue
            found[words] = found.get(words, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def collections(self) -> list[Collection]:
        """Folders and containers that a collection tool made."""
        rows = [row for row in self.files if row.tool]
        return self.folders + [Collection(row.path, row.tool, row.host, row.collected) for row in rows]

    @property
    def problem_groups(self) -> list[tuple[str, int, str]]:
        """Problems of the same wording (numbers and quoted names aside), most frequent first: the wording as it came
        first, how many there are, and the first file with it."""
        groups: dict[str, tuple[str, int, str]] = {}
        for row in self.files:
            for problem in row.problems:
                key = VARYING.sub("#", problem.reason)
                first, count, path = groups.get(key, (problem.reason, 0, row.path))
                groups[key] = (first, count + 1, path)
        return sorted(groups.values(), key=lambda group: -group[1])

    @property
    def channels(self) -> dict[str, int]:
        """Records of each channel, by name."""
        return {channel: sum(by_id.values()) for channel, by_id in self.events.items()}

    @property
    def empty(self) -> bool:
        """Whether no record at all was read: such a scan says nothing about the evidence."""
        return self.records == 0

    @property
    def exit_status(self) -> int:
        """0: all was read; 1: something was lost or not understood; 2: nothing could be read.

        What is no log (text, images, programs) and what was read elsewhere does not count as missing.
        """
        if self.empty:
            return NOTHING_READ
        complete = not self.unread and all(row.complete for row in self.files)
        return ALL_READ if complete else SOMETHING_MISSING

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, with the totals."""
        totals = (
            "bytes",
            "records",
            "lost",
            "not_understood",
            "skipped",
            "detections",
            "channels",
            "sources",
            "other_files",
            "collections",
            "problem_groups",
            "empty",
            "exit_status",
        )
        return {name: getattr(self, name) for name in totals} | asdict(self)
