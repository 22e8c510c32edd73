"""Small artefacts as Windows and browsers write them, made from their documented formats."""

from __future__ import annotations

import sqlite3
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NONE = 0xFFFFFFFF
SZ, BINARY, DWORD, MULTI_SZ = 1, 3, 4, 7


def ticks(moment: datetime) -> int:
    """A time as a FILETIME."""
    return int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)


class Hive:
    """A registry hive of one bin, built bottom up: children before their parent."""

    def __init__(self) -> None:
        self._cells = bytearray()

    def _cell(self, content: bytes) -> int:
        offset = 32 + len(self._cells)
        size = (len(content) + 4 + 7) // 8 * 8
        self._cells += struct.pack("<i", -size) + content.ljust(size - 4, b"\0")
        return offset

    def value(self, name: str, kind: int, data: bytes) -> int:
        """Enter a value and return where it is."""
        if len(data) <= 4:
            size, where = len(data) | 0x80000000, int.from_bytes(data.ljust(4, b"\0"), "little")
        else:
            size, where = len(data), self._cell(data)
        return self._cell(struct.pack("<2sHIIIHH", b"vk", len(name), size, where, kind, 1, 0) + name.encode("latin-1"))

    def key(self, name: str, moment: datetime, keys: list[int] | None = None, values: list[int] | None = None,
            *, root: bool = False) -> int:  # fmt: skip
        """Enter a key with its sub-keys and values, and return where it is."""
        keys, values = keys or [], values or []
        lists = self._cell(
            b"lf" + struct.pack("<H", len(keys)) + b"".join(struct.pack("<I4s", k, b"\0" * 4) for k in keys)
        )
        order = self._cell(struct.pack(f"<{len(values)}I", *values)) if values else NONE
        return self._cell(
            struct.pack("<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x2C if root else 0x20, ticks(moment), 0, NONE, len(keys), 0,
                        lists if keys else NONE, NONE, len(values), order, NONE, NONE, 0, 0, 0, 0, 0, len(name), 0)
            + name.encode("latin-1")
        )  # fmt: skip

    def write(self, path: Path, root: int) -> Path:
        """Write the hive and return its place."""
        size = (len(self._cells) + 32 + 4095) // 4096 * 4096
        free = size - 32 - len(self._cells)
        if free:
            self._cells += struct.pack("<i", free).ljust(free, b"\0")
        hbin = struct.pack("<4sIIQQI", b"hbin", 0, size, 0, ticks(datetime(2026, 1, 1, tzinfo=UTC)), 0) + self._cells
        header = bytearray(4096)
        struct.pack_into("<4sIIQIIIIIII", header, 0, b"regf", 1, 1, ticks(datetime(2026, 1, 1, tzinfo=UTC)), 1, 5, 0, 1,
                         root, size, 1)  # fmt: skip
        check = 0
        for (word,) in struct.iter_unpack("<I", header[:508]):
            check ^= word
        struct.pack_into("<I", header, 508, check)
        path.write_bytes(bytes(header) + hbin)
        return path


def usn_record(name: str, usn: int, moment: datetime, reason: int, entry: int = 40, parent: int = 5) -> bytes:
    """A USN_RECORD_V2."""
    text = name.encode("utf-16-le")
    length = (60 + len(text) + 7) // 8 * 8
    head = struct.pack("<IHHQQQQIIIIHH", length, 2, 0, entry | 3 << 48, parent | 5 << 48, usn, ticks(moment), reason, 0, 0,
                       0x20, len(text), 60)  # fmt: skip
    return (head + text).ljust(length, b"\0")


def chromium(path: Path, visits: list[tuple[int, str, str]]) -> Path:
    """A Chromium history with visits: time in microseconds since 1601, address, title."""
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE urls(id INTEGER PRIMARY KEY, url TEXT, title TEXT, visit_count INTEGER, typed_count INTEGER);"
            "CREATE TABLE visits(id INTEGER PRIMARY KEY, url INTEGER, visit_time INTEGER, from_visit INTEGER,"
            " transition INTEGER);"
            "CREATE TABLE downloads(id INTEGER PRIMARY KEY, target_path TEXT, start_time INTEGER, total_bytes INTEGER,"
            " received_bytes INTEGER, state INTEGER, danger_type INTEGER, referrer TEXT, tab_url TEXT, mime_type TEXT);"
            "CREATE TABLE downloads_url_chains(id INTEGER, chain_index INTEGER, url TEXT);"
        )
        for number, (time, url, title) in enumerate(visits, 1):
            database.execute("INSERT INTO urls VALUES(?,?,?,1,0)", (number, url, title))
            database.execute("INSERT INTO visits VALUES(?,?,?,?,?)", (number, number, time, number - 1, 0x10000001))
        database.execute(
            "INSERT INTO downloads VALUES(1,'C:\\Users\\ann\\Downloads\\bill.iso',?,2048,2048,1,1,'','','')",
            (visits[-1][0],),
        )
        database.execute(
            "INSERT INTO downloads_url_chains VALUES(1,0,'http://first.example/'),(1,1,?)", (visits[-1][1],)
        )
    database.close()
    return path


