"""Load evidence into the lake: files of any kind the lab reads, parsed and written by child processes with limits.

Which events go into which part follows from the evidence alone, so the item has the same bytes whoever worked on it,
and however many.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab.containment import ContainedPool, Limits
from tocsin.lab.examine import NO_ID, Part, events_of
from tocsin.lab.lake.evidence import Evidence, File
from tocsin.lab.lake.parts import PartInfo
from tocsin.lab.lake.write import Manifest, Writer, new_item, read_manifest
from tocsin.lab.record import Problem, Tally
from tocsin.lab.report import FAILED, FileRow, ScanReport
from tocsin.lab.sources.containers.unpacking import ArchiveLimits

ACCOUNT = "account.json"
ROOM = 2**32
"""Places for the events of one part of a file; the next part's begin after it."""
LEAST_BATCH = 4 * 1024**2
MOST_BATCH = 64 * 1024**2
BATCHES = 16
"""Bytes of evidence that are loaded together: a sixteenth of all, between these bounds."""

Progress = Callable[[int, int, int, int, str], None]
"""Called with bytes done, bytes in total, files done, files in total, and the name of a file that was done."""
Batch = list[tuple[int, File, Part]]
"""Parts of files that are loaded together, each with its number in the evidence."""


def load(
    paths: Path | Iterable[Path],
    folder: Path,
    item: str,
    *,
    jobs: int = 0,
    progress: Progress | None = None,
    executor: Executor | None = None,
    limits: Limits | None = None,
    archive_limits: ArchiveLimits | None = None,
    passwords: Sequence[str] = (),
    work_dir: Path | None = None,
    name: str = "",
) -> Manifest:
    """Load files and folders as one item of the lake in `folder`, and return what the lake then holds of it.

    `name` is what a file that is given goes by, where that is not its path. `jobs` children work (0 = one for each
    processor), unless `executor` is given. An item that is already there is left as it is. `account_of` tells what was
    read and what was not. Raises ValueError where `item` is no name of an item, BlockingIOError where another process
    loads it, OSError where the lake cannot be written.

    Example: `load(Path("logs"), Path("lake"), "ws-017", jobs=2).rows`
    """
    sources = [paths] if isinstance(paths, Path) else list(paths)
    with ExitStack() as stack:
        partial = stack.enter_context(new_item(folder, item))
        if partial is None:
            return read_manifest(folder / item)
        if executor is None:
            pool = ContainedPool(jobs or os.cpu_count() or 1, limits)
            executor = pool
            stack.callback(pool.shutdown, cancel_futures=True)
        unpacked = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-load-", dir=work_dir)))
        evidence = Evidence(executor, unpacked, archive_limits or ArchiveLimits(), passwords, name)
        files = evidence.of(sources)
        manifest = Manifest(item)
        _Loading(executor, partial.folder, manifest, files, progress).run()
        for file in files:
            file.row.judge()
        rows = [asdict(file.row) for file in files]
        account = {"files": rows, "folders": [asdict(each) for each in evidence.collections]}
        (partial.folder / ACCOUNT).write_bytes(orjson.dumps(account))
        partial.complete(manifest)
        return manifest


def account_of(folder: Path, item: str) -> ScanReport:
    """Return what became of the files of an item that `load` has loaded. Raises OSError where there is no account.

    Example: `account_of(Path("lake"), "ws-017").lost`
    """
    kept = orjson.loads((folder / item / ACCOUNT).read_bytes())
    return ScanReport([FileRow.of(row) for row in kept["files"]])


def load_parts(parts: Sequence[Part], folder: Path, item: str, number: int) -> bytes:
    """Load parts of files, of which the first has a number in the evidence, into a folder. Runs in a child.

    Returns, as JSON, what the lake's parts hold and the tally of each part of a file. Raises OSError.
    """
    writer = Writer(folder, item, start=number * ROOM, prefix=prefix_of(number))
    tallies: list[Tally] = []
    for part in parts:
        tally = Tally()
        tallies.append(tally)
        counts: dict[Any, int] = {}
        for event in events_of(part, tally):
            writer.add(event, part.name)
            counts[event[0]] = counts.get(event[0], 0) + 1
        for key, count in counts.items():
            by_id = tally.events.setdefault(key.channel, {})
            event_id = NO_ID if key.event_id is None else str(key.event_id)
            by_id[event_id] = by_id.get(event_id, 0) + count
    return orjson.dumps({"parts": writer.finish(), "unindexed": writer.unindexed, "tallies": tallies})


