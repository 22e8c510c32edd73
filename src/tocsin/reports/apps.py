"""Django's handle on the room `reports`."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """The room."""

    name = "tocsin.reports"
    label = "reports"
