"""DNS messages: what was asked and what was answered. https://www.rfc-editor.org/rfc/rfc1035"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, field

TYPES = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV",
    35: "NAPTR", 39: "DNAME", 41: "OPT", 43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 52: "TLSA", 64: "SVCB",
    65: "HTTPS", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 257: "CAA", 10: "NULL", 32: "NB",
}  # fmt: skip
CODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN", 7: "YXRRSET",
    8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
}  # fmt: skip
NAMES_IN = frozenset({2, 5, 12, 39})
"""Types whose answer is a name."""
MAX_ANSWERS = 100
MAX_TEXT = 4_096
HEADER = struct.Struct(">HHHHHH")


@dataclass
class Message:
    """A message: number, whether it answers, the first question and the answers as texts."""

    number: int
    answers_question: bool
    code: str
    query: str = ""
    kind: str = ""
    answers: list[str] = field(default_factory=list)
    ttls: list[int] = field(default_factory=list)
    flags: int = 0


def message(data: bytes) -> Message | None:
    """Return a message, None where the bytes are none. Answers that cannot be read are left out."""
    if len(data) < HEADER.size:
        return None
    number, flags, questions, answers, _, _ = HEADER.unpack_from(data)
    if not 0 < questions <= 4 and not (answers and questions == 0):
        return None
    found = Message(number, bool(flags & 0x8000), CODES.get(flags & 15, str(flags & 15)), flags=flags)
    try:
        place = 12
        for each in range(questions):
            name, place = _name(data, place)
            kind, _ = struct.unpack_from(">HH", data, place)
            place += 4
            if each == 0:
                found.query, found.kind = name, TYPES.get(kind, str(kind))
    except (struct.error, IndexError, ValueError):
        return None
    try:
        for _ in range(min(answers, MAX_ANSWERS)):
            name, place = _name(data, place)
            kind, _, ttl, length = struct.unpack_from(">HHIH", data, place)
            place += 10
            found.answers.append(_answer(data, place, kind, length))
            found.ttls.append(ttl)
            found.query = found.query or name
            found.kind = found.kind or TYPES.get(kind, str(kind))
            place += length
    except (struct.error, IndexError, ValueError):
        found.answers.append("(damaged)")
    return found


def _name(data: bytes, place: int) -> tuple[str, int]:
    """Return a name and where it ends. Raises ValueError or IndexError where it is none."""
    labels: list[bytes] = []
    after, size, lowest = 0, 0, place
    while True:
        length = data[place]
        if length == 0:
            place += 1
            break
        if length & 0xC0 == 0xC0:
            target = (length & 0x3F) << 8 | data[place + 1]
            if target >= lowest:
                raise ValueError("name points forward")
            after = after or place + 2
            lowest = place = target
        elif length & 0xC0:
            raise ValueError("no label")
        else:
            label = data[place + 1 : place + 1 + length]
            size += length + 1
            if len(label) < length or size > 255:
                raise ValueError("name is too long")
            labels.append(label)
            place += 1 + length
    return b".".join(labels).decode("utf-8", "backslashreplace"), after or place


def _answer(data: bytes, place: int, kind: int, length: int) -> str:
    content = data[place : place + length]
    if len(content) < length:
        raise ValueError("answer is cut off")
    if kind == 1 and length == 4:
        return socket.inet_ntop(socket.AF_INET, content)
    if kind == 28 and length == 16:
        return socket.inet_ntop(socket.AF_INET6, content)
    if kind in NAMES_IN:
        return _name(data, place)[0]
    if kind == 15:
        return _name(data, place + 2)[0]
    if kind == 33:
        return _name(data, place + 6)[0]
    if kind == 16:
        parts, at = [], 0
        while at < length:
            parts.append(content[at + 1 : at + 1 + content[at]])
            at += 1 + content[at]
        return b"".join(parts)[:MAX_TEXT].decode("utf-8", "backslashreplace")
    return content[:MAX_TEXT].hex()
