"""The addresses of the room `reports`."""

from __future__ import annotations

from django.urls import path

from tocsin.reports import views, views_notices, views_survival

OF = "incidents/<str:number>/"

urlpatterns = [
    path(OF + "report", views.report, name="report"),
    path(OF + "report.html", views.report_html, name="report-html"),
    path(OF + "report.pdf", views.report_pdf, name="report-pdf"),
    path(OF + "war-book.pdf", views_survival.incident_war_book, name="incident-war-book"),
    path(OF + "obligations/notices/<int:notice>.pdf", views_notices.notice_pdf, name="notice-pdf"),
    path(OF + "referral", views_notices.referral, name="referral"),
    path(OF + "referral/make", views_notices.make, name="referral-make"),
    path("plan/war-book.pdf", views_survival.war_book, name="war-book"),
    path("plan/stick", views_survival.stick, name="stick"),
    path("plan/stick/take", views_survival.take_stick, name="take-stick"),
]
