"""What the two sides of a conversation say to each other: HTTP requests, TLS handshakes, DNS questions.

A talk gets the bytes of each side in order and gives fields of events: (service, time in microseconds, fields).
"""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.sources.packets import dns, tls

Said = tuple[str, int, dict[str, Any]]
"""The service (dns, http, tls), the time in microseconds since 1970, and the fields of an event."""

METHODS = (
    *("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH", "PROPFIND", "PROPPATCH", "MKCOL"),
    *(
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "SEARCH",
        "REPORT",
        "M-SEARCH",
        "NOTIFY",
        "SUBSCRIBE",
        "RPC_IN_DATA",
        "RPC_OUT_DATA",
    ),
)
REQUEST = re.compile(rb"(?:" + b"|".join(method.encode() for method in METHODS) + rb") ")
RESPONSE = b"HTTP/1."
MAX_HEAD = 32 * 1024
"""Bytes of the head of one request or response; the rest of a longer one is left out."""
MAX_HANDSHAKE = 64 * 1024
"""Bytes of each side's handshake."""
MAX_OPEN = 64
"""Questions or requests of one conversation that wait for their answers."""
MAX_HEADERS = 100
NO_BODY = frozenset({"204", "304"})


class HttpTalk:
    """HTTP/1: each request with the response to it."""

    service = "http"

    def __init__(self) -> None:
        self._buffers = (bytearray(), bytearray())
        self._bodies = [0, 0]
        self._open: list[tuple[int, dict[str, Any]]] = []
        self.over = False

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._buffers[0]) + len(self._buffers[1])

    def hear(self, side: int, data: bytes, time: int) -> list[Said]:
        """Take what a side (0: the one that asked for the connection) says next."""
        said: list[Said] = []
        buffer = self._buffers[side]
        buffer += data
        while buffer:
            if self._bodies[side]:
                gone = min(self._bodies[side], len(buffer))
                self._bodies[side] -= gone
                del buffer[:gone]
                continue
            if not (buffer.startswith(RESPONSE[: len(buffer)]) if side else REQUEST.match(buffer) or len(buffer) < 16):
                buffer.clear()  # within a body whose length nobody told
                break
            end = buffer.find(b"\r\n\r\n")
            if end < 0 and len(buffer) < MAX_HEAD:
                break
            head = bytes(buffer[: end if end >= 0 else MAX_HEAD])
            del buffer[: end + 4 if end >= 0 else len(buffer)]
            said += self._answered(head, time) if side else self._asked(head, time)
        return said

    def gap(self, side: int) -> None:
        """Take that some bytes of a side are missing."""
        self._buffers[side].clear()
        self._bodies[side] = 0

    def end(self) -> list[Said]:
        """Return what is left to say: requests without a response."""
        self.over = True
        left = [("http", time, fields) for time, fields in self._open]
        self._open = []
        return left

    def _asked(self, head: bytes, time: int) -> list[Said]:
        first, headers = _head(head)
        method, _, rest = first.partition(" ")
        uri, _, version = rest.rpartition(" ")
        if not version.startswith("HTTP/"):
            uri, version = rest, ""
        host = headers.get("host", "")
        fields: dict[str, Any] = {"method": method, "host": host, "uri": uri, "version": version.removeprefix("HTTP/")}
        names = {"user_agent": "user-agent", "referrer": "referer", "content_type": "content-type", "cookie": "cookie"}
        fields |= {ours: headers[theirs] for ours, theirs in names.items() if theirs in headers}
        if host or uri.startswith("http"):
            fields["url"] = uri if uri.startswith("http") else f"http://{host}{uri}"
        fields["headers"] = [f"{name}: {value}" for name, value in headers.items()]
        length = headers.get("content-length", "")
        self._bodies[0] = int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else 0
        fields["request_body_len"] = self._bodies[0]
        self._open.append((time, fields))
        if len(self._open) > MAX_OPEN:
            return [("http", *self._open.pop(0))]
        return []

    def _answered(self, head: bytes, time: int) -> list[Said]:
        first, headers = _head(head)
        _, _, rest = first.partition(" ")
        status, _, words = rest.partition(" ")
        if status.startswith("1") and len(status) == 3:
            return []
        asked, fields = self._open.pop(0) if self._open else (time, {})
        length = headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else None
        self._bodies[1] = 0 if fields.get("method") == "HEAD" or status in NO_BODY else size or 0
        fields["status_code"] = int(status) if status.isascii() and status.isdecimal() and len(status) < 6 else status
        fields["status_msg"] = words
        if size is not None:
            fields["response_body_len"] = size
        names = {"server": "server", "response_content_type": "content-type", "location": "location"}
        fields |= {ours: headers[theirs] for ours, theirs in names.items() if theirs in headers}
        return [("http", asked, fields)]


def _head(head: bytes) -> tuple[str, dict[str, str]]:
    """Return the first line and the headers, by their names in lower case; of two of a name, both."""
    first, *rest = head.decode("utf-8", "backslashreplace").split("\r\n")
    headers: dict[str, str] = {}
    for line in rest[:MAX_HEADERS]:
        name, _, value = line.partition(":")
        name = name.strip().lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return first, headers


