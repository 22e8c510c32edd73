"""The printed report: typst in a bounded child process, written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from django.conf import settings

from tocsin.reports.data import ReportData
from tocsin.reports.files import write_whole
from tocsin.reports.text import code_point
from tocsin.reports.view import build

SECONDS, MEMORY = 120, 3 * 2**30  # a report of a thousand detections takes a few seconds and some 300 MB
STYLE = ("tocsin.typ", "child.py")

# What the fonts inside typst hold of Latin, Greek, Cyrillic, punctuation, mathematics, arrows and boxes.
# Anything else would print as an empty box, which PDF/A forbids and which tells a reader nothing; its number
# can be looked up. The page has the characters themselves.
_HELD = (
    "\u0020-\u02ff\u0370-\u0377\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u04ff\u1e00-\u1eff\u2010-\u2040\u2044-\u2052\u2070\u2071"
    "\u2074-\u208e\u2090-\u209c\u20a0-\u20c0\u2100-\u211e\u2122\u2126\u2190-\u23ff\u2500-\u25ff\ufb00-\ufb06"
)
_NO_GLYPH = re.compile(f"[^{_HELD}]")


class PdfError(Exception):
    """The PDF could not be made; the message says why. Nothing was written."""


def render_pdf(data: ReportData, out: Path) -> None:
    """Write the report as PDF to `out`, replacing it in one step.

    Raises PdfError when typst refuses, dies, or takes more than SECONDS or MEMORY.
    """
    write_whole(out, pdf_bytes(data))


def pdf_bytes(data: ReportData) -> bytes:
    """Return the report as PDF. Raises PdfError as render_pdf does."""
    return typeset("incident-report.typ", build(data), data.meta.generated)


def typeset(document: str, view: dict[str, Any], at: datetime, *more: str) -> bytes:
    """Return the PDF of one of the documents in `typst/` over `view`; `more` names the files that it includes.

    `at` is written into the file as the time it was made. Raises PdfError when typst refuses, dies, or takes more
    than SECONDS or MEMORY.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-report-", dir=_room()) as name:
        root = Path(name)
        for template in (*STYLE, document, *more):
            with as_file(files("tocsin.reports") / "typst" / template) as source:
                shutil.copyfile(source, root / template)
        (root / "data.json").write_text(json.dumps(_printable(view), ensure_ascii=False), encoding="utf-8")
        _compile(root, document, int(at.timestamp()))
        return (root / "report.pdf").read_bytes()


def _room() -> Path | None:
    """The home's folder for what is gone again in a moment, where there is a home: what an incident knows stays in it.

    None, the system's own, where a report is made without any settings, as from data in a file.
    """
    if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
        return None
    room = Path(settings.HOME) / "tmp"
    room.mkdir(mode=0o700, parents=True, exist_ok=True)
    return room


def _printable(value: Any) -> Any:
    """Return `value` with characters that the embedded fonts lack written as their numbers."""
    if isinstance(value, str):
        composed = unicodedata.normalize("NFC", value)  # an accent of its own has no place in these fonts
        return _NO_GLYPH.sub(lambda m: code_point(m.group()), composed)
    if isinstance(value, list | tuple):
        return [_printable(child) for child in value]
    if isinstance(value, dict):
        return {key: _printable(child) for key, child in value.items()}
    return value


def _compile(root: Path, document: str, timestamp: int) -> None:
    # -I: the child sees neither the working directory nor the environment's Python paths
    command = [sys.executable, "-I", str(root / "child.py"), str(root), document, str(timestamp), str(MEMORY)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise PdfError(f"making the PDF took more than {SECONDS} seconds and was stopped") from error
    if done.returncode != 0:
        raise PdfError(f"typst could not make the PDF (exit {done.returncode}): {done.stderr.strip()[-2000:]}")
