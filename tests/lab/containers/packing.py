"""Containers made in tests: by the standard library, by pyzipper and py7zr, and by hand where nobody honest makes them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from backports import zstd
from lab_events import event

from tocsin.lab import FileRow, ScanReport

Scanned = tuple[ScanReport, dict[str, FileRow]]
Scan = Callable[..., Scanned]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


def log(number: int = 0) -> bytes:
    """One Windows event as JSON, different for each number."""
    return json.dumps(event("Security", 4624, {"Number": str(number)}, EventRecordID=number)).encode()


def tarred(*members: tuple[str | tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of some members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            if info.isfile():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A zip archive of some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def sevenzipped(*members: tuple[str, bytes], password: str | None = None) -> bytes:
    """A 7-Zip archive of some members; skips where py7zr is missing."""
    import pytest

    py7zr = pytest.importorskip("py7zr")
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password=password) as archive:
        for name, content in members:
            archive.writestr(content, name)
    return buffer.getvalue()


def zipcrypto(name: str, content: bytes, password: bytes) -> bytes:
    """A zip archive with one stored member under the traditional encryption (APPNOTE 6.1), which no library writes."""
    archive = bytearray(zipped_stored(name, content))
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte: int) -> None:
        keys[0] = crc(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    header = bytes(11) + (zlib.crc32(content) >> 24).to_bytes(1, "little")
    hidden = bytearray()
    for byte in header + content:
        key = (keys[2] | 2) & 0xFFFF
        hidden.append(byte ^ ((key * (key ^ 1)) >> 8 & 0xFF))
        update(byte)
    begin = 30 + len(name)
    archive[begin : begin + len(content)] = hidden
    directory = archive.rindex(b"PK\x01\x02")
    for at, length_at in ((0, 18), (directory, 20)):
        archive[at + length_at - 12] |= 1
        archive[at + length_at : at + length_at + 4] = len(hidden).to_bytes(4, "little")
    end = archive.rindex(b"PK\x05\x06")
    archive[end + 16 : end + 20] = directory.to_bytes(4, "little")
    return bytes(archive)


def zipped_stored(name: str, content: bytes) -> bytes:
    """A zip archive with one member as it is."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def crc(value: int, byte: int) -> int:
    """One step of CRC-32."""
    value ^= byte & 0xFF
    for _ in range(8):
        value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
    return value


def reasons(row: FileRow) -> str:
    """All problems of a file in one text."""
    return "; ".join(problem.reason for problem in row.problems)
