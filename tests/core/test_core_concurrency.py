"""Eight real processes act on one incident at once: no gap, no twin, nothing lost, and the chain holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

CHILD = str(Path(__file__).with_name("chain_child.py"))
PROCESSES, EACH = 8, 6


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What a process needs to use a real, committed database of its own, of the kind that the tests run on."""
    given = os.environ | {"TOCSIN_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "tocsin.settings"}
    server = os.environ.get("TOCSIN_DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield given | {"TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'chain.sqlite3'}"}
        return
    name = f"tocsin_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield given | {"TOCSIN_DATABASE_URL": urlunsplit(urlsplit(server)._replace(path=f"/{name}"))}
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.slow
def test_eight_processes_on_one_chain(environment: dict[str, str], tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("-m", "django", "migrate", "--verbosity=0")
    incident = run(CHILD, "set-up")
    before = json.loads(run(CHILD, "look", incident))["length"]
    start = tmp_path / "start"
    children = [
        subprocess.Popen(
            [sys.executable, CHILD, "work", incident, f"p{n}", str(EACH), start],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for n in range(PROCESSES)
    ]  # fmt: skip
    while len(list(tmp_path.glob("ready-*"))) < PROCESSES and all(c.poll() is None for c in children):
        time.sleep(0.05)
    start.touch()
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors
    found = json.loads(run(CHILD, "look", incident))
    total = before + 3 * PROCESSES * EACH
    assert found["fault"] == ""
    assert found["sequences"] == list(range(1, total + 1))
    assert found["length"] == total
    every = {(f"p{n}", k) for n in range(PROCESSES) for k in range(EACH)}
    assert sorted(found["notes"]) == sorted(f"{name} {k}" for name, k in every)
    assert found["facts"] == sorted(f"seen_{name}_{k}" for name, k in every)
    assert found["tasks"] == list(range(1, PROCESSES * EACH + 1))
    for n in range(PROCESSES):  # what one process wrote stands in its order
        own = [t for t in found["notes"] if t.startswith(f"p{n} ")]
        assert own == [f"p{n} {k}" for k in range(EACH)]
