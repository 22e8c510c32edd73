"""Parsers that die, hang or grow: each costs one call, and the next one gets a new child."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.lab.containment import ContainedError, ContainedPool, Limits

LIMITS = Limits(memory=512 * 1024**2, seconds=3, processor_seconds=30, answer=1024**2, file=1024**2)


def well(text: str) -> bytes:
    return f"{text} {os.getpid()}".encode()


def segfault() -> bytes:
    ctypes.string_at(0)
    return b""


def out_of_memory() -> bytes:
    return bytes(2 * 1024**3)


def hang() -> bytes:
    time.sleep(600)
    return b""


def spin() -> bytes:
    while True:
        pass


def chatter() -> bytes:
    return b"x" * 2 * 1024**2


def noise() -> bytes:
    print("not an answer", flush=True)
    os.write(1, b"not an answer either")
    return b"answer"


def exit_with_words() -> bytes:
    sys.stderr.write("parser: impossible state")
    sys.stderr.flush()
    os._exit(3)


def fill_the_disk(path: str) -> bytes:
    Path(path).write_bytes(b"x" * 4 * 1024**2)
    return b""


def stumble() -> bytes:
    raise ValueError("record 7 is odd")


@pytest.fixture
def pool() -> Iterator[ContainedPool]:
    with ContainedPool(1, LIMITS) as made:
        yield made


@pytest.mark.parametrize(("function", "words"), [
    (segfault, "SIGSEGV"),
    (out_of_memory, "not enough memory"),
    (hang, "no result after 3 seconds"),
    (spin, "no result after 3 seconds"),
    (chatter, "result is larger"),
    (exit_with_words, "status 3: parser: impossible state"),
    (stumble, "ValueError: record 7 is odd"),
])  # fmt: skip
def test_a_bad_call_costs_itself_only(pool: ContainedPool, function, words: str) -> None:  # type: ignore[no-untyped-def]
    before = pool.submit(well, "before")
    bad = pool.submit(function)
    after = pool.submit(well, "after")
    assert before.result().startswith(b"before")
    with pytest.raises(ContainedError, match=words):
        bad.result()
    assert after.result().startswith(b"after")


def test_processor_time_is_limited() -> None:
    with (
        ContainedPool(1, Limits(seconds=60, processor_seconds=1)) as pool,
        pytest.raises(ContainedError, match="SIGXCPU"),
    ):
        pool.submit(spin).result()


def test_what_a_parser_prints_is_no_answer(pool: ContainedPool) -> None:
    assert pool.submit(noise).result() == b"answer"


def test_a_child_works_on_many_calls(pool: ContainedPool) -> None:
    children = {pool.submit(well, "x").result() for _ in range(20)}
    assert len(children) == 1


def test_files_are_limited(pool: ContainedPool, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ContainedError, match=r"File too large|SIGXFSZ"):
        pool.submit(fill_the_disk, str(tmp_path / "big")).result()


def test_a_running_call_is_stopped_when_the_pool_is() -> None:
    pool = ContainedPool(1, Limits())
    pool.submit(well, "started").result()
    running, waiting = pool.submit(hang), pool.submit(well, "never")
    time.sleep(0.2)
    began = time.monotonic()
    pool.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 30  # it would hang for ten minutes
    assert waiting.cancelled()
    with pytest.raises(ContainedError, match="SIGKILL"):
        running.result()


def test_children_end_with_the_pool() -> None:
    with ContainedPool(2, LIMITS) as pool:
        pids = {int(pool.submit(well, "x").result().split()[1]) for _ in range(4)}
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
