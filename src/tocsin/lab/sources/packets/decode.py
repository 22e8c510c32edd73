"""From a captured frame to its IP packet and what TCP, UDP or ICMP say: addresses, ports, flags, payload.

Link layers: Ethernet with VLAN tags, MPLS and PPPoE, Linux cooked captures, loopback, raw IP. IP within IP and GRE is
opened; fragments after the first have no ports.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

IPV4, IPV6 = 0x0800, 0x86DD
TAGS = frozenset({0x8100, 0x88A8, 0x9100})
"""Ethernet types of VLAN tags."""
MPLS = frozenset({0x8847, 0x8848})
PPPOE = 0x8864
PPP = {0x0021: IPV4, 0x0057: IPV6}
NAMES = {0x0806: "ARP", 0x88CC: "LLDP", 0x888E: "EAPOL", 0x8863: "PPPoE discovery", 0x8035: "RARP", 0x8809: "LACP"}
LOOPBACKS = {2: IPV4, 10: IPV6, 23: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""Address families of different systems in the header of a loopback capture."""
TCP, UDP, ICMP, ICMP6, SCTP, GRE = 6, 17, 1, 58, 132, 47
EXTENSIONS = frozenset({0, 43, 60, 135, 139, 140})
MAX_NESTING = 4
MAX_HEADERS = 10
PORTS = struct.Struct(">HH")
TCP_HEADER = struct.Struct(">HHIIBB")
IP4_HEADER = struct.Struct(">BBHHHBBH4s4s")
IP6_HEADER = struct.Struct(">IHBB16s16s")


class Packet(NamedTuple):
    """What a packet says. Addresses are 4 or 16 bytes; `size` is the length of its IP packet, `length` of what TCP, UDP
    or ICMP carry, on the wire; `fragment` names the packet that it is a piece of (None where it is whole), and `later`
    tells that it is not the first piece."""

    protocol: int
    source: bytes
    destination: bytes
    source_port: int
    destination_port: int
    size: int
    length: int
    payload: bytes
    flags: int = 0
    sequence: int = 0
    fragment: tuple[bytes, bytes, int] | None = None
    later: bool = False


class NotDecodedError(Exception):
    """A frame without an IP packet that can be read; `expected` where the network has such frames by its nature."""

    def __init__(self, reason: str, *, expected: bool = False) -> None:
        super().__init__(reason)
        self.expected = expected


def decode(link: int, data: bytes) -> Packet:
    """Return the IP packet in a frame of a link type. Raises NotDecodedError where there is none."""
    try:
        kind, start = _network(link, data)
        return _ip(kind, data, start, MAX_NESTING)
    except (struct.error, IndexError):
        raise NotDecodedError("captured bytes end within the headers") from None


def _network(link: int, data: bytes) -> tuple[int, int]:
    """Return the Ethernet type of what a frame carries, and where that begins."""
    if link == 1:
        return _ethertype(int.from_bytes(data[12:14], "big"), data, 14)
    if link == 113:  # Linux cooked
        return _ethertype(int.from_bytes(data[14:16], "big"), data, 16)
    if link == 276:  # Linux cooked, second version
        return _ethertype(int.from_bytes(data[:2], "big"), data, 20)
    if link in (0, 108):  # loopback: the family in the order of the machine, or of the network
        family = LOOPBACKS.get(int.from_bytes(data[:4], "little")) or LOOPBACKS.get(int.from_bytes(data[:4], "big"))
        if family is None:
            raise NotDecodedError("loopback frame of another family than IP", expected=True)
        return family, 4
    if link in (12, 14, 101, 228, 229):  # IP as it is
        return _by_version(data, 0), 0
    raise NotDecodedError(f"link type {link} is not read")


def _ethertype(kind: int, data: bytes, start: int) -> tuple[int, int]:
    for _ in range(MAX_HEADERS):
        if kind in TAGS:
            kind, start = int.from_bytes(data[start + 2 : start + 4], "big"), start + 4
        elif kind in MPLS:
            bottom = data[start + 2] & 1
            start += 4
            if bottom:
                kind = _by_version(data, start)
        elif kind == PPPOE:
            inner = int.from_bytes(data[start + 6 : start + 8], "big")
            if inner not in PPP:
                raise NotDecodedError("PPP control", expected=True)
            kind, start = PPP[inner], start + 8
        else:
            break
    if kind in (IPV4, IPV6):
        return kind, start
    if kind <= 1500:
        raise NotDecodedError("IEEE 802.3 without IP", expected=True)
    raise NotDecodedError(NAMES.get(kind, f"Ethernet type 0x{kind:04x}"), expected=True)


