"""Progress at a terminal: bars with counts for people, plain lines where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

console = Console(stderr=True, highlight=False)
EVERY = 500


@contextmanager
def counter(noun: str) -> Iterator[Callable[[int], None]]:
    """A running count of something whose end is not known."""
    with Progress(SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn(),
                  console=console, transient=True, disable=not sys.stderr.isatty()) as bar:  # fmt: skip
        task = bar.add_task(noun, total=None)

        def tick(count: int) -> None:
            if count % EVERY == 0:
                bar.update(task, completed=count)

        yield tick


@contextmanager
def bytes_bar(what: str) -> Iterator[Callable[[int, int, int, int, str], None]]:
    """A bar over bytes with a count of files: the progress callback of a scan."""
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True),
                  TextColumn("{task.fields[files]}"), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
                  console=console, transient=True, disable=not sys.stderr.isatty()) as bar:  # fmt: skip
        task = bar.add_task(what, total=None, files="")

        def update(done: int, total: int, done_files: int, total_files: int, name: str) -> None:
            last = name.replace("\\", "/").rpartition("/")[2][-30:]
            # Names come from strangers, and the bar reads markup.
            stage = f"{what} {escape(''.join(c for c in last if c.isprintable()))}"
            bar.update(task, description=stage, completed=done, total=total,
                       files=f"{done_files:,} of {total_files:,} files")  # fmt: skip

        yield update


def stage(text: str) -> None:
    """Say what begins now."""
    _say("▸ ", "bold", text)


def done(text: str) -> None:
    """Say what came out of a stage."""
    _say("  ", "", text)


def warn(text: str) -> None:
    """Say what did not go as it should."""
    _say("  ! ", "yellow", text)


def _say(mark: str, style: str, text: str) -> None:
    # Never as markup, and never wrapped: file names come from strangers, and paths are there to be copied.
    console.print(Text.assemble((mark, style), text), soft_wrap=True)
