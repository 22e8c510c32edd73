"""The members of RAR archives, version 4 and 5, from their headers."""

from __future__ import annotations

from typing import Any

from tocsin.lab.triage.model import Notes

MOST_MEMBERS = 5000


def rar_members(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    """Name, sizes and encryption of each member; a problem where the headers are encrypted or end early."""
    return _five(data, notes) if data[6:8] == b"\x01\x00" else _four(data, notes)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length (seven bits a byte, lowest first) and where it ends. Raises ValueError beyond 10 bytes."""
    value = 0
    for index in range(10):
        byte = data[at + index] if at + index < len(data) else 0
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at + index + 1
    raise ValueError(f"number at offset {at} has no end")


def _five(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    at = 8
    while at + 7 < len(data) and len(rows) < MOST_MEMBERS:
        size, body = _number(data, at + 4)
        kind, field = _number(data, body)
        flags, field = _number(data, field)
        extra, field = _number(data, field) if flags & 1 else (0, field)
        packed, field = _number(data, field) if flags & 2 else (0, field)
        if kind == 4:
            notes.problem("member names are encrypted", f"offset {at}")
            return [*rows, {"name": "(encrypted)", "encrypted": True}]
        if kind == 2:
            rows.append(_file_five(data, field, body + size - extra, body + size) | {"packed": packed})
        if kind == 5 or not size:
            break
        at = body + size + packed
    return rows


def _file_five(data: bytes, at: int, extra: int, end: int) -> dict[str, Any]:
    flags, at = _number(data, at)
    size, at = _number(data, at)
    _, at = _number(data, at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    _, at = _number(data, at)
    _, at = _number(data, at)
    length, at = _number(data, at)
    encrypted = False
    while extra < min(end, len(data)):
        record, body = _number(data, extra)
        kind, _ = _number(data, body)
        encrypted = encrypted or kind == 1
        extra = body + record
        if not record:
            break
    return {"name": data[at : at + min(length, 4096)].decode("utf-8", "replace"), "size": size, "encrypted": encrypted}


def _four(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    at = 7
    while at + 7 <= len(data) and len(rows) < MOST_MEMBERS:
        kind, flags = data[at + 2], int.from_bytes(data[at + 3 : at + 5], "little")
        size = int.from_bytes(data[at + 5 : at + 7], "little")
        if size < 7:
            notes.problem("header is damaged", f"offset {at}")
            break
        packed = int.from_bytes(data[at + 7 : at + 11], "little") if flags & 0x8000 or kind == 0x74 else 0
        if kind == 0x73 and flags & 0x80:
            notes.problem("member names are encrypted", f"offset {at}")
            return [{"name": "(encrypted)", "encrypted": True}]
        if kind == 0x74:
            length = int.from_bytes(data[at + 26 : at + 28], "little")
            start = at + (40 if flags & 0x100 else 32)
            name = data[start : start + length].split(b"\0")[0].decode("utf-8", "replace")
            unpacked = int.from_bytes(data[at + 11 : at + 15], "little")
            rows.append({"name": name, "size": unpacked, "packed": packed, "encrypted": bool(flags & 4)})
        at += size + packed
    return rows
