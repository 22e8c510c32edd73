"""The report: building it from what the log and the rooms hold now, showing it, and taking it away."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render

from tocsin.incidents.pages import IncidentRequest, on_incident
from tocsin.reports.html import render_html
from tocsin.reports.pdf import render_pdf
from tocsin.reports.story import build

# The report is one file with its style inside. Its own policy names that style by its hash; this one has to let it.
ALONE = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@on_incident
def report(request: IncidentRequest) -> HttpResponse:
    """What the report would rest on, and the ways to have it."""
    incident = request.incident
    context = {
        "run": incident.runs.last(),
        "stated": incident.findings.filter(state="stated").count(),
        "suggested": incident.findings.filter(state="suggested").count(),
        "suspected": incident.scope.filter(state="suspected").count(),
        "open_decisions": incident.decisions.filter(state="open").count(),
        "entries": incident.chain.length,
    }
    return render(request, "reports/page.html", context)


@on_incident
def report_html(request: IncidentRequest) -> HttpResponse:
    """The report as one HTML file, shown, or with `?save` to keep."""
    text = render_html(build(request.incident, request.now))
    answer = HttpResponse(text)
    answer.headers["Content-Security-Policy"] = ALONE
    if "save" in request.GET:
        answer.headers["Content-Disposition"] = f'attachment; filename="{_name(request)}.html"'
    return answer


@on_incident
def report_pdf(request: IncidentRequest) -> HttpResponse:
    """The report as PDF, to keep. Raises PdfError when it cannot be made."""
    with tempfile.TemporaryDirectory(prefix="tocsin-report-") as folder:
        file = Path(folder) / "report.pdf"
        render_pdf(build(request.incident, request.now), file)
        answer = HttpResponse(file.read_bytes(), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_name(request)}.pdf"'
    return answer


def _name(request: IncidentRequest) -> str:
    return f"{request.incident.number}-report-L{request.incident.chain.length}"
