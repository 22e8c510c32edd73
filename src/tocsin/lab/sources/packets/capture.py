"""Packet capture files: pcap (micro- and nanoseconds, either byte order) and pcapng, read packet by packet.

https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html
https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from tocsin.lab.record import Tally

PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000_000),
    b"\xa1\xb2\xc3\xd4": (">", 1_000_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000_000),
    b"\xa1\xb2\x3c\x4d": (">", 1_000_000_000),
}
"""First bytes of a pcap file: its byte order, and how many parts of a second its times count."""
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
MAX_PACKET = 16 * 1024 * 1024
"""Bytes of one packet or block; a longer one is damage."""
MAX_INTERFACES = 4_096
SECTION, INTERFACE, PACKET, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
TIME_RESOLUTION, TIME_OFFSET = 9, 14


class Frame(NamedTuple):
    """One packet as it was captured: microseconds since 1970 (-1: not known), link type, bytes."""

    time: int
    link: int
    data: bytes


@dataclass
class Interface:
    """One interface of a pcapng section."""

    link: int
    ticks: int = 1_000_000
    """Parts of a second that its times count."""
    offset: int = 0


def is_capture(head: bytes) -> bool:
    """Tell whether a file begins as a capture."""
    return head[:4] in PCAP_MAGICS or (
        head[:4] == PCAPNG_MAGIC and head[8:12] in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")
    )


def frames(file: BinaryIO, tally: Tally) -> Iterator[Frame]:
    """Yield the packets of a capture file from its beginning; say where it is damaged or cut off."""
    magic = file.read(4)
    if magic in PCAP_MAGICS:
        yield from _pcap(file, tally, *PCAP_MAGICS[magic])
    elif magic == PCAPNG_MAGIC:
        file.seek(0)
        yield from _pcapng(file, tally)


def _pcap(file: BinaryIO, tally: Tally, order: str, ticks: int) -> Iterator[Frame]:
    header = file.read(20)
    if len(header) < 20:
        _damage(tally, "capture is cut off within its header", file)
        return
    link = struct.unpack(order + "I", header[16:])[0] & 0xFFFF
    record = struct.Struct(order + "IIII")
    per_tick = ticks // 1_000_000
    while head := file.read(16):
        if len(head) < 16:
            _damage(tally, f"{len(head)} bytes are left after the last packet, too few for another", file)
            return
        seconds, part, captured, _ = record.unpack(head)
        if captured > MAX_PACKET or part >= ticks:
            _damage(tally, "no packet where one should begin; the rest of the capture is not readable", file)
            return
        data = file.read(captured)
        if len(data) < captured:
            _damage(tally, f"capture is cut off: {len(data)} of {captured} bytes of its last packet are there", file)
            return
        yield Frame(seconds * 1_000_000 + part // per_tick, link, data)


def _pcapng(file: BinaryIO, tally: Tally) -> Iterator[Frame]:
    order, interfaces = "<", list[Interface]()
    while head := file.read(8):
        if len(head) < 8:
            _damage(tally, f"{len(head)} bytes are left after the last block, too few for another", file)
            return
        if head[:4] == PCAPNG_MAGIC:
            mark = file.read(4)
            order, interfaces = ("<" if mark == b"\x4d\x3c\x2b\x1a" else ">"), []
            file.seek(-4, 1)
        kind, length = struct.unpack(order + "II", head)
        if not 12 <= length <= MAX_PACKET or length % 4:
            _damage(tally, "no block where one should begin; the rest of the capture is not readable", file)
            return
        body = file.read(length - 8)
        if len(body) < length - 8:
            _damage(tally, "capture is cut off within a block", file)
            return
        if kind == INTERFACE and len(interfaces) < MAX_INTERFACES:
            interfaces.append(_interface(body[:-4], order))
        elif kind in (ENHANCED, PACKET, SIMPLE):
            frame = _packet(kind, body[:-4], order, interfaces)
            if frame is None:
                tally.not_understood += 1
                tally.problem("packet block is damaged", f"byte {file.tell() - length}")
            else:
                yield frame


def _interface(body: bytes, order: str) -> Interface:
    interface = Interface(int.from_bytes(body[:2], "little" if order == "<" else "big"))
    position = 8
    while position + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, position)
        value = body[position + 4 : position + 4 + length]
        if code == TIME_RESOLUTION and value:
            interface.ticks = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** min(value[0], 18)
        elif code == TIME_OFFSET and len(value) == 8:
            interface.offset = struct.unpack(order + "q", value)[0]
        elif code == 0:
            break
        position += 4 + -(-length // 4) * 4
    return interface


def _packet(kind: int, body: bytes, order: str, interfaces: list[Interface]) -> Frame | None:
    """Return the packet of a block, None where the block makes no sense."""
    try:
        if kind == SIMPLE:
            (length,) = struct.unpack_from(order + "I", body)
            return Frame(-1, interfaces[0].link, body[4 : 4 + length])
        number, high, low, captured, _ = struct.unpack_from(order + ("IIIII" if kind == ENHANCED else "HxxIIII"), body)
        interface = interfaces[number]
    except (struct.error, IndexError):
        return None
    data = body[20 : 20 + captured]
    if len(data) < captured:
        return None
    count = (high << 32 | low) * 1_000_000 // interface.ticks
    return Frame(count + interface.offset * 1_000_000, interface.link, data)


def _damage(tally: Tally, reason: str, file: BinaryIO) -> None:
    tally.not_understood += 1
    tally.problem(reason, f"byte {file.tell()}")
