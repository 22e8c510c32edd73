"""Scan evidence: files in, detections and a full account out.

The parts of the files are examined by any `concurrent.futures.Executor` (by default child processes with
limits), and what they give is put together in the order of the files, so the result does not depend on
who worked on what when.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from tocsin import __version__
from tocsin.lab.containment import ContainedPool, Limits
from tocsin.lab.journal import Journal
from tocsin.lab.looking import LookedFor, Looking
from tocsin.lab.report import ScanReport
from tocsin.lab.sigma.assessable import unanswered, without_events
from tocsin.lab.sigma.rules import RuleSet
from tocsin.lab.sources.containers.unpacking import ArchiveLimits
from tocsin.lab.work import Progress, Sink, Work


class ScanStoppedError(KeyboardInterrupt):
    """The user stopped a scan; `report` says what was done until then."""

    def __init__(self, report: ScanReport) -> None:
        super().__init__()
        self.report = report


def scan(
    paths: Iterable[Path],
    rules: RuleSet,
    *,
    jobs: int = 0,
    executor: Executor | None = None,
    limits: Limits | None = None,
    archive_limits: ArchiveLimits | None = None,
    progress: Progress | None = None,
    sink: Sink | None = None,
    work_dir: Path | None = None,
    passwords: Sequence[str] = (),
    journal: Path | None = None,
    resume: bool = False,
    looking: Looking | None = None,
) -> ScanReport:
    """Match all records in some files and folders against rules and account for everything that was there.

    `sink` gets the detections in order, in lists, those of correlation rules last. `jobs` children work (0 = one
    for each processor), unless `executor` is given. Members of archives are unpacked into a folder in `work_dir`
    that is removed at the end; `passwords` are tried on encrypted ones before the usual ones.

    With `looking`, events and files are compared with indicators, and files with YARA rules; what is met comes among
    the detections (see `looking`).

    `journal` is a file that keeps what is found until the scan has come to its end; with `resume` a scan that was
    stopped goes on from there: files that are complete in it, and have not changed since, are not read again, and the
    sink gets everything once more. Raises ScanStoppedError, a KeyboardInterrupt, where the user stops the scan.
    """
    began = time.perf_counter()
    with ExitStack() as stack:
        if executor is None:
            pool = ContainedPool(jobs or os.cpu_count() or 1, limits)
            executor = pool
            stack.callback(pool.shutdown, cancel_futures=True)
        unpacked = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-scan-", dir=work_dir)))
        bounds = archive_limits or ArchiveLimits()
        kept = Journal(journal, _question(rules, bounds, passwords, looking), go_on=resume) if journal else None
        work = Work(executor, rules, bounds, unpacked, progress, sink, passwords, kept, looking)
        try:
            work.on(paths)
        except KeyboardInterrupt:
            stopped = ScanReport(work.rows, rules.count, rules.rejected, unread=work.unread)
            stopped.seconds = round(time.perf_counter() - began, 3)
            raise ScanStoppedError(stopped) from None
        finally:
            if kept:
                kept.close()
    report = ScanReport(work.rows, rules.count, rules.rejected, filters=rules.compiled.filters)
    report.folders, report.resumed = work.collections, work.resumed
    report.rules_not_assessable = rules.not_assessable + unanswered(rules.compiled, report.events)
    report.rules_without_events = without_events(rules.compiled, report.events)
    if work.correlator is not None:
        for found in work.correlator.batches():
            report.correlated += len(found)
            if sink:
                sink(found)
        report.uncorrelated = work.correlator.matches.left_out
    if looking:
        report.looked_for = LookedFor(sightings=work.sightings, yara_matches=work.yara_matches)
    if kept:
        kept.remove()
    report.seconds = round(time.perf_counter() - began, 3)
    return report


def _question(
    rules: RuleSet, limits: ArchiveLimits, passwords: Sequence[str], looking: Looking | None
) -> dict[str, Any]:
    """Return all that what a scan finds depends on, beside the files: a journal of another question is not gone on
    with."""
    secret = sha256("\0".join(passwords).encode()).hexdigest()
    return {"version": __version__, "rules": rules.digest, "limits": asdict(limits), "passwords": secret,
            "looking": looking.key if looking else ""}  # fmt: skip
