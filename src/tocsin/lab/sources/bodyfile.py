"""Body files: the times of files as The Sleuth Kit's mactime takes them, and as UAC collects them.

A line is `MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`, times in seconds since 1970, 0 = not known
(wiki.sleuthkit.org, "Body file"). Each moment of a file is an event of `uac/bodyfile`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tocsin.lab.record import Tally
from tocsin.lab.sources.macb import moments
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.text import TEXT_PART, head_lines, lines
from tocsin.lab.sources.times import from_epoch

LINE = re.compile(
    r"(?P<md5>[0-9a-fA-F]{32}|0?)\|(?P<path>.*)\|(?P<inode>[-\d]*)\|(?P<mode>[^|]{0,20})\|(?P<uid>\d*)\|(?P<gid>\d*)\|"
    r"(?P<size>\d*)\|(?P<a>-?[\d.]*)\|(?P<m>-?[\d.]*)\|(?P<c>-?[\d.]*)\|(?P<b>-?[\d.]*)"
)
LINK = " -> "


def sniff(head: bytes) -> bool:
    """Tell whether a file begins with lines of a body file; it may begin with a comment."""
    found = [line for line in head_lines(head) or [head.decode("utf-8", "replace").strip()] if not line.startswith("#")]
    return bool(found) and all(LINE.fullmatch(line) for line in found)


def read_bodyfile(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each moment of each file in the lines that begin from `start` up to `end`."""
    for place, line in lines(path, tally, start, end):
        found = LINE.fullmatch(line)
        if found is None:
            if not line.startswith("#"):
                tally.not_understood += 1
                tally.problem("line is not one of a body file", f"byte {place}")
            continue
        name, _, target = found["path"].partition(LINK)
        times = {letter: _time(found[letter]) for letter in "macb"}
        fields = {key: found[key] for key in ("inode", "mode", "uid", "gid") if found[key]}
        fields = {"path": name, **({"target": target} if target else {}), **fields}
        if len(found["md5"]) == 32:
            fields["md5"] = found["md5"].lower()
        if found["size"]:
            fields["size"] = int(found["size"]) if len(found["size"]) < 19 else found["size"]
        for time, marks in moments(times):
            tally.read += 1
            yield event("uac/bodyfile", {**fields, "macb": marks}, time=time)


def _time(text: str) -> str:
    return "" if text in ("", "0", "-1", ".") else from_epoch(text)


SOURCE = Source("bodyfile", "a body file (times of files)", sniff, read_bodyfile, TEXT_PART)
