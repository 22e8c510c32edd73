"""The master file table of NTFS ($MFT): every file that a volume has or had, with its times.

Shows that a file existed, also when it is deleted, and when. Times of `$STANDARD_INFORMATION` can be set by any
program; those of `$FILE_NAME` cannot without trickery, so a file whose first are older than its second may have
been made to look old (ATT&CK T1070.006): the field `fn_newer` says by how many seconds.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.macb import moments
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import iso

MAGIC = b"FILE"
ENTRY = 1_024
"""Bytes of an entry; some volumes have 4,096."""
STANDARD_INFORMATION, FILE_NAME, DATA = 0x10, 0x30, 0x80
MAX_FAILURES = 1_000
"""Entries at the beginning that cannot be read before a file is given up."""
DOS_NAME = 2
"""The name space of short names, which repeat a long one."""


def sniff(head: bytes) -> bool:
    """Tell whether a file begins with entries of a master file table."""
    return head.startswith(MAGIC) and (len(head) <= ENTRY or head[ENTRY:].startswith((MAGIC, b"\0\0\0\0", b"BAAD")) or
                                       head[4 * ENTRY :].startswith(MAGIC))  # fmt: skip


def read_mft(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each moment of each entry's times of `$STANDARD_INFORMATION`."""
    del start, end  # an entry's path needs the whole table
    from mft import PyMftParser

    entries, problem = _attempt(lambda: PyMftParser(str(path)).entries())
    if problem:
        tally.not_understood += 1
        tally.problem(f"master file table cannot be read: {problem}", "byte 0")
        return
    number, torn = -1, 0
    while True:
        number += 1
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            entry, problem = _attempt(lambda: next(entries, None))
        torn += bool(said)
        if problem or isinstance(entry, Exception):
            tally.lost += 1
            tally.problem(f"entry cannot be read: {problem or entry}", f"entry {number}")
            if number > MAX_FAILURES and not tally.read:
                return
            continue
        if entry is None:
            break
        events, problem = _attempt(partial(_all_events, entry, tally))
        if problem:
            tally.lost += 1
            tally.problem(f"entry cannot be read: {problem}", f"entry {entry.entry_id}")
        for found in events or ():
            tally.read += 1
            yield found
    if torn:
        tally.problem(f"{torn} entries were written half, or copied by a tool that mends their sectors", "all")


def _attempt(step: Callable[[], Any]) -> tuple[Any, str]:
    """Return what a step gives, or None and why the parser could not take it."""
    try:
        return step(), ""
    except (RuntimeError, OSError, ValueError) as error:
        return None, str(error)
    except BaseException as error:
        # What a Rust library throws when it gives up is no Exception, and has no class that can be imported.
        if type(error).__name__ != "PanicException":
            raise
        return None, f"the parser gave up: {str(error)[:200]}"


def _all_events(entry: Any, tally: Tally) -> list[Event]:
    return list(_events(entry, tally))


def _events(entry: Any, tally: Tally) -> Iterator[Event]:
    if entry.base_entry_id:
        return  # the rest of another entry
    fields: dict[str, Any] = {
        "entry": entry.entry_id,
        "sequence": entry.sequence,
        "path": entry.full_path or "",
        "size": entry.file_size,
        "deleted": "ALLOCATED" not in str(entry.flags),
        "directory": "INDEX_PRESENT" in str(entry.flags),
        "links": entry.hard_link_count,
    }
    standard, named, streams = _attributes(entry, tally)
    if streams:
        fields["streams"] = streams
    times = {f"si_{name}": time for name, time in standard.items()} | {f"fn_{name}": t for name, t in named.items()}
    fields |= {name: time for name, time in times.items() if time}
    newer = _newer(standard.get("created", ""), named.get("created", ""))
    if newer:
        fields["fn_newer"] = newer
    letters = {"m": "modified", "a": "accessed", "c": "changed", "b": "created"}
    for time, marks in moments({letter: standard.get(name, "") for letter, name in letters.items()}):
        yield event("ntfs/mft", {**fields, "macb": marks}, time=time, record_id=entry.entry_id)


def _attributes(entry: Any, tally: Tally) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Return the times of `$STANDARD_INFORMATION` and of `$FILE_NAME`, and the names of further data streams."""
    standard: dict[str, str] = {}
    named: dict[str, str] = {}
    streams: list[str] = []
    try:
        for attribute in entry.attributes():
            if isinstance(attribute, Exception):
                tally.problem(f"attribute cannot be read: {attribute}", f"entry {entry.entry_id}")
                continue
            code = attribute.type_code
            if code == DATA and attribute.name:
                streams.append(str(attribute.name))
            elif code == STANDARD_INFORMATION:
                standard = _times(attribute.attribute_content)
            elif code == FILE_NAME:
                content = attribute.attribute_content
                if not named or _space(content) != DOS_NAME:
                    named = _times(content)
    except (RuntimeError, ValueError) as error:
        tally.problem(f"attribute cannot be read: {error}", f"entry {entry.entry_id}")
    return standard, named, streams


def _space(content: Any) -> int:
    try:
        return int(content.namespace)
    except (TypeError, ValueError, AttributeError):
        return DOS_NAME if "Dos" in str(getattr(content, "namespace", "")) else 1


def _times(content: Any) -> dict[str, str]:
    found = {}
    for ours, theirs in (
        ("modified", "modified"), ("accessed", "accessed"), ("changed", "mft_modified"), ("created", "created"),
    ):  # fmt: skip
        moment = getattr(content, theirs, None)
        if isinstance(moment, datetime) and moment.year > 1601:
            found[ours] = iso(moment)
    return found


def _newer(standard: str, named: str) -> int:
    """Return by how many seconds the name was made after the file claims to have been; 0 if it was not."""
    if not standard or not named or named <= standard:
        return 0
    return int((datetime.fromisoformat(named) - datetime.fromisoformat(standard)).total_seconds())


SOURCE = Source("mft", "a master file table of NTFS ($MFT)", sniff, read_mft)
