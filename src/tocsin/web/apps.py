"""Django's handle on the room `web`."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The room."""

    name = "tocsin.web"
    label = "web"
