"""Django's handle on the room `evidence`."""

from __future__ import annotations

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The room."""

    name = "tocsin.evidence"
    label = "evidence"
