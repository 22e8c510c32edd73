"""Recognise what kind of file something is by its first bytes, never by its name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tocsin.lab.sources.containers.marks import container_in
from tocsin.lab.sources.evtx import CHUNK_SIZE, HEADER_SIZE, MAGIC
from tocsin.lab.sources.known import sources
from tocsin.lab.sources.source import HEAD_SIZE

EVTX = "evtx"
JSON = "json"
FILE = "file"
"""Something that is no log: text, images, programs."""
EMPTY = "empty"
UNKNOWN = "unknown"

EVTX_PART = 256 * CHUNK_SIZE
JSON_PART = 64 * 1024 * 1024
"""Bytes that are read in one go. Fixed, so that the parts and their results do not depend on the number of
workers."""

ZERO_BLOCK = 1024 * 1024
MOST_ZEROS = 4 * 1024**3
"""Bytes of zeros at a file's beginning that are read over to find what it is."""

JSON_START = re.compile(rb"\s*(\{|\[\s*([\[{\]]|$))")
"""An object or an array of objects or arrays; other lines may begin with a bracket too."""
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
KNOWN_OTHERS = {
    b"\x30\x00\x00\x00LfLe": "an event log of Windows XP or earlier (EVT)",
    b"Rar!": "a RAR archive, which is not opened here: unpack it, or pack it as zip",
    b"MSCF": "a cabinet, which is not opened here: unpack it, or pack it as zip",
    b"\xd4\xc3\xb2\xa1": "a packet capture",
    b"\x0a\x0d\x0d\x0a": "a packet capture",
    b"SQLite format 3\0": "a SQLite database",
    b"regf": "a registry hive",
    b"FILE0": "a master file table ($MFT)",
    b"\x4d\x5a\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00PMDM": "a memory image",
    b"PAGEDUMP": "a memory image",
    b"PAGEDU64": "a memory image",
    b"EMiL": "a memory image",
    b"LPKSHHRH": "a binary systemd journal: hand over `journalctl -o export` or `-o json`",
    b"Salted__": "encrypted data",
}
"""Evidence that the lab does not read."""
NO_LOGS = {
    b"MZ": "a Windows program",
    b"\x7fELF": "a Linux program",
    b"\xfe\xed\xfa": "a macOS program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a program",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office or installer file (OLE)",
    b"{\\rtf": "a Rich Text document",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"BM": "an image",
    b"\x00\x00\x01\x00": "an image",
    b"II*\x00": "an image",
    b"MM\x00*": "an image",
    b"RIFF": "media",
    b"ID3": "media",
    b"OggS": "media",
    b"fLaC": "media",
    b"\x00\x05\x16\x07": "notes of macOS on another file",
    b"Bud1": "notes of macOS on a folder",
    b"wOFF": "a font",
    b"OTTO": "a font",
    b"\x00\x01\x00\x00\x00": "a font",
    b"\xde\x12\x04\x95": "texts of a program",
    b"!<arch>\n": "a library or Debian package",
    b"\xed\xab\xee\xdb": "an RPM package",
}
"""Files that are no logs, whatever they may be to triage."""
ISO_MEDIA = b"ftyp"
TIME = re.compile(
    rb"\d{4}[-/.]\d\d[-/.]\d\d[T ,]+\d\d?:\d\d|\d\d?[-/. ](?:\d\d?|[A-Z][a-z]{2})[-/. ]\d{2,4}[ :,T]+\d\d?:\d\d|"
    rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|^\W?1[0-9]{9}(?:[.0-9]{4,10})?\b"
)
LINES = 50
"""Lines at the beginning of a text that are looked at for times: a text where every third has one is a log."""


@dataclass(frozen=True)
class Kind:
    """A kind of file, and for those that the lab does not read a few words that say what it seems to be."""

    name: str
    seems: str = ""


def kind_of(path: Path) -> Kind:
    """Return the kind of a file by its content. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        head = file.read(HEAD_SIZE)
    if not head:
        return Kind(EMPTY, "an empty file")
    if head.startswith(MAGIC):
        return Kind(EVTX)
    if container := container_in(path, head):
        return Kind(container[0] or FILE, container[1])
    text = head
    for mark in BYTE_ORDER_MARKS:
        text = text.removeprefix(mark)
    if JSON_START.match(text.replace(b"\0", b"")):
        return Kind(JSON)
    if not head.strip(b"\0"):
        head = _first_data(path) or head
    for source in sources().values():
        if source.sniff(head):
            return Kind(source.name, source.title)
    return _other(head)


def _first_data(path: Path) -> bytes:
    """Return the first bytes of a file from its first block on that is not all zeros: change journals begin with a
    large hole. b'' where there is none within `MOST_ZEROS`."""
    with path.open("rb") as file:
        try:
            file.seek(os.lseek(file.fileno(), 0, os.SEEK_DATA))
        except OSError:  # all of it is a hole, or the file system does not tell
            file.seek(0)
        begin = file.tell()
        while (block := file.read(ZERO_BLOCK)) and file.tell() - begin <= MOST_ZEROS:
            if block.strip(b"\0"):
                first = len(block) - len(block.lstrip(b"\0"))
                file.seek(file.tell() - len(block) + first // 8 * 8)  # where records are laid
                return file.read(HEAD_SIZE)
    return b""


def _other(head: bytes) -> Kind:
    """Return what a file is that the lab does not read."""
    for magic, seems in KNOWN_OTHERS.items():
        if head.startswith(magic):
            return Kind(UNKNOWN, seems)
    if not head.strip(b"\0"):
        return Kind(UNKNOWN, "zeros")
    for magic, seems in NO_LOGS.items():
        if head.startswith(magic):
            return Kind(FILE, seems)
    if head[4:8] == ISO_MEDIA:
        return Kind(FILE, "media")
    text = head.replace(b"\0", b"") if head.startswith(BYTE_ORDER_MARKS) else head
    if b"\0" in text:
        return Kind(UNKNOWN, "binary data of no known kind")
    lines = [line for line in text.splitlines()[:LINES] if line.strip()]
    if len(lines) >= 3 and sum(bool(TIME.search(line[:200])) for line in lines) * 3 >= len(lines):
        return Kind(UNKNOWN, "a log of no known form: text with a time on its lines")
    return Kind(FILE, "text")


def parts_of(kind: str, size: int) -> list[tuple[int, int | None]]:
    """Return the byte ranges (start, end; None = to the end) in which a file is read, each on its own."""
    if kind == EVTX:
        first, part = HEADER_SIZE, EVTX_PART
    elif kind == JSON:
        first, part = 0, JSON_PART
    else:
        source = sources().get(kind)
        if source is None or not source.part:
            return [(0, None)]
        first, part = 0, source.part
    starts = list(range(first, size, part)) or [first]
    return [(start, starts[number + 1] if number + 1 < len(starts) else None) for number, start in enumerate(starts)]