def firefox(path: Path, visits: list[tuple[int, str, str]]) -> Path:
    """A Firefox history with visits: time in microseconds since 1970, address, title."""
    with sqlite3.connect(path) as database:
        database.executescript(
            "CREATE TABLE moz_places(id INTEGER PRIMARY KEY, url TEXT, title TEXT, visit_count INTEGER, typed INTEGER);"
            "CREATE TABLE moz_historyvisits(id INTEGER PRIMARY KEY, from_visit INTEGER, place_id INTEGER,"
            " visit_date INTEGER, visit_type INTEGER);"
        )
        for number, (time, url, title) in enumerate(visits, 1):
            database.execute("INSERT INTO moz_places VALUES(?,?,?,1,1)", (number, url, title))
            database.execute("INSERT INTO moz_historyvisits VALUES(?,0,?,?,1)", (number, number, time))
    database.close()
    return path


def prefetch(name: str, runs: list[datetime], count: int, loaded: list[str]) -> bytes:
    """A prefetch file of Windows 8.1 (version 26), uncompressed: header, file information, metrics, names."""
    names = b"".join(f"{text}\0".encode("utf-16-le") for text in loaded)
    metrics_at, names_at = 304, 304 + 32 * len(loaded)
    volumes_at = (names_at + len(names) + 7) // 8 * 8
    device = "\\VOLUME{01d0000000000000-1234abcd}\0".encode("utf-16-le")
    volume = (
        struct.pack("<IIQIIIII", 104, len(device) // 2 - 1, ticks(runs[0]), 0x1234ABCD, 0, 0, 0, 0).ljust(104, b"\0")
        + device
    )
    body = bytearray(volumes_at) + volume
    struct.pack_into(
        "<I4sII60sI", body, 0, 26, b"SCCA", 0x11, len(body), name.encode("utf-16-le").ljust(60, b"\0"), 0xCAFEF00D
    )
    struct.pack_into("<9I", body, 84, metrics_at, len(loaded), 0, 0, names_at, len(names), volumes_at, 1, len(volume))
    times = [ticks(run) for run in runs] + [0] * (8 - len(runs))
    struct.pack_into("<8Q", body, 128, *times)
    struct.pack_into("<I", body, 208, count)
    at = 0
    for number, text in enumerate(loaded):
        struct.pack_into("<IIIIIIQ", body, metrics_at + 32 * number, 0, 0, 0, at, len(text), 0, 0)
        at += 2 * (len(text) + 1)
    body[names_at : names_at + len(names)] = names
    return bytes(body)


def mam(content: bytes) -> bytes:
    """Content in Windows 10's compression, with a code of one bit for zeros and of nine for other bytes.

    LZXPRESS Huffman ([MS-XCA] 2.1): a table of 512 code lengths of four bits, then the codes in words of 16 bits.
    Takes one block, and content that gets smaller, as libscca asks.
    """
    # Nine bits also for the first symbol that is no byte, so that the code is complete.
    lengths = [1] + [9] * 256 + [0] * 255
    table = bytes(low | high << 4 for low, high in zip(lengths[::2], lengths[1::2], strict=True))
    bits = "".join("0" if byte == 0 else f"1{byte - 1:08b}" for byte in content)
    bits += "0" * (-len(bits) % 16 + 32)
    words = [int(bits[at : at + 16], 2) for at in range(0, len(bits), 16)]
    return b"MAM\x04" + struct.pack("<I", len(content)) + table + struct.pack(f"<{len(words)}H", *words)


def message(**headers: Any) -> bytes:
    """An e-mail with a link that shows another place than it leads to, and an attachment."""
    from email.message import EmailMessage

    mail = EmailMessage()
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("see https://evil.example/a")
    mail.add_alternative('<a href="https://evil.example/a">https://bank.example</a>', subtype="html")
    mail.add_attachment(b"MZ attachment", maintype="application", subtype="octet-stream", filename="bill.exe")
    return mail.as_bytes()
