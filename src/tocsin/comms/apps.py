"""Django's handle on the room `comms`."""

from __future__ import annotations

from django.apps import AppConfig


class CommsConfig(AppConfig):
    """The room."""

    name = "tocsin.comms"
    label = "comms"

    def ready(self) -> None:
        """Say what this room expects of a person, beside what incidents do."""
        from tocsin.comms.expecting import messages_for
        from tocsin.incidents.expected import FROM_ROOMS

        FROM_ROOMS.append(messages_for)
