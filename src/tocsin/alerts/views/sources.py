"""Where alerts come from: the sources, what they brought, what was refused, and setting them up."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tocsin.alerts.actions import add_source, change_source, renew_secret
from tocsin.alerts.actions.sources import signing_key
from tocsin.alerts.actions.taking import NEW_PER_HOUR, PER_MINUTE
from tocsin.alerts.models import AlertSource, SourceKind
from tocsin.alerts.queries import alert_rules
from tocsin.alerts.views.triage import reader
from tocsin.core.access import Hidden
from tocsin.incidents.pages import sent, sent_number
from tocsin.people.pages import Request, done
from tocsin.plan.alerts import ready_mappings


def _page(request: Request, made: AlertSource | None = None, secret: str = "", status: int = 200) -> HttpResponse:
    rows = AlertSource.objects.filter(organization=request.organization)
    own = alert_rules(request.organization).mappings
    ready = {n: m.means for n, m in ready_mappings().items() if n not in own}
    context = {
        "sources": rows,
        "kinds": SourceKind.choices,
        "mappings": [
            ("auto", _("told from each message")),
            *sorted((n, m.means or _("of your plan")) for n, m in own.items()),
            *sorted(ready.items()),
        ],
        "may_change": request.can["alertsource_add"],
        "form_url": settings.BASE_URL + reverse("report-form", args=[request.organization.slug]),
        "has_form": any(s.kind == SourceKind.FORM for s in rows),
        "made": made,
        "secret": secret,
        "hook": f"{settings.BASE_URL}/api/v1/alerts/in",
        "signing": signing_key(made) if made and made.signed else "",
        "mail_host": settings.MAIL_LISTEN,
        "per_minute": PER_MINUTE,
        "per_hour": NEW_PER_HOUR[SourceKind.WEBHOOK],
    }
    return render(request, "alerts/sources.html", context, status=status)


@reader
def sources(request: Request) -> HttpResponse:
    """The sources; an administrator adds one. Its secret is shown in the answer, once."""
    if request.method != "POST":
        return _page(request)
    made, secret = add_source(
        request.actor,
        request.organization,
        name=sent(request, "name"),
        kind=sent(request, "kind"),
        mapping=sent(request, "mapping"),
        signed=sent(request, "signed") == "yes",
    )
    return _page(request, made, secret)


def _found(request: Request, source: int) -> AlertSource:
    found = AlertSource.objects.filter(organization=request.organization, pk=min(source, 2**62)).first()
    if found is None:
        raise Hidden
    return found


@require_POST
@reader
def change(request: Request, source: int) -> HttpResponse:
    """Switch a source on or off, or read it by another mapping."""
    found = _found(request, source)
    active = sent(request, "active")
    change_source(
        request.actor,
        request.organization,
        source=found,
        active=active == "yes" if active else None,
        mapping=sent(request, "mapping") or None,
        revision=sent_number(request, "revision"),
    )
    return done(request, reverse("alert-sources"), _("%s is set up.") % found.name)


@require_POST
@reader
def renew(request: Request, source: int) -> HttpResponse:
    """A new secret for a source, shown once; the old one ends now."""
    found = _found(request, source)
    secret = renew_secret(request.actor, request.organization, source=found)
    found.refresh_from_db()
    return _page(request, found, secret)