def prefix_of(number: int) -> str:
    """Return how the names of the files begin that hold a batch."""
    return f"part-{number:07}-"


class _Loading:
    """The loading of one item on an executor."""

    def __init__(
        self, executor: Executor, folder: Path, manifest: Manifest, files: list[File], progress: Progress | None
    ) -> None:
        self._executor = executor
        self._folder = folder
        self._manifest = manifest
        self._files = files
        self._progress = progress
        self._left = {id(file): len(file.parts) for file in files if file.parts}
        self._total = sum(file.row.bytes for file in files if file.parts)
        self._done = 0
        self._running: dict[Future[bytes], Batch] = {}

    def run(self) -> None:
        """Load all parts, and put together what they gave in the order of the evidence."""
        answers: dict[int, tuple[Batch, dict[str, Any] | Exception]] = {}
        for batch in batches_of(self._files, self._total):
            self._submit(batch)
        while self._running:
            finished, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in finished:
                batch = self._running.pop(future)
                answer = _answer(future)
                if isinstance(answer, Exception):
                    self._clean(batch[0][0])
                    if len(batch) > 1:
                        for part in batch:
                            self._submit([part])
                        continue
                answers[batch[0][0]] = batch, answer
                self._tell(batch)
        for _, (batch, answer) in sorted(answers.items(), key=lambda each: each[0]):
            self._add(batch, answer)

    def _submit(self, batch: Batch) -> None:
        parts = [part for _, _, part in batch]
        future = self._executor.submit(load_parts, parts, self._folder, self._manifest.item, batch[0][0])
        self._running[future] = batch

    def _clean(self, number: int) -> None:
        for path in self._folder.glob(f"{prefix_of(number)}*"):
            path.unlink()

    def _tell(self, batch: Batch) -> None:
        for _, file, part in batch:
            self._done += (file.row.bytes if part.end is None else min(part.end, file.row.bytes)) - part.start
            self._left[id(file)] -= 1
        if self._progress is not None:
            done = sum(not left for left in self._left.values())
            self._progress(self._done, self._total, done, len(self._left), batch[-1][1].row.path)

    def _add(self, batch: Batch, answer: dict[str, Any] | Exception) -> None:
        if isinstance(answer, Exception):
            (_, file, part), *_ = batch
            place = f"bytes {part.start} to {file.row.bytes if part.end is None else part.end}"
            file.row.status = FAILED
            file.row.problems.append(Problem(str(answer) or type(answer).__name__, place))
            return
        for (_, file, _), tally in zip(batch, answer["tallies"], strict=True):
            file.row.add(tally)
        parts = [PartInfo(**info) for info in answer["parts"]]
        self._manifest.parts += parts
        self._manifest.rows += sum(part.rows for part in parts)
        self._manifest.unindexed += answer["unindexed"]


def batches_of(files: Iterable[File], total: int) -> Iterator[Batch]:
    """Yield parts of files that are loaded together, in order; which ones depends on the evidence alone."""
    most = max(LEAST_BATCH, min(MOST_BATCH, total // BATCHES))
    batch: Batch = []
    size = number = 0
    for file in files:
        for part in file.parts:
            length = (file.row.bytes if part.end is None else part.end) - part.start
            if batch and size + length > most:
                yield batch
                batch, size = [], 0
            batch.append((number, file, part))
            size += length
            number += 1
    if batch:
        yield batch


def _answer(future: Future[bytes]) -> dict[str, Any] | Exception:
    try:
        answer: dict[str, Any] = orjson.loads(future.result())
    except Exception as error:  # noqa: BLE001 - whatever a parser throws costs its part, and is reported
        return error
    return answer
