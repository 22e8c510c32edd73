"""OLE compound files: old Office documents, installer packages and Outlook messages; macros and objects in them."""

from __future__ import annotations

import io
import re
from typing import Any

from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.msg import msg
from tocsin.lab.triage.vba import macros

MOST_STREAMS = 2000
MOST_BYTES = 64 << 20
_APPLICATIONS = {
    "worddocument": "Word document", "workbook": "Excel workbook", "book": "Excel workbook (Excel 5)",
    "powerpoint document": "PowerPoint presentation", "encryptedpackage": "encrypted Office document",
    "visiodocument": "Visio drawing", "__properties_version1.0": "Outlook message",
}  # fmt: skip
_RISKY_CLASSES = {
    "0002ce02-0000-0000-c000-000000000046": "Equation Editor 3.0",
    "0004a6b0-0000-0000-c000-000000000046": "Equation Editor 2.0",
    "f20da720-c02f-11ce-927b-0800095ae340": "OLE Package",
    "0003000c-0000-0000-c000-000000000046": "OLE Package",
    "d27cdb6e-ae6d-11cf-96b8-444553540000": "Flash",
    "88d969c0-f192-11d4-a65f-0040963251e5": "XML HTTP",
    "ecabb0c5-7f19-11d2-978e-0000f8757e2a": "script component moniker",
    "00000300-0000-0000-c000-000000000046": "linked object",
}
_DDE = re.compile(rb"\x13[^\x14\x15]{0,40}?(DDE(?:AUTO)?\b[^\x14\x15]{1,400})", re.IGNORECASE)