class TlsTalk:
    """The beginning of a TLS connection: what the client asks for and how the server presents itself."""

    service = "tls"

    def __init__(self) -> None:
        self._buffers = (bytearray(), bytearray())
        self._time = 0
        self._fields: dict[str, Any] = {}
        self.over = False

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._buffers[0]) + len(self._buffers[1])

    def hear(self, side: int, data: bytes, time: int) -> list[Said]:
        """Take what a side says next; what there is to say is said once the server's handshake can be read no
        further."""
        self._time = self._time or time
        buffer = self._buffers[side]
        buffer += data[: MAX_HANDSHAKE - len(buffer)]
        content = bytes(buffer)
        ended = tls.is_over(content) or len(content) >= MAX_HANDSHAKE
        for kind, body in tls.messages(content):
            if kind == tls.CLIENT_HELLO and not side and "ja3" not in self._fields:
                self._client(body)
            elif kind == tls.SERVER_HELLO and side and "ja3s" not in self._fields:
                self._server(body)
            elif kind == tls.CERTIFICATE and side:
                self._fields |= tls.certificate(body)
                ended = True
        return self.end() if ended and side else []

    def gap(self, side: int) -> None:
        """Take that some bytes of a side are missing: nothing after them can be read."""
        self._buffers[side].extend(bytes(5))

    def end(self) -> list[Said]:
        """Return what is left to say."""
        if self.over:
            return []
        self.over = True
        return [("tls", self._time, self._fields)] if self._fields else []

    def _client(self, body: bytes) -> None:
        hello = tls.hello(tls.CLIENT_HELLO, body)
        if hello is None:
            return
        if hello.names:
            self._fields["server_name"] = hello.names[0]
        if hello.protocols:
            self._fields["alpn"] = hello.protocols
        self._fields |= {"ja3": tls.ja3(hello), "ja4": tls.ja4(hello)}

    def _server(self, body: bytes) -> None:
        hello = tls.hello(tls.SERVER_HELLO, body)
        if hello is None:
            return
        version = hello.supported[0] if hello.supported else hello.version
        self._fields |= {
            "version": tls.VERSIONS.get(version, f"0x{version:04x}"),
            "cipher": f"0x{hello.ciphers[0]:04x}",
            "ja3s": tls.ja3(hello, server=True),
        }


class DnsTalk:
    """Questions of DNS and its kin (multicast DNS, LLMNR), each with the answer to it."""

    service = "dns"

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._buffers = (bytearray(), bytearray())
        self._open: dict[int, tuple[int, dict[str, Any]]] = {}
        self.over = False

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return len(self._buffers[0]) + len(self._buffers[1])

    def hear(self, side: int, data: bytes, time: int) -> list[Said]:
        """Take the next datagram, or the next bytes of a stream, of a side."""
        if not self._stream:
            return self._message(data, time)
        said: list[Said] = []
        buffer = self._buffers[side]
        buffer += data
        while len(buffer) >= 2 and len(buffer) >= 2 + (length := int.from_bytes(buffer[:2], "big")):
            said += self._message(bytes(buffer[2 : 2 + length]), time)
            del buffer[: 2 + length]
        return said

    def gap(self, side: int) -> None:
        """Take that some bytes of a side are missing."""
        self._buffers[side].clear()

    def end(self) -> list[Said]:
        """Return what is left to say: questions without an answer."""
        self.over = True
        left = [("dns", time, fields) for time, fields in self._open.values()]
        self._open = {}
        return left

    def _message(self, data: bytes, time: int) -> list[Said]:
        found = dns.message(data)
        if found is None:
            return []
        if not found.answers_question:
            known = self._open.pop(found.number, None)
            if len(self._open) >= MAX_OPEN:
                known = self._open.pop(next(iter(self._open)))
            self._open[found.number] = (
                time,
                {"trans_id": found.number, "query": found.query, "qtype_name": found.kind},
            )
            # The same question again is the client's second attempt, and one event.
            return [] if known is None or known[1].get("query") == found.query else [("dns", *known)]
        asked, fields = self._open.pop(found.number, (time, {}))
        if fields:
            fields["rtt"] = round((time - asked) / 1_000_000, 6)
        fields |= {"trans_id": found.number, "query": fields.get("query") or found.query}
        fields |= {"qtype_name": fields.get("qtype_name") or found.kind, "rcode_name": found.code}
        if found.answers:
            fields |= {"answers": found.answers, "TTLs": found.ttls}
        return [("dns", asked, fields)]


Talk = HttpTalk | TlsTalk | DnsTalk
DNS_PORTS = frozenset({53, 5353, 5355})


def talk_of(side: int, data: bytes, ports: tuple[int, int], *, stream: bool) -> Talk | None:
    """Return a talk that begins with some bytes of a side, None where it is of no kind that is read."""
    if ports[0] in DNS_PORTS or ports[1] in DNS_PORTS:
        return DnsTalk(stream=stream)
    if not stream:
        return None
    if tls.is_tls(data):
        return TlsTalk()
    if REQUEST.match(data) or (side and data.startswith(RESPONSE)):
        return HttpTalk()
    return None
