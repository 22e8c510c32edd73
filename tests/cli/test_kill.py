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

PARTS, RESPONSES = (4, 5) if os.environ.get("TOCSIN_SOAK") else (3, 1)
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


def kill_at(command: list[str], out: Path, length: int, pause: float) -> bool:
    """Start a command and kill it -9 some seconds after the log reached a length; whether it was still running."""
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(entries(out)) < length:
        time.sleep(0.02)
    time.sleep(pause)
    still = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return still


@pytest.mark.slow
def test_kills(tmp_path: Path, plan_folder: Path, evidence_folder: Path, rules_folder: Path) -> None:
    arguments = ["respond", "--plan", plan_folder, "--evidence", evidence_folder, "--rules", rules_folder, "--out"]
    assert tocsin(*arguments, tmp_path / "undisturbed").returncode in (0, 1)
    whole = len(entries(tmp_path / "undisturbed"))

    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    print(f"seed {seed}, an undisturbed run writes {whole} entries")
    reached: set[int] = set()
    for response in range(RESPONSES):
        out = tmp_path / f"out{response}"
        # Spread over the whole response, in order: a response that was begun goes on where it was killed.
        for part in range(1, PARTS + 1):
            before, target = entries(out), chance.randrange(whole * (part - 1) // PARTS, whole * part // PARTS)
            command = [*TOCSIN, *map(str, arguments), str(out)]
            while not kill_at(command, out, target, chance.uniform(0, 0.3)):
                target = max(0, target - whole // 20)  # it was through sooner
            after = entries(out)
            assert set(before) <= set(after), f"seed {seed}: an entry that was committed is gone"
            reached.add(len(after))
        check_whole(out, arguments)
    assert len(reached) >= PARTS - 1, f"seed {seed}: the kills hit only {reached}: no spread over the response"


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
    assert len(left) <= PARTS
