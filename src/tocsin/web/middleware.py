"""What every answer carries, whose time zone it speaks, and how what went wrong is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from tocsin.core.access import Forbidden, Hidden, OrgRole, Standing
from tocsin.core.action import ACTIONS, Invalid
from tocsin.core.busy import BUSY_SECONDS, is_busy, is_no_text
from tocsin.evidence.store import StoreError
from tocsin.incidents.pages import OtherIncident
from tocsin.people.pages import HEADER
from tocsin.plan.models import IncidentRole
from tocsin.plan.problems import PlanError
from tocsin.reports.pdf import PdfError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECRET_FIELDS = {"csrfmiddlewaretoken", "password", "secret"}
Answer = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeaders(MiddlewareMixin):
    """The content policy and what else keeps a page to itself."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002
        """Put the headers on, unless the answer brought stricter ones of its own."""
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Pages about an incident are for the people on it, now: no cache on the way, no copy after signing out.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class LocalTime(MiddlewareMixin):
    """Times are told in the person's own zone, with the zone's name beside them."""

    def process_request(self, request: HttpRequest) -> None:
        """Take up the zone of the person who asks."""
        zone = getattr(request.user, "time_zone", "UTC")
        try:
            timezone.activate(ZoneInfo(zone))
        except (ZoneInfoNotFoundError, ValueError):
            timezone.activate(ZoneInfo("UTC"))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002
        """Leave the zone: the thread serves the next person."""
        timezone.deactivate()
        return response


class Errors(MiddlewareMixin):
    """Turns what actions raise into answers: hidden 404, forbidden 403, invalid 422, each with what to do."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """No address holds NUL, and a query is read without it: PostgreSQL has no text that does. The API says so itself."""
        if request.path.startswith("/api/"):
            return None
        if "\x00" in request.path:
            return render(request, "404.html", status=404)
        if "%00" in request.META.get("QUERY_STRING", ""):
            clean = request.GET.copy()
            for name in list(clean):
                clean.setlist(name, [text.replace("\x00", "") for text in clean.getlist(name)])
            request.GET = clean  # type: ignore[assignment]  # a QueryDict like the one before
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The answer to a known kind of error; None leaves it to Django, which logs it and answers 500."""
        if isinstance(error, Hidden):
            return render(request, "404.html", status=404)
        if isinstance(error, Forbidden):
            return _said(request, 403, "403.html", _with_who_may(str(error)))
        if isinstance(error, OtherIncident):
            return _said(request, 409, "web/errors/invalid.html", str(error))
        if isinstance(error, Invalid):
            return _said(request, 422, "web/errors/invalid.html", str(error), error.field)
        if isinstance(error, PlanError):
            problems = [str(p) for p in error.problems]
            return _said(request, 422, "web/errors/invalid.html", "\n".join(problems))
        if is_no_text(error):
            return _said(
                request, 422, "web/errors/invalid.html", _("What was sent holds a character that no text has (NUL).")
            )
        if is_busy(error):
            busy = _("Tocsin is busy and did nothing of this. Try it again in a moment.")
            answer = _said(request, 503, "web/errors/invalid.html", busy)
            answer.headers["Retry-After"] = str(BUSY_SECONDS)
            return answer
        if isinstance(error, StoreError | PdfError):
            return _said(request, 507 if isinstance(error, StoreError) else 500, "web/errors/invalid.html", str(error))
        return None


_REFUSED = re.compile(r"may not do '([a-z_]+\.[a-z_]+)'")


def _with_who_may(said: str) -> str:
    """The refusal, with the roles that the action takes."""
    found = _REFUSED.search(said)
    policy = getattr(ACTIONS.get(found[1]), "policy", None) if found else None
    if policy is None:
        return said
    roles: list[str] = [r for r in IncidentRole if policy(Standing(incident=frozenset({r})))]
    roles += [r for r in OrgRole if policy(Standing(organization=frozenset({r})))]
    if not roles:
        return _("%s. Only Tocsin itself does that.") % said
    return _("%(said)s. It takes one of these roles: %(roles)s.") % {"said": said, "roles": ", ".join(roles)}


def _said(request: HttpRequest, status: int, template: str, said: str, field: str = "") -> HttpResponse:
    if request.headers.get("HX-Request"):
        news = json.dumps({"tocsin:invalid": {"said": said[:HEADER], "field": field}})
        return HttpResponse(said, status=status, content_type="text/plain; charset=utf-8", headers={"HX-Trigger": news})
    kept = [
        (name, value)
        for name, value in request.POST.items()
        if name not in SECRET_FIELDS and isinstance(value, str) and len(value) > 20
    ]
    context = {"said": said, "kept": kept, "back": _back(request)}
    return render(request, template, context, status=status)


def _back(request: HttpRequest) -> str:
    """The page that the form was on, when it is ours."""
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}) else "/incidents"
