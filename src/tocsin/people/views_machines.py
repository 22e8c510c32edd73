"""Pages about what programs bring and get: keys of the API, webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from tocsin.core import clock
from tocsin.core.access import Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import OutboxMessage
from tocsin.people.actions import create_token, create_webhook, end_webhook, pause_webhook, resume_webhook
from tocsin.people.models import ApiToken, Scope, Webhook, WebhookState
from tocsin.people.pages import Request, act, done, of_the_house, whole_number
from tocsin.people.webhooks import address_of

DAYS = (30, 90, 365)
ACTS = {"pause": pause_webhook, "resume": resume_webhook, "end": end_webhook}


def keys_of(request: Request) -> dict[str, Any]:
    """What the account's page says of keys: those there are, and what a new one can be for."""
    keys = ApiToken.objects.filter(user=request.user).order_by("revoked_at", "-created_at")[:100]
    now = clock.now()
    return {
        "tokens": [(key, [Scope(s).label for s in key.scopes if s in Scope.values], key.expired(now)) for key in keys],
        "scopes": Scope.choices,
        "days": DAYS,
    }


@act
@sensitive_variables("secret")
def make_key(request: Request) -> HttpResponseBase:
    """Make a key of one's own; the page that answers shows it, this once."""
    days = whole_number(request.POST.get("days", ""))
    label = request.POST.get("label", "").strip()
    if not label:
        raise Invalid(_("Say what the key is for."), "label")
    secret = create_token(
        request.actor, request.organization, user=request.user, label=label,
        scopes=request.POST.getlist("scopes"), lives=timedelta(days=min(days, 9999)) if days else None,
    )  # fmt: skip
    return _shown_once(request, _("Key “%s”") % label, secret, "you")


def _shown_once(request: HttpRequest, what: str, secret: str, back: str) -> HttpResponse:
    answer = render(request, "people/secret.html", {"what": what, "secret": secret, "back": back})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _webhooks(request: Request) -> QuerySet[Webhook]:
    rows = request.organization.webhooks.select_related("user").exclude(state=WebhookState.ENDED)
    runs = OrgRole.ADMINISTRATOR in request.can.at.organization
    return rows if runs else rows.filter(user=request.user)


@of_the_house
def webhooks(request: Request) -> HttpResponse:
    """The addresses that are told what happens: one's own, to administrators all."""
    if not request.can["webhook_create"]:
        raise Hidden
    rows = list(_webhooks(request)[:100])
    told = OutboxMessage.objects.filter(address__in=[address_of(w) for w in rows], sent_at__isnull=False)
    last = dict(told.values("address").annotate(at=Max("sent_at")).values_list("address", "at"))
    context = {"webhooks": [(webhook, last.get(address_of(webhook))) for webhook in rows]}
    return render(request, "people/webhooks.html", context)


@act
@sensitive_variables("secret")
def add_webhook(request: Request) -> HttpResponseBase:
    """Have an address told what happens, as far as one sees it; the page that answers shows the secret, this once."""
    webhook, secret = create_webhook(
        request.actor, request.organization, user=request.user, label=request.POST.get("label", ""),
        url=request.POST.get("url", "").strip(), verbs=request.POST.get("verbs", "").replace(",", " ").split(),
    )  # fmt: skip
    return _shown_once(request, _("Secret of the webhook “%s”") % webhook.label, secret, "webhooks")


@act
def change_webhook(request: Request, webhook: str, what: str) -> HttpResponse:
    """Pause a webhook, take it up again, or end it."""
    found = next((w for w in _webhooks(request) if str(w.pk) == webhook), None)
    if found is None or what not in ACTS:
        raise Hidden
    ACTS[what](request.actor, request.organization, webhook=found)
    said = {
        "pause": _("Webhook “%s” is paused."),
        "resume": _("Webhook “%s” is told what it missed."),
        "end": _("Webhook “%s” has ended."),
    }
    return done(request, "webhooks", said[what] % found.label)
