"""Events as JSON: one a line, an array, or values one after the other over several lines; bare or in an export's wrap.

Windows events are tried first, then the kinds of values in `known.py`, then what exports put around events.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tocsin.lab.record import Tally
from tocsin.lab.sources.json_wraps import MAX_WRAPS, unwrapped
from tocsin.lab.sources.known import shapes_of
from tocsin.lab.sources.making_rows import json_row
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.text import skip_line

MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes of a file that can only be read as a whole (an array, or objects over several lines)."""
MAX_IDENTITIES = 1_000_000
"""Events of one part whose names are kept, to tell repeated ones."""
MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line; a longer one is no event."""


def read_json(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield the events of the lines that begin from byte `start` up to byte `end`.

    A file that is not one object a line is read as a whole by the part that begins at byte 0.
    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        if not _has_a_value_a_line(file):
            if start == 0:
                yield from _document(file, tally)
            return
        yield from _lines(file, Values(tally), start, end)


def _has_a_value_a_line(file: BinaryIO) -> bool:
    """Tell whether the first line that is not empty holds a whole JSON object."""
    file.seek(0)
    for _ in range(100):
        line = file.readline(MAX_LINE)
        if not line:
            return False
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if text:
            return text.startswith(b"{") and text.endswith(b"}") and parsed(text) is not None
    return False


class Values:
    """The JSON values of a part of a file, or the rows of a table, on their way to events and into the account."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.was_repeated = False
        """Whether the last value was an event that came before."""
        self._identities: set[int] = set()

    def events(self, value: Any, place: str, line: bytes | None = None, wraps: int = 0) -> Iterator[Event]:
        """Yield the events of a value that stands at some place of the file: one, several in an envelope, or none."""
        event = json_row(value, line) or self.other(value, place)
        if event is not None:
            self.tally.read += 1
            yield event
        elif not self.was_repeated:
            yield from self.wrapped(value, place, wraps)

    def other(self, value: Any, place: str) -> Event | None:
        """Return the event of a value that is none of Windows, None where it is of no known kind or `was_repeated`."""
        self.was_repeated = False
        if type(value) is dict:
            for shape in shapes_of(tuple(value)):
                identity = value.get(shape.identity) if shape.identity else None
                event = shape.row(value)
                if event is not None:
                    if identity and self._is_repeated(identity):
                        self.was_repeated = True
                        self.tally.skipped += 1
                        self.tally.problem(f"{shape.title}: a record with the same {shape.identity} came before", place)
                        return None
                    return event
        return None

    def wrapped(self, value: Any, place: str, wraps: int = 0) -> Iterator[Event]:
        """Yield the events that an export put something around; account for a value that holds none."""
        found = unwrapped(value) if type(value) is dict and wraps < MAX_WRAPS else None
        if type(found) is list:
            for number, item in enumerate(found):
                yield from self.events(item, f"{place}, element {number}", None, wraps + 1)
        elif found is not None:
            yield from self.events(found, place, None, wraps + 1)
        else:
            self.tally.not_understood += 1
            self.tally.problem("JSON value is no event in a known shape", place)

    def _is_repeated(self, identity: object) -> bool:
        if type(identity) is not str or not identity or len(self._identities) >= MAX_IDENTITIES:
            return False
        known = hash(identity)
        if known in self._identities:
            return True
        self._identities.add(known)
        return False


def lines_in(file: BinaryIO, start: int, end: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank and begin from byte `start` up to byte `end`, each with its place.

    A line belongs to the part in which it begins.
    """
    file.seek(max(0, start - 1))
    if start:
        skip_line(file)
    position = file.tell()
    while end is None or position < end:
        line = file.readline(MAX_LINE)
        if not line:
            return
        text = line.strip() if position else line.removeprefix(b"\xef\xbb\xbf").strip()
        if text:
            yield position, text
        position += len(line)


def _lines(file: BinaryIO, values: Values, start: int, end: int | None) -> Iterator[Event]:
    for position, text in lines_in(file, start, end):
        value = parsed(text)
        event = json_row(value, text) or values.other(value, f"byte {position}")
        if event is not None:
            values.tally.read += 1
            yield event
        elif not values.was_repeated:
            yield from values.wrapped(value, f"byte {position}")


def _document(file: BinaryIO, tally: Tally) -> Iterator[Event]:
    """Yield the events of a file that is one array or several objects, each over any number of lines."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > MAX_DOCUMENT:
        tally.not_understood += 1
        limit = MAX_DOCUMENT // 1024 // 1024
        tally.problem(
            f"JSON that is not one event a line can be read up to {limit} MiB: write one event a line", "byte 0"
        )
        return
    values = Values(tally)
    for place, value in _values(_decoded(file.read()), tally):
        yield from values.events(value, place)


def _values(text: str, tally: Tally) -> Iterator[tuple[str, Any]]:
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        yield from _one_after_the_other(text, tally)
        return
    if isinstance(whole, list):
        yield from ((f"element {number}", value) for number, value in enumerate(whole))
    else:
        yield "byte 0", whole


def _one_after_the_other(text: str, tally: Tally) -> Iterator[tuple[str, Any]]:
    """Yield JSON values that follow each other, or that stand in an array which breaks off."""
    decoder = json.JSONDecoder()
    position = 0
    while True:
        while position < len(text) and (text[position].isspace() or text[position] in ",[]"):
            position += 1
        if position == len(text):
            return
        try:
            value, after = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            tally.not_understood += 1
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            tally.problem(f"not readable as JSON from here on: {reason}", f"character {position}")
            return
        yield f"character {position}", _storable(value)
        position = after


def parsed(text: bytes) -> Any:
    """Return the value of some JSON, lone surrogates and the like replaced; None where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    try:
        # orjson refuses lone surrogates and broken UTF-8, which real exports hold.
        return _storable(json.loads(text.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        return None


def _storable(value: Any) -> Any:
    """Return a value with what cannot be written as JSON again replaced: lone surrogates, numbers beyond 64
    bits."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return str(value)
    return value


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
