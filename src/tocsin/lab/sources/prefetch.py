"""Prefetch files: that a program ran on a Windows machine, how often, when, and which files it loaded at its start.

Shows execution, also of a program that is deleted: up to eight last runs on Windows 8 and later, one before. Format
after libscca's documentation; read with libscca, which also unpacks Windows 10's compression.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_filetime

MAX_RUNS = 8
MAX_FILES = 2_000
MAX_SIZE = 32 * 1024 * 1024


def sniff(head: bytes) -> bool:
    """Tell whether a file is a prefetch file, plain or compressed."""
    return head[4:8] == b"SCCA" or head[:4] == b"MAM\x04"


def read_prefetch(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each run that the file remembers, the newest first and with the files that were loaded."""
    del start, end
    import pyscca

    if path.stat().st_size > MAX_SIZE:
        tally.not_understood += 1
        tally.problem(f"larger than {MAX_SIZE} bytes, which no prefetch file is", "byte 0")
        return
    file = pyscca.file()
    try:
        with path.open("rb") as opened:
            file.open_file_object(opened)
            fields, files, runs = _facts(file)
            file.close()
    except (OSError, ValueError, MemoryError) as error:
        tally.not_understood += 1
        tally.problem(f"prefetch file cannot be read: {_plain(error)}", "byte 0")
        return
    for number, time in enumerate(runs or [""]):
        tally.read += 1
        yield event("prefetch/run", {**fields, **({} if number else {"files": files})}, time=time)


def _facts(file: Any) -> tuple[dict[str, Any], list[str], list[str]]:
    name = str(file.executable_filename or "")
    count = min(file.number_of_filenames, MAX_FILES)
    files = [str(file.get_filename(number) or "") for number in range(count)]
    own = next((path for path in files if path.upper().endswith("\\" + name.upper())), "")
    last = MAX_RUNS if file.format_version >= 26 else 1
    runs = [from_filetime(file.get_last_run_time_as_integer(number)) for number in range(last)]
    volumes = [volume.device_path for volume in file.volumes]
    fields = {
        "executable": name,
        "path": own,
        "run_count": file.run_count,
        "hash": f"{file.prefetch_hash:08X}",
        "format_version": file.format_version,
        "files_loaded": file.number_of_filenames,
        "volumes": [str(volume) for volume in volumes if volume],
    }
    return fields, files, [run for run in runs if run]


def _plain(error: Exception) -> str:
    """Return the first sentence of what libscca says, which names its functions after that."""
    return str(error).partition(". ")[0].partition(": ")[2] or str(error)


SOURCE = Source("prefetch", "a Windows prefetch file", sniff, read_prefetch)
