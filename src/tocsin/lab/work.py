"""The course of a scan: which parts of which files are examined, and how the answers become rows and
detections in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import orjson

from tocsin.lab.detections import Detection, detections_of
from tocsin.lab.entry import Answer, Entry, Place
from tocsin.lab.examine import Part, examine_each, open_archive
from tocsin.lab.found import Found, described, in_container, in_folder
from tocsin.lab.journal import Journal, Key
from tocsin.lab.looking import INDICATOR, LOOK, YARA, Looking, look_at_files
from tocsin.lab.record import Problem
from tocsin.lab.report import FAILED, Collection, FileRow
from tocsin.lab.sigma.correlations import correlator_of
from tocsin.lab.sigma.rules import RuleSet
from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.marks import CONTAINERS, IMAGE
from tocsin.lab.sources.containers.unpacking import ArchiveLimits

Progress = Callable[[int, int, int, int, str], None]
"""Called with bytes done, bytes in total, files done, files in total, and the name of the file that was
worked on last."""
Sink = Callable[[list[Detection]], None]
"""Called with detections, in order."""

BATCH_SIZE = 4 * 1024**2
"""Bytes of small parts that go to the executor together: handing over takes longer than a few records do."""
MAX_RUNNING = 64
"""Batches that are with the executor at a time."""
ABOUT_THE_FILE = frozenset({"tally", "members", "made"})
"""What an answer says of the file rather than of what was found in it."""
MAX_HELD = 512 * 1024**2
"""Bytes of answers that may wait for those of earlier files."""


Task = tuple[Entry, int]


class Work:
    """One scan's work on an executor."""

    def __init__(
        self,
        executor: Executor,
        rules: RuleSet,
        archive_limits: ArchiveLimits,
        unpacked: Path,
        progress: Progress | None,
        sink: Sink | None,
        passwords: Sequence[str] = (),
        journal: Journal | None = None,
        looking: Looking | None = None,
    ) -> None:
        self._executor = executor
        self._looking = looking
        self._rules = rules
        self._limits = archive_limits
        self._unpacked = unpacked
        self._progress = progress
        self._sink = sink
        self.correlator = correlator_of(rules.compiled)
        self._silent = frozenset(rules.compiled.silent)
        self._passwords = tuple(passwords)
        self._journal = journal
        self._waiting: deque[Task] = deque()
        self._alone: deque[Task] = deque()
        self._running: dict[Future[bytes], list[Task]] = {}
        self._done: SimpleQueue[Future[bytes]] = SimpleQueue()
        self._unreported: deque[Entry] = deque()
        self.rows: list[FileRow] = []
        """A row for each file that is done, in the order of the report, members after their container."""
        self.collections: list[Collection] = []
        self.resumed = 0
        """Files of the evidence that the journal had."""
        self.sightings = self.yara_matches = 0
        self._noted: Key | None = None
        self._has_failed = False
        self._held = 0
        self._bytes_done = 0
        self._bytes_total = 0
        self._files_total = 0
        self._files_done = 0
        self._archives = 0

    @property
    def unread(self) -> int:
        """Files that are known and not done."""
        return self._files_total - len(self.rows)

    def on(self, paths: Iterable[Path]) -> None:
        """Do all the work on some files and folders."""
        for path in paths:
            self._unreported.extend(self._entries(path))
        self._report()
        while self._waiting or self._alone or self._running:
            self._hand_out()
            self._take(self._done.get())
            self._report()

    def _entries(self, path: Path) -> list[Entry]:
        """Make the entries of a file, or of the files in a folder, which may be a collection."""
        found, collection = in_folder(path)
        if collection:
            self.collections.append(collection)
        return [self._entry_of(one) for one in found]

    def _entry_of(self, found: Found, depth: int = 0, budget: int | None = None) -> Entry:
        if found.unread:
            self._files_total += 1
            self._files_done += 1
            return Entry(Path(), found.unread, depth=1)
        return self._entry(found.path, found.place, found.problem, depth, budget, found.artifact)

    def _entry(
        self,
        path: Path,
        place: Place,
        problem: str = "",
        depth: int = 0,
        budget: int | None = None,
        artifact: str = "",
    ) -> Entry:
        """Make the entry of a file and put its parts in line."""
        key = None
        try:
            size = 0
            if not problem:
                state = path.stat()
                size, key = state.st_size, (place.path, state.st_size, state.st_mtime_ns)
            if self._journal and key and key in self._journal and not depth:
                return self._known(place, key)
            kind = kinds.Kind(kinds.UNKNOWN) if problem else kinds.kind_of(path)
        except OSError as error:
            size, kind, problem = 0, kinds.Kind(kinds.UNKNOWN), f"cannot be read: {error.strerror}"
        row, is_read = described(place, kind, size, problem, depth, self._limits.depth)
        entry = Entry(path, row, depth, self._limits.total if budget is None else budget, key=key)
        self._files_total += 1
        if is_read:
            self._put_in_line(entry, kinds.parts_of(kind.name, size), artifact=artifact)
        if self._looking and not problem and kind.name not in (kinds.EMPTY, IMAGE):
            self._put_in_line(entry, [(0, None)], LOOK)
        self._files_done += not entry.parts
        return entry

    def _known(self, place: Place, key: Key) -> Entry:
        """Make the entry of a file that the journal has."""
        self._files_total += 1
        self._files_done += 1
        return Entry(Path(), place.row(kinds.UNKNOWN, key[1]), key=key, is_known=True)

    def _put_in_line(
        self, entry: Entry, parts: Sequence[tuple[int, int | None]], kind: str = "", artifact: str = ""
    ) -> None:
        """Put parts of a file that is to be read (or looked at) behind those that wait."""
        row = entry.row
        self._bytes_total += row.bytes
        first = len(entry.parts)
        entry.parts += [Part(entry.path, row.source_file, kind or row.kind, *ends, artifact) for ends in parts]
        entry.answers += [None] * len(parts)
        entry.missing = len(entry.parts)
        self._waiting.extend((entry, number) for number in range(first, len(entry.parts)))

    def _hand_out(self) -> None:
        """Give waiting parts to the executor, as many as it and the memory can take."""
        while len(self._running) < MAX_RUNNING and (self._held < MAX_HELD or not self._running):
            if self._alone:
                batch = [self._alone.popleft()]
            elif self._waiting:
                batch = self._next_batch()
            else:
                return
            try:
                future = self._submit(batch)
            except (OSError, RuntimeError) as error:  # no room for an archive; an executor that has broken down
                future = Future()
                future.set_exception(error)
            self._running[future] = batch
            future.add_done_callback(self._done.put)

    def _next_batch(self) -> list[Task]:
        """Take the next part out of the line, with those after it while all of them are small."""
        batch: list[Task] = []
        size, looks = 0, False
        while self._waiting:
            entry, number = self._waiting[0]
            size += entry.length(number)
            kind = entry.parts[number].kind
            if batch and (size > BATCH_SIZE or kind in CONTAINERS or (kind == LOOK) != looks):
                break
            looks = kind == LOOK
            batch.append(self._waiting.popleft())
            if kind in CONTAINERS:
                break
        return batch

    def _submit(self, batch: list[Task]) -> Future[bytes]:
        parts = [entry.parts[number] for entry, number in batch]
        if parts[0].kind == LOOK and self._looking:
            return self._executor.submit(look_at_files, [(part.path, part.name) for part in parts], self._looking)
        if parts[0].kind not in CONTAINERS:
            return self._executor.submit(examine_each, parts, self._rules.path, *filter(None, [self._looking]))
        self._archives += 1
        folder = self._unpacked / str(self._archives)
        folder.mkdir()
        budget = batch[0][0].budget
        return self._executor.submit(open_archive, parts[0], folder, self._limits, budget, self._passwords)

    def _take(self, future: Future[bytes]) -> None:
        """Keep what some parts gave until their turn comes; where they failed together, try each alone."""
        batch = self._running.pop(future)
        error = future.exception()
        if error is None:
            content = future.result()
            self._held += len(content)
            share = len(content) // len(batch)
            for task, answer in zip(batch, orjson.loads(content), strict=True):
                self._keep(task, Answer(answer, share))
        elif not isinstance(error, Exception):
            raise error
        elif len(batch) > 1:
            self._alone.extend(batch)
        else:
            self._keep(batch[0], error)

    def _keep(self, task: Task, answer: Answer | Exception) -> None:
        entry, number = task
        entry.answers[number] = answer
        if isinstance(answer, Answer) and entry.parts[number].kind in CONTAINERS:
            self._open(entry, answer.content)
        entry.missing -= 1
        self._files_done += entry.missing == 0
        self._bytes_done += entry.length(number)
        if self._progress:
            self._progress(self._bytes_done, self._bytes_total, self._files_done, self._files_total, entry.row.path)

    def _open(self, entry: Entry, content: dict[str, Any]) -> None:
        """Put the members of an opened container in line, before what comes after the container."""
        later, self._waiting = self._waiting, deque()
        found, left = in_container(entry.row, content, entry.budget)
        entry.members += [self._entry_of(one, entry.depth + 1, left) for one in found]
        self._waiting.extend(later)

    def _report(self) -> None:
        """Hand on, in order, what is complete: detections to the sink, rows to the result, both to the journal."""
        while self._unreported:
            entry = self._unreported[0]
            if entry.is_known:
                self._hand_on_known(entry)
                continue
            self._note_beginning(entry)
            while entry.handed_on < len(entry.answers):
                answer = entry.answers[entry.handed_on]
                if answer is None:
                    return
                self._hand_on(entry, answer)
                entry.answers[entry.handed_on] = None
                entry.handed_on += 1
            self._unreported.popleft()
            entry.row.judge()
            self._add(entry.row)
            if entry.depth and entry.path.name:
                entry.path.unlink(missing_ok=True)
            self._unreported.extendleft(reversed(entry.members))
            self._note_end()

    def _note_beginning(self, entry: Entry) -> None:
        """Begin a file of the evidence in the journal, if it is not begun."""
        if self._journal and entry.key and not entry.depth and self._noted != entry.key:
            self._journal.begin(entry.key)
            self._noted = entry.key

    def _note_end(self) -> None:
        """End the file in the journal when its last member is done; one that failed is left open, to be tried again."""
        if self._journal and self._noted and not (self._unreported and self._unreported[0].depth):
            if not self._has_failed:
                self._journal.end()
            self._noted, self._has_failed = None, False

    def _add(self, row: FileRow) -> None:
        self.rows.append(row)
        self._has_failed |= row.status == FAILED
        if self._journal and self._noted:
            self._journal.row(row)

    def _hand_on_known(self, entry: Entry) -> None:
        """Hand on again what the journal has of a file."""
        assert self._journal is not None  # noqa: S101 - else it would not be known
        assert entry.key is not None  # noqa: S101
        self._unreported.popleft()
        self.resumed += 1
        self._files_total -= 1
        for kept in self._journal.entries(entry.key):
            if "row" in kept:
                self._files_total += 1
                self.rows.append(FileRow.of(kept["row"]))
            else:
                self._give(kept["answer"], kept["source_file"])

    def _hand_on(self, entry: Entry, answer: Answer | Exception) -> None:
        row = entry.row
        if isinstance(answer, Exception):
            part = entry.parts[entry.handed_on]
            place = f"bytes {part.start} to {row.bytes if part.end is None else part.end}"
            reason = str(answer) or type(answer).__name__
            if part.kind == LOOK:
                self._has_failed = True
                row.problems.append(Problem(f"was not compared with all that is looked for: {reason}", place))
                return
            row.status = FAILED
            row.problems.append(Problem(reason, place))
            return
        self._held -= answer.size
        row.add(answer.content["tally"])
        found = {name: value for name, value in answer.content.items() if name not in ABOUT_THE_FILE}
        hits = found.get("hits", ())
        row.detections += sum(number not in self._silent for hit in hits for number in hit["rules"])
        row.detections += sum(len(hit.get("met", ())) for hit in hits)
        self._give(found, row.source_file)
        if self._journal and self._noted and any(found.values()):
            self._journal.answer(found, row.source_file)

    def _give(self, found: dict[str, Any], source_file: str) -> None:
        """Hand on what was found in a part of a file. The journal gives it again when a scan goes on."""
        hits = found.get("hits", ())
        if self.correlator is not None:
            self.correlator.take(hits, source_file)
        if hits and (self._sink or self._looking):
            given = [each for hit in hits for each in detections_of(hit, source_file, self._rules.rules, self._silent)]
            if self._looking:
                self.sightings += sum(each.rule_id.startswith(INDICATOR) for each in given)
                self.yara_matches += sum(each.rule_id.startswith(YARA) for each in given)
            if self._sink:
                self._sink(given)
