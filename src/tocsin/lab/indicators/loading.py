"""Files of indicators in, one compiled set out; kept by what the files hold, so that the next time takes no time."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from tocsin.lab.indicators.compile import VERSION, compile_indicators, unique
from tocsin.lab.indicators.index import Index
from tocsin.lab.indicators.model import Account, Context, Indicator, Remark
from tocsin.lab.indicators.reading import stream

Contexts = Context | Sequence[Context | None] | None

KEPT = 8
"""Sets that are kept; the ones used longest ago go."""


@dataclass(slots=True)
class Feeds:
    """Files compiled to one set: how many indicators it holds, what each file gave, what the set could not take."""

    path: Path
    count: int
    accounts: list[Account] = field(default_factory=list)
    left_out: list[Remark] = field(default_factory=list)


def default_dir() -> Path:
    """Return the user's cache folder for compiled indicators."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tocsin" / "indicators"


def compile_files(paths: Sequence[Path], target: Path, context: Contexts = None) -> Feeds:
    """Import files and compile them to one set, one indicator after the other (see `import_file`).

    `context` is one for all files, or a list with one for each.

    A value that two sources name stays twice, once for each. Raises OSError where a file cannot be read or
    written, UnreadableFeedError where one is of no known format.
    """
    accounts: list[Account] = []

    def all_of_them() -> Iterator[Indicator]:
        each = [context] * len(paths) if isinstance(context, Context) or context is None else context
        for path, said in zip(paths, each, strict=True):
            accounts.append(Account())
            yield from stream(path, accounts[-1], said)

    compiled = compile_indicators(unique(all_of_them()), target)
    return Feeds(target, compiled.count, accounts, compiled.left_out)


def load_indicators(paths: Sequence[Path], cache_dir: Path | None = None, context: Contexts = None) -> Feeds:
    """Return the compiled set of some files, from the cache where that has it (see `compile_files`).

    Raises PermissionError where the cache folder belongs to somebody else or others may write to it.
    """
    folder = cache_dir or default_dir()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.stat()
    if state.st_uid != os.getuid() or state.st_mode & 0o022:
        raise PermissionError(f"{folder} belongs to somebody else, or others may write to it; choose another folder")
    key = _key(paths, context)
    target, notes = folder / f"{key}.indicators", folder / f"{key}.json"
    kept = _kept(target, notes)
    if kept:
        return kept
    feeds = compile_files(paths, target, context)
    notes.write_bytes(orjson.dumps({**asdict(feeds), "path": ""}))
    _drop_old(folder)
    return feeds


def _key(paths: Sequence[Path], context: Contexts) -> str:
    """Return a name for what some files hold and how they are read."""
    whole = hashlib.sha256(repr((VERSION, context)).encode())
    for path in paths:
        whole.update(os.fsencode(path.name) + b"\0")
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _kept(target: Path, notes: Path) -> Feeds | None:
    try:
        Index(target)
        said = orjson.loads(notes.read_bytes())
    except (OSError, ValueError):
        return None
    os.utime(target)
    accounts = [
        Account(**{**account, "rejections": _remarks(account["rejections"]), "notes": _remarks(account["notes"])})
        for account in said["accounts"]
    ]
    return Feeds(target, said["count"], accounts, _remarks(said["left_out"]))


def _remarks(said: list[dict[str, str]]) -> list[Remark]:
    return [Remark(**remark) for remark in said]


def _drop_old(folder: Path) -> None:
    sets = sorted(folder.glob("*.indicators"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in sets[KEPT:]:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
