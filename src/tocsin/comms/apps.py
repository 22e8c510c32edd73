"""Django's handle on the room `comms`."""

from __future__ import annotations

from django.apps import AppConfig


class CommsConfig(AppConfig):
    """The room."""

    name = "tocsin.comms"
    label = "comms"
