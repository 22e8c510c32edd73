"""Plain text: the indicators that a report, a mail or a chat names.

What is taken leaves no second indicator behind: the host of a URL, the digits of a version or the ending of a path
are no indicators of their own. What looks like one and most likely is none is rejected with the reason.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import BinaryIO

import yaml

from tocsin.lab.indicators import hosts, model
from tocsin.lab.indicators.importers.collect import Collector
from tocsin.lab.indicators.importers.defang import MARK, refanged
from tocsin.lab.indicators.model import Indicator
from tocsin.lab.indicators.normal import EMAIL, FILE_EXTENSIONS, JA4
from tocsin.lab.indicators.words import URL_TAIL

PIECE = 1 << 16
"""Characters that are worked on at a time; a longer line is cut between words."""
URL = re.compile(r"(?<![\w])(?:https?|ftps?|wss?|tcp|udp)://[^\s\"'<>|^`{}\\\x00-\x1f]{3,2000}", re.IGNORECASE)
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{3,253}")
REGISTRY = re.compile(
    r"(?<!\w)(?:HKEY_(?:LOCAL_MACHINE|CURRENT_USER|USERS|CLASSES_ROOT)|HK(?:LM|CU|U|CR)):?(?:\\+[^\\\"<>|\r\n\t,;]{1,255}){1,30}"
)
PATH = re.compile(
    r"(?<![\w\\/])(?:[A-Za-z]:|%[A-Za-z()0-9]{3,30}%)(?:\\+[^\\/:*?\"<>|\r\n\t,;]{1,255}){0,30}\\+[^\\/:*?\"<>|\r\n\t,;]{1,255}"
)
UNIX_PATH = re.compile(
    r"(?<![\w\\/.:~-])/(?:tmp|var|usr|etc|opt|home|root|dev|bin|sbin|lib|Library|Users|Applications|private)"
    r"(?:/[\w.+@-]{1,255}){1,30}"
)
PIPE = re.compile(r"\\\\\.\\pipe\\[\w.{}-]{3,200}", re.IGNORECASE)
HEX = re.compile(r"(?<![A-Za-z0-9])[A-Fa-f0-9]{32,128}(?![A-Za-z0-9])")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:.]{3,45}(?:/\d{1,3})?(?![\w:])")
IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3,}(?:/\d{1,2})?(?![\w])")
DOTTED = re.compile(r"(?<![\w@-])[\w-]+(?:\.[\w-]+)+")
VERSION = re.compile(r"(?:\b(?:v|ver|version|release|build|update|firmware)\.?\s{0,2}|[A-Za-z]/)$", re.IGNORECASE)
NEXT = re.compile(r"\s+(?:and|or|HK[A-Z_]+\\)(?=\s|\w)")
WORD_END = re.compile(r"\s|[.)\]'](?:\s|$)")
HASHES = {length: kind for kind, length in model.FILE_HASHES.items()}
LABEL = re.compile(r"(imphash|ja3)s?\W{0,4}$", re.IGNORECASE)


@cache
def everyday() -> dict[str, frozenset[str]]:
    """Return what reports name and nobody looks for: hosts that are linked to, files of every Windows."""
    text = (files("tocsin.lab.indicators") / "everyday.yaml").read_text("utf-8")
    return {name: frozenset(str(values).split()) for name, values in yaml.safe_load(text).items()}


def read_report(file: BinaryIO, collector: Collector) -> Iterator[Indicator]:
    """Yield the indicators that a text names."""
    for number, text in pieces(file):
        yield from _Piece(refanged(text), f"line {number}", collector).indicators()


def pieces(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, long ones in pieces."""
    number, rest = 1, b""
    first = True
    while block := file.readline(PIECE):
        block = block.removeprefix(b"\xef\xbb\xbf") if first else block
        first = False
        rest += block
        if rest.endswith(b"\n"):
            yield number, rest.decode("utf-8", "replace")
            number, rest = number + 1, b""
        elif len(rest) >= PIECE:
            cut = max(rest.rfind(b" "), rest.rfind(b"\t"), rest.rfind(b","))
            cut = cut if cut > PIECE // 2 else len(rest)
            yield number, rest[:cut].decode("utf-8", "replace")
            rest = rest[cut:]
    if rest:
        yield number, rest.decode("utf-8", "replace")


Verdict = tuple[str, str, str]
"""The kind ('' = none), the value, and why it is none ('' = nobody would take it for one)."""
Step = Callable[[re.Match[str]], Verdict]


