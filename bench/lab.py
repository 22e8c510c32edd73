"""How fast the lab is: events a second on one core, beside the bare parsing of the same files in the same run.

Reads the shared test data; asserts nothing. What the figures mean stands in docs/benchmarks.md. Seconds are
processor time of all processes of a scan, so that what else runs on the machine counts little; where a line says
"clock", they are seconds on the clock. Every figure is the median of several runs, each with children of its
own, so that none profits from what an earlier one has learnt.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from tocsin.lab import Detection, RuleSet, load_rules, scan
from tocsin.lab.containment import ContainedPool
from tocsin.lab.sources.kind import EVTX, JSON, kind_of, parts_of

RUNS = 3
COPIES = 8
"""How often the same files are taken for the larger inputs."""
LARGEST = 15_000_000
"""Bytes of the largest JSON log that is taken, so that the benchmark stays short."""
PROCESS_CREATION = {("microsoft-windows-sysmon/operational", 1), ("security", 4688)}
SHARED = Path(os.environ.get("TOCSIN_SHARED") or Path(__file__).parents[2] / "shared") / "data"
HEAD = f"{'':34}{'events':>9}{'MB':>6}{'hits':>8}{'bare parse':>12}{'scan':>9}{'events/s':>10}{'of bare':>9}"


def main() -> None:
    """Print the figures."""
    if not SHARED.is_dir():
        sys.exit(f"The shared test data is not at {SHARED}; set TOCSIN_SHARED to the folder that holds data/.")
    with tempfile.TemporaryDirectory() as scratch:
        # An installed program is compiled; a checkout may be kept from being so.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{scratch}/compiled"
        rules = print_loading(Path(scratch))
        evtx = files_of(EVTX, SHARED / "evtx-attack-samples", SHARED / "sigma-regression")
        json = unpacked(SHARED / "otrf" / "atomic" / "windows", Path(scratch))
        processes = process_creations(evtx, json, Path(scratch, "processes.json"))
        print(f"\n{HEAD}")
        print_scan("EVTX samples", evtx, rules, bare_evtx)
        print_scan(f"the same {COPIES} times", evtx * COPIES, rules, bare_evtx)
        print_scan("OTRF JSON lines", json, rules, bare_json)
        print_scan(f"process creation only, {COPIES} times", [processes] * COPIES, rules, bare_json)
        print("\nwhere the time of one process goes, in seconds")
        print_split("EVTX samples", evtx, rules)
        print_split(f"the same {COPIES} times", evtx * COPIES, rules)
        print_split("OTRF JSON lines", json, rules)
        print("\ntwo processes, on the clock")
        print_two(f"EVTX samples {3 * COPIES} times", evtx * 3 * COPIES, rules)
        print_two("OTRF JSON lines 4 times", json * 4, rules)
        print_command(min(evtx, key=lambda path: path.stat().st_size), Path(scratch))


def print_loading(scratch: Path) -> RuleSet:
    """Print how long the rules take, from their files and from the cache."""
    in_child(load_time, str(scratch / "unused"))  # compiles the modules
    cold, cached = [], []
    for run in range(RUNS):
        folder = scratch / f"cache{run}"
        cold.append(float(in_child(load_time, str(folder))))
        cached.append(float(in_child(load_time, str(folder))))
    rules = load_rules([SHARED / "sigma"], cache_dir=scratch / "cache0")
    others, unusable = len(rules.not_assessable), len(rules.rejected)
    print(f"{len(rules.rules)} Windows rules ({others} for other sources, {unusable} not usable)")
    cold_median, cached_median = statistics.median(cold), statistics.median(cached)
    print(f"loaded in {cold_median:.2f} s from their files, in {cached_median:.2f} s from the cache")
    return rules


def load_time(cache: str) -> bytes:
    """Load the rules and return the seconds that it took."""
    began = time.process_time()
    load_rules([SHARED / "sigma"], cache_dir=Path(cache))
    return str(time.process_time() - began).encode()


def print_scan(label: str, files: list[Path], rules: RuleSet, bare: Callable[[list[str]], bytes]) -> None:
    """Print the bare parsing and the whole scan of some files, each with one worker, its detections written out."""
    names = [str(path) for path in files]
    parse, used = [], []
    for _ in range(RUNS):
        parse.append(float(in_child(bare, names)))
        before = processor_seconds()
        report = scanned(files, rules, 1)
        used.append(processor_seconds() - before)
    seconds, bare_seconds = statistics.median(used), statistics.median(parse)
    count = report.records
    print(
        f"{label:34}{count:9,}{report.bytes / 1e6:6.0f}{report.detections:8,}{bare_seconds:10.2f} s{seconds:7.2f} s"
        f"{count / seconds:10,.0f}{seconds / bare_seconds:8.1f}x"
    )


def scanned(files: Sequence[Path], rules: RuleSet, jobs: int) -> Any:
    """Scan files, write the detections and return the report."""
    with tempfile.TemporaryFile() as out:

        def write(found: list[Detection]) -> None:
            out.writelines(each.to_json() + b"\n" for each in found)

        return scan(files, rules, jobs=jobs, sink=write)


def print_split(label: str, files: list[Path], rules: RuleSet) -> None:
    """Print how the time of examining some files divides."""
    runs = [orjson.loads(in_child(split, [str(path) for path in files], str(rules.path))) for _ in range(RUNS)]
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"{label:34}" + ", ".join(f"{name} {seconds:.2f}" for name, seconds in medians.items()))


def split(names: list[str], rules: str) -> bytes:
    """Return the seconds of starting a child, loading the rules, reading and decoding, and of the rest."""
    times = {"start": time.process_time()}
    from tocsin.lab import examine
    from tocsin.lab.record import Tally

    began = time.process_time()
    examine.matcher_of(Path(rules))
    times["rules"] = time.process_time() - began
    kinds = [(Path(name), kind_of(Path(name)).name) for name in names]
    parts = [
        examine.Part(path, str(path), kind, *ends)
        for path, kind in kinds
        for ends in parts_of(kind, path.stat().st_size)
    ]
    began = time.process_time()
    for part in parts:
        for _ in examine.events_of(part, Tally()):
            pass
    times["parse and decode"] = time.process_time() - began
    began = time.process_time()
    for start in range(0, len(parts), 50):
        examine.examine_each(parts[start : start + 50], Path(rules))
    times["plan, match and answer"] = time.process_time() - began - times["parse and decode"]
    return orjson.dumps(times)


def print_two(label: str, files: list[Path], rules: RuleSet) -> None:
    """Print how much sooner two processes are done than one, on the clock."""
    clock: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(RUNS):
        for jobs, times in clock.items():
            began = time.perf_counter()
            scanned(files, rules, jobs)
            times.append(time.perf_counter() - began)
    one, two = statistics.median(clock[1]), statistics.median(clock[2])
    print(f"{label:34}one {one:.2f} s, two {two:.2f} s: {one / two:.2f} times as fast")


def print_command(path: Path, scratch: Path) -> None:
    """Print how long the whole command takes for one small file, rules from the cache."""
    command = [sys.executable, "-c", "from tocsin.cli.main import app; app()", "scan", str(path), "--rules"]
    os.environ["XDG_CACHE_HOME"] = str(scratch / "home")
    used, clock = [], []
    for _ in range(RUNS + 1):
        before, began = processor_seconds(), time.perf_counter()
        subprocess.run([*command, str(SHARED / "sigma"), "-o", str(scratch / "out")], check=False, capture_output=True)
        used.append(processor_seconds() - before)
        clock.append(time.perf_counter() - began)
    print(
        f"\n`tocsin scan` of one small file, rules from the cache: {statistics.median(used[1:]):.2f} s of processor time, "
        f"{statistics.median(clock[1:]):.2f} s on the clock"
    )


def processor_seconds() -> float:
    """Return the processor time of this process and its ended children: what others do on the machine does not count."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def bare_evtx(names: list[str]) -> bytes:
    """Parse EVTX files, look at nothing, and return the seconds that it took."""
    from evtx import PyEvtxParser

    began = time.process_time()
    for name in names:
        for _ in PyEvtxParser(name, number_of_threads=1).records_json():
            pass
    return str(time.process_time() - began).encode()


