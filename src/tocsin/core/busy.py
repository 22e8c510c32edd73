"""What a database says that is no defect: it is busy for a moment, or no text may hold what was sent."""

from __future__ import annotations

from django.db import DataError, OperationalError

BUSY_SECONDS = 2
"""After how long whoever asked is told to come back."""
_WORDS = ("locked", "deadlock", "lock timeout")
# SQLite: "database is locked", "database table is locked"; PostgreSQL: "deadlock detected", "... due to lock timeout".


def is_busy(error: object) -> bool:
    """Whether this is a database that others kept busy, and no defect."""
    return isinstance(error, OperationalError) and any(word in str(error) for word in _WORDS)


def is_no_text(error: object) -> bool:
    """Whether PostgreSQL refused NUL, which SQLite keeps and no person types."""
    return isinstance(error, DataError) and "NUL" in str(error)
