"""What an incident looks for: its feeds and single indicators as one compiled set, its YARA rules as a folder."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from tocsin.evidence.models import Feed, Indicator
from tocsin.evidence.store import path_of
from tocsin.incidents.models import Incident
from tocsin.lab.casework import compile_feeds
from tocsin.lab.containment import ContainedPool
from tocsin.lab.indicators import Context

MOST_FEED = 512 * 1024**2
"""Bytes of a file of indicators that somebody may hand in."""
MOST_YARA = 2 * 1024 * 1024
"""Bytes of a file of YARA rules."""
COLUMNS = ("type", "value", "source", "confidence", "tlp")


def account_of(function: Callable[..., bytes], *given: Any) -> dict[str, Any]:
    """Return what a child with limits makes of somebody's file: an `account_of_...` of `tocsin.lab.casework`.

    Raises ContainedError where it cannot.
    """
    with ContainedPool(1) as pool:
        answer: dict[str, Any] = orjson.loads(pool.submit(function, *given).result())
    return answer


def compiled_indicators(incident: Incident, pool: ContainedPool) -> Path | None:
    """Return the compiled set of all that an incident looks for, None where that is nothing.

    Kept by what it is made of, so that the next run has it at once. Feeds are others' files: a child reads them.
    Raises OSError where the folder cannot be written, ContainedError where a feed cannot be compiled.
    """
    feeds: list[Feed] = list(incident.feeds.filter(withdrawn_at=None))
    own = list(incident.indicators.filter(withdrawn_at=None))
    if not feeds and not own:
        return None
    folder = Path(settings.HOME) / "indicators"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        paths = []
        for feed in feeds:
            link = Path(place) / f"{feed.number:04}"
            link.symlink_to(path_of(feed.sha256))
            paths.append((link, Context(source=feed.source or feed.name, tlp=feed.tlp)))
        if own:
            path = Path(place) / "own.csv"
            path.write_text(_table(own), encoding="utf-8")
            paths.append((path, Context(source="this incident")))
        return Path(os.fsdecode(pool.submit(compile_feeds, paths, folder).result()))


def _table(own: Iterable[Indicator]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for one in own:
        confidence = "" if one.confidence is None else one.confidence
        rows.writerow((one.kind, one.written, one.source, confidence, one.tlp))
    return text.getvalue()


@contextmanager
def yara_folder(incident: Incident) -> Iterator[list[Path]]:
    """Lay an incident's YARA rules out as files while they are needed; an empty list where it has none."""
    files = list(incident.yara_files.filter(withdrawn_at=None))
    if not files:
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            (Path(folder) / f"{file.number:04}.yar").write_text(file.text, encoding="utf-8")
        yield [Path(folder)]
