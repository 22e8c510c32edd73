"""TLS handshakes: the name that was asked for, fingerprints of both sides, and the server's certificate.

JA3 and JA3S: https://github.com/salesforce/ja3 (BSD-3-Clause). JA4 (clients over TCP):
https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md (BSD-3-Clause; the rest of JA4+ is licensed
otherwise and is not here).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv10", 0x0302: "TLSv11", 0x0303: "TLSv12", 0x0304: "TLSv13"}
SHORT = {0x0300: "s3", 0x0301: "10", 0x0302: "11", 0x0303: "12", 0x0304: "13"}
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
SERVER_NAME, GROUPS, POINTS, SIGNATURES, ALPN, SUPPORTED = 0, 10, 11, 13, 16, 43
MAX_LIST = 512
"""Ciphers or extensions of one handshake that are looked at."""


class Reader:
    """Takes fields off some bytes. Raises ValueError where there are not enough."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        found = self.data[self.place : self.place + count]
        if len(found) < count:
            raise ValueError("cut off")
        self.place += count
        return found

    def number(self, width: int) -> int:
        """Return the next number of some bytes."""
        return int.from_bytes(self.take(width), "big")

    def part(self, width: int) -> Reader:
        """Return what follows a length of some bytes, as long as that says."""
        return Reader(self.take(self.number(width)))

    def numbers(self, width: int = 2) -> list[int]:
        """Return all that is left as numbers."""
        return [self.number(width) for _ in range(min(MAX_LIST, (len(self.data) - self.place) // width))]

    @property
    def left(self) -> bool:
        """Whether there is more."""
        return self.place < len(self.data)


@dataclass
class Hello:
    """A client's or server's first message."""

    version: int
    ciphers: list[int]
    extensions: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    protocols: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    supported: list[int] = field(default_factory=list)


def is_tls(data: bytes) -> bool:
    """Tell whether a stream begins with a TLS handshake."""
    return (
        len(data) >= 6 and data[0] == 22 and data[1] == 3 and data[2] <= 4 and data[5] in (CLIENT_HELLO, SERVER_HELLO)
    )


def messages(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the whole handshake messages (type, content) at the beginning of a stream."""
    content, place = bytearray(), 0
    while place + 5 <= len(stream) and stream[place] == 22:
        length = int.from_bytes(stream[place + 3 : place + 5], "big")
        content += stream[place + 5 : place + 5 + length]
        place += 5 + length
    at = 0
    while at + 4 <= len(content):
        length = int.from_bytes(content[at + 1 : at + 4], "big")
        if at + 4 + length > len(content):
            return
        yield content[at], bytes(content[at + 4 : at + 4 + length])
        at += 4 + length


def is_over(stream: bytes) -> bool:
    """Tell whether a stream has come to the end of its readable handshake: another kind of record begins."""
    place = 0
    while place + 5 <= len(stream):
        if stream[place] != 22:
            return True
        place += 5 + int.from_bytes(stream[place + 3 : place + 5], "big")
    return False


def hello(kind: int, content: bytes) -> Hello | None:
    """Return a hello message, None where it is damaged."""
    reader = Reader(content)
    try:
        version = reader.number(2)
        reader.take(32)
        reader.part(1)
        if kind == CLIENT_HELLO:
            found = Hello(version, reader.part(2).numbers())
            reader.part(1)
        else:
            found = Hello(version, [reader.number(2)])
            reader.take(1)
        extensions = reader.part(2) if reader.left else Reader(b"")
        while extensions.left and len(found.extensions) < MAX_LIST:
            number, body = extensions.number(2), extensions.part(2)
            found.extensions.append(number)
            _extension(found, kind, number, body)
    except ValueError:
        return None
    return found


def _extension(found: Hello, kind: int, number: int, body: Reader) -> None:
    try:
        if number == SERVER_NAME and body.left:
            names = body.part(2)
            while names.left:
                names.take(1)
                found.names.append(names.part(2).data.decode("utf-8", "backslashreplace"))
        elif number == ALPN:
            names = body.part(2)
            while names.left:
                found.protocols.append(names.part(1).data.decode("utf-8", "backslashreplace"))
        elif number == GROUPS:
            found.groups = body.part(2).numbers()
        elif number == POINTS:
            found.points = body.part(1).numbers(1)
        elif number == SIGNATURES:
            found.signatures = body.part(2).numbers()
        elif number == SUPPORTED:
            found.supported = body.part(1).numbers() if kind == CLIENT_HELLO else [body.number(2)]
    except ValueError:
        return  # the extension is damaged, not the message


def _is_grease(number: int) -> bool:
    """Tell a value that clients put in to keep servers tolerant (RFC 8701), and that fingerprints leave out."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def _plain(numbers: list[int]) -> list[int]:
    return [number for number in numbers if not _is_grease(number)]


def ja3(found: Hello, *, server: bool = False) -> str:
    """Return the JA3 of a client's hello, or the JA3S of a server's."""
    lists = [_plain(found.ciphers), _plain(found.extensions)]
    if not server:
        lists += [_plain(found.groups), found.points]
    text = ",".join([str(found.version), *("-".join(map(str, numbers)) for numbers in lists)])
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ja4(found: Hello) -> str:
    """Return the JA4 of a client's hello over TCP."""
    ciphers, extensions = _plain(found.ciphers), _plain(found.extensions)
    version = SHORT.get(max(_plain(found.supported), default=found.version), "00")
    first = found.protocols[0] if found.protocols else ""
    if not first:
        protocol = "00"
    elif first[0].isascii() and first[0].isalnum() and first[-1].isascii() and first[-1].isalnum():
        protocol = first[0] + first[-1]
    else:
        digits = first.encode().hex()
        protocol = digits[0] + digits[-1]
    name = "d" if SERVER_NAME in extensions else "i"
    head = f"t{version}{name}{min(len(ciphers), 99):02}{min(len(extensions), 99):02}{protocol}"
    rest = ",".join(sorted(f"{number:04x}" for number in extensions if number not in (SERVER_NAME, ALPN)))
    signatures = ",".join(f"{number:04x}" for number in _plain(found.signatures))
    return "_".join(
        (
            head,
            _short(",".join(sorted(f"{number:04x}" for number in ciphers))),
            _short(f"{rest}_{signatures}" if signatures else rest),
        )
    )


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else "0" * 12


def certificate(content: bytes) -> dict[str, Any]:
    """Return what the first certificate of a message says, {} where it cannot be read."""
    # Late, as most captures have no certificate that can be seen.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    try:
        der = Reader(content).part(3).part(3).data
        found = x509.load_der_x509_certificate(der)
        return {
            "subject": found.subject.rfc4514_string(),
            "issuer": found.issuer.rfc4514_string(),
            "certificate.serial": f"{found.serial_number:X}",
            "certificate.not_before": found.not_valid_before_utc.isoformat(),
            "certificate.not_after": found.not_valid_after_utc.isoformat(),
            "certificate.sha1": found.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 - a name, not a protection
        }
    except Exception:  # noqa: BLE001 - made by whoever runs the server, and the library raises many kinds
        return {}