def bare_json(names: list[str]) -> bytes:
    """Parse JSON lines, look at nothing, and return the seconds that it took."""
    began = time.process_time()
    for name in names:
        with Path(name).open("rb") as file:
            for line in file:
                if line.strip():
                    orjson.loads(line)
    return str(time.process_time() - began).encode()


def in_child(function: Callable[..., bytes], *arguments: object) -> bytes:
    """Run a function in a new process and return what it returns."""
    with ContainedPool(1) as pool:
        answer: bytes = pool.submit(function, *arguments).result()
        return answer


def files_of(kind: str, *folders: Path) -> list[Path]:
    """Return the files of one kind in some folders."""
    return sorted(
        path for folder in folders for path in folder.rglob("*") if path.is_file() and kind_of(path).name == kind
    )


def unpacked(folder: Path, scratch: Path) -> list[Path]:
    """Unpack the JSON logs of some archives, so that reading them is measured without their unpacking."""
    found: list[Path] = []
    for archive in sorted(folder.rglob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            logs = [member for member in opened.infolist() if member.filename.endswith(".json")]
            small = [
                log.filename for log in logs if log.file_size < LARGEST and not log.filename.startswith("__MACOSX")
            ]
            found.extend(Path(opened.extract(name, scratch / "otrf" / archive.stem)) for name in small)
    return [path for path in found if kind_of(path).name == JSON]


def process_creations(evtx: list[Path], json: list[Path], target: Path) -> Path:
    """Write the events of process creation in some logs as JSON lines: the kind that most rules are for."""
    from evtx import PyEvtxParser

    lines = [record["data"].encode() for path in evtx for record in PyEvtxParser(str(path)).records_json()]
    lines += [line.strip() for path in json for line in path.open("rb") if line.strip()]
    target.write_bytes(b"\n".join(line for line in lines if is_process_creation(orjson.loads(line))))
    return target


def is_process_creation(event: dict[str, Any]) -> bool:
    """Tell whether an event of either shape tells of a process that began."""
    system = event.get("Event", {}).get("System", event)
    event_id = system.get("EventID")
    number = event_id.get("#text") if isinstance(event_id, dict) else event_id
    return (str(system.get("Channel")).lower(), number) in PROCESS_CREATION


if __name__ == "__main__":
    # The children find this module's functions by its name, which is not __main__ for them.
    from lab import main as run

    run()
