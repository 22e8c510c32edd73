"""Undoing what hides text in scripts without hiding code: split strings, character codes, replacements, reversals.

Each step is a rewriting of the text by a pattern that takes linear time; nothing of a script is run.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

MOST_ROUNDS = 6
LONGEST = 1 << 20
_Q = r"""(?:'[^'\r\n]{0,4000}'|"[^"\r\n]{0,4000}")"""
_CODES = r"(?:0x[0-9a-f]{1,6}|\d{1,7})"


def join(text: str) -> str:
    """The text with its literals joined and decoded as far as `MOST_ROUNDS` rounds go; itself where nothing applies."""
    text = text[:LONGEST]
    for _ in range(MOST_ROUNDS):
        before = text
        for pattern, rewrite in _STEPS:
            text = pattern.sub(rewrite, text)[:LONGEST]
        text = _batch_variables(text)
        text = _constants(text)
        if text == before:
            break
    return text


def _inner(literal: str) -> str:
    return literal[1:-1]


def _quoted(text: str) -> str:
    """A literal for text; control characters and quotes that would break it become spaces or the other quote."""
    mark = '"' if "'" in text else "'"
    return mark + text.replace(mark, "\\x22" if mark == '"' else "\\x27").replace("\r", " ").replace("\n", " ") + mark


def _number(text: str) -> int:
    text = text.strip().lower()
    for mark in ("0x", "&h"):
        if text.startswith(mark):
            return int(text[2:].rstrip("&") or "0", 16)
    return int(text or "0")


def _char(code: int) -> str:
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def _chars(match: re.Match[str]) -> str:
    return _quoted("".join(_char(_number(n)) for n in re.findall(_CODES, match[1], re.IGNORECASE)))


def _one_char(match: re.Match[str]) -> str:
    total = 0
    for sign, number in re.findall(rf"([-+]?)\s*(&h[0-9a-f]{{1,6}}&?|{_CODES})", match[1], re.IGNORECASE):
        total += -_number(number) if sign == "-" else _number(number)
    return _quoted(_char(total)) if _char(total) else match[0]


def _concatenated(match: re.Match[str]) -> str:
    return _quoted("".join(_inner(part) for part in re.findall(_Q, match[0])))


def _format(match: re.Match[str]) -> str:
    values = [_inner(part) for part in re.findall(_Q, match[2])]
    form = _inner(match[1])

    def fill(slot: re.Match[str]) -> str:
        index = int(slot[1])
        return values[index] if index < len(values) else slot[0]

    return _quoted(re.sub(r"\{(\d{1,3})\}", fill, form))


def _replaced(match: re.Match[str]) -> str:
    subject, old, new = (_inner(match[n]) for n in ("subject", "old", "new"))
    return _quoted(subject.replace(old, new)[:LONGEST]) if old else match[0]


def _reversed(match: re.Match[str]) -> str:
    return _quoted(_inner(match[1])[::-1])


def _escapes(match: re.Match[str]) -> str:
    return _char(int(match[1], 16)) or match[0]


def _percent(match: re.Match[str]) -> str:
    inner = re.sub(r"%u([0-9a-f]{4})", _escapes, _inner(match[1]), flags=re.IGNORECASE)
    return _quoted(unquote(inner, errors="replace"))


