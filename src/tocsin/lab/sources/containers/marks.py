"""How containers are told, by their bytes; kept apart from what opens them, since every scan asks and few open one.

Zip archives may be documents or programs (Office, OpenDocument, Java, Android): those are files for triage; a person
who hands them over has not packed evidence into them.
"""

from __future__ import annotations

import os
from pathlib import Path

ZIP = "zip"
TAR = "tar"
GZIP = "gzip"
BZIP2 = "bzip2"
XZ = "xz"
ZSTD = "zstd"
SEVENZIP = "7z"
IMAGE = "disk image"
CONTAINERS = frozenset({ZIP, TAR, GZIP, BZIP2, XZ, ZSTD, SEVENZIP, IMAGE})

MAGICS = (
    (b"\x1f\x8b\x08", GZIP),
    (b"BZh", BZIP2),
    (b"\xfd7zXZ\x00", XZ),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"7z\xbc\xaf\x27\x1c", SEVENZIP),
)
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
BLOCK = 512
SECTOR = 512
ENTRY = b"PK\x03\x04"
LISTED = b"PK\x01\x02"
TAIL = 64 * 1024
MOST_NAMES = 1_000

_BY_NAME = (
    (b"AndroidManifest.xml", "an Android package"),
    (b"META-INF/MANIFEST.MF", "a Java archive"),
    (b"[Content_Types].xml", "an Office document"),
    (b"mimetype", "an OpenDocument or e-book file"),
    (b"extension.vsixmanifest", "an editor's extension"),
)
"""Members that make an archive a document, at its top and nowhere else."""
_MAGICS = {
    0: (b"EVF\x09\x0d\x0a\xff\x00", b"EVF2\r\n\x81\x00", b"KDMV", b"COWD", b"# Disk DescriptorFile", b"vhdxfile",
        b"QFI\xfb", b"conectix", b"<<< Oracle VM VirtualBox Disk Image >>>"),
    3: (b"NTFS    ",),
    64: (b"\x7f\x10\xda\xbe",),
    SECTOR: (b"EFI PART",),
}  # fmt: skip
"""Marks of image formats, of an NTFS file system without a partition table, and of a GPT, by their place."""


def container_in(path: Path, head: bytes) -> tuple[str, str] | None:
    """Return which container a file is that begins with some bytes, or `('', words)` where it is a document.

    None where it is neither. Raises OSError where the file cannot be read.
    """
    if head.startswith(ZIP_MAGICS):
        document = document_in(path, head)
        return ("", document) if document else (ZIP, "")
    for magic, kind in MAGICS:
        if head.startswith(magic):
            return kind, ""
    if is_tar(head):
        return TAR, ""
    return (IMAGE, "") if is_image(head) else None


def document_in(path: Path, head: bytes) -> str:
    """Return what kind of document a zip archive is, in words, or '' where it is none. Raises OSError.

    Looks at the names at the archive's beginning and at the end of its directory.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
    names = {*_names(head, ENTRY, 26, 30), *_names(tail, LISTED, 28, 46)}
    return next((words for name, words in _BY_NAME if name in names), "")


def _names(data: bytes, mark: bytes, length_at: int, name_at: int) -> set[bytes]:
    """Return the names of the members whose headers begin in some bytes of an archive."""
    names: set[bytes] = set()
    at = data.find(mark)
    while at >= 0 and len(names) < MOST_NAMES:
        length = int.from_bytes(data[at + length_at : at + length_at + 2], "little")
        names.add(data[at + name_at : at + name_at + length])
        at = data.find(mark, at + 4)
    return names


def is_tar(head: bytes) -> bool:
    """Tell from its first block whether a file is a tar archive: by the sum of the bytes of its first header."""
    header = head[:BLOCK]
    if len(header) < BLOCK:
        return False
    digits = header[148:156].strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        return False
    return int(digits, 8) == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def is_image(head: bytes) -> bool:
    """Tell from its beginning whether a file is a disk image: of a known format, or raw."""
    marked = any(head.startswith(mark, place) for place, marks in _MAGICS.items() for mark in marks)
    return marked or _has_ext(head) or _has_partitions(head)


def _has_ext(head: bytes) -> bool:
    """Tell whether the superblock of an ext file system is there and plausible: its two bytes of mark prove little."""
    block = head[1024:2048]
    if len(block) < 1024 or block[56:58] != b"\x53\xef":
        return False
    state, errors, size = (int.from_bytes(block[at:to], "little") for at, to in ((58, 60), (60, 62), (24, 28)))
    return state < 8 and errors < 4 and size < 7 and any(block[104:120])


def _has_partitions(head: bytes) -> bool:
    """Tell whether the first sector holds a partition table (MBR) that makes sense."""
    if len(head) < SECTOR or head[510:512] != b"\x55\xaa":
        return False
    entries = [head[at : at + 16] for at in range(446, 510, 16)]
    used = [entry for entry in entries if entry[4]]
    return (
        bool(used)
        and all(entry[0] in (0, 0x80) and any(entry[8:12]) and any(entry[12:16]) for entry in used)
        and all(not any(entry) for entry in entries if entry not in used)
    )
