"""Fetching a calendar from an address that the plan names, without letting that address reach into the own network.

Over https only, and to public addresses only: each name is looked up once, every address it has is checked, and the
connection goes to the address that was checked. `settings.PRIVATE_HOSTS` lists hosts of the own network that may be
asked, also without encryption. Errors name the host alone: the rest of a calendar's address is often a secret.
"""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from tocsin.core.outgoing import may_be_reached
from tocsin.people.duty import LARGEST, CalendarError

SILENCE_SECONDS, WHOLE_SECONDS = 10, 30
MOST_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Target:
    """Where to connect: the address that was checked, and how to ask there."""

    host: str
    port: int
    address: str
    encrypted: bool
    path: str
    login: str = ""


def fetch(url: str, private: Collection[str] = ()) -> str:
    """The calendar's text. `private` lists hosts (name or name:port) of the own network that may be asked.

    Raises CalendarError: refused, not reached within 30 seconds, no success, larger than 1 MiB, or no text.
    """
    deadline = time.monotonic() + WHOLE_SECONDS
    first = urlsplit(url).hostname
    for _hop in range(MOST_REDIRECTS + 1):
        target = checked(url, private)
        if target.host != first:  # a password is for the host that the plan names
            target = Target(target.host, target.port, target.address, target.encrypted, target.path)
        status, moved_to, body = _ask(target, deadline)
        if status in _MOVED and moved_to:
            url = urljoin(url, moved_to)
            continue
        if status != 200:
            raise CalendarError(f"{target.host} answers with status {status}.")
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CalendarError(f"What {target.host} sends is no text in UTF-8.") from error
    raise CalendarError(f"{first} sends from one address to the next without an end.")


def checked(url: str, private: Collection[str]) -> Target:
    """The address's host, looked up, if it may be asked. Raises CalendarError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError as error:
        raise CalendarError("The calendar's address cannot be read.") from error
    own = host in private or f"{host}:{port}" in private
    if parts.scheme not in ("https", "http") or not host:
        raise CalendarError("A calendar is fetched from an https:// address.")
    if parts.scheme == "http" and not own:
        raise CalendarError(f"{host} would be asked without encryption; write https://, or list it as a private host.")
    addresses = _looked_up(host, port)
    if not own and (bad := next((a for a in addresses if not may_be_reached(ip_address(a.partition("%")[0]))), "")):
        raise CalendarError(f"{host} is inside the own network ({bad}); list it in TOCSIN_PRIVATE_HOSTS to allow it.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, addresses[0], parts.scheme == "https", path, _login(parts))


def _looked_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CalendarError(f"{host} cannot be found.") from error
    return [str(address[0]) for *_rest, address in found]


def _login(parts: SplitResult) -> str:
    if parts.username is None:
        return ""
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")


def _ask(target: Target, deadline: float) -> tuple[int, str, bytes]:
    """Status, where it moved to, and the body of one request."""
    headers = {"Accept": "text/calendar, */*;q=0.1", "Accept-Encoding": "identity", "User-Agent": "Tocsin",
               **({"Authorization": target.login} if target.login else {})}  # fmt: skip
    connection = http.client.HTTPConnection(target.host, target.port, timeout=SILENCE_SECONDS)
    # A host that sends a byte now and then is never silent, and never done.
    watch = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [connection])
    watch.daemon = True
    try:
        # Connected here, to the address that was checked: a second look-up of the name could give another one.
        connection.sock = socket.create_connection((target.address, target.port), timeout=SILENCE_SECONDS)
        if target.encrypted:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=target.host)
        watch.start()
        connection.request("GET", target.path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location") or "", _read(answer, target.host, deadline)
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, CalendarError):
            raise
        if time.monotonic() > deadline:
            raise _slow(target.host) from error
        raise CalendarError(f"{target.host} cannot be asked ({_why(error)}).") from error
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _slow(host: str) -> CalendarError:
    return CalendarError(f"{host} takes longer than {WHOLE_SECONDS} seconds.")


def _read(answer: http.client.HTTPResponse, host: str, deadline: float) -> bytes:
    body = bytearray()
    while piece := answer.read1(65_536):
        body += piece
        if len(body) > LARGEST:
            raise CalendarError(f"What {host} sends is larger than {LARGEST // 1024} KiB.")
    if time.monotonic() > deadline:
        raise _slow(host)
    return bytes(body)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return type(error).__name__
