"""Idempotency keys across processes: kill -9 before and after the commit, and the same request at the same second."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

CHILD = str(Path(__file__).with_name("door_child.py"))


@dataclass
class House:
    """A home with a database of its own, and a key to it."""

    home: Path
    token: str = ""

    @property
    def database(self) -> Path:
        return self.home / "x.sqlite3"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a process on this database."""
        environment = os.environ | {
            "TOCSIN_HOME": str(self.home), "TOCSIN_DATABASE_URL": f"sqlite:///{self.database}",
            "DJANGO_SETTINGS_MODULE": "tocsin.settings", "TOCSIN_ALLOWED_HOSTS": "testserver",
        }  # fmt: skip
        return subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.PIPE, text=True)

    def ask(self, how: str, key: str, *more: str) -> subprocess.Popen[str]:
        """Start a process that sends the request under an idempotency key."""
        return self.start(CHILD, how, self.token, key, *more)

    def made(self) -> int:
        """How many times it was done, as the log has it."""
        with closing(sqlite3.connect(self.database)) as connection:
            asked = connection.execute("SELECT count(*) FROM core_logentry WHERE verb = 'webhook.create'")
            return int(asked.fetchone()[0])


def said(process: subprocess.Popen[str]) -> list[str]:
    return process.communicate(timeout=120)[0].split()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = House(tmp_path_factory.mktemp("once"))
    assert made.start("-m", "django", "migrate").wait() == 0
    (made.token,) = said(made.start(CHILD, "set-up"))
    return made


@pytest.mark.slow
def test_a_request_is_done_once_whatever_dies(house: House) -> None:
    before = house.made()
    assert house.ask("die-before", "dies").wait() == -9
    assert house.made() == before  # neither the deed nor the key was stored
    assert house.ask("die-after", "dies").wait() == -9
    assert house.made() == before + 1
    status, webhook, how = said(house.ask("ask", "dies"))
    assert (status, how) == ("201", "true")
    assert said(house.ask("ask", "dies"))[1] == webhook
    assert house.made() == before + 1


@pytest.mark.slow
def test_the_same_request_at_the_same_second_is_done_once(house: House) -> None:
    before, at = house.made(), str(time.time() + 12)
    answers = [said(p) for p in [house.ask("at", "together", at) for _ in range(4)]]
    assert {status for status, _, _ in answers} == {"201"}
    assert len({webhook for _, webhook, _ in answers}) == 1
    assert sorted(how for _, _, how in answers) == ["first", "true", "true", "true"]
    assert house.made() == before + 1
