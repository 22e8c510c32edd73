"""`make load`: starts Tocsin as `tocsin up` does, lets 200 people work on it, and prints a table.

Usage: python bench/load/run.py [SECONDS] [WEB_WORKERS] [PEOPLE]; the database is TOCSIN_DATABASE_URL or SQLite in a
new folder. Processor time is that of the web processes, the worker and ticker, and the load generator beside them.
"""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
START = "from tocsin.cli.entry import run; run()"
WARM_UP = 25
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Prepare, start, load, print."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped, however this ends
    seconds, workers, people = (int(a) for a in [*sys.argv[1:], *("60", "2", "200")[len(sys.argv) - 1 :]])
    kept = os.environ.get("TOCSIN_LOAD_HOME")
    with tempfile.TemporaryDirectory(prefix="tocsin-load-") as name:
        home = Path(kept or name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = os.environ | {"TOCSIN_HOME": str(home), "PYTHONPATH": str(BENCH), "PYTHONUNBUFFERED": "1",
                                    "TOCSIN_LOAD": str(home / "load.json")}  # fmt: skip
        if not (home / "load.json").exists():
            subprocess.run([sys.executable, "-m", "load.prepare", str(home)], env=environment, check=True)
        log = (home / "up.log").open("w")
        up = subprocess.Popen([sys.executable, "-c", START, "up", "--port", str(port), "--web-workers",
                               str(workers)], env=environment, stdout=log, stderr=log)  # fmt: skip
        try:
            _until_ready(f"http://127.0.0.1:{port}/healthy", up)
            _load(home, port, seconds, people, environment, up.pid)
        finally:
            up.terminate()
            up.wait(30)


def _until_ready(url: str, up: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if up.poll() is not None:
                raise SystemExit("Tocsin did not start; see up.log") from None
            time.sleep(0.2)
    raise SystemExit(f"{url} does not answer")


def _load(home: Path, port: int, seconds: int, people: int, environment: dict[str, str], server: int) -> None:
    locust = [sys.executable, "-m", "locust", "--headless", "-f", str(BENCH / "load" / "locustfile.py"), "--users",
              str(people), "--spawn-rate", "50", "--run-time", f"{seconds + 25}s", "--host",
              f"http://127.0.0.1:{port}", "--csv", str(home / "told"), "--only-summary", "--loglevel", "WARNING",
              "--stop-timeout", "5"]  # fmt: skip
    load = subprocess.Popen(locust, env=environment, stdout=subprocess.DEVNULL)
    time.sleep(WARM_UP)
    before, began, came, busy = _spent(server), time.monotonic(), sum(_spent(load.pid).values()), _busy()
    generator = came
    while load.poll() is None:
        generator = max(generator, sum(_spent(load.pid).values()))
        time.sleep(0.5)
    wall, after, busy = time.monotonic() - began, _spent(server), _busy() - busy
    _print(home / "told_stats.csv")
    served = sum(after.values()) - sum(before.values())
    with (home / "told_stats.csv").open() as file:
        requests = next(int(r["Request Count"]) for r in csv.DictReader(file) if r["Name"] == "Aggregated")
    made = generator - came
    print(
        f"\n{requests / seconds:.1f} requests/s came in; {wall:.0f} s; server with worker and ticker {served:.0f} s of "
        f"processor time ({served / wall:.2f} cores, "
        f"{1000 * served / max(1, requests):.0f} ms a request), "
        f"load generator {made:.0f} s ({made / wall:.2f} cores), "
        f"all else on the machine, PostgreSQL included, {(busy - served - made) / wall:.2f} cores, "
        f"machine's load {os.getloadavg()[0]:.1f}"
    )


def _print(stats: Path) -> None:
    print("| request | count | failed | p50 ms | p95 ms | p99 ms |\n|---|---|---|---|---|---|")
    with stats.open() as file:
        for row in csv.DictReader(file):
            print(
                f"| {row['Name']} | {row['Request Count']} | {row['Failure Count']} | {row['50%']} | {row['95%']} | {row['99%']} |"
            )


def _busy() -> float:
    """Seconds of processor time that the whole machine spent since it started."""
    user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + soft) / TICKS


def _spent(root: int) -> dict[int, float]:
    """Seconds of processor time of a process and of all below it, by process."""
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            found[pid] = (int(fields[11]) + int(fields[12])) / TICKS
            for thread in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
        except OSError:
            continue
    return found


if __name__ == "__main__":
    main()
