"""Archives: what they hold, without unpacking it; names and sizes that no honest archive has."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any

from tocsin.lab.triage.bounded import MOST_BYTES, inflate
from tocsin.lab.triage.model import Notes, clean

MOST_MEMBERS = 5000
MOST_LISTED = 1000
BOMB_RATIO = 200
BOMB_BYTES = 100 << 20
_RUNS = re.compile(r"\.(?:exe|scr|pif|com|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|lnk|msi|iso|img|vhdx?|jar|dll|cpl|one|chm|"
                   r"xll|docm|xlsm)$", re.IGNORECASE)  # fmt: skip
_DAMAGED = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What zipfile raises for members that are damaged, encrypted or packed in a way that it does not know."""
_DOUBLE = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|txt|jpe?g|png|rtf)\s*\.\w{2,4}$", re.IGNORECASE)


def archives(data: bytes, notes: Notes) -> dict[str, Any]:
    """The members of an archive: name, size, time, whether encrypted. A single packed file becomes a part.

    Raises what the format's reader raises where the archive is damaged.
    """
    if data[:2] == b"PK":
        return listed("zip", _zip(data, notes), notes)
    if data[257:262] == b"ustar":
        return listed("tar", _tar(data, notes), notes)
    if data[:4] == b"MSCF":
        return listed("cab", _cab(data, notes), notes)
    if data[:4] == b"Rar!":
        from tocsin.lab.triage.rar import rar_members  # late: rarely needed

        return listed("rar", rar_members(data, notes), notes)
    for magic, unpack in ((b"\x1f\x8b", inflate), (b"BZh", _bunzip), (b"\xfd7zXZ", _unxz)):
        if data.startswith(magic):
            return _single(unpack(data), notes)
    notes.problem("members of this kind of archive are not listed")
    return {"members": []}


def listed(form: str, rows: list[dict[str, Any]], notes: Notes) -> dict[str, Any]:
    """What a report says of some members, with names and sizes that are odd noted."""
    for row in rows:
        name = row["name"]
        if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in re.split(r"[\\/]", name):
            notes.anomaly("archive.path", name)
        if _DOUBLE.search(name):
            notes.anomaly("name.double_ending", name)
        elif _RUNS.search(name):
            notes.anomaly("archive.runnable", name)
        if "\u202e" in name:
            notes.anomaly("name.right_to_left", name)
        if row.get("link"):
            notes.anomaly("archive.link", name, row["link"])
        packed, size = row.get("packed", 0), row.get("size", 0)
        if size > BOMB_BYTES and packed and size / packed > BOMB_RATIO:
            notes.anomaly("archive.bomb", name, f"{packed} bytes unpack to {size}")
    if any(row.get("encrypted") for row in rows):
        notes.anomaly(
            "archive.encrypted", "archive", f"{sum(bool(r.get('encrypted')) for r in rows)} of {len(rows)} members"
        )
    return {"format": form, "count": len(rows), "size": sum(r.get("size", 0) for r in rows),
            "members": [row | {"name": clean(row["name"], 500)} for row in rows[:MOST_LISTED]]}  # fmt: skip


def safe_members(archive: zipfile.ZipFile, notes: Notes) -> list[zipfile.ZipInfo]:
    """The members of a ZIP archive, up to `MOST_MEMBERS`; the same name twice is noted."""
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        notes.problem(f"{len(members)} members; only {MOST_MEMBERS} were looked at")
    names = [member.filename for member in members[:MOST_MEMBERS]]
    if len(set(names)) < len(names):
        notes.anomaly("archive.same_name", next(n for n in names if names.count(n) > 1))
    return members[:MOST_MEMBERS]


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int, notes: Notes) -> bytes | None:
    """The content of a member up to `most` bytes, or None with a problem where it is damaged, encrypted or larger."""
    try:
        with archive.open(member) as file:
            content = file.read(most + 1)
    except _DAMAGED as error:
        notes.problem(f"member cannot be unpacked: {error}", member.filename)
        return None
    if len(content) > most:
        notes.problem(f"member is larger than {most} bytes and was not read", member.filename)
        return None
    return content


def _zip(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    if data[:4] != b"PK\x03\x04" and data[:4] != b"PK\x05\x06":
        notes.anomaly("archive.prefix", "offset 0")
    rows = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in safe_members(archive, notes):
            mode = member.external_attr >> 16
            rows.append({
                "name": member.filename, "size": member.file_size, "packed": member.compress_size,
                "time": _dos_time(member.date_time), "encrypted": bool(member.flag_bits & 1), "crc32": f"{member.CRC:08x}",
                "link": "symbolic link" if stat.S_ISLNK(mode) else "",
            })  # fmt: skip
        if archive.comment:
            notes.layer("archive comment", archive.comment.decode("utf-8", "replace"), "archive")
    return rows


def _dos_time(parts: tuple[int, ...]) -> str | None:
    """A time without zone as archives hold it; the zone is not known."""
    try:
        year, month, day, hour, minute, second = parts
        # A ZIP archive does not say which zone its times are in.
        return datetime(year, month, day, hour, minute, second).isoformat()  # noqa: DTZ001
    except ValueError:
        return None


def _tar(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            if len(rows) >= MOST_MEMBERS:
                notes.problem(f"more than {MOST_MEMBERS} members; the rest was not looked at")
                break
            link = f"link to {member.linkname}" if member.issym() or member.islnk() else ""
            when = datetime.fromtimestamp(member.mtime, UTC).isoformat() if 0 <= member.mtime < 1 << 35 else None
            rows.append({"name": member.name, "size": member.size, "time": when, "link": link,
                         "device": member.isdev(), "set_uid": bool(member.mode & 0o6000)})  # fmt: skip
    return rows


def _cab(data: bytes, notes: Notes) -> list[dict[str, Any]]:
    """Files in a cabinet ([MS-CAB] 2.4): the header tells where the entries begin and how many they are."""
    at, count = int.from_bytes(data[16:20], "little"), int.from_bytes(data[28:30], "little")
    rows = []
    for _ in range(min(count, MOST_MEMBERS)):
        end = data.find(b"\0", at + 16, at + 16 + 1024)
        if at + 16 > len(data) or end < 0:
            notes.problem("list of members ends early", f"offset {at}")
            break
        utf8 = int.from_bytes(data[at + 14 : at + 16], "little") & 0x80
        name = data[at + 16 : end].decode("utf-8" if utf8 else "cp1252", "replace")
        rows.append({"name": name, "size": int.from_bytes(data[at : at + 4], "little")})
        at = end + 1
    return rows


def _single(content: bytes, notes: Notes) -> dict[str, Any]:
    if len(content) >= MOST_BYTES:
        notes.problem(f"unpacks to more than {MOST_BYTES} bytes; only the start was looked at")
    notes.part("unpacked", content, "compressed file")
    return {"unpacked": len(content)}


def _bunzip(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, MOST_BYTES)


def _unxz(data: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=256 << 20).decompress(data, MOST_BYTES)
