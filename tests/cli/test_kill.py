"""kill -9 at random points of a response: no log entry is lost, none doubled, every chain holds. `make soak` kills more often."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import TOCSIN, environment, tocsin

KILLS, RESPONSES = (20, 5) if os.environ.get("TOCSIN_SOAK") else (8, 2)
ONCE = ("incident.declare", "incident.open", "roles.fill", "playbook.start", "clocks.open", "analysis.request",
        "analysis.finish", "findings.suggest", "scope.suggest", "plan.import")  # fmt: skip


def entries(out: Path) -> list[tuple[str, int, str, str]]:
    """Chain, sequence, verb and hash of every committed entry, read past Tocsin."""
    database = out / "case" / "tocsin.sqlite3"
    if not database.exists():
        return []
    with closing(sqlite3.connect(database)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(core_logentry)")}
        if "chain_id" not in columns:
            return []  # killed before the tables were made
        return connection.execute(
            "SELECT chain_id, sequence, verb, hash FROM core_logentry ORDER BY chain_id, sequence"
        ).fetchall()


def kill_after(command: list[str], seconds: float) -> bool:
    """Start a command and kill it -9 after some seconds; whether it was still running."""
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


@pytest.mark.slow
def test_kills(tmp_path: Path, plan_folder: Path, evidence_folder: Path, rules_folder: Path) -> None:
    arguments = ["respond", "--plan", plan_folder, "--evidence", evidence_folder, "--rules", rules_folder, "--out"]
    began = time.monotonic()
    assert tocsin(*arguments, tmp_path / "undisturbed").returncode in (0, 1)
    whole = time.monotonic() - began

    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    print(f"seed {seed}, an undisturbed run takes {whole:.1f} s")
    reached: set[int] = set()
    for response in range(RESPONSES):
        out = tmp_path / f"out{response}"
        for _ in range(KILLS // RESPONSES):
            before, latest = entries(out), whole
            while not kill_after([*TOCSIN, *map(str, arguments), str(out)], chance.uniform(0.3, latest)):
                latest = max(0.35, latest * 0.7)  # a response that was begun before is through sooner
            after = entries(out)
            assert set(before) <= set(after), f"seed {seed}: an entry that was committed is gone"
            reached.add(len(after))
        check_whole(out, arguments)
    assert len(reached) >= 3, f"the kills hit only {reached}: no spread over the response"


def check_whole(out: Path, arguments: list[object]) -> None:
    """Run the response to its end and look at what it left."""
    before = entries(out)
    assert tocsin(*arguments, out).returncode in (0, 1)
    after = entries(out)
    assert set(before) <= set(after)
    verbs = [verb for _, _, verb, _ in after]
    assert {v: verbs.count(v) for v in ONCE} == dict.fromkeys(ONCE, 1)
    assert len({(chain, sequence) for chain, sequence, _, _ in after}) == len(after)
    assert tocsin("verify", "--home", out / "case").returncode == 0
    assert tocsin("verify", "--log", out / "log.jsonl").returncode == 0
    with closing(sqlite3.connect(out / "case" / "tocsin.sqlite3")) as connection:
        for table, key in (
            ("incidents_incident", "number"), ("incidents_task", "step_id"), ("evidence_evidenceitem", "sha256"),
            ("incidents_finding", "key"), ("incidents_scopeentry", "kind || name"),
        ):  # fmt: skip
            total, distinct = connection.execute(f"SELECT count(*), count(DISTINCT {key}) FROM {table}").fetchone()
            assert total == distinct > 0, table
    left = [p.name for p in (out / "case" / "store").glob("intake-*")]
    assert len(left) <= KILLS
