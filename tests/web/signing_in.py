"""A browser without a screen in which somebody is signed in."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tocsin.people.models import User


def as_user(user: User, **more: Any) -> Client:
    """Django's test client, signed in as that person."""
    browser = Client(**more)
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser
