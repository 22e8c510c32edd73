"""Django's handle on the ground."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class CoreConfig(AppConfig):
    """The ground. When all rooms are there, it reads what each of them does and reacts to."""

    name = "tocsin.core"
    label = "core"

    def ready(self) -> None:
        """Import every room's actions and reactions, so that verbs and answers are known in every process."""
        for room in apps.get_app_configs():
            if room.name.startswith("tocsin."):
                for furniture in ("actions", "reactions"):
                    if find_spec(f"{room.name}.{furniture}"):
                        import_module(f"{room.name}.{furniture}")
