"""The addresses of the room `disclosure`."""

from __future__ import annotations

from django.urls import path

from tocsin.disclosure import views, views_law, views_notices
from tocsin.disclosure.follows import duties_that_follow
from tocsin.incidents.views.sheet import FOLLOWS

FOLLOWS.append(duties_that_follow)  # where pages are served, the fact sheet shows beside itself what follows

OF = "incidents/<str:number>/obligations"
NOTICE = f"{OF}/notices/<int:notice>"
urlpatterns = [
    path(OF, views.obligations, name="obligations"),
    path(f"{OF}/others/<str:verdict>", views.duties_folded, name="duties-folded"),
    path(f"{OF}/<str:regime>", views.duty, name="duty"),
    path(f"{OF}/<str:regime>/rule", views.rule, name="duty-rule"),
    path(f"{OF}/<str:regime>/file", views.file, name="duty-file"),
    path(f"{OF}/<str:regime>/strike", views.strike, name="duty-strike"),
    path(f"{OF}/<str:regime>/delay", views.delay, name="duty-delay"),
    path(f"{OF}/<str:regime>/notice", views_notices.draft, name="notice-draft"),
    path(NOTICE, views_notices.notice, name="notice"),
    path(f"{NOTICE}/edit", views_notices.edit, name="notice-edit"),
    path(f"{NOTICE}/finish", views_notices.finish, name="notice-finish"),
    path(f"{NOTICE}.txt", views_notices.text, name="notice-text"),
    path(f"{NOTICE}.docx", views_notices.word, name="notice-docx"),
    path("law", views_law.law, name="law"),
    path("law/<str:regime>", views_law.regime, name="law-regime"),
    path("breaches", views_law.breaches, name="breaches"),
    path("breaches.csv", views_law.breaches_csv, name="breaches-csv"),
]
