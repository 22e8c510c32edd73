"""Undo what people do to indicators so that nobody clicks on them."""

from __future__ import annotations

import re
import unicodedata

DOT = re.compile(r"\s?(?:[\[({]\s?(?:\.|dot|punkt|point)\s?[\])}]|\[\.(?=\w)|(?<=\w)\.\]|<\.>|<dot>)\s?", re.IGNORECASE)
AT = re.compile(r"\s?(?:[\[({]\s?(?:@|at)\s?[\])}]|<at>)\s?", re.IGNORECASE)
COLON = re.compile(r"[\[({]:[\])}](?=//|\d|[\[({])|[\[({]:(?=//)")
SLASHES = re.compile(r"[\[({]://[\])}]|:?[\[({]//[\])}]")
SCHEME = re.compile(
    r"(?<![a-z0-9])(?:h(?:xx|\*\*|__|tx|xt)p(s?)|(?:fxp|f\*p)(s?)|meow(s?))(?=\ue000?:|__)",
    re.IGNORECASE,
)
SCHEME_DASH = re.compile(r"(?<![a-z0-9])(https?|ftp)(?:__|:\\\\)(?=[\w/])", re.IGNORECASE)
ESCAPED = re.compile(r"(?<=\w)\\\.(?=\w)")
MARK = "\ue000"
"""Stands before a word that was defanged, while a text is worked on (private use, removed from all input)."""


def refanged(text: str) -> str:
    """Return a text with its defanged indicators restored; before each word that holds one stands `MARK`."""
    text = text.replace(MARK, " ")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u3002", ".").replace(MARK, " ")
    if not any(sign in text for sign in "[({<\\*_") and not re.search("xxp|meow|fxp", text, re.IGNORECASE):
        return text
    changed = DOT.sub(f"{MARK}.", text)
    changed = AT.sub(f"{MARK}@", changed)
    changed = SLASHES.sub(f"{MARK}://", changed)
    changed = COLON.sub(f"{MARK}:", changed)
    changed = SCHEME.sub(_scheme, changed)
    changed = SCHEME_DASH.sub(lambda found: f"{MARK}{found[1].lower()}://", changed)
    return re.sub(r"\S+", _word, changed)


def _scheme(found: re.Match[str]) -> str:
    name = "ftp" if found[0].lower().startswith("f") else "http"
    return f"{MARK}{name}{'s' if found[0].lower().endswith('s') else ''}"


def _word(found: re.Match[str]) -> str:
    word = found[0]
    # A path has backslashes that escape nothing.
    if "\\." in word and word.count("\\") == word.count("\\."):
        word = ESCAPED.sub(f"{MARK}.", word)
    if MARK not in word:
        return word
    return MARK + word.replace(MARK, "").replace(":////", "://")
