"""How fast indicators are: compiling and opening a million, and matching events, beside the bare parsing of the same
events in the same run.

The indicators are made up, in the mix of public feeds. The events are the JSON logs of the shared test data; asserts
nothing. Seconds are processor time. Every figure is the median of several runs, each in a child of its own, so that
none profits from what an earlier one has learnt.
"""

from __future__ import annotations

import gc
import hashlib
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from lab import RUNS, SHARED, in_child, unpacked
from tocsin.lab.indicators import Matcher, load_indicators
from tocsin.lab.sources.windows_event import windows_record

COUNT = 1_000_000
PLANTED = 100
"""Indicators that are made from the events themselves, so that some are met."""


def main() -> None:
    """Print the figures."""
    if not SHARED.is_dir():
        sys.exit(f"The shared test data is not at {SHARED}; set TOCSIN_SHARED to the folder that holds data/.")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        logs = [str(path) for path in unpacked(SHARED / "otrf" / "atomic" / "windows", folder)]
        feed = folder / "feed.csv"
        feed.write_text("".join(feed_lines(logs)))
        cold, used = map(float, in_child(load, str(feed), scratch).split())
        warm, _ = map(float, in_child(load, str(feed), scratch).split())
        compiled = next((folder / "cache").glob("*.indicators"))
        print(
            f"{COUNT:,} indicators, CSV of {feed.stat().st_size / 1e6:.0f} MB, set of {compiled.stat().st_size / 1e6:.0f} MB"
        )
        print(f"imported and compiled in {cold:.1f} s ({used:.0f} MB), from the cache in {warm:.2f} s")
        print(
            f"opened in {statistics.median(float(in_child(opened, str(compiled))) for _ in range(RUNS)) * 1000:.1f} ms"
        )
        print_matching(logs, str(compiled))


def print_matching(logs: list[str], compiled: str) -> None:
    """Print how long it takes to look for all indicators in the events, beside parsing them."""
    runs = [tuple(map(float, in_child(matched, logs, compiled).split())) for _ in range(RUNS)]
    events, bare, seconds, sightings, memory = map(statistics.median, zip(*runs, strict=True))
    print(f"{events:,.0f} events parsed (bare) in {bare:.2f} s, {bare / events * 1e6:.1f} µs each")
    print(
        f"matched in {seconds:.2f} s, {seconds / events * 1e6:.1f} µs each, {events / seconds:,.0f} events/s,"
        f" {seconds / bare:.1f} x the bare parse; {sightings:,.0f} sightings; {memory:.0f} MB more memory"
    )


def feed_lines(logs: list[str]) -> Iterator[str]:
    """Yield a feed: half hashes, then domains, addresses, URLs, networks, names, paths, keys."""
    dice = random.Random(1)
    yield "type,indicator,confidence\n"
    for kind, value in planted(logs):
        yield f"{kind},{value},80\n"
    for number in range(COUNT - PLANTED):
        name = hashlib.sha256(str(number).encode()).hexdigest()
        octets = [dice.randrange(1, 224), *(dice.randrange(256) for _ in range(3))]
        address = ".".join(map(str, octets))
        kind, value = (
            ("sha256", name), ("sha256", name), ("sha256", name), ("md5", name[:32]), ("sha1", name[:40]),
            ("domain", f"{name[:9]}.{name[9:12]}.com"), ("domain", f"{name[:11]}.net"), ("ip", address),
            ("url", f"http://{name[:9]}.org/{name[9:15]}.php"),
            (("network", f"{address.rpartition('.')[0]}.0/24"), ("file_name", f"{name[:7]}.exe"),
             ("file_path", f"C:\\Users\\Public\\{name[:8]}.dll"), ("registry_key", f"HKLM\\Software\\{name[:9]}"))
            [number // 10 % 4],
        )[number % 10]  # fmt: skip
        yield f"{kind},{value},50\n"


def planted(logs: list[str]) -> list[tuple[str, str]]:
    """Return some values that the events hold."""
    found: dict[tuple[str, str], None] = {}
    for name in logs:
        for line in Path(name).read_bytes().splitlines():
            event = orjson.loads(line)
            if isinstance(event.get("DestinationIp"), str):
                found.setdefault(("ip", event["DestinationIp"]))
            if "," not in str(event.get("TargetFilename", ",")):
                found.setdefault(("file_path", event["TargetFilename"]))
            if len(found) >= PLANTED:
                return list(found)
    return list(found)


def load(feed: str, folder: str) -> bytes:
    """Import and compile a feed, or take it from the cache; return the seconds and megabytes that it took."""
    began = time.process_time()
    load_indicators([Path(feed)], Path(folder) / "cache")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return f"{time.process_time() - began} {used}".encode()


def opened(compiled: str) -> bytes:
    """Open a set and return the seconds that it took."""
    began = time.process_time()
    Matcher(Path(compiled))
    return str(time.process_time() - began).encode()


def matched(logs: list[str], compiled: str) -> bytes:
    """Return events, seconds of parsing, seconds of matching, sightings, and the memory that matching took."""
    began = time.process_time()
    parsed = [orjson.loads(line) for name in logs for line in Path(name).read_bytes().splitlines() if line.strip()]
    bare = time.process_time() - began
    records = [record for event in parsed if (record := windows_record(event))]
    del parsed
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    matcher = Matcher(Path(compiled))
    began = time.process_time()
    sightings = sum(len(matcher.match(record)) for record in records)
    seconds = time.process_time() - began
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    return f"{len(records)} {bare} {seconds} {sightings} {more}".encode()


if __name__ == "__main__":
    # The children find this module's functions by its name, which is not __main__ for them.
    from indicators import main as run

    run()
