"""What files there are in evidence: in a folder, which may be a collection, and in an opened container; and what is said
of each before it is read. The scan and the lake go by the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tocsin.lab.entry import Place
from tocsin.lab.record import Problem
from tocsin.lab.report import FAILED, NOT_A_LOG, NOT_UNDERSTOOD, SAME, Collection, FileRow
from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.marks import CONTAINERS
from tocsin.lab.walk import as_text, files_in, head_of, printable


@dataclass(frozen=True)
class Found:
    """A file that was found. `unread` is its row where it need not be read, `problem` what keeps it from being read."""

    path: Path
    place: Place
    problem: str = ""
    artifact: str = ""
    unread: FileRow | None = None


def in_folder(path: Path, name: str = "") -> tuple[list[Found], Collection | None]:
    """Return the files in a folder (or the file itself, shown as `name` if that is given), in order, and the collection
    that they make if their names say so."""
    files = list(files_in(path))
    names = {found.relative_to(path).as_posix(): found for found, _ in files} if path.is_dir() else {}
    layout = None
    if names:
        from tocsin.lab.sources.containers.layout import layout_of  # late: a scan of single files needs none

        layout = layout_of(list(names), lambda one, most: head_of(names[one], most))
    if layout is None:
        named = name if path.is_file() else ""
        return [Found(found, Place(named or printable(found)), problem) for found, problem in files], None
    shown = layout.shown(list(names))
    made = []
    for (found, problem), one in zip(files, names, strict=True):
        place = Place(printable(found), layout.originals.get(one, ""), f"{printable(path)}!{shown[one]}")
        is_note = one in layout.notes and not problem
        unread = _unread(place, found.stat().st_size, layout.tool) if is_note else None
        made.append(Found(found, place, problem, layout.artifacts.get(one, ""), unread))
    return made, Collection(printable(path), layout.tool, layout.host, layout.collected)


def in_container(row: FileRow, content: dict[str, Any], budget: int) -> tuple[list[Found], int]:
    """Return the members of a container that `examine.open_archive` opened, and the bytes to which each container among
    them may unfold; what its layout says of the whole goes into its row."""
    members = content["members"]
    row.tool, row.host, row.collected = (as_text(content["made"][key]) for key in ("tool", "host", "collected"))
    nested = sum(member["kind"] in CONTAINERS for member in members)
    left = (budget - sum(member["size"] for member in members)) // max(1, nested)
    made = []
    for member in members:
        name, shown, same_as = (
            f"{row.path}!{as_text(member[key])}" if member[key] else "" for key in ("name", "shown", "same_as")
        )
        place = Place(name, as_text(member["original"]), shown)
        is_read = not (same_as or member["is_note"])
        unread = None if is_read else _unread(place, member["size"], row.tool, same_as)
        made.append(Found(Path(member["path"]), place, "", member["artifact"], unread))
    return made, left


def described(place: Place, kind: kinds.Kind, size: int, problem: str, depth: int, most: int) -> tuple[FileRow, bool]:
    """Return the row of a file of some kind, and whether it is to be read; its status and problems say why not.

    `depth` is how deep it lies in containers, `most` how deep they are opened.
    """
    row = place.row(kind.name, size)
    row.seems = kind.seems
    if problem:
        row.status = FAILED
        row.problems.append(Problem(problem))
    elif kind.name in (kinds.FILE, kinds.EMPTY):
        row.status = NOT_A_LOG
    elif kind.name == kinds.UNKNOWN:
        row.status = NOT_UNDERSTOOD
        row.problems.append(Problem(f"looks like {kind.seems}; nothing here that the lab reads"))
    elif kind.name in CONTAINERS and depth >= most:
        row.status = NOT_UNDERSTOOD
        row.problems.append(Problem(f"archives within archives are opened {most} deep, this one is deeper"))
    else:
        return row, True
    return row, False


def _unread(place: Place, size: int, tool: str, same_as: str = "") -> FileRow:
    """Return the row of a file that need not be read: a copy of another, or a tool's notes on its own work."""
    row = place.row(kinds.FILE, size)
    row.status = SAME if same_as else NOT_A_LOG
    row.same_as = same_as
    row.seems = "" if same_as else f"notes of {tool} on its own work"
    return row
