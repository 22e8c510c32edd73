"""What is read without an account: the public status page, and the link with which somebody says that they have read."""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.comms import actions
from tocsin.comms.models import MessageState, StatusPage, StatusWord
from tocsin.comms.sending import delivery_of
from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.incidents.pages import IncidentRequest, act_on, place, sent
from tocsin.people.pages import done

CACHE_SECONDS = 15
MOST_UPDATES = 100
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": f"public, max-age={CACHE_SECONDS}",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}


def address_of(page: StatusPage) -> str:
    """The whole address of a public page."""
    return settings.BASE_URL + reverse("status-page", args=[page.slug])


@login_not_required
@require_safe
@sensitive_variables("slug")
def status(request: HttpRequest, slug: str) -> HttpResponse:
    """The updates that were released to the page, the newest first, and nothing else of the incident.

    A page that was taken off, and an address that never was one, are answered alike.
    """
    rows = StatusPage.objects.select_related("incident__organization")
    page = rows.filter(slug=slug.replace("\x00", "")[:64], open=True).first()
    if page is None:
        return _with_headers(render(request, "comms/status_unknown.html", status=404))
    posted = page.incident.outgoing.filter(on_status=True, state=MessageState.RELEASED, released_at__isnull=False)
    updates = [
        (
            m.final_subject,
            m.final_text,
            m.released_at,
            m.status_word,
            StatusWord(m.status_word).label if m.status_word else "",
        )
        for m in posted.order_by("-released_at")[:MOST_UPDATES]
    ]
    with timezone.override(ZoneInfo(page.incident.organization.time_zone)), translation.override(page.language):
        context = {"title": page.title, "updates": updates, "language": page.language, "drill": page.incident.exercise}
        return _with_headers(render(request, "comms/status.html", context))


def _with_headers(answer: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        answer.headers[name] = value
    return answer


@login_not_required
@csrf_exempt  # the link itself is the secret: who does not have it cannot make anybody send it
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def read(request: HttpRequest, token: str) -> HttpResponse:
    """Where somebody of the house says that they have read a message. Looking at it says nothing: a button does."""
    found = delivery_of(token)
    if found is None or not found.message.acknowledge:
        return render(request, "comms/read.html", {"unknown": True}, status=404)
    if request.method == "POST":
        with suppress(Invalid):  # a double tap: the page says how it stands
            actions.acknowledge(Actor.system("Read link"), found.message.incident, delivery=found)
        return redirect("message-read", token)
    with timezone.override(ZoneInfo(found.message.incident.organization.time_zone)):
        context = {"subject": found.message.final_subject, "text": found.message.final_text, "delivery": found,
                   "drill": found.message.incident.exercise}  # fmt: skip
        return render(request, "comms/read.html", context)


@act_on
def open_page(request: IncidentRequest) -> HttpResponse:
    """Open the public page, or change its heading."""
    actions.open_status_page(request.actor, request.incident, title=sent(request, "title"),
                             language=sent(request, "language") or "en")  # fmt: skip
    return done(request, place(request, "communications"), _("The public page is open."))


@act_on
def close_page(request: IncidentRequest) -> HttpResponse:
    """Take the public page off."""
    actions.close_status_page(request.actor, request.incident, because=sent(request, "because"))
    return done(request, place(request, "communications"), _("The public page is off."))
