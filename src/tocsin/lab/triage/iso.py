"""Disc images (ISO 9660, with Joliet names): which files they hold."""

from __future__ import annotations

from typing import Any

from tocsin.lab.triage.archives import MOST_MEMBERS, listed
from tocsin.lab.triage.model import Notes

SECTOR = 2048
MOST_DEPTH = 12
_FIRST = 16
"""The sector of the first volume descriptor (ECMA-119, 6.7.1)."""


def iso(data: bytes, notes: Notes) -> dict[str, Any]:
    """The files of a disc image. Raises ValueError where it has no volume descriptor."""
    root, joliet, label = _volume(data)
    rows: list[dict[str, Any]] = []
    seen: set[int] = set()
    _folder(data, root, joliet, "", rows, seen, notes)
    names = [row["name"].lower() for row in rows]
    if any(n.endswith(".lnk") for n in names) and any(
        n.endswith((".dll", ".exe", ".js", ".cmd", ".bat")) for n in names
    ):
        notes.anomaly("iso.shortcut_and_program", "image", ", ".join(names[:10]))
    return listed("iso", rows, notes) | {"label": label, "joliet": joliet}


def _volume(data: bytes) -> tuple[bytes, bool, str]:
    """The root folder's record, whether names are UTF-16, and the label; Joliet's names are preferred."""
    best: tuple[bytes, bool, str] | None = None
    for sector in range(_FIRST, _FIRST + 32):
        block = data[sector * SECTOR : (sector + 1) * SECTOR]
        if block[1:6] != b"CD001" or block[0] == 255:
            break
        joliet = block[0] == 2 and block[88:90] == b"%/"
        if block[0] == 1 or joliet:
            label = block[40:72].decode("utf-16-be" if joliet else "latin-1", "replace").strip(" \0")
            best = (block[156:190], joliet, label)
    if best is None:
        raise ValueError("disc image has no volume descriptor")
    return best


def _folder(
    data: bytes, record: bytes, joliet: bool, path: str, rows: list[dict[str, Any]], seen: set[int], notes: Notes
) -> None:
    start, length = int.from_bytes(record[2:6], "little"), int.from_bytes(record[10:14], "little")
    if start in seen or path.count("/") > MOST_DEPTH:
        return
    seen.add(start)
    content = data[start * SECTOR : start * SECTOR + min(length, 4 << 20)]
    at = 0
    while at < len(content):
        size = content[at]
        if size < 34:  # the rest of a sector is empty; records do not cross into the next
            at = (at // SECTOR + 1) * SECTOR
            continue
        entry = content[at : at + size]
        at += size
        raw = entry[33 : 33 + entry[32]]
        if raw in {b"\0", b"\1"}:
            continue
        name = path + raw.decode("utf-16-be" if joliet else "latin-1", "replace").split(";")[0]
        if len(rows) >= MOST_MEMBERS:
            notes.problem(f"more than {MOST_MEMBERS} files; the rest is not listed")
            return
        if entry[25] & 2:
            _folder(data, entry, joliet, name + "/", rows, seen, notes)
        else:
            rows.append({"name": name, "size": int.from_bytes(entry[10:14], "little"), "hidden": bool(entry[25] & 1)})
