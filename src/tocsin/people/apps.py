"""Django's handle on the room `people`."""

from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The room."""

    name = "tocsin.people"
    label = "people"
