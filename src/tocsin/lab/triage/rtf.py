"""Rich Text documents: objects, templates from elsewhere, and how they are hidden."""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.ole import native

MOST_OBJECTS = 100
MOST_OBJECT_BYTES = 32 << 20
_CONTROL = re.compile(rb"\\[a-zA-Z]{1,40}-?\d{0,10} ?|\\'[0-9a-fA-F]{2}|\\\*|\\.|[{}]", re.DOTALL)
_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
_TEMPLATE = re.compile(rb"\\\*\s{0,10}\\template\s{1,20}([^{}]{4,4000})")
_CLASS = re.compile(rb"\\objclass\s{1,20}([\w.\- ]{1,100})")
_UPDATE = re.compile(rb"\\obj(?:update|autlink|attph)\b")


def rtf(data: bytes, notes: Notes) -> dict[str, Any]:
    """The objects of an RTF document and what it loads from elsewhere."""
    if data[:6] != b"{\\rtf1":
        notes.anomaly("rtf.header", "offset 0", data[:8].decode("latin-1"))
    templates = [clean(m[1].decode("latin-1").strip(), 2000) for m in _TEMPLATE.finditer(data)][:20]
    for target in templates:
        notes.links.append((_unescape(target), "template"))
        if re.match(r"(?:https?:|ftp:|\\\\|file:)", _unescape(target), re.IGNORECASE):
            notes.anomaly("office.remote_template", "\\*\\template", target)
    if _UPDATE.search(data):
        notes.anomaly("rtf.updates_object", "\\objupdate")
    classes = [clean(m[1].decode("latin-1").strip(), 100) for m in _CLASS.finditer(data)][:MOST_OBJECTS]
    for name in classes:
        if name.lower().startswith("equation"):
            notes.anomaly("office.equation", "\\objclass", name)
    fields = [clean(m.decode("latin-1"), 300) for m in re.findall(rb"\bDDE(?:AUTO)?\s[^{}]{1,300}", data)][:20]
    for field in fields:
        notes.anomaly("office.dde", "\\fldinst", field)
    return {"templates": templates, "classes": classes, "fields": fields, "objects": _objects(data, notes)}


def _unescape(text: str) -> str:
    text = re.sub(r"\\'([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text, flags=re.IGNORECASE)
    text = re.sub(r"\\u(\d{2,5})\s?\??", lambda m: chr(int(m[1])) if int(m[1]) < 0xD800 else "", text)
    return text.replace("\\\\", "\\")


def _objects(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    at = 0
    while (at := data.find(b"\\objdata", at)) >= 0 and len(rows) < MOST_OBJECTS:
        raw, odd = _hex(data, at + 8)
        if odd:
            notes.anomaly("rtf.hidden_object", f"offset {at}", f"{odd} other marks between the digits")
        rows.append({"offset": at, "size": len(raw)} | _object(raw, f"object at {at}", notes))
        at += 8
    return rows


def _hex(data: bytes, at: int) -> tuple[bytes, int]:
    """The bytes written in hexadecimal after \\objdata up to the end of its group, and how many marks stood between."""
    depth, end = 1, at
    for match in re.compile(rb"(?<!\\)[{}]").finditer(data, at, at + 2 * MOST_OBJECT_BYTES):
        depth += 1 if match[0] == b"{" else -1
        end = match.start()
        if depth == 0:
            break
    else:
        end = min(len(data), at + 2 * MOST_OBJECT_BYTES)
    body, marks = _CONTROL.subn(b"", data[at:end])
    digits = _NOT_HEX.sub(b"", body)
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")), marks


def _object(raw: bytes, where: str, notes: Notes) -> dict[str, Any]:
    """An OLE 1.0 object ([MS-OLEDS] 2.2): format, class name, and the data as a part."""
    at = 8
    texts = []
    for _ in range(3):
        length = int.from_bytes(raw[at : at + 4], "little")
        if length > 4096:
            break
        texts.append(raw[at + 4 : at + 4 + length].rstrip(b"\0").decode("latin-1"))
        at += 4 + length
    name = texts[0] if texts else ""
    if name.lower().startswith("equation"):
        notes.anomaly("office.equation", where, name)
    compound = raw.find(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    if compound >= 0:
        notes.anomaly("office.embedded_object", where, name)
        notes.part(name or "object", raw[compound:], where)
    elif name.lower() == "package" and len(texts) == 3:
        size = int.from_bytes(raw[at : at + 4], "little")
        native(b"\0\0\0\0" + raw[at + 4 : at + 4 + size], where, notes)
    elif len(raw) > at + 4:
        notes.part(name or "object", raw[at + 4 :], where)
    return {"class": clean(name, 200)}