def _base64(match: re.Match[str]) -> str:
    try:
        raw = base64.b64decode(_inner(match[1]), validate=True)
        text = raw.decode("utf-16-le" if "unicode" in match[0].lower() else "utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return match[0]
    return _quoted(text) if text.isprintable() else match[0]


def _step(
    pattern: str, rewrite: Callable[[re.Match[str]], str] | str
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    act = rewrite if callable(rewrite) else (lambda match: match.expand(rewrite))
    # Blanks without bound would make a page of blanks take quadratic time.
    return re.compile(pattern.replace(r"\s*", r"\s{0,30}"), re.IGNORECASE), act


_STEPS: Final = [
    _step(r"(?<=\w)`(?=[\w-])|(?<![\w`])`(?=[a-z]\w)", ""),  # PowerShell's tick before a letter
    _step(r"(?<=[a-z0-9.\\ /-])\^(?=[a-z0-9.\\ /-])", ""),  # cmd's caret
    _step(r"\\x([0-9a-f]{2})(?<!22)(?<!27)(?<!5c)", _escapes),
    _step(r"\\u\{?([0-9a-f]{4})\}?", _escapes),
    _step(rf"string\.fromcharcode\s*\(((?:\s*{_CODES}\s*,?){{1,20000}})\)", _chars),
    _step(rf"\[char\[\]\]\s*\(?((?:\s*{_CODES}\s*,?){{2,20000}})\)?(?:\s*-join\s*''|)", _chars),
    _step(r"\(?\s*\[char\]\s*\(?((?:\s*[-+]?\s*(?:0x[0-9a-f]{1,6}|\d{1,7})){1,6})\s*\)?(?=\W|$)", _one_char),
    _step(r"\bchr[wb]?\$?\s*\(((?:\s*[-+]?\s*(?:&h[0-9a-f]{1,6}&?|0x[0-9a-f]{1,6}|\d{1,7})\s*){1,6})\)", _one_char),
    _step(rf"-join\s*\(?({_Q}(?:\s*,\s*{_Q}){{1,2000}})\)?", _concatenated),
    _step(rf"{_Q}(?:\s*[+&]\s*(?:_\s*\r?\n\s*)?{_Q}){{1,2000}}", _concatenated),
    _step(rf"(?<![\w)\]])\(\s*({_Q})\s*\)(?=\s*(?:-f\b|\.|-c?replace|[+&,;)]|$))", lambda m: m[1]),
    _step(rf"({_Q})\s*-f\s*({_Q}(?:\s*,\s*{_Q}){{0,200}})", _format),
    _step(rf"(?P<subject>{_Q})\s*\.\s*replace\s*\(\s*(?P<old>{_Q})\s*,\s*(?P<new>{_Q})\s*\)", _replaced),
    _step(rf"(?P<subject>{_Q})\s*-[ci]?replace\s*\(?\s*(?P<old>{_Q})\s*,\s*(?P<new>{_Q})\s*\)?", _replaced),
    _step(rf"\breplace\s*\(\s*(?P<subject>{_Q})\s*,\s*(?P<old>{_Q})\s*,\s*(?P<new>{_Q})\s*\)", _replaced),
    _step(rf"\bstrreverse\s*\(\s*({_Q})\s*\)", _reversed),
    _step(rf"({_Q})\s*\.\s*split\s*\(\s*(?:''|\"\")\s*\)\s*\.\s*reverse\s*\(\s*\)\s*\.\s*join\s*\(\s*(?:''|\"\")\s*\)", _reversed),
    _step(rf"({_Q})\s*\[\s*-1\s*\.\.\s*-\s*\d{{1,6}}\s*\]\s*(?:-join\s*'')?", _reversed),
    _step(rf"\b(?:unescape|decodeuri(?:component)?)\s*\(\s*({_Q})\s*\)", _percent),
    _step(rf"\batob\s*\(\s*({_Q})\s*\)", _base64),
    _step(rf"(?:\[[\w.]*encoding\]::(?:utf8|ascii|unicode)\.getstring\s*\(\s*)\[[\w.]*convert\]::frombase64string\s*\(\s*({_Q})\s*\)\s*\)",
          _base64),
]  # fmt: skip

_SET = re.compile(r"^[ \t@]*set\s+\"?([\w.$#-]{1,64})=([^\r\n\"&|]{0,2000})", re.IGNORECASE | re.MULTILINE)
_USE = re.compile(r"%([\w.$#-]{1,64})(?::~(-?\d{1,5})(?:,(-?\d{1,5}))?)?%")


def _batch_variables(text: str) -> str:
    """Put the values of a batch file's variables where they are used, also parts of them (%name:~start,length%)."""
    values: dict[str, set[str]] = {}
    for name, value in _SET.findall(text):
        values.setdefault(name.lower(), set()).add(value)
    fixed = {name: next(iter(known)) for name, known in values.items() if len(known) == 1}
    if not fixed:
        return text

    def use(match: re.Match[str]) -> str:
        value = fixed.get(match[1].lower())
        if value is None or "%" in value:
            return match[0]
        return _cut(value, match[2], match[3])

    return _USE.sub(use, text)[:LONGEST]


def _cut(value: str, start: str | None, length: str | None) -> str:
    if start is None:
        return value
    at = int(start) if int(start) >= 0 else max(0, len(value) + int(start))
    if length is None:
        return value[at:]
    return value[at : at + int(length)] if int(length) >= 0 else value[at : int(length)]


_ASSIGN = re.compile(
    rf"(?:^|[;{{\s])(?:var\s+|let\s+|const\s+|dim\s+)?(\$?[a-z_]\w{{0,63}})\s*=\s*({_Q})\s*(?=;|$|\n)", re.IGNORECASE
)
_ASSIGN_ANY = re.compile(r"(?<!\w)(\$?[A-Za-z_]\w{0,63})\s*[-+&]?=(?![=>])")
_OPERAND = re.compile(r"(?<=[+&(,] )(\$?[A-Za-z_]\w{0,63})\b(?=\s*[+&),;])|(?<=[+&(,])(\$?[A-Za-z_]\w{0,63})\b(?=\s*[+&),;])|"
                      r"(?<!\w)(\$?[A-Za-z_]\w{0,63})(?=\s{0,4}[+&]\s{0,4}(?:[$'\"]|\w))")  # fmt: skip
MOST_CONSTANTS = 500


def _constants(text: str) -> str:
    """Put literals where variables that are set once, and never again, are joined to something or handed on."""
    times: dict[str, int] = {}
    for name in _ASSIGN_ANY.findall(text):
        times[name.lower()] = times.get(name.lower(), 0) + 1
    fixed: dict[str, str] = {
        name.lower(): value for name, value in _ASSIGN.findall(text)[:MOST_CONSTANTS] if times.get(name.lower()) == 1
    }
    if not fixed:
        return text

    def use(match: re.Match[str]) -> str:
        name = match[0]
        return fixed.get(name.lower(), name)

    return _OPERAND.sub(use, text)[:LONGEST]
