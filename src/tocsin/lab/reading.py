"""Read the records of one file, of whatever known kind, in this process.

Evidence is made by attackers: call this within a `containment.ContainedPool`, as `scan` does with its
own readers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tocsin.lab.examine import Part, read_part
from tocsin.lab.record import Record, Tally
from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.layout import Layout
from tocsin.lab.sources.containers.marks import CONTAINERS
from tocsin.lab.sources.containers.opening import open_container
from tocsin.lab.sources.containers.unpacking import ArchiveLimits


def read(path: Path, tally: Tally | None = None, *, name: str = "", passwords: Sequence[str] = ()) -> Iterator[Record]:
    """Yield the records of a file in its order, members of a container included; what is missing goes into
    `tally`. `passwords` are tried on encrypted containers before the usual ones.

    Raises OSError where the file cannot be read.
    """
    yield from _read(path, name or str(path), tally or Tally(), ArchiveLimits(), passwords)


def _read(
    path: Path, name: str, tally: Tally, limits: ArchiveLimits, passwords: Sequence[str], artifact: str = ""
) -> Iterator[Record]:
    kind = kinds.kind_of(path)
    if kind.name in (kinds.FILE, kinds.EMPTY):
        tally.skipped += 1
    elif kind.name == kinds.UNKNOWN:
        tally.not_understood += 1
        tally.problem(f"looks like {kind.seems}; nothing here that the lab reads", name)
    elif kind.name not in CONTAINERS:
        for start, end in kinds.parts_of(kind.name, path.stat().st_size):
            yield from read_part(Part(path, name, kind.name, start, end, artifact), tally)
    elif limits.depth == 0:
        tally.not_understood += 1
        tally.problem("archives within archives are not opened this deep", name)
    else:
        with tempfile.TemporaryDirectory(prefix="tocsin-read-") as folder:
            opened = open_container(path, kind.name, name, Path(folder), tally, limits, limits.total, passwords)
            left = limits.total - sum(member.size for member in opened.members)
            inner = replace(limits, depth=limits.depth - 1, total=max(0, left))
            layout = opened.layout or Layout("")
            names = layout.shown([member.name for member in opened.members if not member.same_as])
            for member in opened.members:
                if member.same_as or member.name in layout.notes:
                    tally.skipped += 1
                    continue
                shown = f"{name}!{names[member.name]}"
                artifact = layout.artifacts.get(member.name, "")
                yield from _read(member.path, shown, tally, inner, passwords, artifact)
