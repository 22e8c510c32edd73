"""The addresses of the room `alerts`."""

from __future__ import annotations

from django.urls import URLPattern, path

from tocsin.alerts.views import report, sources, triage

urlpatterns: list[URLPattern] = [
    path("alerts", triage.alerts, name="alerts"),
    path("alerts/sources", sources.sources, name="alert-sources"),
    path("alerts/sources/<int:source>/change", sources.change, name="change-alert-source"),
    path("alerts/sources/<int:source>/renew", sources.renew, name="renew-alert-source"),
    path("alerts/<int:alert>", triage.alerts, name="alert"),
    path("alerts/<int:alert>/judge", triage.judge, name="judge-alert"),
    path("alerts/<int:alert>/attach", triage.attach_to, name="attach-alert"),
    path("alerts/<int:alert>/declare", triage.declare_alert, name="declare-alert"),
    path("report/<str:slug>", report.report, name="report-form"),
    path("report/<str:slug>/thanks/<str:token>", report.thanks, name="report-thanks"),
]
