"""The report as one HTML file: no scripts, nothing fetched, readable on a phone and on paper."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path

from django.template import Context, Engine

from tocsin.reports.data import ReportData
from tocsin.reports.files import write_whole
from tocsin.reports.view import build

MISSING = "(no such field)"  # what a template that asks for a wrong field prints; tests look for it
_TEMPLATES = files("tocsin.reports") / "templates"


def render_html(data: ReportData) -> str:
    """Return the whole report as HTML. Needs no Django settings; every string from the data is escaped."""
    css = _css()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    # the policy names our one style sheet by its hash: whatever else got into the page could not run or load
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    values = build(data) | {"policy": policy}
    context = Context(values, autoescape=True, use_l10n=False, use_tz=False)
    return _engine().get_template("reports/report.html").render(context)


def write_html(data: ReportData, out: Path) -> None:
    """Write the report as HTML to `out`, replacing it in one step."""
    write_whole(out, render_html(data).encode())


@cache
def _engine() -> Engine:
    return Engine(
        dirs=[str(_TEMPLATES)],
        autoescape=True,
        builtins=["tocsin.reports.filters"],
        string_if_invalid=MISSING,
    )


@cache
def _css() -> str:
    return (_TEMPLATES / "reports" / "report.css").read_text(encoding="utf-8")