def _by_version(data: bytes, start: int) -> int:
    version = data[start] >> 4
    if version == 4:
        return IPV4
    if version == 6:
        return IPV6
    raise NotDecodedError("no IP packet where one should begin")


def _ip(kind: int, data: bytes, start: int, nesting: int) -> Packet:
    if kind == IPV4:
        first, _, total, number, fragment, _, protocol, _, source, destination = IP4_HEADER.unpack_from(data, start)
        header = (first & 15) * 4
        if first >> 4 != 4 or header < 20:
            raise NotDecodedError("IPv4 header makes no sense")
        size = total if total >= header else len(data) - start  # the card fills the length in later
        begin = start + header
        piece = (source, destination, number) if fragment & 0x3FFF else None
        return _carried(
            protocol, data, begin, start + size, source, destination, size, piece, fragment & 0x1FFF, nesting
        )
    first, length, protocol, _, source, destination = IP6_HEADER.unpack_from(data, start)
    if first >> 28 != 6:
        raise NotDecodedError("IPv6 header makes no sense")
    begin, end = start + 40, start + 40 + length if length else len(data)
    piece, offset = None, 0
    for _ in range(MAX_HEADERS):
        if protocol in EXTENSIONS:
            protocol, begin = data[begin], begin + 8 + data[begin + 1] * 8
        elif protocol == 51:  # authentication
            protocol, begin = data[begin], begin + 8 + data[begin + 1] * 4
        elif protocol == 44:
            place, number = struct.unpack_from(">HI", data, begin + 2)
            piece, offset = (source, destination, number) if place & 0xFFF9 else None, place >> 3
            protocol, begin = data[begin], begin + 8
            if offset:
                break
        else:
            break
    return _carried(protocol, data, begin, end, source, destination, end - start, piece, offset, nesting)


def _carried(
    protocol: int,
    data: bytes,
    begin: int,
    end: int,
    source: bytes,
    destination: bytes,
    size: int,
    piece: tuple[bytes, bytes, int] | None,
    offset: int,
    nesting: int,
) -> Packet:
    """Return the packet with what IP carries from `begin` to `end`, of which not all may have been captured."""
    if offset:
        return Packet(protocol, source, destination, 0, 0, size, end - begin, b"", 0, 0, piece, later=True)
    if protocol == TCP:
        here, there, sequence, _, words, flags = TCP_HEADER.unpack_from(data, begin)
        start = begin + (words >> 4) * 4
        length = max(0, end - start)
        return Packet(protocol, source, destination, here, there, size, length, data[start:end], flags, sequence, piece)
    if protocol in (UDP, SCTP):
        here, there = PORTS.unpack_from(data, begin)
        start = begin + (8 if protocol == UDP else 12)
        return Packet(
            protocol, source, destination, here, there, size, max(0, end - start), data[start:end], 0, 0, piece
        )
    if protocol in (ICMP, ICMP6):
        return Packet(protocol, source, destination, data[begin], data[begin + 1], size, max(0, end - begin - 8), b"")
    if nesting and protocol in (4, 41):
        return _ip(IPV4 if protocol == 4 else IPV6, data, begin, nesting - 1)
    if nesting and protocol == GRE:
        flags, kind = PORTS.unpack_from(data, begin)
        inner = begin + 4 + 4 * bool(flags & 0x8000) + 4 * bool(flags & 0x2000) + 4 * bool(flags & 0x1000)
        if kind == 0x6558:
            kind, inner = _ethertype(int.from_bytes(data[inner + 12 : inner + 14], "big"), data, inner + 14)
        if kind in (IPV4, IPV6) and not flags & 7:
            return _ip(kind, data, inner, nesting - 1)
    return Packet(protocol, source, destination, 0, 0, size, max(0, end - begin), b"", 0, 0, piece)
