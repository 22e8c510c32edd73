"""The war-book as PDF: data in, bytes out; whatever a plan says is set as text, never as markup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.reports.pdf import typeset
from tocsin.reports.text import spelt_out

PARTS = ("warbook-style.typ", "warbook-forms.typ")


def printed(book: dict[str, Any]) -> bytes:
    """The book as PDF, of an organization or of an incident. Raises PdfError when it cannot be made."""
    document = "warbook-incident.typ" if "incident" in book else "warbook.typ"
    return typeset(document, _shown(book), datetime.fromisoformat(book["meta"]["made_utc"]), *PARTS)


def _shown(value: Any) -> Any:
    """The values with hidden characters spelt out. Nothing is cut: half an instruction is worse than a long one."""
    if isinstance(value, str):
        return spelt_out(value)
    if isinstance(value, list | tuple):
        return [_shown(child) for child in value]
    if isinstance(value, dict):
        return {key: _shown(child) for key, child in value.items()}
    return value
