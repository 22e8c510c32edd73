"""Hashes of a sample, exact and fuzzy, and its entropy."""

from __future__ import annotations

import hashlib
import math
from collections import Counter

MOST_FOR_SSDEEP = 8 << 20
"""ssdeep is worked out in Python at about 4 MB/s; larger samples go without."""
EVEN = 64 << 10
"""Beyond this size content of hardly any variety goes without ssdeep: it gives no hash and takes many passes."""
MOST_FOR_ENTROPY = 32 << 20


def entropy(data: bytes) -> float:
    """Shannon entropy in bits a byte: 0 for one repeated byte, 8 for noise. Of large content every n-th byte counts."""
    if not data:
        return 0.0
    data = data[:: -(-len(data) // MOST_FOR_ENTROPY)]
    return round(max(0.0, -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values())), 3)


def hashes(data: bytes) -> dict[str, str]:
    """MD5, SHA-1, SHA-256; ssdeep as far as the bounds allow; TLSH where the content is long and varied
    enough and the optional package for it is installed.
    """
    found = {
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    import ppdeep  # late: only triage needs it

    if data and len(data) <= MOST_FOR_SSDEEP and (len(data) <= EVEN or entropy(data) >= 1):
        found["ssdeep"] = ppdeep.hash(data)
    if similar := _tlsh(data):
        found["tlsh"] = similar
    return found


def _tlsh(data: bytes) -> str:
    """The TLSH of a content; empty where it is too short or uniform, or the package (which has no wheel) is missing."""
    try:
        import tlsh
    except ImportError:
        return ""
    similar: str = tlsh.hash(data) if len(data) >= 50 else ""
    return "" if similar == "TNULL" else similar
