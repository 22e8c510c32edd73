"""Which address shows what: each room's own, and those that speak of several rooms."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth import urls as allauth_urls
from allauth.account.views import LoginView
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, URLResolver, include, path, re_path

from tocsin.api.v1 import api
from tocsin.incidents.views import me
from tocsin.web.views import health, live, room, search


def _not_here(request: HttpRequest) -> HttpResponse:
    return render(request, "404.html", status=404)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"/sign-in?{query}" if query else "/sign-in")


def _whole_or_nothing(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What somebody changes on allauth's pages about their own sign-in is stored together with its log entries.

    Only of those who are signed in: what strangers try must not hold the database's lock while a password is hashed.
    """

    @wraps(view)
    def together(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and request.user.is_authenticated:
            with transaction.atomic():
                return view(request, *args, **kwargs)
        return view(request, *args, **kwargs)

    return together


def _allauth(patterns: list[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _allauth(pattern.url_patterns)
        else:
            pattern.callback = _whole_or_nothing(pattern.callback)
    return patterns


urlpatterns: list[URLPattern | URLResolver] = [
    path("", me.home, name="home"),
    path("search", search.search, name="search"),
    path("healthy", health.healthy, name="healthy"),
    path("sign-in", LoginView.as_view(), name="sign-in"),
    path("", include("tocsin.people.urls")),
    path("", include("tocsin.incidents.urls")),
    path("incidents/<str:number>/", room.room, name="room"),
    path("incidents/<str:number>/events", live.events, name="events"),
    path("incidents/<str:number>/feed", room.feed, name="feed"),
    path("", include("tocsin.alerts.urls")),
    path("", include("tocsin.evidence.urls")),
    path("", include("tocsin.disclosure.urls")),
    path("", include("tocsin.comms.urls")),
    path("", include("tocsin.reports.urls")),
    path("api/v1/", api.urls),
    path("accounts/login/", _to_sign_in),
    # Accounts are given by an administrator's action, which the log keeps: nobody signs up or changes an address. A
    # password is not reset by mail either, which may be in the intruder's hands: a sign-in link comes from `tocsin sign-in`.
    re_path(r"^accounts/(?:signup|email|confirm-email|inactive|logout|password/reset)", _not_here),
    path("accounts/", include(_allauth(allauth_urls.urlpatterns))),
]

handler404 = "tocsin.web.views.errors.not_found"
handler403 = "tocsin.web.views.errors.forbidden"
handler500 = "tocsin.web.views.errors.failed"