class _Piece:
    """A piece of text from which one kind after the other is taken out."""

    def __init__(self, text: str, place: str, collector: Collector) -> None:
        self._text = text
        self._place = place
        self._collector = collector

    def indicators(self) -> Iterator[Indicator]:
        for pattern, step in self._steps():
            if pattern is None:
                continue
            # The text is put together anew once a kind is done: changing it match by match would be quadratic.
            kept, end = [], 0
            for found in pattern.finditer(self._text):
                kind, value, reason = step(found)
                if reason:
                    self._collector.account.reject(self._place, value, reason)
                elif kind:
                    yield from self._collector.take(kind, value, self._place)
                else:
                    continue
                kept += [self._text[end : found.start()], " "]
                end = found.start() + found[0].index(value) + len(value) if value in found[0] else found.end()
            self._text = "".join([*kept, self._text[end:]])

    def _steps(self) -> Iterator[tuple[re.Pattern[str] | None, Step]]:
        """Yield what to look for, in order, and what makes a kind and a value, or a reason, of each match."""
        text = self._text
        yield URL if "://" in text else None, self._url
        yield MAIL if "@" in text else None, self._mail
        yield REGISTRY if "HK" in text else None, self._registry
        yield PIPE if "\\pipe\\" in text.lower() else None, lambda found: (model.PIPE, found[0], "")
        yield PATH if "\\" in text else None, self._path
        yield UNIX_PATH if "/" in text else None, self._unix
        yield HEX, self._hash
        yield JA4_WORD, lambda found: (model.JA4, found[0], "")
        yield IPV6 if ":" in text else None, self._ipv6
        yield IPV4, self._ipv4
        yield DOTTED, self._dotted

    def _defanged(self, found: re.Match[str]) -> bool:
        start = self._text.rfind(MARK, max(0, found.start() - 300), found.start() + 1)
        return start >= 0 and not re.search(r"\s", self._text[start : found.start()])

    def _url(self, found: re.Match[str]) -> Verdict:
        value = found[0].replace(MARK, "").rstrip(URL_TAIL + ":")
        value = value if value.count("(") <= value.count(")") or ")" not in found[0] else value + ")"
        try:
            host = hosts.URL_PARTS.fullmatch(hosts.url(value))[2]  # type: ignore[index]
        except ValueError as error:
            return "", value, str(error)
        name = host.rpartition("@")[2].partition(":")[0]
        if not self._defanged(found) and _is_everyday(name):
            return "", value, "is a place that reports link to, and not defanged"
        return model.URL, value, ""

    def _mail(self, found: re.Match[str]) -> Verdict:
        value = found[0].strip(".-")
        match = EMAIL.fullmatch(value)
        if not match or not hosts.known_suffix(match[1].lower()):
            return "", value, ""
        return model.EMAIL, value, ""

    def _registry(self, found: re.Match[str]) -> Verdict:
        head, slash, last = NEXT.split(found[0], maxsplit=1)[0].rpartition("\\")
        return model.REGISTRY_KEY, head + slash + WORD_END.split(last, maxsplit=1)[0], ""

    def _path(self, found: re.Match[str]) -> Verdict:
        return model.FILE_PATH, _trimmed(found[0]), ""

    def _unix(self, found: re.Match[str]) -> Verdict:
        return model.FILE_PATH, found[0].rstrip("."), ""

    def _hash(self, found: re.Match[str]) -> Verdict:
        value = found[0]
        kind = HASHES.get(len(value), "")
        label = LABEL.search(self._text, max(0, found.start() - 20), found.start()) if len(value) == 32 else None
        return label[1].lower() if label else kind, value, ""

    def _ipv6(self, found: re.Match[str]) -> Verdict:
        value = found[0].rstrip(".")
        if value.count(":") < 2:
            return "", value, ""
        try:
            address = ipaddress.ip_interface(value)
        except ValueError:
            return "", value, ""
        return _public(address, value)

    def _ipv4(self, found: re.Match[str]) -> Verdict:
        value = found[0]
        parts = value.partition("/")[0].split(".")
        before = self._text[max(0, found.start() - 20) : found.start()]
        if len(parts) != 4 or any(int(part) > 255 or (len(part) > 1 and part[0] == "0") for part in parts):
            return "", value, "looks like an address and is a version or another number"
        if VERSION.search(before) and not self._defanged(found):
            return "", value, "is a version, not an address"
        return _public(ipaddress.ip_interface(value), value)

    def _dotted(self, found: re.Match[str]) -> Verdict:
        value = found[0].strip("-_")
        ending = value.rpartition(".")[2]
        if not self._defanged(found):
            if ending.lower() in FILE_EXTENSIONS:
                if value.lower() in everyday()["windows_files"]:
                    return "", value, "is a file of every Windows"
                return model.FILE_NAME, value, ""
            # `System.Net` and `the end.It goes on` are none; `evil.com` and `EVIL.COM` are.
            if ending not in (ending.lower(), ending.upper()):
                return "", value, ""
        try:
            name = hosts.domain(value)
        except ValueError:
            return "", value, ""
        if not hosts.known_suffix(name):
            return "", value, ""
        if not self._defanged(found) and _is_everyday(name):
            return "", value, "is a place that reports link to, and not defanged"
        return model.DOMAIN, value, ""


JA4_WORD = re.compile(rf"(?<!\w){JA4.pattern}(?!\w)")


def _public(address: ipaddress.IPv4Interface | ipaddress.IPv6Interface, value: str) -> Verdict:
    if not address.ip.is_global:
        return "", value, "is a private or reserved address, which stands for another machine in each network"
    return model.IP, value, ""


def _is_everyday(name: str) -> bool:
    """Tell whether a host, or one above it, is among those that reports link to."""
    labels = name.split(".")
    linked = everyday()["linked_hosts"]
    return any(".".join(labels[start:]) in linked for start in range(len(labels) - 1))


def _trimmed(path: str) -> str:
    """Return a path without the words of the sentence around it: up to its file's ending, else up to white space
    in its last part."""
    head, slash, last = path.rpartition("\\")
    ends = [found.end() for found in re.finditer(r"\.[A-Za-z0-9]{1,8}(?=[\s)\]'.]|$)", last)
            if last[found.start() + 1 : found.end()].lower() in FILE_EXTENSIONS]  # fmt: skip
    last = last[: ends[0]] if ends else WORD_END.split(last, maxsplit=1)[0]
    return head + slash + last
