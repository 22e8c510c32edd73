"""The child of `containment`: takes calls on its standard input, one after the other, and answers with bytes."""

from __future__ import annotations

import gc
import os
import pickle
import resource
import struct
from dataclasses import dataclass
from importlib import import_module
from typing import BinaryIO

LENGTH = struct.Struct(">cQ")
DONE = b"D"
FAILED = b"F"


@dataclass(frozen=True)
class Limits:
    """What one child may use: bytes of address space, seconds for one call, bytes of one answer and of one
    file."""

    memory: int = 3 * 1024**3
    seconds: int = 300
    processor_seconds: int = 300
    answer: int = 512 * 1024**2
    file: int = 32 * 1024**3


def by_name(module: str, function: str) -> bytes:
    """Call a module's function that takes nothing; the parent need not have imported the module itself yet."""
    answer: bytes = getattr(import_module(module), function)()
    return answer


def main() -> None:
    """Work on calls until the parent closes the pipe."""
    calls = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get between the answers.
    os.dup2(2, 1)
    first = _next(calls)
    if first is None:
        return
    limits: Limits = pickle.loads(first)  # noqa: S301 - comes from our own parent
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file, limits.file))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Records are freed by counting; looking for cycles among millions of them only costs time. A call
    # leaves next to none, and the parent replaces a child that outgrows its limit.
    gc.disable()
    while (message := _next(calls)) is not None:
        _allow_processor_time(limits.processor_seconds)
        status, answer = _answer(message)
        answers.write(LENGTH.pack(status, len(answer)) + answer)
        answers.flush()


def _answer(message: bytes) -> tuple[bytes, bytes]:
    try:
        function, args, kwargs = pickle.loads(message)  # noqa: S301 - comes from our own parent
        return DONE, function(*args, **kwargs)
    except MemoryError:
        return FAILED, b"not enough memory within the limit"
    except Exception as error:  # noqa: BLE001 - whatever a parser throws costs one call and is reported by the parent
        return FAILED, f"{type(error).__name__}: {error}".encode("utf-8", "replace")


def _allow_processor_time(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def _next(calls: BinaryIO) -> bytes | None:
    head = calls.read(8)
    if len(head) < 8:
        return None
    length = struct.unpack(">Q", head)[0]
    message = calls.read(length)
    return message if len(message) == length else None
