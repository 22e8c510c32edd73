"""Triage of samples in child processes with limits: a crafted file costs itself only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tocsin.lab.containment import ContainedError, ContainedPool, Limits
from tocsin.lab.record import Problem
from tocsin.lab.triage.model import Triage

LIMITS = Limits(memory=3 * 1024**3, seconds=180, processor_seconds=180, answer=64 * 1024**2, file=1024**2)


def triage_contained(
    paths: Sequence[Path | str], *, jobs: int = 1, limits: Limits = LIMITS, rules: Sequence[Path | str] = ()
) -> Iterator[Triage]:
    """Triage of files, one after the other as they were given. `rules` are files and folders of YARA rules.

    Where a sample breaks or outlasts the child that reads it, it is looked at again without parsing it (hashes, kind,
    strings), and the problem says what happened. Nothing that a sample holds raises here.
    """
    calls = [(_from_path, (str(path),), Path(path).name) for path in paths]
    yield from _all(calls, jobs, limits, rules)


def triage_vaulted(
    folder: Path | str, key_file: Path | str, digests: Sequence[str], *, jobs: int = 1, limits: Limits = LIMITS,
    rules: Sequence[Path | str] = (),
) -> Iterator[Triage]:  # fmt: skip
    """Triage of samples in a vault, by SHA-256; they are decrypted in the child's memory only."""
    calls = [(_from_vault, (str(folder), str(key_file), digest), digest) for digest in digests]
    yield from _all(calls, jobs, limits, rules)


def _all(calls: list[Any], jobs: int, limits: Limits, rules: Sequence[Path | str]) -> Iterator[Triage]:
    folders = [str(path) for path in rules]
    with ContainedPool(jobs, limits) as pool, ContainedPool(1, limits) as spare:
        waiting = [pool.submit(read, *arguments, folders, True) for read, arguments, _ in calls]
        try:
            for (read, arguments, name), future in zip(calls, waiting, strict=True):
                yield _result(future) or _second(spare, read, arguments, name, future)
        except GeneratorExit:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _result(future: Future[bytes]) -> Triage | None:
    try:
        return Triage.from_dict(json.loads(future.result()))
    except ContainedError:
        return None


def _second(pool: ContainedPool, read: Any, arguments: Any, name: str, failed: Future[bytes]) -> Triage:
    """A look without parsing, with the problem that stopped the first one."""
    problem = Problem(f"parsing was stopped: {failed.exception()}", name)
    again = pool.submit(read, *arguments, [], False)
    found = _result(again)
    if found is None:
        found = Triage(name, 0, "data", "not read", "application/octet-stream")
        problem = Problem(str(again.exception()), name)
    found.problems.insert(0, problem)
    return found


def _from_path(path: str, folders: list[str], anatomy: bool) -> bytes:
    from tocsin.lab.triage.run import triage

    return _json(triage(path, anatomy=anatomy, rules=_rules(folders)))


def _from_vault(folder: str, key_file: str, digest: str, folders: list[str], anatomy: bool) -> bytes:
    from tocsin.lab.triage.run import MOST_BYTES, triage_bytes
    from tocsin.lab.triage.vault import Vault

    vault = Vault(Path(folder), Path(key_file))
    if vault.size(digest) > MOST_BYTES:
        raise ValueError(f"sample is larger than {MOST_BYTES} bytes")
    return _json(triage_bytes(b"".join(vault.read(digest)), digest, anatomy=anatomy, rules=_rules(folders)))


def _rules(folders: list[str]) -> Any:
    if not folders:
        return None
    from tocsin.lab.triage.yara import load_yara

    return load_yara(folders)


def _json(result: Triage) -> bytes:
    return json.dumps(result.as_dict(), ensure_ascii=True).encode()
