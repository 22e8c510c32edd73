"""Django's handle on the room `incidents`."""

from __future__ import annotations

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """The room."""

    name = "tocsin.incidents"
    label = "incidents"
