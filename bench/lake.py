"""How fast the lake is: loading beside the bare parse of the same files, then questions over many events.

    python bench/lake.py [--events 1_000_000] [--keep FOLDER] [--memory 300MB] [--questions-only]

Asserts nothing. Loading is measured in processor seconds of one process, on the shared test data. Questions are
measured by the clock, as the person who waits for them does, and in processor time, which other work on the machine
changes less; each is asked several times over, so files are in the system's cache, as they are while somebody works
with them. The events are those of the OTRF logs many times over, each time of other hosts, spread over two weeks.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from repeated_events import material, repeated

from lab import SHARED, bare_evtx, bare_json, files_of, in_child, unpacked
from tocsin.lab.lake import Lake, Manifest
from tocsin.lab.lake.loading import load
from tocsin.lab.lake.write import Writer, new_item
from tocsin.lab.record import Tally
from tocsin.lab.sources.evtx import HEADER_SIZE, read_evtx
from tocsin.lab.sources.json_values import read_json
from tocsin.lab.sources.kind import EVTX
from tocsin.lab.sources.rows import Event

RUNS = 3
ROUNDS = 5
SLOW = 5_000
"""Milliseconds after which a question is not asked again."""
COPIES_IN_ITEM = 5
FACETS = ["host", "user", "code", "process_name"]
QUERIES = {
    "everything": "",
    "one field": "process_name:powershell.exe",
    "field and not": "code:4688 and not user:SYSTEM",
    "host and time": "host:mordordc-017 and time:[2026-03-05 TO 2026-03-06]",
    "code range": "code:[4600 TO 4699]",
    "wildcard in commands": "command_line:*-enc*",
    "network": "dst_address:203.0.113.0/24",
    "hash": "hash:" + "0" * 64,
    "own field": r"fields.TargetObject:*\Run\*",
    "absent word": "zebrafish",
    "rare word": "mimikatz",
    "frequent word": "powershell",
}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000, help="events to ask questions over")
    parser.add_argument("--keep", type=Path, help="folder in which the events stay for the next run")
    parser.add_argument("--memory", default="300MB", help="memory that DuckDB may use")
    parser.add_argument("--questions-only", action="store_true")
    options = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit(f"The shared test data is not at {SHARED}; set TOCSIN_SHARED to the folder that holds data/.")
    with tempfile.TemporaryDirectory() as scratch:
        json = [str(path) for path in unpacked(SHARED / "otrf" / "atomic" / "windows", Path(scratch))]
        if not options.questions_only:
            print_loading(Path(scratch), json)
        print_questions(options.keep or Path(scratch) / "lake", json, options.events, options.memory)


def print_loading(scratch: Path, json: list[str]) -> None:
    """Print how fast real files get into the lake."""
    evtx = [str(path) for path in files_of(EVTX, SHARED / "evtx-attack-samples")] * 4
    heads = ("events", "bare parse", "read", "load", "events/s", "of bare", "of read", "MB")
    print(f"{'loading, one process':24}" + "".join(f"{head:>11}" for head in heads))
    for label, names, bare in (("EVTX samples, 4 times", evtx, bare_evtx), ("OTRF JSON lines", json, bare_json)):
        parse, reading, loading = (
            statistics.median(float(in_child(function, names).split()[0]) for _ in range(RUNS))
            for function in (bare, read_time, load_time)
        )
        _, count, memory = in_child(load_time, names).split()
        print(
            f"{label:24}{int(count):11,}{parse:9.2f} s{reading:9.2f} s{loading:9.2f} s{int(count) / loading:11,.0f}"
            f"{loading / parse:10.1f}x{loading / reading:10.1f}x{float(memory):11.0f}"
        )
    for jobs in (1, 2):
        began = time.perf_counter()
        rows = load([Path(name) for name in json], scratch / f"lake-{jobs}", "item", jobs=jobs).rows
        print(
            f"{jobs} processes, by the clock, children's start included: {rows / (time.perf_counter() - began):,.0f} events/s"
        )


def read_time(names: list[str]) -> bytes:
    """Read events, do nothing with them, and return the seconds that it took."""
    began = time.process_time()
    for _ in events_of(names):
        pass
    return str(time.process_time() - began).encode()


def load_time(names: list[str]) -> bytes:
    """Load files and return the seconds that it took, the number of events, and the peak of memory in MB.

    The first file is loaded before the clock starts: a child does its imports once for all it loads.
    """
    with tempfile.TemporaryDirectory() as folder:
        loaded(Path(folder, "first"), events_of(names[:1]))
        began = time.process_time()
        rows = loaded(Path(folder, "all"), events_of(names))
        return f"{time.process_time() - began} {rows} {peak_memory()}".encode()


def loaded(folder: Path, events: Iterator[tuple[Event, str]]) -> int:
    """Write events as an item, and return how many there were."""
    with new_item(folder, "item") as item:
        if item is None:
            return 0
        writer = Writer(item.folder, "item")
        for event, name in events:
            writer.add(event, name)
        manifest = Manifest("item", parts=writer.finish())
        manifest.rows = sum(part.rows for part in manifest.parts)
        item.complete(manifest)
        return manifest.rows


def events_of(names: list[str]) -> Iterator[tuple[Event, str]]:
    """Yield the events of some files."""
    for name in names:
        path = Path(name)
        reader = (
            read_evtx(path, Tally(), HEADER_SIZE, None) if name.endswith(".evtx") else read_json(path, Tally(), 0, None)
        )
        for event in reader:
            yield event, name


def print_questions(folder: Path, json: list[str], events: int, memory: str) -> None:
    """Print how fast questions over many events are answered."""
    of_one = len(material([Path(name) for name in json], events))
    for number in range(-(-events // (of_one * COPIES_IN_ITEM))):
        if not (folder / f"made-{number:03}").exists():
            in_child(make_item, str(folder), json, number)
            print(f"\rmade {(number + 1) * of_one * COPIES_IN_ITEM:,} events", end="", flush=True)
    print(in_child(ask, str(folder), memory).decode())


def make_item(folder: str, json: list[str], number: int) -> bytes:
    """Load some copies of the events as one item."""
    events = material([Path(name) for name in json], 10**9)
    copies = range(number * COPIES_IN_ITEM, (number + 1) * COPIES_IN_ITEM)
    made = ((event, f"department-{copy:03}.json") for copy in copies for event in repeated(events, copy))
    with new_item(Path(folder), f"made-{number:03}") as item:
        if item is not None:
            writer = Writer(item.folder, f"made-{number:03}")
            for event, name in made:
                writer.add(event, name)
            manifest = Manifest(f"made-{number:03}", parts=writer.finish())
            manifest.rows = sum(part.rows for part in manifest.parts)
            item.complete(manifest)
    return b""


def ask(folder: str, memory: str) -> bytes:
    """Ask all questions and return the table of how long the answers took."""
    size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet")) / 1e6
    times: dict[str, list[float]] = {}
    with Lake(Path(folder), memory_limit=memory) as lake:
        lines = [
            f"{lake.count(''):,} events, {size:,.0f} MB in Parquet; milliseconds: median, largest, median of processor time"
        ]
        lines.append(
            f"{'':22}{'found':>11}" + "".join(f"{kind:>22}" for kind in ("search", "1 facet", "4 facets", "histogram"))
        )
        lake.histogram("")
        for label, query in QUERIES.items():
            asked: dict[str, Callable[[], object]] = {
                "search": lambda query=query: lake.search(query, limit=50),
                "1 facet": lambda query=query: lake.facets(query, ["host"]),
                "4 facets": lambda query=query: lake.facets(query, FACETS),
                "histogram": lambda query=query: lake.histogram(query),
            }
            row = f"{label:22}{lake.count(query):11,}"
            for kind, question in asked.items():
                clock, processor = timed(question)
                times.setdefault(kind, []).extend(clock)
                row += f"{statistics.median(clock):8,.0f}{max(clock):7,.0f}{statistics.median(processor):7,.0f}"
            lines.append(row)
            print(row, flush=True, file=sys.stderr)
    row = f"{'all: median, 95th':33}"
    for taken in times.values():
        row += f"{statistics.median(taken):8,.0f}{statistics.quantiles(taken, n=20)[-1]:7,.0f}{'':7}"
    return "\n".join([*lines, row, f"peak memory {peak_memory():.0f} MB"]).encode()


def timed(question: Callable[[], object]) -> tuple[list[float], list[float]]:
    """Return how many milliseconds a question takes, by the clock and in processor time."""
    clock: list[float] = []
    processor: list[float] = []
    while len(clock) < ROUNDS and not (clock and clock[-1] > SLOW):
        began, spent = time.perf_counter(), time.process_time()
        question()
        clock.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - spent) * 1000)
    return clock, processor


def peak_memory() -> float:
    """Return the most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    # The children find this module's functions by its name, which is not __main__ for them.
    sys.path.insert(0, str(Path(__file__).parent))
    from lake import main as run

    run()
