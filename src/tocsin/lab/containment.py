"""Run functions over hostile input in child processes with limits on memory, processor time, time and output.

`ContainedPool` is an Executor of `jobs` children. A child that dies, hangs or grows costs the call it
was working on: that call's future raises `ContainedError`, and the next call gets a new child. What
comes back from a child is bytes and is never unpickled, so that a child taken over by what it parses
cannot run anything in the parent.
"""

from __future__ import annotations

import json
import pickle
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from signal import Signals
from typing import IO, Any

from tocsin.lab.contained import DONE, LENGTH, Limits

__all__ = ["ContainedError", "ContainedPool", "Limits"]

START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from tocsin.lab.contained import main; main()"
"""A child finds modules where its parent does, so it need not look for them itself (-S)."""
LAST_WORDS = 500
"""Characters of a dead child's error output that are reported."""


class ContainedError(Exception):
    """A call in a child failed; the message says how in words for a person."""


class ContainedPool(Executor):
    """An executor whose calls run in child processes with limits. Calls must return bytes."""

    def __init__(self, jobs: int, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._local = threading.local()
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="contained")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a module's function in a child; the future gives the bytes that it returns."""
        return self._threads.submit(self._call, pickle.dumps((fn, args, kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop the children. With `cancel_futures` calls that have not begun are dropped, and running ones stopped."""
        if cancel_futures:
            with self._lock:
                self._stopped = True
                for child in self._children:
                    child.kill()
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        with self._lock:
            for child in self._children:
                child.stop()
            self._children.clear()

    def _call(self, message: bytes) -> bytes:
        child: _Child | None = getattr(self._local, "child", None)
        if child is None:
            with self._lock:
                if self._stopped:
                    raise ContainedError("stopped before it began")
                child = self._local.child = _Child(self.limits)
                self._children.add(child)
        try:
            return child.call(message)
        except _ChildGone as gone:
            self._local.child = None
            with self._lock:
                self._children.discard(child)
            child.stop()
            raise ContainedError(str(gone)) from None


class _ChildGone(Exception):  # not an error of ours, a state of the child
    """The child cannot be used any more; the message says why."""


class _Child:
    """One child process, working on one call after the other."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # an interrupt at the keyboard is the parent's to handle
        )
        self._send(pickle.dumps(limits))

    def call(self, message: bytes) -> bytes:
        """Send one call and wait for its answer. Raises ContainedError where the function failed."""
        deadline = time.monotonic() + self._limits.seconds
        self._send(message)
        status, length = LENGTH.unpack(self._receive(LENGTH.size, deadline))
        if length > self._limits.answer:
            raise _ChildGone(f"result is larger than {self._limits.answer} bytes")
        answer = self._receive(length, deadline)
        if status == DONE:
            return answer
        raise ContainedError(answer.decode("utf-8", "replace"))

    def kill(self) -> None:
        """End the child; a call that waits for it fails."""
        self._process.kill()

    def stop(self) -> None:
        """End the child and let go of what belongs to it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue

    def _send(self, message: bytes) -> None:
        stream = self._process.stdin
        assert stream is not None  # noqa: S101 - opened as a pipe above
        try:
            stream.write(struct.pack(">Q", len(message)) + message)
            stream.flush()
        except BrokenPipeError:
            raise _ChildGone(self._how_it_ended()) from None

    def _receive(self, length: int, deadline: float) -> bytes:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - opened as a pipe above
        blocks: list[bytes] = []
        while length:
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise _ChildGone(f"no result after {self._limits.seconds} seconds; stopped")
            block = stream.raw.read(min(length, 1 << 20)) if hasattr(stream, "raw") else stream.read(length)
            if not block:
                raise _ChildGone(self._how_it_ended())
            blocks.append(block)
            length -= len(block)
        return b"".join(blocks)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "the process stopped answering"
        self._errors.seek(0)
        words = self._errors.read().decode("utf-8", "replace").strip()[-LAST_WORDS:]
        how = f"killed by {Signals(-code).name}" if code < 0 else f"ended with status {code}"
        return f"the process that read it was {how}" + (f": {words}" if words else "")
