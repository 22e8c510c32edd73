"""How text is cut into words, and under which keys a text and an indicator meet.

A word is a run of ASCII letters, digits, `.`, `_`, `-` and `:`, or of other letters, in folded case. A literal
is found only where it begins and ends where words do, so all of its words occur whole in any text that holds it:
looking up one of them, the rarest, is enough to find every place worth a closer look. That keeps the time linear
and the memory small for a million literals, where an Aho-Corasick automaton would take gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tocsin.lab.indicators import hosts

LONGEST = 300
"""Bytes of a word that is looked into (a domain has 253)."""
WORD_BYTES = b"abcdefghijklmnopqrstuvwxyz0123456789._-:"
TABLE = bytes(code if code in WORD_BYTES else ord(" ") for code in bytes(range(256)).lower())
"""ASCII to folded case; what is no part of an ASCII word to a space."""
FOREIGN = re.compile(r"[^\W\x00-\x7f]+")
INTERNATIONAL = re.compile(r"[\w.\u3002\uff0e\uff61-]+")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,20}$", re.IGNORECASE)
URL_REST = re.compile(r"[^\s\"'<>|\\^`{}\x00-\x1f]{1,4096}")
URL_TAIL = "),;.!?]*&"
"""What may follow a URL without being part of it."""
NESTED_URLS = 4
"""URLs that are looked for inside one URL."""


def words(text: str) -> list[bytes]:
    """Return the words of a text, ASCII words first; `:` is still part of them."""
    if text.isascii():
        return text.encode().translate(TABLE).split()
    text = text.casefold()
    found = text.encode("utf-8", "replace").translate(TABLE).split()
    return found + [word.encode() for piece in _foreign(text) for word in FOREIGN.findall(piece)]


def _foreign(text: str) -> list[str]:
    """Return the pieces between white space that are not all ASCII; in most texts these are few."""
    return [piece for piece in text.split() if not piece.isascii()]


def parts(word: bytes) -> Iterator[bytes]:
    """Yield the pieces of a word between colons, without the dots and dashes around them."""
    for part in word.split(b":"):
        bare = part.strip(b".-")
        if bare:
            yield bare


def literal_words(value: str) -> list[bytes]:
    """Return the pieces of words of a literal, each of which occurs in any text that holds it."""
    return [part for word in words(value) for part in parts(word)]


@lru_cache(65536)
def _short_word_keys(word: bytes, prefixes: tuple[int, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(_expanded(word, prefixes)))


def word_keys(word: bytes, prefixes: tuple[int, ...]) -> Iterable[bytes]:
    """Return the keys under which what a word holds is looked up: the word itself, a domain with those
    above it, an address and the networks around it (of the given prefix lengths)."""
    if len(word) <= LONGEST:
        return _short_word_keys(word, prefixes)
    return (
        key for part in parts(word) for key in (_short_word_keys(part, prefixes) if len(part) <= LONGEST else (part,))
    )


def _expanded(word: bytes, prefixes: tuple[int, ...]) -> Iterator[bytes]:
    if word.count(b":") > 1:
        yield from address_keys(word.strip(b".-").decode("ascii", "replace"), prefixes)
    for part in parts(word):
        yield part
        if b"." not in part:
            continue
        if part.count(b".") == 3 and part.replace(b".", b"").isdigit():
            yield from address_keys(part.decode(), prefixes)
        # No domain ends in a number; the end of a longer number would pass for an address.
        if not part.rpartition(b".")[2].isdigit():
            yield from above(part)


def above(domain: bytes) -> Iterator[bytes]:
    """Yield a domain and those above it, down to two labels."""
    while b"." in domain:
        yield domain
        domain = domain.partition(b".")[2]


def address_keys(text: str, prefixes: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the keys of an address, or nothing where it is none."""
    for spelling in (text, text.rstrip(":")):
        try:
            content = hosts.packed(spelling)
        except ValueError:
            continue
        yield hosts.packed_text(content).encode()
        yield from (network_key(content, prefix) for prefix in prefixes)
        return


def network_key(content: bytes, prefix: int) -> bytes:
    """Return the key of the network of some length around an address; no word looks like it."""
    bits = len(content) * 8
    # An IPv4 network of n bits is one of 96 + n bits in the IPv6 numbering, so that both share one list.
    own = prefix - 96 if bits == 32 else prefix
    if own < 0:
        return b""
    return b"net %d %d %x" % (bits, own, int.from_bytes(content, "big") >> (bits - own))


def text_keys(text: str, prefixes: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the keys of what a text holds beyond its single words: URLs, odd addresses, international names."""
    if "://" in text:
        for found in urls(text):
            yield from url_keys(found, prefixes)
    if not text.isascii():
        for piece in _foreign(text):
            for name in INTERNATIONAL.findall(piece):
                if not name.isascii() and len(name) <= hosts.MAX_DOMAIN:
                    yield from _international(name.strip(".-\u3002\uff0e\uff61"))


def _international(name: str) -> Iterator[bytes]:
    try:
        yield from above(hosts.idna(name.casefold()).encode())
    except ValueError:
        return


def urls(text: str) -> Iterator[str]:
    """Yield the URLs in a text, also those inside another's query."""
    position = text.find("://")
    end = nested = 0
    while position >= 0:
        nested = nested + 1 if position < end else 0
        scheme = SCHEME.search(text, max(0, position - 21), position) if nested <= NESTED_URLS else None
        rest = URL_REST.match(text, position + 3) if scheme else None
        if scheme and rest:
            yield scheme[0] + "://" + rest[0]
            end = max(end, rest.end())
        position = text.find("://", position + 3)


def url_keys(found: str, prefixes: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the normal forms of a URL: whole, without what may only follow it, and without its query."""
    forms = dict.fromkeys((found, found.rstrip(URL_TAIL), found.partition("#")[0].partition("?")[0].rstrip(URL_TAIL)))
    for form in forms:
        try:
            yield hosts.url(form).encode("utf-8", "replace")
        except ValueError:
            continue
    match = hosts.URL_PARTS.fullmatch(found)
    if match:
        host = match[2].rpartition("@")[2].partition(":")[0].rstrip(URL_TAIL)
        odd = hosts.odd_ip(host)
        if odd:
            yield from address_keys(odd, prefixes)


def bounded(literal: str, text: str) -> int:
    """Return where a literal stands in a text as whole words, or -1. Both are in folded case."""
    position = text.find(literal)
    while position >= 0:
        if begins_word(text, position, literal[0]) and ends_word(text, position + len(literal), literal[-1]):
            return position
        position = text.find(literal, position + 1)
    return -1


def begins_word(text: str, position: int, first: str) -> bool:
    """Tell whether what begins at a position is not the rest of a longer word."""
    kind = _class(first)
    if not kind:
        return True
    position -= 1
    while position >= 0 and text[position] in ".-":
        position -= 1
    return position < 0 or _class(text[position]) != kind


def ends_word(text: str, end: int, last: str) -> bool:
    """Tell whether what ends before a position is not the beginning of a longer word."""
    kind = _class(last)
    if not kind:
        return True
    while end < len(text) and text[end] in ".-":
        end += 1
    return end == len(text) or _class(text[end]) != kind


def _class(char: str) -> int:
    """Return 1 for what makes up ASCII words, 2 for other letters and digits, 0 for what divides."""
    if char.isascii():
        return 1 if char.isalnum() or char in "._-" else 0
    return 2 if FOREIGN.fullmatch(char) else 0
