"""`tocsin timeline`, `search` and `export`: events of the evidence in order of time, or those that a query asks for."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

if TYPE_CHECKING:
    from tocsin.lab.lake import Event, Lake

ITEM = "evidence"
FORMATS = {".jsonl": "jsonl", ".json": "jsonl", ".csv": "csv"}
FIRST_COLUMNS = ("message", "datetime", "timestamp_desc")
"""What Timesketch asks of each event."""
LINE = ("time", "host", "user", "channel", "code")
Paths = Annotated[list[Path] | None, typer.Argument(help="Files and folders with evidence.")]
LakeFolder = Annotated[
    Path | None, typer.Option("--lake", help="Folder of a lake: kept, and used again if it is there.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File (.jsonl or .csv); default: standard output.")]
Jobs = Annotated[int, typer.Option(min=0, help="Child processes; 0: one for each processor.")]


def timeline(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders with evidence.")],
    output: Output = None,
    lake: LakeFolder = None,
    jobs: Jobs = 0,
) -> None:
    """Write all events in order of time, as Timesketch reads them.

    Exit status 0: all was read. 1: something was lost or not understood. 2: nothing could be read.

    Example: [bold]tocsin timeline ./logs -o timeline.csv[/bold]
    """
    _write("", paths, output, lake, jobs)


def export(
    query: Annotated[str, typer.Argument(help="What to look for; see docs/search-language.md.")],
    paths: Paths = None,
    output: Output = None,
    lake: LakeFolder = None,
    jobs: Jobs = 0,
) -> None:
    """Write all events that a query asks for, with all of their fields, oldest first.

    Exit status as of [bold]tocsin scan[/bold]; of a lake that is there already 0, or 2 where it holds nothing.

    Example: [bold]tocsin export 'code:4688 host:ws-017' --lake ./lake -o found.jsonl[/bold]
    """
    _write(query, paths or [], output, lake, jobs)


def search(
    query: Annotated[str, typer.Argument(help="What to look for; see docs/search-language.md.")],
    paths: Paths = None,
    lake: LakeFolder = None,
    jobs: Jobs = 0,
) -> None:
    """Show the events that a query asks for, a line each, newest first.

    Exit status as of [bold]tocsin scan[/bold]; of a lake that is there already 0, or 2 where it holds nothing.

    Example: [bold]tocsin search 'process_name:powershell.exe -enc' ./logs[/bold]
    """
    from tocsin.cli.progress import console
    from tocsin.lab.lake import stream

    with _asked(query, paths or [], lake, jobs) as (opened, status):
        count = 0
        for event in stream(opened, query, "newest"):
            count += 1
            sys.stdout.write(line_of(event) + "\n")
        console.print(f"{count:,} events")
    raise typer.Exit(status)


def line_of(event: Event) -> str:
    """Return an event as one line: when, where, who, what."""
    told = [_plain(event.columns.get(name)) or "-" for name in LINE]
    return "  ".join([*told, message_of(event)]).translate(NO_CONTROL)


def message_of(event: Event) -> str:
    """Return what an event says, in a few words: its message, or what it did with what."""
    columns = event.columns
    named = ("action", "process", "command_line", "path", "src_address", "dst_address", "domain", "url", "status")
    words = [str(columns[name]) for name in named if name in columns]
    text = columns.get("message") or " ".join(words) or " ".join(f"{k}={v}" for k, v in event.fields.items())
    return str(text) or str(columns.get("channel", ""))


def row_of(event: Event) -> dict[str, Any]:
    """Return an event as a timeline has it: message, datetime and timestamp_desc first, then the common columns."""
    columns = dict(event.columns)
    time = columns.pop("time", None)
    columns.pop("message", None)
    what = event.fields.get("timestamp_desc") or "Event Logged"
    return {
        "message": message_of(event),
        "datetime": _plain(time),
        "timestamp_desc": str(what),
        **columns,
        "event_id": event.id,
        "fields": event.fields,
    }


def _write(query: str, paths: list[Path], output: Path | None, lake: Path | None, jobs: int) -> None:
    from tocsin.cli.progress import console, counter
    from tocsin.lab.lake import LakeError, stream

    form = "jsonl" if output is None else FORMATS.get(output.suffix.lower(), "")
    if not form:
        console.print(f"[red]{output}: the name must end in .jsonl or .csv[/red]")
        raise typer.Exit(2)
    with _asked(query, paths, lake, jobs) as (opened, status), counter("events") as tick:
        try:
            with _opened(output) as out:
                writer = _csv_lines if form == "csv" else _json_lines
                count = 0
                for count, line in enumerate(writer(stream(opened, query)), 1):
                    out.write(line)
                    tick(count)
        except OSError as error:
            console.print(f"[red]{error.filename or output}: {error.strerror or error}[/red]")
            raise typer.Exit(2) from error
        except LakeError as error:
            console.print(f"[red]{error}[/red]")
            raise typer.Exit(2) from error
    console.print(f"{count - (form == 'csv'):,} events written")
    raise typer.Exit(status)


@contextmanager
def _asked(query: str, paths: list[Path], folder: Path | None, jobs: int) -> Iterator[tuple[Lake, int]]:
    """Give a lake with the evidence in it, and the exit status that its account stands for."""
    from tocsin.cli.progress import console
    from tocsin.lab.lake import Lake, QueryError, parse

    try:
        parse(query)
    except QueryError as error:
        console.print(query, "\n" + " " * error.place + "^", f"\n{error}", markup=False, sep="")
        raise typer.Exit(2) from error
    missing = [path for path in paths if not path.exists()]
    if missing or not (paths or folder):
        console.print(
            f"[red]{missing[0]}: there is no such file or folder[/red]"
            if missing
            else "[red]Name files, or a lake with --lake[/red]"
        )
        raise typer.Exit(2)
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-lake-")))
        try:
            status = _load(paths, folder, jobs) if paths else 0
            opened = stack.enter_context(Lake(folder))
        except (OSError, ValueError) as error:
            console.print(f"[red]{error}[/red]", markup=True)
            raise typer.Exit(2) from error
        if not any(opened.items().values()):
            console.print("[red]Nothing could be read: this says nothing about the evidence.[/red]")
            status = 2
        yield opened, status


def _load(paths: list[Path], folder: Path, jobs: int) -> int:
    """Load evidence, say what could not be read, and return the exit status."""
    from tocsin.cli.progress import bytes_bar, console
    from tocsin.lab.lake import account_of, load

    with bytes_bar("Loading") as progress:
        manifest = load(paths, folder, ITEM, jobs=jobs, progress=progress)
    account = account_of(folder, ITEM)
    console.print(
        f"{manifest.rows:,} events from {len(account.files):,} files. Lost {account.lost:,} records, "
        f"not understood {account.not_understood:,}."
    )
    for reason, count, path in account.problem_groups[:20]:
        console.print(f"  {count:,} x {reason} (first: {path})", markup=False)
    return account.exit_status


def _json_lines(events: Iterator[Event]) -> Iterator[bytes]:
    import orjson

    for event in events:
        yield orjson.dumps(row_of(event), default=str) + b"\n"


def _csv_lines(events: Iterator[Event]) -> Iterator[bytes]:
    import orjson

    from tocsin.lab.lake import COLUMNS

    names = [*FIRST_COLUMNS, *(c.name for c in COLUMNS if c.name not in ("time", "message")), "event_id", "fields"]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, restval="")
    writer.writeheader()
    yield _taken(buffer)
    for event in events:
        row = row_of(event)
        row["fields"] = orjson.dumps(row["fields"], default=str).decode()
        writer.writerow({name: _safe(value) for name, value in row.items()})
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def _safe(value: Any) -> Any:
    """Return a value for a table. A spreadsheet would run what begins like a formula, and evidence is attacker-made."""
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA else value


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return "" if value is None else str(value)


FORMULA = ("=", "+", "-", "@", "\t", "\r")
NO_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")
"""Evidence shall not talk to the terminal."""


def _opened(output: Path | None) -> BinaryIO:
    return output.open("wb") if output else open(sys.stdout.fileno(), "wb", closefd=False)
