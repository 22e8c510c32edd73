"""Following an incident's log: who may, and from where on. What stays open is held by web.streams."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tocsin.incidents.pages import called
from tocsin.people.pages import whole_number
from tocsin.web.streams import FOLLOW


def events(request: HttpRequest, number: str) -> HttpResponse:
    """Hand a stream of the log's length over. It ends after some minutes: the browser comes back, and is checked anew.

    `Last-Event-ID`, or else `after`, is the length that the page has seen; a page that slept gets the newest at once.
    """
    user = request.user
    incident = called(user.actor, number, request.session.get("organization")) if user.is_authenticated else None
    if incident is None:
        return HttpResponse(status=404)  # an event stream has no page to show; 404 also stops the browser asking
    seen = whole_number(request.headers.get("Last-Event-ID") or request.GET.get("after", "0")) or 0
    answer = HttpResponse(content_type="text/event-stream")
    answer.headers[FOLLOW] = (
        f"{user.pk} {incident.chain_id} {seen} {incident.chain.length} {timezone.get_current_timezone_name()} "
        f"{request.session.session_key}"
    )
    answer.headers["X-Accel-Buffering"] = "no"  # a proxy that gathers the stream would hold the news back
    return answer