def ole(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of an OLE file. Raises what olefile raises where its structure is damaged."""
    streams, classes, dates = open_streams(data, notes)
    found = [name for key, name in _APPLICATIONS.items() if any(p.lower().split("/")[-1] == key for p in streams)]
    facts: dict[str, Any] = {
        "application": found[0] if found else None,
        "streams": [{"path": clean(path, 300), "size": len(content)} for path, content in streams.items()],
        "properties": dates,
        "classes": {clean(path, 300): name for path, name in classes.items()},
    }
    if facts["application"] == "Outlook message":
        return facts | {"message": msg(streams, notes)}
    if any(0x3800 <= ord(c) <= 0x4840 for path in streams for c in path):
        return facts | {"application": "Windows Installer package", "tables": _installer(streams, notes)}
    facts["macros"] = macros(streams, notes)
    _judge(streams, classes, notes)
    facts["objects"] = _objects(streams, notes)
    return facts


def open_streams(data: bytes, notes: Notes) -> tuple[dict[str, bytes], dict[str, str], dict[str, Any]]:
    """The streams by path, the risky class of each storage that has one, and the document's properties."""
    import olefile  # late: only OLE files need it

    streams: dict[str, bytes] = {}
    classes: dict[str, str] = {}
    used = 0
    with olefile.OleFileIO(io.BytesIO(data)) as file:
        entries = file.listdir(streams=True, storages=True)
        if len(entries) > MOST_STREAMS:
            notes.problem(f"{len(entries)} streams and storages; only {MOST_STREAMS} were read")
        for parts in [[], *entries[:MOST_STREAMS]]:
            path = "/".join(parts)
            if parts and file.get_type(parts) == olefile.STGTY_STREAM:
                used += file.get_size(parts)
                if used > MOST_BYTES:
                    notes.problem(f"streams hold more than {MOST_BYTES} bytes; the rest was not read", path)
                    break
                streams[path] = _read(file, parts, notes)
            elif name := _RISKY_CLASSES.get((file.getclsid(path) if parts else file.root.clsid).lower()):
                classes[path or "root"] = name
        properties = _properties(file, notes)
    return streams, classes, properties


def _read(file: Any, parts: list[str], notes: Notes) -> bytes:
    try:
        content: bytes = file.openstream(parts).read()
    except (OSError, ValueError, IndexError) as error:
        notes.problem(f"stream is damaged: {error}", "/".join(parts))
        return b""
    return content


def _properties(file: Any, notes: Notes) -> dict[str, str]:
    try:
        meta = file.get_metadata()
    except Exception as error:  # noqa: BLE001 - olefile lets many kinds through for damaged property sets; it is reported
        notes.problem(f"document properties are damaged: {type(error).__name__}: {error}")
        return {}
    wanted = ("title", "subject", "author", "last_saved_by", "template", "revision_number", "creating_application",
              "create_time", "last_saved_time", "company", "manager", "comments", "codepage")  # fmt: skip
    found = {}
    for name in wanted:
        value = getattr(meta, name, None)
        if value not in {None, b"", ""}:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            found[name] = clean(text.rstrip("\0"), 300)
    return found


def _judge(streams: dict[str, bytes], classes: dict[str, str], notes: Notes) -> None:
    for path, name in classes.items():
        notes.anomaly("office.equation" if name.startswith("Equation") else "office.risky_object", path, name)
    for path, content in streams.items():
        last = path.rsplit("/", 1)[-1].lower()
        if last == "encryptedpackage":
            notes.anomaly("office.encrypted", path)
        if last in {"equation native", "\x01ole10native"} and "equation" in last:
            notes.anomaly("office.equation", path)
        if last == "worddocument":
            for match in _DDE.finditer(content.replace(b"\0", b"")):
                notes.anomaly("office.dde", path, match[1].decode("latin-1"))
        if last in {"workbook", "book"}:
            _excel(path, content, notes)


def _excel(path: str, content: bytes, notes: Notes) -> None:
    """Walk the records at the start of a workbook ([MS-XLS] 2.4.28 BoundSheet8, 2.4.117 FilePass)."""
    at, walked = 0, 0
    while at + 4 <= len(content) and walked < 20_000:
        kind, size = int.from_bytes(content[at : at + 2], "little"), int.from_bytes(content[at + 2 : at + 4], "little")
        body = content[at + 4 : at + 4 + size]
        if kind == 0x0085 and len(body) >= 8:
            hidden, sheet = body[4] & 3, body[5]
            name = body[8 : 8 + body[6] * (2 if body[7] & 1 else 1)].decode(
                "utf-16-le" if body[7] & 1 else "latin-1", "replace"
            )
            if sheet == 1:
                notes.anomaly("office.excel4_macros", f"{path}, sheet {name}")
            if hidden == 2:
                notes.anomaly("office.very_hidden_sheet", f"{path}, sheet {name}")
        if kind == 0x002F:
            notes.anomaly("office.encrypted", path)
            return
        if kind == 0x000A:
            return
        at += 4 + size
        walked += 1


def _objects(streams: dict[str, bytes], notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for path, content in streams.items():
        if path.rsplit("/", 1)[-1].lower() == "\x01ole10native":
            rows.append(native(content, path, notes))
        elif path.rsplit("/", 1)[-1].lower() in {"package", "contents"} and len(content) > 64:
            notes.part(path, content, path)
            rows.append({"path": clean(path, 300), "size": len(content)})
    return rows


def native(content: bytes, path: str, notes: Notes) -> dict[str, Any]:
    """A file packed into a document (Ole10Native): its name, the path it came from, and the file as a part."""
    at = 6
    texts = []
    for _ in range(2):
        end = content.find(b"\0", at)
        texts.append(content[at : end if end >= 0 else at].decode("cp1252", "replace"))
        at = end + 1
    at += 4
    length = int.from_bytes(content[at : at + 4], "little")
    temporary = content[at + 4 : at + 4 + min(length, 1000)].rstrip(b"\0").decode("cp1252", "replace")
    at += 4 + length
    size = int.from_bytes(content[at : at + 4], "little")
    inner = content[at + 4 : at + 4 + size]
    notes.anomaly("office.packed_file", path, f"{texts[0]}, {len(inner)} bytes")
    notes.part(texts[0] or "packed file", inner, path)
    return {"path": clean(path, 300), "name": clean(texts[0], 300), "from": clean(texts[1], 300),
            "temporary": clean(temporary, 300), "size": len(inner)}  # fmt: skip


_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"


def installer_name(name: str) -> str:
    """A stream's name in an installer package: two of 64 characters are packed into one beyond U+3800."""
    out = []
    for c in name:
        code = ord(c)
        if 0x3800 <= code < 0x4800:
            out.append(_DIGITS[code - 0x3800 & 0x3F] + _DIGITS[code - 0x3800 >> 6])
        elif 0x4800 <= code < 0x4840:
            out.append(_DIGITS[code - 0x4800])
        elif code == 0x4840:
            out.append("!")
        else:
            out.append(c)
    return "".join(out)


def _installer(streams: dict[str, bytes], notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for path, content in streams.items():
        name = installer_name(path)
        rows.append({"name": clean(name, 300), "size": len(content)})
        if name == "!CustomAction":
            notes.anomaly("msi.custom_actions", name, f"{len(content)} bytes")
        if name.startswith("Binary.") or content[:4] == b"MSCF":
            notes.part(name, content, f"stream {name}")
    return rows
