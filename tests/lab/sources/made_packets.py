"""Packets and captures as tests need them, made from the protocols' documents."""

from __future__ import annotations

import ipaddress
import struct

CLIENT, SERVER = "10.0.0.1", "192.0.2.7"
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def tcp(source: int, destination: int, flags: int, sequence: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">HHIIBBHHH", source, destination, sequence, 0, 5 << 4, flags, 65535, 0, 0) + payload


def udp(source: int, destination: int, payload: bytes = b"") -> bytes:
    return struct.pack(">HHHH", source, destination, 8 + len(payload), 0) + payload


def ip(source: str, destination: str, protocol: int, content: bytes, *, number: int = 1, fragment: int = 0) -> bytes:
    here, there = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if here.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(content), protocol, 64) + here.packed + there.packed + content
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), number, fragment, 64, protocol, 0)
    return head + here.packed + there.packed + content


def ethernet(content: bytes, kind: int = 0, tags: tuple[int, ...] = ()) -> bytes:
    kind = kind or (0x0800 if content[0] >> 4 == 4 else 0x86DD)
    return bytes(12) + b"".join(struct.pack(">HH", tag, 7) for tag in tags) + struct.pack(">H", kind) + content


def pcap(*frames: tuple[float, bytes], link: int = 1, order: str = "<", nanoseconds: bool = False) -> bytes:
    """A pcap file of frames, each with its time in seconds."""
    parts = 1_000_000_000 if nanoseconds else 1_000_000
    content = struct.pack(order + "IHHiIII", 0xA1B23C4D if nanoseconds else 0xA1B2C3D4, 2, 4, 0, 0, 65535, link)
    for time, data in frames:
        second, part = divmod(round(time * parts), parts)
        content += struct.pack(order + "IIII", second, part, len(data), len(data)) + data
    return content


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def pcapng(*frames: tuple[float, bytes], link: int = 1, order: str = "<", resolution: int = 6) -> bytes:
    """A pcapng file of frames, with times of a resolution of ten to the minus `resolution` seconds."""
    content = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    content += block(
        1, struct.pack(order + "HHI", link, 0, 0) + struct.pack(order + "HHBxxxHH", 9, 1, resolution, 0, 0), order
    )
    for time, data in frames:
        ticks = round(time * 10**resolution)
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data))
        content += block(6, head + data, order)
    return content


def conversation(
    *said: tuple[int, bytes],
    client: str = CLIENT,
    server: str = SERVER,
    ports: tuple[int, int] = (50000, 80),
    start: float = 1000.0,
) -> list[tuple[float, bytes]]:
    """A whole TCP connection in which each side (0: the client) says something, a packet each hundredth of a second."""
    packets: list[tuple[int, int, bytes]] = [(0, SYN, b""), (1, SYN | ACK, b""), (0, ACK, b"")]
    packets += [(side, PSH | ACK, data) for side, data in said] + [
        (0, FIN | ACK, b""),
        (1, FIN | ACK, b""),
        (0, ACK, b""),
    ]
    sequences = [100, 2**32 - 2]
    frames = []
    for number, (side, flags, data) in enumerate(packets):
        ends = (client, server) if side == 0 else (server, client)
        segment = tcp(ports[side], ports[1 - side], flags, sequences[side], data)
        sequences[side] = (sequences[side] + len(data) + bool(flags & (SYN | FIN))) % 2**32
        frames.append((start + number / 100, ethernet(ip(*ends, 6, segment))))
    return frames


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def dns(
    number: int,
    query: str,
    kind: int = 1,
    *,
    answers: tuple[tuple[int, bytes], ...] = (),
    reply: bool = False,
    code: int = 0,
) -> bytes:
    flags = (0x8180 if reply else 0x0100) | code
    content = struct.pack(">HHHHHH", number, flags, 1, len(answers), 0, 0) + name(query) + struct.pack(">HH", kind, 1)
    for answer_kind, data in answers:
        content += b"\xc0\x0c" + struct.pack(">HHIH", answer_kind, 1, 60, len(data)) + data
    return content


def _listed(numbers: tuple[int, ...]) -> bytes:
    return struct.pack(">H", 2 * len(numbers)) + b"".join(struct.pack(">H", number) for number in numbers)


def client_hello(version: int, ciphers: tuple[int, ...], extensions: tuple[tuple[int, bytes], ...]) -> bytes:
    """The record of a TLS ClientHello."""
    inner = b"".join(struct.pack(">HH", number, len(body)) + body for number, body in extensions)
    hello = struct.pack(">H", version) + bytes(33) + _listed(ciphers) + b"\1\0" + struct.pack(">H", len(inner)) + inner
    message = b"\1" + len(hello).to_bytes(3, "big") + hello
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


def server_name(text: str) -> bytes:
    return struct.pack(">HBH", len(text) + 3, 0, len(text)) + text.encode()


def numbers(*values: int) -> bytes:
    return _listed(values)
