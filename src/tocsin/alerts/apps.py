"""Django's handle on the room `alerts`."""

from __future__ import annotations

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The room."""

    name = "tocsin.alerts"
    label = "alerts"
