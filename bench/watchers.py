"""How fast a change reaches everybody who watches an incident: from the commit to the last byte at each watcher.

    python bench/watchers.py [--watchers 1000] [--changes 20] [--home FOLDER]

Asserts nothing. A real server (uvicorn, one web process, its own database file), a real event stream for each watcher
over its own connection, each watcher an account of its own with a session of its own; the changes are notes that another
process writes, as the command line or a worker does. Client and server share the machine. Prints a table row: from the
moment the action returned (the change is committed) to the arrival of the event, over all watchers and changes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READY, BETWEEN, SETTLE = 60.0, 1.5, 6.0
HEAD = "| watchers | changes | joined in | median | 95th | slowest | web process | memory |"


@dataclass
class Watcher:
    """One open stream: when each length of the log arrived (monotonic seconds)."""

    session: str
    arrived: dict[int, float] = field(default_factory=dict)
    is_open: bool = False


def set_up(watchers: int) -> tuple[Any, list[str]]:
    """An organization with an incident, and an account with a session for each watcher, made beside the actions."""
    import django

    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from tocsin.core.access import Actor
    from tocsin.core.founding import new_organization
    from tocsin.core.models import Grant
    from tocsin.example import example_plan_files
    from tocsin.incidents.actions import declare
    from tocsin.people.actions import import_plan
    from tocsin.people.models import User

    call_command("migrate", verbosity=0)
    system = Actor.system("Benchmark")
    home = new_organization("bench", "Bench")
    import_plan(system, home, files=example_plan_files())
    incident = declare(system, home, title="Watched", severity=2, playbook_id="ransomware")
    users = User.objects.bulk_create(
        User(email=f"watcher{n}@bench.example", name=f"Watcher {n}", time_zone="Europe/Amsterdam")
        for n in range(watchers)
    )
    for chain in (home.pk, incident.pk):
        Grant.objects.bulk_create(Grant(chain_id=chain, user=u, role=_role(chain == home.pk)) for u in users)
    keys = []
    for user in users:
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session.create()
        keys.append(str(session.session_key))
    return incident, keys


def _role(organization: bool) -> str:
    return "responder" if organization else "observer"


async def watch(watcher: Watcher, port: int, path: str, joined: asyncio.Semaphore) -> None:
    """Follow as a browser does: one connection, and again from the last length when the server ends it."""
    last = 0
    while True:
        async with joined:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path}?after={last} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/event-stream\r\n"
                         f"Cookie: sessionid={watcher.session}\r\n\r\n".encode())  # fmt: skip
            status = await reader.readline()
            if b" 200 " not in status:
                raise SystemExit(f"a watcher was answered {status.decode(errors='replace').strip()}")
            await reader.readuntil(b"retry: ")
        watcher.is_open = True
        while line := await reader.readline():
            if line.startswith(b'data: {"length"'):
                last = int(json.loads(line[6:])["length"])
                watcher.arrived.setdefault(last, time.monotonic())
        writer.close()


async def measure(watchers: list[Watcher], port: int, incident: Any, changes: int) -> tuple[float, list[float]]:
    """How long all took to join, and for every watcher and change the seconds from commit to arrival."""
    from asgiref.sync import sync_to_async

    joined, began = asyncio.Semaphore(20), time.monotonic()
    path = f"/incidents/{incident.number}/events"
    tasks = [asyncio.create_task(watch(w, port, path, joined)) for w in watchers]
    while not all(w.is_open for w in watchers):
        await asyncio.sleep(0.1)
        for task in tasks:
            if task.done():
                task.result()
    took = time.monotonic() - began
    await asyncio.sleep(SETTLE)
    committed: dict[int, float] = {}
    for number in range(changes):
        length = await sync_to_async(_change)(incident, number)
        committed[length] = time.monotonic()
        await asyncio.sleep(BETWEEN)
    await asyncio.sleep(2 * BETWEEN)
    for task in tasks:
        task.cancel()
    late = [_arrival(w, length) - at for w in watchers for length, at in committed.items()]
    return took, late


def _change(incident: Any, number: int) -> int:
    from tocsin.core.access import Actor
    from tocsin.core.models import Chain
    from tocsin.incidents.actions import note

    note(Actor.system("Benchmark"), incident, text=f"Something happened, number {number}.")
    return Chain.objects.values_list("length", flat=True).get(pk=incident.pk)


def _arrival(watcher: Watcher, length: int) -> float:
    """When the watcher knew of this length: of it, or of a longer one. Infinite when it never did."""
    return min((at for known, at in watcher.arrived.items() if known >= length), default=float("inf"))


def _serve(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uvicorn", "tocsin.web.asgi:application", "--host", "127.0.0.1",
               "--port", str(port), "--log-level", "warning"]  # fmt: skip
    process = subprocess.Popen(command)
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.1)
    process.kill()
    raise SystemExit("the server does not answer")


def _used(pid: int) -> tuple[float, float]:
    """Processor seconds and megabytes of a process, where the system says so."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0, 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(stat[11]) + int(stat[12])) / ticks, pages * resource.getpagesize() / 1e6


def main() -> None:
    """Set up, serve, watch, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--watchers", type=int, default=1000)
    options.add_argument("--changes", type=int, default=20)
    given = options.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"TOCSIN_HOME": home, "DJANGO_SETTINGS_MODULE": "tocsin.settings",
                       "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}"}  # fmt: skip
        incident, sessions = set_up(given.watchers)
        server = _serve(port)
        try:
            before = _used(server.pid)[0]
            took, late = asyncio.run(measure([Watcher(s) for s in sessions], port, incident, given.changes))
            busy, memory = _used(server.pid)
        finally:
            server.terminate()
            server.wait(10)
    late.sort()
    seconds = [statistics.median(late), late[int(0.95 * len(late))], late[-1]]
    print(HEAD, "|---|---|---|---|---|---|---|---|", sep="\n")
    print(f"| {given.watchers:,} | {given.changes} | {took:.1f} s | " + " | ".join(f"{s:.2f} s" for s in seconds)
          + f" | {busy - before:.1f} s of processor | {memory:.0f} MB |")  # fmt: skip


if __name__ == "__main__":
    main()
