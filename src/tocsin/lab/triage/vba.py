"""Visual Basic in Office files: the modules' source, taken out as [MS-OVBA] lays it down, and what it would do by itself."""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.scripts import script

MOST_SOURCE = 2 << 20
MOST_MODULES = 200
_AUTOMATIC = re.compile(
    r"\bsub\s+(auto_?(?:exec|open|close|new|exit)|(?:document|workbook|presentation)_?(?:open|close|beforeclose|new|activate|"
    r"deactivate|beforesave|sheetactivate|onload|beforeprint)|\w+_(?:painted|layout|gotfocus|mousemove|resize|changed?|"
    r"oncontentcontrol\w*))\b",
    re.IGNORECASE,
)


def macros(streams: dict[str, bytes], notes: Notes, where: str = "") -> list[dict[str, Any]]:
    """The macro modules among some streams (path: content), their sources kept as layers. Empty where there are none."""
    rows: list[dict[str, Any]] = []
    for path in [p for p in streams if p.rsplit("/", 1)[-1].lower() == "dir"]:
        folder = path[: -len("dir")]
        try:
            known = _directory(decompress(streams[path]))
        except ValueError as error:
            notes.problem(f"list of macro modules is damaged: {error}", where + path)
            known = []
        sources = _by_directory(known, streams, folder, notes, where) or _by_search(streams, folder)
        rows.extend(_module(name, source, notes, where) for name, source in sources[:MOST_MODULES])
    if rows:
        notes.anomaly("office.macros", where or "VBA project", ", ".join(row["module"] for row in rows))
    return rows


def _module(name: str, source: str, notes: Notes, where: str) -> dict[str, Any]:
    code = "\n".join(line for line in source.splitlines() if not line.startswith("Attribute "))
    automatic = sorted({m[1] for m in _AUTOMATIC.finditer(code)})
    place = f"{where}macro module {name}"
    if automatic:
        notes.anomaly("office.automatic_macro", place, ", ".join(automatic))
    if code.strip():
        notes.layer("macro source", source, place)
        script(code, notes, place)
    return {"module": clean(name, 200), "lines": code.count("\n") + 1 if code.strip() else 0, "automatic": automatic}


def _by_directory(
    known: list[tuple[str, int]], streams: dict[str, bytes], folder: str, notes: Notes, where: str
) -> list[tuple[str, str]]:
    found = []
    lower = {path.lower(): path for path in streams}
    for name, offset in known[:MOST_MODULES]:
        path = lower.get((folder + name).lower())
        if path is None:
            notes.problem("macro module is listed and not there", f"{where}{folder}{name}")
            continue
        try:
            source = decompress(streams[path][offset:]).decode("cp1252", "replace")
        except ValueError as error:
            notes.problem(f"macro source is damaged: {error}", f"{where}{path}")
            continue
        if offset > 1500 and not re.search(r"^(?!Attribute )\s*\S", source, re.MULTILINE):
            notes.anomaly("office.stomped_macro", f"{where}{path}", f"{offset} bytes of compiled code, no source")
        found.append((name, source))
    return found


def _by_search(streams: dict[str, bytes], folder: str) -> list[tuple[str, str]]:
    """Sources found by how they begin, for a project whose list of modules is damaged on purpose."""
    found = []
    for path, content in streams.items():
        # A module begins with 'Attribut' as eight literal tokens; the container's three bytes and the flags stand before.
        at = content.find(b"\x00Attribut")
        if path.startswith(folder) and at >= 3:
            try:
                found.append((path[len(folder) :], decompress(content[at - 3 :]).decode("cp1252", "replace")))
            except ValueError:
                continue
    return found


def _directory(data: bytes) -> list[tuple[str, int]]:
    """Stream name and text offset of each module ([MS-OVBA] 2.3.4.2): records of id, size, content."""
    modules: list[tuple[str, int]] = []
    name, at = "", 0
    while at + 6 <= len(data):
        kind, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 6], "little")
        if kind == 0x0009:  # PROJECTVERSION says 4 and is 6
            size = 6
        content = data[at + 6 : at + 6 + size]
        if kind == 0x001A:
            name = content.decode("cp1252", "replace")
        elif kind == 0x0032 and content:
            name = content.decode("utf-16-le", "replace")
        elif kind == 0x0031 and len(content) == 4:
            modules.append((name, int.from_bytes(content, "little")))
        at += 6 + size
    return modules


def decompress(data: bytes) -> bytes:
    """Undo the compression of [MS-OVBA] 2.4.1, up to `MOST_SOURCE` bytes. Raises ValueError where it is none."""
    if data[:1] != b"\x01":
        raise ValueError("no compressed container")
    out = bytearray()
    at = 1
    while at + 2 <= len(data) and len(out) < MOST_SOURCE:
        header = int.from_bytes(data[at : at + 2], "little")
        if header >> 12 & 7 != 3:
            break
        end = min(at + (header & 0xFFF) + 3, len(data))
        if header & 0x8000:
            _chunk(data, at + 2, end, out)
        else:
            out += data[at + 2 : end]
        at = end
    return bytes(out)


def _chunk(data: bytes, at: int, end: int, out: bytearray) -> None:
    start = len(out)
    while at < end:
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= end:
                return
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            token = int.from_bytes(data[at : at + 2], "little")
            at += 2
            bits = max((len(out) - start - 1).bit_length(), 4)
            length, offset = (token & 0xFFFF >> bits) + 3, (token >> 16 - bits) + 1
            if offset > len(out) - start:
                raise ValueError("copy from before the start of a chunk")
            for _ in range(length):
                out.append(out[-offset])
            if len(out) - start > 4096 + 18:
                raise ValueError("chunk is too long")
