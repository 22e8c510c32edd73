"""People who act in the same second, with real threads on SQLite and on PostgreSQL: one is first, the other is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
WITH_POSTGRES = HERE.parent.parent / "scripts" / "with-postgres"
POSTGRES = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgres", marks=pytest.mark.skipif(not POSTGRES, reason="no PostgreSQL here"))],
)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What came of all the races."""
    home = tmp_path_factory.mktemp("racing")
    environment = os.environ | {"TOCSIN_HOME": str(home), "TOCSIN_DATABASE_URL": f"sqlite:///{home / 'race.sqlite3'}"}
    command = [sys.executable, str(HERE / "racing.py")]
    if request.param == "postgres":
        del environment["TOCSIN_DATABASE_URL"]
        command = [str(WITH_POSTGRES), *command]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, list[Any]] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_of_two_who_close_at_once_one_is_told_that_it_is_closed(told: dict[str, list[Any]]) -> None:
    for said, entries in told["close"]:
        assert sorted(s == "ok" for s in said) == [False, True], said
        assert entries == 1
        assert any("already (near miss)" in s for s in said)


def test_of_two_who_finish_a_task_at_once_one_is_told(told: dict[str, list[Any]]) -> None:
    for said, entries in told["task"]:
        assert sorted(s == "ok" for s in said) == [False, True], said
        assert entries == 1


def test_a_role_given_to_two_people_at_once_has_one_holder_and_both_acts_in_the_log(told: dict[str, list[Any]]) -> None:
    for said, live, entries in told["lead"]:
        assert not [s for s in said if "BROKEN" in s], said
        assert live == 1
        assert entries == said.count("ok") >= 1


def test_two_incidents_merged_each_way_round_at_once_end_as_one(told: dict[str, list[Any]]) -> None:
    """No deadlock, and never both closed into each other."""
    for said, merged in told["merge"]:
        assert sorted(s == "ok" for s in said) == [False, True], said
        assert merged == 1
    assert told["holds"] == [True]
