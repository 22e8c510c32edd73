"""Django's handle on the room `disclosure`."""

from __future__ import annotations

from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    """The room."""

    name = "tocsin.disclosure"
    label = "disclosure"
