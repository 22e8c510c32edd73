"""Pages for what went wrong outside of any view: no such address, a stale form, a defect of ours."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from tocsin.core.busy import BUSY_SECONDS, is_busy

logger = logging.getLogger(__name__)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """No such page: the same answer as for a page that this person may not know of."""
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Refused before any view was reached."""
    return render(request, "403.html", {"said": str(exception or "")}, status=403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form without the token of this session: usually one that was open while the session ended."""
    said = _("This form belongs to a session that has ended. Go back, load the page again and send it once more.")
    response = render(request, "403.html", {"said": said}, status=403)
    response.headers["X-Said"] = said.encode("ascii", "replace").decode()
    return response


def failed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """A defect: a page that needs nothing, because anything may be broken. A session that is only locked is none."""
    if is_busy(sys.exception()):  # around the views; what they raise is told by the middleware Errors
        said = _("Tocsin is busy. Try it again in a moment.")
        return HttpResponse(said, status=503, content_type="text/plain; charset=utf-8",
                            headers={"Retry-After": str(BUSY_SECONDS)})  # fmt: skip
    try:
        return HttpResponse(render_to_string("500.html"), status=500)
    except Exception:
        logger.exception("the page for defects could not be drawn")
        return HttpResponse("Tocsin: internal error. The server's log says what happened.", status=500)
