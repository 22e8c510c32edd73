"""Django's handle on the room `disclosure`."""

from __future__ import annotations

from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    """The room."""

    name = "tocsin.disclosure"
    label = "disclosure"

    def ready(self) -> None:
        """Say what this room expects of a person, beside what incidents do."""
        from tocsin.disclosure.expecting import asked_by_law
        from tocsin.incidents.expected import FROM_ROOMS

        FROM_ROOMS.append(asked_by_law)
