"""The addresses of the room `disclosure`."""

from __future__ import annotations

from django.urls import path

from tocsin.disclosure import views

urlpatterns = [path("incidents/<str:number>/obligations", views.obligations, name="obligations")]
