"""Text in samples: decoding it, finding readable strings in bytes, ranking them."""

from __future__ import annotations

import heapq
import re

from tocsin.lab.triage.model import Text

SHORTEST = 5
LONGEST = 2048
"""Characters of one string that are kept."""
MOST_STRINGS = 500
MOST_CANDIDATES = 400_000
_ASCII = re.compile(rb"[\x20-\x7e\t]{%d,}" % SHORTEST)
_WIDE = re.compile(rb"(?:[\x20-\x7e\t]\x00){%d,}" % SHORTEST)

_WORTH = (
    (60, re.compile(r"(?:https?|ftp|hxxps?|ldaps?)://", re.IGNORECASE)),
    (45, re.compile(r"HKEY_|HK(?:LM|CU)\\|currentversion\\run|\\services\\", re.IGNORECASE)),
    (45, re.compile(r"powershell|cmd(?:\.exe)?\s+/|rundll32|regsvr32|mshta|certutil|bitsadmin|schtasks|vssadmin|wmic|"
                    r"/dev/tcp|/bin/(?:ba)?sh|chmod|crontab|base64", re.IGNORECASE)),
    (40, re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")),
    (35, re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.\w{2,}|\\\\[.?]\\pipe\\|\.onion\b", re.IGNORECASE)),
    (30, re.compile(r"[A-Za-z]:\\|%(?:appdata|temp|programdata|public|userprofile)%|/(?:tmp|etc|var|home)/", re.IGNORECASE)),
    (30, re.compile(r"password|passwd|token|api[_-]?key|cookie|wallet|ransom|decrypt|bitcoin|mutex|user-agent|mozilla/",
                    re.IGNORECASE)),
    (25, re.compile(r"\.(?:pdb|exe|dll|ps1|vbs|bat|hta|scr|sys)\b", re.IGNORECASE)),
    (20, re.compile(r"^(?:Virtual|Create|Write|Read|Open|Nt|Zw|Reg|Internet|Http|Crypt|Win|Load|Get|Set)\w{4,40}[AW]?$")),
)  # fmt: skip


def as_text(data: bytes) -> str | None:
    """The text that some bytes are, or None where they look binary. UTF-8, UTF-16 with or without a mark, Latin-1."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace").lstrip("\ufeff")
    head = data[:4096]
    if not head:
        return None
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) >= 8 and zeros.count(0) > 0.7 * len(zeros) and head.count(0) < 0.6 * len(head):
            return data.decode(encoding, "replace")
    odd = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in head)
    if odd > len(head) // 100:
        return None
    try:
        return data.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError:
        high = sum(byte >= 127 for byte in head)
        return data.decode("latin-1") if high < 0.3 * len(head) else None


def find_strings(data: bytes) -> tuple[list[Text], int]:
    """The most telling strings of some bytes, best first, and how many different ones there are (ASCII and UTF-16)."""
    seen: dict[str, tuple[int, str]] = {}
    for encoding, pattern in (("ascii", _ASCII), ("utf-16", _WIDE)):
        for match in pattern.finditer(data):
            raw = match[0][: LONGEST if encoding == "ascii" else LONGEST * 2]
            seen.setdefault((raw if encoding == "ascii" else raw[::2]).decode("ascii"), (match.start(), encoding))
            if len(seen) >= MOST_CANDIDATES:
                break
    best = heapq.nsmallest(MOST_STRINGS, ((-worth(value), at, value, how) for value, (at, how) in seen.items()))
    return [Text(value, at, how, -score) for score, at, value, how in best], len(seen)


def worth(text: str) -> int:
    """How telling a string is: what it names, its length, and whether it reads like words at all."""
    score = sum(points for points, pattern in _WORTH if pattern.search(text)) if len(text) >= 6 else 0
    letters = sum(c.isalpha() or c == " " for c in text[:80])
    size = min(len(text), 80)
    score += min(size // 4, 10)
    if letters < size * 0.5:
        score -= 10
    if len(set(text[:80])) < 4:
        score -= 20
    return score
