"""The ticking of the house: what rooms want done every so many seconds, run by one process at a time."""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections

from tocsin.core import outbox

logger = logging.getLogger(__name__)


@dataclass
class Chore:
    """Something to do again and again."""

    do: Callable[[], object]
    seconds: float
    next: float = 0.0


CHORES: list[Chore] = []


def every(seconds: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Have a function called every so many seconds while Tocsin runs."""

    def register(do: Callable[[], object]) -> Callable[[], object]:
        CHORES.append(Chore(do, seconds))
        return do

    return register


@every(5)
def deliver() -> object:
    """Empty the outbox."""
    return outbox.deliver_due()


def run(stop: threading.Event) -> None:
    """Do every chore when its time has come, until `stop` is set. One chore's failure is reported and costs no other.

    One process on a home folder ticks; another waits until that one is gone, so that nothing is sent twice.
    """
    with (Path(settings.HOME) / "ticker.lock").open("w") as lock:
        while not stop.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stop.wait(1)
            else:
                _tick(stop)


def _tick(stop: threading.Event) -> None:
    while not stop.is_set():
        for chore in CHORES:
            if chore.next <= time.monotonic():
                try:
                    chore.do()
                except Exception:  # the next round tries again; a dead ticker would miss every deadline
                    logger.exception("chore %s failed", getattr(chore.do, "__name__", chore.do))
                chore.next = time.monotonic() + chore.seconds
        close_old_connections()
        stop.wait(0.5)
