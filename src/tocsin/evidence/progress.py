"""How far a running analysis is: a small file beside the store, because progress is no fact worth a log entry."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

EVERY_SECONDS = 0.5
STAGES = ("events", "indicators", "samples", "story")
"""Stages of a run after the rules."""


@dataclass(frozen=True)
class Progress:
    """Bytes and files done of all, and the file worked on last."""

    done_bytes: int
    total_bytes: int
    done_files: int
    total_files: int
    name: str
    stage: str = "rules"
    """`rules`, `events`, `indicators`, `samples` or `story`."""

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return 100 * self.done_bytes // self.total_bytes if self.total_bytes else 0


def _path(run_id: str) -> Path:
    return Path(settings.HOME) / "progress" / f"{run_id}.json"


def keep_progress(run_id: str) -> Callable[[int, int, int, int, str], None]:
    """A progress callback that keeps the newest state for other processes to read, at most twice a second."""
    path, last, stage = _path(run_id), [0.0], ["rules"]
    path.parent.mkdir(parents=True, exist_ok=True)

    def keep(done_bytes: int, total_bytes: int, done_files: int, total_files: int, name: str) -> None:
        if not total_files and name in STAGES:  # how a stage says that it begins
            stage[0], name = name, ""
        if time.monotonic() - last[0] >= EVERY_SECONDS or done_files == total_files:
            last[0] = time.monotonic()
            fresh = path.with_suffix(".new")
            said = [done_bytes, total_bytes, done_files, total_files, Path(name).name, stage[0]]
            fresh.write_text(json.dumps(said))
            fresh.replace(path)

    return keep


@contextmanager
def working_on(run_id: str) -> Iterator[bool]:
    """Hold a run for this process; gives False where another process holds it. A process that dies lets go."""
    path = _path(run_id).with_suffix(".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def progress_of(run_id: str) -> Progress | None:
    """How far a run is; None before its first report."""
    try:
        return Progress(*json.loads(_path(run_id).read_text()))
    except (OSError, ValueError, TypeError):
        return None
