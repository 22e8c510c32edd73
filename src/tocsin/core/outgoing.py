"""Which addresses may be reached that somebody named, and handing something to a web server there: quickly, once.

Whoever names an address must not be able to reach with it what the server can reach and they cannot (SSRF): the
name is looked up once, what it stands for is checked, and the connection goes to the very address that was checked.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

SECONDS = 10
MOST_READ = 4096
"""Bytes of the answer: nobody needs more of it than to say what went wrong."""
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
_UNICAST = IPv6Network("2000::/3")


class Refused(Exception):
    """It was not taken, or must not be sent there; the text says why, without the address's path."""


def may_be_reached(address: Address, inside: Sequence[Network] = ()) -> bool:
    """Whether an address is a public one, or in a network that whoever runs the server named.

    A mapped IPv4 address (::ffff:0:0/96) counts as the IPv4 address that it is. What carries one through a gateway
    (NAT64, 6to4, Teredo) is refused: what lies behind that gateway is not ours to know. Whoever lives behind NAT64
    names its prefix among the networks.
    """
    if any(address in network for network in inside if network.version == address.version):
        return True
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return may_be_reached(address.ipv4_mapped, inside)
        # Global unicast (RFC 4291, section 2.4) leaves out NAT64, site-local and IPv4-compatible addresses, some of
        # which Python counts as global.
        if address not in _UNICAST or address.sixtofour or address.teredo:
            return False
    return address.is_global and not address.is_multicast


def post(url: str, body: bytes, headers: Mapping[str, str], inside: Sequence[Network] = ()) -> None:
    """Send a POST and see that it was taken (2xx). Over https, or over http into one of the networks `inside`.

    No redirect is followed, and it takes ten seconds at most. Raises Refused.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    if parts.scheme not in ("https", "http") or not host:
        raise Refused("the address is none of a web server")
    addresses = _looked_up(host, parts.port or (443 if secure else 80), inside)
    if not secure and not all(any(a in n for n in inside if n.version == a.version) for a in addresses):
        raise Refused(f"{host} would be told over http; use https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _Connection(host, addresses, parts.port, secure=secure)
    timer = threading.Timer(SECONDS, connection.cut)  # a server that answers a byte at a time holds nobody up
    timer.start()
    try:
        connection.request("POST", path, body, dict(headers) | {"User-Agent": "Tocsin", "Accept-Encoding": "identity"})
        answer = connection.getresponse()
        answer.read(MOST_READ)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(f"{host} did not take it ({_why(error, late=connection.late)})") from error
    finally:
        timer.cancel()
        connection.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"{host} answered {answer.status}")


def _why(error: Exception, *, late: bool) -> str:
    if late or isinstance(error, TimeoutError):
        return f"no answer within {SECONDS} seconds"
    if isinstance(error, ssl.SSLError):
        return f"its certificate or TLS: {error.reason or 'failed'}"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__


def _looked_up(host: str, port: int, inside: Sequence[Network]) -> list[Address]:
    """The addresses to connect to. Raises Refused unless all that the name stands for may be reached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused(f"{host} is not known to the name service") from error
    addresses = [ip_address(str(where[4][0]).partition("%")[0]) for where in found]
    if not addresses or not all(may_be_reached(one, inside) for one in addresses):
        raise Refused(f"{host} is in a network that webhooks may not reach; see TOCSIN_WEBHOOK_NETWORKS")
    return addresses


class _Connection(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked, under the name that was asked for."""

    def __init__(self, host: str, addresses: Sequence[Address], port: int | None, *, secure: bool) -> None:
        super().__init__(host, port or (443 if secure else 80), timeout=SECONDS)
        self.addresses, self.secure, self.late = addresses, secure, False

    def connect(self) -> None:
        """Connect to the first that answers; the certificate is checked for the name."""
        self.sock = self._first()
        if self.secure:
            self.sock.settimeout(SECONDS)
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self.host)

    def _first(self) -> socket.socket:
        failed: OSError | None = None
        for address in self.addresses:
            try:
                return socket.create_connection((str(address), self.port), timeout=SECONDS / len(self.addresses))
            except OSError as error:
                failed = error
        raise failed or OSError("no address")

    def cut(self) -> None:
        """End it: the time is over."""
        self.late = True
        if self.sock is not None:
            with suppress(OSError):  # it has ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)
