"""Under which keys an indicator is filed, and whether it is really there where a key was met."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tocsin.lab.indicators import hosts, model
from tocsin.lab.indicators.model import Indicator
from tocsin.lab.indicators.names import slashes
from tocsin.lab.indicators.words import begins_word, bounded, ends_word, network_key

HEX_KINDS = frozenset({*model.FILE_HASHES, model.IMPHASH, model.JA3})
WORD_KINDS = HEX_KINDS | {model.IP, model.DOMAIN, model.URL, model.NETWORK}
"""Kinds with one key of their own; the others are filed under one of their words."""

FIELDS = {
    model.ACCOUNT: re.compile(
        r"user|account|member|owner|principal|actor|identity|login|(?:^|[^a-z])sid$|Sid$", re.IGNORECASE
    ),
    model.SERVICE: re.compile(r"service_?(?:file_?)?name$|^service$|^param1$", re.IGNORECASE),
    model.PIPE: re.compile(r"pipe", re.IGNORECASE),
}
"""Names of fields whose whole value is such a name; elsewhere a short name would be met by chance."""

LABEL = re.compile(r"(\w+)\s?[=:]\s?\"?$")
DRIVE = re.compile(r"(?:^|[^a-z0-9._-])([a-z]):$")
DEVICE = re.compile(r"\\device\\harddiskvolume\d+$")
MACHINE = re.compile(r"(?:hklm|hkey_local_machine|\\?registry\\machine):?$")
USERS = re.compile(
    r"(?:hkcu|hkey_current_user|(?:hku|hkey_users|\\?registry\\user):?\\(?:s-1-[0-9-]+(?:_classes)?|\.default)"
    r"|hku|hkey_users|\\?registry\\user):?$"
)
CLASSES = re.compile(r"(?:hkcr|hkey_classes_root):?$")
HIVES = {"hklm": MACHINE, "hku": USERS, "hkcr": CLASSES}
CONTROL_SET = re.compile(r"\\controlset\d{3}(?=\\)")
BEFORE = 120
"""Characters before a match that say what it is."""


@dataclass(frozen=True, slots=True)
class Text:
    """A field's value in the forms that are compared."""

    field: str
    written: str
    folded: str
    """In folded case, white space as one space."""
    path: str
    """`folded` with single backslashes only and one control set."""


def text_of(field: str, written: str) -> Text:
    """Return the forms of a field's value."""
    folded = " ".join(written.split()).casefold()
    return Text(field, written, folded, CONTROL_SET.sub(lambda _: r"\currentcontrolset", slashes(folded)))


def field_key(kind: str, name: str) -> bytes:
    """Return the key of a name that fills a field; no word looks like it."""
    return f"{kind} {name}".encode("utf-8", "replace")


def field_names(field: str) -> tuple[str, ...]:
    """Return the kinds whose names a field holds."""
    return tuple(kind for kind, pattern in FIELDS.items() if pattern.search(field))


def field_keys(kind: str, value: str) -> list[bytes]:
    """Return the keys of a value that fills a field of such names."""
    folded = slashes(" ".join(value.split()).casefold())
    if kind == model.PIPE:
        folded = folded.removeprefix("\\.\\pipe").removeprefix("\\pipe").lstrip("\\")
    names = {folded}
    if kind == model.ACCOUNT:
        names |= {folded.rpartition("\\")[2], folded.partition("@")[0]}
    return [field_key(kind, name) for name in sorted(names)]


def own_key(indicator: Indicator) -> bytes | None:
    """Return the key that is the indicator's alone, or None where it is filed under one of its words."""
    if indicator.kind == model.NETWORK:
        address, _, prefix = indicator.value.partition("/")
        content = hosts.packed(address)
        return network_key(content, int(prefix) + (96 if len(content) == 4 else 0))
    if indicator.kind in WORD_KINDS:
        return indicator.value.encode("utf-8", "replace")
    if indicator.kind in FIELDS:
        return field_key(indicator.kind, indicator.value)
    return None


def literal_of(indicator: Indicator) -> str | None:
    """Return the literal by whose words the indicator is filed (perhaps beside its own key)."""
    if indicator.kind == model.PIPE:
        return "pipe\\" + indicator.value
    if indicator.kind == model.SERVICE:
        return "\\services\\" + indicator.value
    if indicator.kind == model.REGISTRY_KEY:
        return indicator.value[indicator.value.index("\\") :]
    return None if indicator.kind in WORD_KINDS or indicator.kind == model.ACCOUNT else indicator.value


def found(indicator: Indicator, key: bytes, text: Text) -> str | None:
    """Return what of a text is the indicator, or None; `key` is the key by which they met."""
    if key == own_key(indicator):
        if indicator.kind in HEX_KINDS:
            return _digest(indicator, text)
        return key.decode() if indicator.kind in (model.IP, model.DOMAIN, model.URL) else _whole(indicator, text)
    literal = literal_of(indicator)
    if literal is None:
        return None
    return PLACES.get(indicator.kind, _plain)(indicator, literal, text)


def _whole(indicator: Indicator, text: Text) -> str:
    return indicator.value if indicator.kind == model.NETWORK else text.folded


def _digest(indicator: Indicator, text: Text) -> str | None:
    """Three kinds of hash have 32 digits: the label before one, or the field's name, says which it is."""
    position = text.folded.find(indicator.value)
    while position >= 0:
        before = LABEL.search(text.folded, max(0, position - 40), position)
        label = before[1] if before else text.field.casefold()
        role = model.JA3 if "ja3" in label else model.IMPHASH if "imphash" in label else ""
        if (indicator.kind if indicator.kind in (model.JA3, model.IMPHASH) else "") == role:
            return indicator.value
        position = text.folded.find(indicator.value, position + 1)
    return None


def _plain(_: Indicator, literal: str, text: Text) -> str | None:
    return literal if bounded(literal, text.folded) >= 0 else None


def _in_path(_: Indicator, literal: str, text: Text) -> str | None:
    return literal if bounded(literal, text.path) >= 0 else None


def _path(_: Indicator, literal: str, text: Text) -> str | None:
    """A path with a drive is also met on a volume named by its device; not on another drive."""
    drive = literal[0] if literal[1:3] == ":\\" else ""
    rest = literal[2:] if drive else literal
    for position in _all(rest, text.path):
        before = text.path[max(0, position - BEFORE) : position]
        named = DRIVE.search(before)
        if not drive or (named and named[1] == drive) or DEVICE.search(before):
            return (named[1] + ":" if named else "") + rest
    return None


def _key(indicator: Indicator, literal: str, text: Text) -> str | None:
    """A key is met under any spelling of its hive; a user's, under any user."""
    hive = HIVES.get(indicator.value.partition("\\")[0])
    for position in _all(literal, text.path):
        if hive is None or hive.search(text.path[max(0, position - BEFORE) : position]):
            return text.path[max(0, position - BEFORE) : position].rpartition(" ")[2].lstrip("\"'") + literal
    return None


def _all(literal: str, text: str) -> list[int]:
    places = []
    position = text.find(literal)
    while position >= 0:
        if begins_word(text, position, literal[0]) and ends_word(text, position + len(literal), literal[-1]):
            places.append(position)
        position = text.find(literal, position + 1)
    return places


Place = Callable[[Indicator, str, Text], str | None]
PLACES: dict[str, Place] = {
    model.FILE_PATH: _path,
    model.REGISTRY_KEY: _key,
    model.PIPE: _in_path,
    model.SERVICE: _in_path,
}
