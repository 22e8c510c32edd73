"""What a scan has found so far, file by file, so that one that was stopped can go on.

A journal is lines of JSON: the first says what the scan was asked for; then for each file of the evidence `begin` with
the file's key, what `answer`s its parts and those of its members gave, a `row` for each, and `end`. A file
without an `end`, and a journal that was begun for another question, count for nothing. What is in it is handed on
again exactly as it came, so a scan that goes on gives what an unbroken one gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

FORMAT = 1
END = b'{"end":true}\n'
Key = tuple[str, int, int]
"""A file's path, its size in bytes, and when it was last written to, in nanoseconds since 1970."""


class Journal:
    """The journal of a scan, in a file of its own. `question` is all that what is found depends on, beside the files."""

    def __init__(self, path: Path, question: dict[str, Any], *, go_on: bool) -> None:
        self._places: dict[Key, int] = {}
        self._path = path
        head = orjson.dumps({"format": FORMAT, **question}) + b"\n"
        if go_on and path.is_file():
            self._read(head)
        self._file = path.open("ab" if self._places else "wb")
        self._file.write(b"\n" if self._places else head)  # the last line may be cut off

    def _read(self, head: bytes) -> None:
        """Find the files that are complete."""
        with self._path.open("rb") as file:
            if file.readline() != head:
                return
            key, place = None, file.tell()
            for line in iter(file.readline, b""):
                if line.startswith(b'{"begin":'):
                    key, begin = _key(line), place
                elif line == END and key:
                    self._places[key] = begin
                    key = None
                place += len(line)

    @property
    def complete(self) -> int:
        """Files that the journal had when it was opened."""
        return len(self._places)

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def entries(self, key: Key) -> Iterator[dict[str, Any]]:
        """Yield what is kept of a file that is complete: `{"answer": ..., "source_file": ...}` and `{"row": ...}`."""
        with self._path.open("rb") as file:
            file.seek(self._places[key])
            file.readline()
            for line in iter(file.readline, END):
                yield orjson.loads(line)

    def begin(self, key: Key) -> None:
        """Begin a file."""
        self._write({"begin": key})

    def row(self, row: Any) -> None:
        """Keep the row of a file, or of a member of it."""
        self._write({"row": row})

    def answer(self, found: dict[str, Any], source_file: str) -> None:
        """Keep what was found in a part of it; `source_file` is the name that this goes under."""
        self._write({"answer": found, "source_file": source_file})

    def end(self) -> None:
        """End the file: all of it is there. From here on a stop does not lose it."""
        self._write({"end": True})
        self._file.flush()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def remove(self) -> None:
        """Close the file and remove it: the scan has come to its end."""
        self.close()
        self._path.unlink(missing_ok=True)


def _key(line: bytes) -> Key | None:
    try:
        path, size, moment = orjson.loads(line)["begin"]
    except (ValueError, KeyError, TypeError):
        return None
    return path, size, moment
