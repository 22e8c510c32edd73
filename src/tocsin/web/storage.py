"""Static files under addresses that change with their content: after an upgrade nobody sees an old style sheet."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage


@lru_cache(maxsize=512)
def _digest(path: str, _changed: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


class Stamped(StaticFilesStorage):
    """Adds the content's digest to each address. Files are served from the package: there is nothing to collect."""

    def url(self, name: str | None) -> str:
        """The address of a file, with its digest; an unknown file's address is left plain and answers 404."""
        address = super().url(name)
        found = finders.find(name) if name else None
        if not isinstance(found, str):
            return address
        return f"{address}?v={_digest(found, Path(found).stat().st_mtime_ns)}"
