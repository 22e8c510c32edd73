"""Idempotency keys across processes: kill -9 before and after the commit, and the same request at the same second."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

CHILD = str(Path(__file__).with_name("door_child.py"))
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Start a process on a database of this test."""
    environment = os.environ | {
        "TOCSIN_HOME": str(tmp_path), "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
        "DJANGO_SETTINGS_MODULE": "tocsin.settings", "TOCSIN_ALLOWED_HOSTS": "testserver",
    }  # fmt: skip

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, *words], env=environment, stdout=subprocess.PIPE, text=True)

    assert start("-m", "django", "migrate").wait() == 0
    return start


def said(process: subprocess.Popen[str]) -> list[str]:
    return process.communicate(timeout=120)[0].split()


@pytest.mark.slow
def test_a_request_is_done_once_whatever_dies(run: Run) -> None:
    (token,) = said(run(CHILD, "set-up"))
    assert run(CHILD, "die-before", token).wait() == -9
    assert said(run(CHILD, "count")) == ["0"]  # neither the deed nor the key was stored
    assert run(CHILD, "die-after", token).wait() == -9
    assert said(run(CHILD, "count")) == ["1"]
    status, webhook, how = said(run(CHILD, "ask", token))
    assert (status, how) == ("201", "true")
    assert said(run(CHILD, "ask", token))[1] == webhook
    assert said(run(CHILD, "count")) == ["1"]


@pytest.mark.slow
def test_the_same_request_at_the_same_second_is_done_once(run: Run) -> None:
    (token,) = said(run(CHILD, "set-up"))
    at = str(time.time() + 12)
    answers = [said(p) for p in [run(CHILD, "at", token, at) for _ in range(4)]]
    assert {status for status, _, _ in answers} == {"201"}
    assert len({webhook for _, webhook, _ in answers}) == 1
    assert sorted(how for _, _, how in answers) == ["first", "true", "true", "true"]
    assert said(run(CHILD, "count")) == ["1"]
