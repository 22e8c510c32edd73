"""Lines of text files, read in parts: what every source of text shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tocsin.lab.record import Tally

TEXT_PART = 64 * 1024 * 1024
"""Bytes of text that are read in one go. Fixed, so that the result does not depend on the number of workers."""
MAX_LINE = 1024 * 1024
"""Bytes of one line; the rest of a longer one is left out, and said."""
MIN_TEXT = 500
"""Bytes of text that there must be for each zero."""
MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def decoded(head: bytes) -> str | None:
    """Return the beginning of a file as text, None where it is binary. A character that is cut off is left out."""
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "ignore")
    # What scanners send to a web server stands in its log as it came, so some zeros are no sign of a binary file.
    if head.count(b"\0") * MIN_TEXT > len(head):
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 4:
            return head[: error.start].decode()
    return head.decode("latin-1")


def head_lines(head: bytes, most: int = 20) -> list[str]:
    """Return the first whole lines that are not blank of a file's beginning; none where it is no text."""
    text = decoded(head)
    if text is None:
        return []
    lines = text.split("\n")
    if len(lines) > 1:
        lines.pop()  # it may be cut off
    return [line.rstrip("\r") for line in lines if line.strip()][:most]


def lines(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[tuple[int, str]]:
    """Yield the lines that begin from byte `start` up to byte `end`, each with its place in bytes; blank ones left out.

    Files in UTF-16 are read as a whole by the part that begins at byte 0. Bytes that are no UTF-8 are replaced.
    """
    with path.open("rb") as file:
        mark = file.read(3)
        wide = next((name for sign, name in MARKS.items() if mark.startswith(sign) and name != "utf-8"), None)
        if wide:
            if start == 0:
                yield from _wide_lines(path, wide)
            return
        # A line belongs to the part in which it begins.
        file.seek(max(0, start - 1))
        if start:
            skip_line(file)
        position = file.tell()
        while end is None or position < end:
            raw = file.readline(MAX_LINE)
            if not raw:
                return
            place = position
            position += len(raw)
            if len(raw) == MAX_LINE and not raw.endswith(b"\n"):
                position += skip_line(file)
                tally.problem(f"line is longer than {MAX_LINE} bytes; only its beginning was read", f"byte {place}")
            if place == 0:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            if text and not text.isspace():
                yield place, text


def _wide_lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding=encoding, errors="replace", newline="\n") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), "")):
            text = line.removeprefix("\ufeff").rstrip("\r\n")
            if text and not text.isspace():
                yield number, text


def skip_line(file: BinaryIO) -> int:
    """Skip to the end of a line, however long; return the bytes that were skipped."""
    skipped = 0
    while raw := file.readline(MAX_LINE):
        skipped += len(raw)
        if raw.endswith(b"\n"):
            break
    return skipped
