"""The hashes of a file, in one reading."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tocsin.lab.indicators import model

NAMES = {model.MD5: "md5", model.SHA1: "sha1", model.SHA256: "sha256", model.SHA512: "sha512"}


def digests(path: Path) -> dict[str, str]:
    """Return a file's hashes by their kind. Raises OSError where it cannot be read."""
    hashes = {kind: hashlib.new(name, usedforsecurity=False) for kind, name in NAMES.items()}
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            for each in hashes.values():
                each.update(block)
    return {kind: each.hexdigest() for kind, each in hashes.items()}
