"""Normal forms of addresses, networks, domains and URLs. Each function raises ValueError with the reason."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from urllib.parse import unquote_to_bytes

from publicsuffixlist import PublicSuffixList

MAX_DOMAIN = 253
"""Characters of a domain name (RFC 1035)."""
MAX_URL = 4096
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
URL_PARTS = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE | re.DOTALL)
DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"}
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")
MAPPED = bytes(10) + b"\xff\xff"


@cache
def suffixes() -> PublicSuffixList:
    """Return the public suffix list that the library brings (it takes 50 ms to read)."""
    return PublicSuffixList(accept_unknown=False)


def ip(text: str) -> str:
    """Return an address in its shortest spelling; an IPv4 address mapped into IPv6 is the IPv4 address.

    Zero-padded IPv4 parts are decimal, as firewalls write them. A zone (`%eth0`) and brackets are left out.
    """
    return packed_text(packed(text))


def packed(text: str) -> bytes:
    """Return the 4 or 16 bytes of an address."""
    text = text.strip().removeprefix("[").removesuffix("]").partition("%")[0]
    try:
        if ":" not in text:
            return _packed4(text)
        content = inet_pton(AF_INET6, text)
    except (OSError, UnicodeEncodeError):
        raise ValueError("is no IP address") from None
    return content[12:] if content.startswith(MAPPED) else content


def packed_text(content: bytes) -> str:
    """Return the shortest spelling of 4 or 16 bytes."""
    return inet_ntop(AF_INET if len(content) == 4 else AF_INET6, content)


def _packed4(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() and part.isascii() and len(part) <= 3 for part in parts):
        raise ValueError("is no IP address")
    numbers = [int(part) for part in parts]
    if max(numbers) > 255:
        raise ValueError("is no IP address")
    return bytes(numbers)


def odd_ip(text: str) -> str | None:
    """Return the address that a browser makes of an odd host (`0x7f.1`, `2130706433`, octal), or None."""
    parts = text.split(".")
    if not 1 <= len(parts) <= 4 or len(text) > 50:
        return None
    try:
        numbers = [_odd_number(part) for part in parts]
    except ValueError:
        return None
    *head, last = numbers
    if any(number > 255 for number in head) or last >= 256 ** (5 - len(parts)):
        return None
    value = last + sum(number << (24 - 8 * place) for place, number in enumerate(head))
    return packed_text(value.to_bytes(4, "big"))


def _odd_number(text: str) -> int:
    if not text.isascii() or not text.isalnum():
        raise ValueError("is no number")
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8 if text[0] == "0" else 10)


def network(text: str) -> str:
    """Return a CIDR network with its host bits cleared."""
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError("is no network in CIDR notation") from None
    if found.prefixlen == 0:
        raise ValueError("stands for every address there is")
    return str(found)


def domain(text: str) -> str:
    """Return a host name in lower case ASCII (IDNA), without the final dot or a leading `*.`."""
    name = text.strip().removesuffix(".").removeprefix("*.")
    if not name.isascii():
        name = idna(name)
    name = name.lower()
    labels = name.split(".")
    if len(name) > MAX_DOMAIN or not all(LABEL.fullmatch(label) for label in labels):
        raise ValueError("is no domain name")
    if len(labels) < 2:
        raise ValueError("is a single label, not a domain name")
    if labels[-1].isdigit():
        raise ValueError("ends in a number and is no domain name")
    return name


def idna(name: str) -> str:
    """Return the ASCII form of an international domain name; raise ValueError where there is none."""
    if len(name) > MAX_DOMAIN:
        raise ValueError("is too long for a domain name")
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        raise ValueError("is no domain name") from None


def known_suffix(name: str) -> bool:
    """Tell whether a domain in normal form ends in a real public suffix and is not one itself."""
    return suffixes().privatesuffix(name) is not None


def url(text: str) -> str:
    """Return a URL with scheme and host in lower case, without a default port or fragment, with a path, and
    escapes as RFC 3986 section 6.2.2 wants them."""
    text = text.strip()
    if len(text) > MAX_URL:
        raise ValueError(f"is longer than {MAX_URL} characters")
    parts = URL_PARTS.fullmatch(text)
    if not parts or not parts[2]:
        raise ValueError("is no URL with a scheme and a host")
    scheme = parts[1].lower()
    user, at, place = parts[2].rpartition("@")
    host, port = _host_and_port(place)
    if not host:
        raise ValueError("is no URL with a scheme and a host")
    shown = f":{port}" if port and port != DEFAULT_PORTS.get(scheme) else ""
    return f"{scheme}://{user}{at}{url_host(host)}{shown}{_escapes(parts[3]) or '/'}{_escapes(parts[4] or '')}"


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        return f"[{host}]", rest.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def url_host(host: str) -> str:
    """Return the normal form of a URL's host: an address, or a name in lower case ASCII."""
    if host.startswith("["):
        try:
            shown = ip(host)
        except ValueError:
            return host.lower()
        return f"[{shown}]" if ":" in shown else shown
    odd = odd_ip(host)
    if odd:
        return odd
    if not host.isascii():
        try:
            return idna(host)
        except ValueError:
            return host.lower()
    return host.removesuffix(".").lower()


def _escapes(text: str) -> str:
    if "%" not in text:
        return text
    return ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    content = unquote_to_bytes(match[0])
    return content.decode() if content[0] in UNRESERVED else match[0].upper()
