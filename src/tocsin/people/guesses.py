"""How many wrong reply codes are taken: few from one place, and a bounded number from all places together.

Six digits are a million codes and a handful of them live: a guesser must not get thousands of tries. Links carry a
signature and are not counted, so whoever exhausts the limit stops no called person who has the message.
"""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv6Address, ip_address

from django.core.cache import caches

from tocsin.people.actions import hashed

FROM_ONE, FROM_ALL, WITHIN = 10, 300, timedelta(minutes=10)
_ALL = "everybody"


def one_place(address: str) -> str:
    """What counts as one place: an IPv6 address with all others of its /64, which one customer is given; else itself."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:  # an API token's owner
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))


def _keys(place: str) -> list[tuple[str, int]]:
    return [(f"wrong-codes-{hashed(one_place(place))[:32]}", FROM_ONE), (f"wrong-codes-{_ALL}", FROM_ALL)]


def may_try(place: str) -> bool:
    """Whether another code is compared for whoever asks from `place`: an address, or an API token's owner."""
    return all(caches["shared"].get(key, 0) < most for key, most in _keys(place))


def was_wrong(place: str) -> None:
    """Count one wrong code."""
    for key, _most in _keys(place):
        caches["shared"].set(key, caches["shared"].get(key, 0) + 1, WITHIN.total_seconds())
