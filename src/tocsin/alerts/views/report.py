"""The form that anybody in the company can fill in, without an account, on any phone, without JavaScript."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from tocsin.alerts.actions import take_alerts
from tocsin.alerts.models import AlertSource, SourceKind
from tocsin.alerts.rates import PACE
from tocsin.alerts.reports import first_line, reported
from tocsin.core.access import Actor, Hidden
from tocsin.core.action import Invalid
from tocsin.incidents.pages import sent, sent_time

FORM, THANKS = "tocsin.alerts.form", "tocsin.alerts.thanks"
LIVES = timedelta(hours=24)
LONGEST = 8000


def _source(slug: str) -> AlertSource:
    """The organization's form. An organization without one answers exactly like one that does not exist."""
    rows = AlertSource.objects.select_related("organization").filter(kind=SourceKind.FORM, active=True)
    found = rows.filter(organization__slug=slug[:100].replace("\x00", "")).first()
    if found is None:
        raise Hidden
    return found


@never_cache
def report(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask what happened, when, and who says so; the answer has a number."""
    source = _source(slug)
    if request.method != "POST":
        return _form(request, source)
    try:
        number = _take(request, source)
    except Invalid as refused:
        return _form(request, source, refused)
    return redirect("report-thanks", slug, signing.dumps(number, salt=THANKS))


def _take(request: HttpRequest, source: AlertSource) -> int:
    try:
        once = str(signing.loads(sent(request, "form"), salt=FORM, max_age=LIVES))
    except signing.BadSignature:
        raise Invalid(_("This form was open for too long. Your words are still here: send them again.")) from None
    if sent(request, "website"):  # people do not see this field; what fills in every field is no person
        raise Invalid(_("This looks like a machine. Leave the last field empty."))
    words = sent(request, "what")[:LONGEST]
    if not words:
        raise Invalid(_("Say what happened; one sentence is enough."), "what")
    if not PACE.passes(request.META.get("REMOTE_ADDR", "")):
        raise Invalid(_("Many reports came from here just now. Wait a few minutes, or call your service desk."))
    title, text = first_line(words)
    when, who = sent(request, "when")[:200], sent(request, "who")[:300]
    at = sent_time(request, "when_exactly")
    said = [text] + ([_("When: %s") % when] if when else []) + ([_("Reported by: %s") % who] if who else [])
    reading = reported(title, "\n\n".join(said), by=who, at=at, once=once)
    taken = take_alerts(Actor.system(_("Form")), source.organization, source=source, readings=[reading])
    if taken.numbers[0] is None:
        raise Invalid(_("Very many reports came in just now, and yours was not stored. Call your service desk."))
    return taken.numbers[0]


def _form(request: HttpRequest, source: AlertSource, refused: Invalid | None = None) -> HttpResponse:
    context = {
        "place": source.organization,
        "token": signing.dumps(secrets.token_hex(8), salt=FORM),
        "values": request.POST,
        "error": str(refused) if refused else "",
        "field": refused.field if refused else "",
    }
    return render(request, "alerts/report.html", context, status=422 if refused else 200)


@never_cache
def thanks(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Thank the person and give the number; only who sent the report has this address."""
    source = _source(slug)
    try:
        number = int(signing.loads(token, salt=THANKS, max_age=LIVES))
    except (signing.BadSignature, ValueError, TypeError):
        raise Hidden from None
    return render(request, "alerts/thanks.html", {"place": source.organization, "number": number})
