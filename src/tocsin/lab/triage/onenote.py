"""OneNote sections: files that somebody dragged into a page."""

from __future__ import annotations

from typing import Any

from tocsin.lab.triage.kinds import kind_of
from tocsin.lab.triage.model import Notes

_FILE = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
"""The GUID before each file's data ([MS-ONESTORE] 2.6.13, FileDataStoreObject)."""
MOST_FILES = 200


def onenote(data: bytes, notes: Notes) -> dict[str, Any]:
    """The files in a OneNote section: offset, size and kind; those that can run are noted."""
    rows: list[dict[str, Any]] = []
    at = 0
    while (at := data.find(_FILE, at)) >= 0 and len(rows) < MOST_FILES:
        size = int.from_bytes(data[at + 16 : at + 24], "little")
        content = data[at + 36 : at + 36 + size] if size <= len(data) else b""
        kind = kind_of(content)
        rows.append({"offset": at + 36, "size": len(content), "kind": kind.key})
        if content and kind.key not in {"png", "jpeg", "gif", "bmp"}:
            notes.anomaly("onenote.file", f"offset {at + 36}", f"{kind.name}, {len(content)} bytes")
            notes.part(f"file at {at + 36}", content, f"offset {at + 36}")
        at += 36
    return {"files": rows}
