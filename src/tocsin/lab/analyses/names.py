"""Names of accounts and hosts, as sources write them in many ways, brought to one form for comparing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tocsin.lab.lake.columns import address_of

NOBODY = re.compile(
    r"^(?:-|\$|n/a|null|system|local service|network service|anonymous logon|anonymous|dwm-\d+|umfd-\d+|window manager"
    r"|iusr|defaultaccount|healthmailbox[0-9a-f-]*|localsystem|localservice|networkservice|s-1-5-(?:7|18|19|20)"
    r"|s-1-5-(?:80|83|90|96)-.*|.*\$)$",
    re.IGNORECASE,
)
"""Accounts that are no person's or service's of the house: built-in, machines' own, and what stands for nobody."""
BUILT_IN_DOMAINS = frozenset(
    ("nt authority", "autorite nt", "nt-autorität", "font driver host", "window manager", "nt service", "iis apppool")
)
LOCAL_ADDRESSES = frozenset(("127.0.0.1", "::1", "0.0.0.0", "::", "-", "local", ""))  # noqa: S104 - what logs write


def account_of(text: str) -> str:
    """Return an account as domain\\name in lower case, the domain as its first label: CORP.EXAMPLE\\Ann, ann@corp.example
    and CORP\\ann are all corp\\ann. Without a domain only the name."""
    domain, _, name = text.strip().rpartition("\\")
    if "@" in name:
        name, _, domain = name.partition("@")
    label = domain.strip().partition(".")[0].lower()
    return f"{label}\\{name.lower()}" if label else name.lower()


def user_of(account: str) -> str:
    """Return an account's name without its domain."""
    return account.rpartition("\\")[2]


def is_nobody(text: str | None) -> bool:
    """Tell whether an account is built-in, a machine's, or nobody's."""
    if not text:
        return True
    domain, _, name = text.strip().rpartition("\\")
    return bool(NOBODY.match(name.partition("@")[0] or "-")) or domain.lower() in BUILT_IN_DOMAINS


def host_of(text: str) -> str:
    """Return a host's first label in lower case, without leading backslashes; an address stays as it is."""
    plain = text.strip().strip("\\").lower()
    return plain if address_of(plain) else plain.partition(".")[0] or plain


def one_name_each(accounts: Iterable[str]) -> dict[str, str]:
    """Return one name for each account that events write in several ways: CORP.EXAMPLE.ORG\\ann and EXAMPLE\\ann are one.

    A DNS domain gives way to the short domain that is one of its labels, for the same user name. Case is ignored: the
    first spelling by the alphabet counts.
    """
    every = sorted(set(accounts))
    first: dict[str, str] = {}
    short: dict[str, list[str]] = {}
    for account in every:
        first.setdefault(account.casefold(), account)
        domain, _, user = account.rpartition("\\")
        if domain and "." not in domain:
            short.setdefault(user.casefold(), []).append(first[account.casefold()])
    chosen: dict[str, str] = {}
    for account in every:
        domain, _, user = account.rpartition("\\")
        labels = domain.casefold().split(".")
        same = [one for one in short.get(user.casefold(), ()) if one.rpartition("\\")[0].casefold() in labels]
        chosen[account] = same[0] if same else first[account.casefold()]
    return chosen
