"""Observables written in text: addresses, domains, paths, registry keys. What they are used for is not judged."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from tocsin.lab.triage.model import Indicator

MOST = 500
"""Indicators that are kept of one sample."""
_URL = re.compile(
    r"\b(?:https?|hxxps?|ftps?|wss?|ldaps?|tcp)://[^\s\"'<>\\^`{}|\x00-\x1f\x7f-\xff]{4,2048}", re.IGNORECASE
)
_IP = re.compile(r"(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w]|\.\d)")
_DOMAIN = re.compile(
    r"(?<![\w@.\\/-])((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,18})(?![\w(-]|\.\w)", re.IGNORECASE
)
_MAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,18})\b", re.IGNORECASE)
_WINDOWS_PATH = re.compile(
    r"(?<![\w/])(?:[A-Za-z]:\\|%\w{3,24}%\\)[^\s\"'<>|*?\x00-\x1f:;,)]{2,260}"
    r"(?: [\w()-]{1,30}\\[^\s\"'<>|*?:;,)]{1,200})*"
)
_SHARE = re.compile(r"(?<![\\\w])\\\\[\w.-]{2,255}(?:@\w+)?\\[^\s\"'<>|*?\x00-\x1f]{1,260}")
_UNIX_PATH = re.compile(
    r"(?<![\w./:-])/(?:tmp|etc|var|home|usr|opt|bin|sbin|dev|proc|root|Library|Users|private)/[\w./+@-]{2,260}"
)
_REGISTRY = re.compile(
    r"(?:\b(?:HKEY_(?:LOCAL_MACHINE|CURRENT_USER|CLASSES_ROOT|USERS)|HKLM|HKCU|HKCR|HKU):?\\+|\bSOFTWARE\\+(?:Microsoft|Classes|Policies)\\+|"
    r"\bSYSTEM\\+CurrentControlSet\\+)[^\s\"'<>|,;)\x00-\x1f]{2,260}(?: NT\\[^\s\"'<>|,;)]{1,200})?",
    re.IGNORECASE,
)
_TOP = frozenset({
    "com", "net", "org", "info", "biz", "name", "pro", "mobi", "xyz", "top", "online", "site", "club", "shop",
    "store", "tech", "space", "website", "live", "fun", "icu", "vip", "work", "link", "click", "cloud", "app",
    "dev", "page", "zip", "mov", "onion", "bit", "edu", "gov", "mil", "int", "eu", "de", "uk", "fr", "nl", "be",
    "ch", "at", "it", "es", "pt", "pl", "cz", "sk", "hu", "ro", "bg", "gr", "se", "no", "fi", "dk", "is", "ie",
    "ru", "su", "ua", "by", "kz", "cn", "tw", "hk", "jp", "kr", "in", "ir", "il", "tr", "sa", "ae", "eg", "za",
    "ng", "ke", "br", "ar", "cl", "mx", "co", "pe", "ve", "us", "ca", "au", "nz", "id", "th", "vn", "my", "sg",
    "ph", "pk", "bd", "io", "me", "tv", "cc", "ws", "to", "la", "gg", "sh", "ai", "ly", "tk", "ml", "ga", "cf",
    "gq", "pw", "ee", "lt", "lv", "rs", "hr", "si",
})  # fmt: skip
"""Top-level domains that samples name most; all of them would make a domain of every file name."""
_NAMESPACES = ("schemas.microsoft.com", "schemas.openxmlformats.org", "www.w3.org", "purl.org", "ns.adobe.com",
               "schemas.xmlsoap.org", "docs.oasis-open.org", "openoffice.org", "www.apple.com/DTDs",
               "www.aiim.org/pdfa")  # fmt: skip
"""Names of vocabularies that merely look like addresses."""
_FILE_ENDINGS = frozenset(["zip", "mov", "sh", "app", "dev", "name", "link", "page", "py", "rs", "cc", "ml", "so"])
"""Top-level domains that are file endings at least as often, where no address names them."""


def find_indicators(texts: Iterable[tuple[str, str]]) -> list[Indicator]:
    """The observables in some (place, text) pairs, each once with the place where it first stands and how often it does."""
    found: dict[tuple[str, str], list[str | int]] = {}
    for where, text in texts:
        for kind, value in _in_text(text):
            row = found.setdefault((kind, value), [where, 0])
            row[1] = int(row[1]) + 1
            if len(found) >= MOST:
                break
    return [Indicator(kind, value, str(where), int(count)) for (kind, value), (where, count) in sorted(found.items())]


def _in_text(text: str) -> Iterable[tuple[str, str]]:
    for match in _URL.finditer(text):
        yield from _url(match[0])
    for match in _IP.finditer(text):
        if _is_address(match[1]):
            yield "ip", match[1]
    for match in _MAIL.finditer(text):
        if match[1].rsplit(".", 1)[1].lower() in _TOP:
            yield "email", match[1].lower()
    for match in _DOMAIN.finditer(text):
        domain = match[1].lower()
        top = domain.rsplit(".", 1)[1]
        if top in _TOP and top not in _FILE_ENDINGS and not domain.startswith(("system.", "microsoft.")):
            yield "domain", domain
    for kind, pattern in (("path", _WINDOWS_PATH), ("path", _SHARE), ("path", _UNIX_PATH), ("registry", _REGISTRY)):
        for match in pattern.finditer(text):
            value = match[0].rstrip(".,;:)'\"`\\")
            if len(value) > 6:
                yield kind, value


def _url(text: str) -> Iterable[tuple[str, str]]:
    text = re.sub(r"^hxxp", "http", text.rstrip(".,;:)]}'\"!"), flags=re.IGNORECASE).replace("[.]", ".")
    if any(name in text for name in _NAMESPACES):
        return
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return
    if not host or ("." not in host and ":" not in host and host != "localhost"):
        return
    yield "url", text
    if _is_address(host):
        yield "ip", host
    elif re.fullmatch(r"[a-z0-9._-]{3,253}", host) and not host.replace(".", "").isdigit():
        yield "domain", host


def _is_address(text: str) -> bool:
    """Whether a dotted quad is an address rather than a version number; also IPv6 out of an URL."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6:
        return True
    first, *_, last = (int(part) for part in text.split("."))
    return 0 < first < 224 and last != 0 and first != 255
