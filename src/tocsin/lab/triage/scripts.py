"""Scripts in layers: what is encoded in them is decoded, what is hidden in it too, and every layer is kept.

Only literals are decoded; nothing is run. Bounds: depth, number and size of layers, size of what unpacks.
"""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any

from tocsin.lab.triage.bounded import inflate
from tocsin.lab.triage.joins import join
from tocsin.lab.triage.kinds import kind_of
from tocsin.lab.triage.model import MAX_LAYER_TEXT, Notes, tables
from tocsin.lab.triage.texts import as_text

MOST_DEPTH = 10
MOST_CHARACTERS = 8 << 20
"""Characters of scripts and layers that are opened in one sample."""
MOST_BLOBS = 40
"""Encoded pieces that are tried in one layer, longest first."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}|[A-Za-z0-9_-]{40,}={0,2}")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}){24,}\b")
_BYTES = re.compile(r"(?:(?:0x[0-9a-fA-F]{1,2}|\d{1,3})\s*,\s*){15,}(?:0x[0-9a-fA-F]{1,2}|\d{1,3})")
_SPLIT_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{40,100}\r?\n[ \t]*){2,}[A-Za-z0-9+/]{1,100}={0,2}")
_ENCODED_COMMAND = re.compile(
    r"(?:^|\s)[-/]e(?:c|nc|nco|ncod|ncode|ncoded\w{0,7})?\s+[\"']?([A-Za-z0-9+/]{8,}={0,2})", re.IGNORECASE
)
_XOR = re.compile(r"-bxor\s*\(?\s*(0x[0-9a-f]{1,2}|\d{1,3})\b", re.IGNORECASE)


def script(text: str, notes: Notes, where: str = "", depth: int = 0, *, joins: bool = True) -> dict[str, Any]:
    """Open the layers of a script and note what its text and theirs show. Gives counts of what was found.

    `joins=False` is for languages whose marks mean something else than `joins.py` takes them for.
    """
    if depth > MOST_DEPTH:
        notes.problem(f"more than {MOST_DEPTH} layers in each other; the rest was not opened", where)
        return {}
    text = text[:MAX_LAYER_TEXT]
    notes.script_characters += len(text)
    if notes.script_characters > MOST_CHARACTERS:
        notes.problem(f"scripts and layers have more than {MOST_CHARACTERS} characters; the rest was not opened", where)
        return {}
    known = signs(text, notes, where)
    plain = join(text) if joins else text
    if plain != text:
        signs(plain, notes, f"{where}, joined" if where else "joined", known)
        notes.layer("literals joined and decoded", plain, where)
    for how, raw in _decoded(plain):
        _open(how, raw, notes, where, depth)
    return {"characters": len(text), "lines": text.count("\n") + 1, "longest_line": max(map(len, text.split("\n")))}


def signs(text: str, notes: Notes, where: str = "", known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Note each of the signs in `signs.yaml` that some text shows, but for `known` ones. Gives all that it shows."""
    found = set(known)
    raw = text.encode("utf-8", "replace")
    for key, quick, pattern in _signs():
        # RE2 is many times faster and says whether a sign is there; where in the text is asked of those few only.
        if key not in known and quick.search(raw) and (match := pattern.search(text)):
            found.add(key)
            place = f"{where}, " if where else ""
            start = max(0, match.start() - 20)
            notes.anomaly(key, f"{place}character {match.start()}", text[start : match.end() + 60].strip())
    return frozenset(found)


@lru_cache(maxsize=1)
def _signs() -> list[tuple[str, Any, re.Pattern[str]]]:
    """Each sign's anomaly, its pattern for RE2 and the same for `re`."""
    import re2  # late: only scripts need it

    options = re2.Options()
    options.case_sensitive = False
    rows = [(row["anomaly"], row["pattern"]) for row in tables()["signs"]["signs"]]
    return [(key, re2.compile(text.encode(), options), re.compile(text, re.IGNORECASE)) for key, text in rows]


def _decoded(text: str) -> list[tuple[str, bytes]]:
    """The encoded pieces of a text with how they were encoded, longest first."""
    commands = (_from_base64(match[1]) for match in _ENCODED_COMMAND.finditer(text))
    found = [("encoded command", raw) for raw in commands if raw]
    blocks = (_from_base64(re.sub(r"\s", "", match[0])) for match in _SPLIT_BASE64.finditer(text))
    found += [("base64 over several lines", raw) for raw in blocks if raw]
    for pattern, how, decode in (
        (_BASE64, "base64", _from_base64),
        (_HEX, "hexadecimal", bytes.fromhex),
        (_BYTES, "list of bytes", _from_numbers),
    ):
        pieces = sorted({m[0] for m in pattern.finditer(text)}, key=len, reverse=True)[:MOST_BLOBS]
        found.extend((how, raw) for piece in pieces if (raw := decode(piece)))
    keys = {int(key, 0) for key in _XOR.findall(text) if not key.startswith("0") or key.lower().startswith("0x")} - {0}
    for key in sorted(k for k in keys if k < 256)[:4]:
        table = bytes(b ^ key for b in range(256))
        found.extend((f"{how}, xor {key}", raw.translate(table)) for how, raw in found[:MOST_BLOBS] if len(raw) >= 8)
    return sorted(found, key=lambda piece: len(piece[1]), reverse=True)[: MOST_BLOBS * 2]


def _from_base64(text: str) -> bytes:
    text = text.rstrip("=")
    if len(text) % 4 == 1:
        text = text[:-1]
    altchars = b"-_" if "-" in text or "_" in text else None
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=altchars, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _from_numbers(text: str) -> bytes:
    numbers = [int(n, 0) for n in re.findall(r"0x[0-9a-f]{1,2}|[1-9]\d{0,2}|0", text, re.IGNORECASE)]
    return bytes(numbers) if all(n < 256 for n in numbers) else b""


def _open(how: str, raw: bytes, notes: Notes, where: str, depth: int) -> None:
    for suffix, content in ((", compressed", _unpacked(raw)), ("", raw)):
        if not content:
            continue
        text = _readable(content)
        if text is not None:
            if notes.layer(how + suffix, text, where):
                script(text, notes, f"layer {len(notes.layers)}", depth + 1)
            return
        if kind_of(content).key not in {"data", "text", "empty", "dos", "bzip2", "bmp", "java"}:
            notes.anomaly("script.carries_file", where, f"{kind_of(content).name}, {len(content)} bytes, {how}{suffix}")
            notes.part(f"{how}{suffix}", content, where)
            return


def _unpacked(raw: bytes) -> bytes:
    if raw[:2] == b"\x1f\x8b" or raw[:1] == b"\x78":
        return inflate(raw)
    out = inflate(raw, -15) if len(raw) >= 16 else b""
    # Noise inflates to something now and then; text that is longer than what held it does not come by chance.
    return out if len(out) > len(raw) and _readable(out) is not None else b""


def _readable(content: bytes) -> str | None:
    """Text that reads like text; base64 of anything at all decodes to something, so most is refused."""
    text = as_text(content)
    if text is None or len(text) < 8:
        return None
    plain = sum(c.isascii() and (c.isprintable() or c in "\r\n\t") for c in text[:4000])
    return text if plain >= 0.95 * len(text[:4000]) else None
