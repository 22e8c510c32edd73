"""How django-allauth behaves here: accounts come from invitations, never from a sign-up page."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from tocsin.people.actions import note_security_change
from tocsin.people.models import User
from tocsin.people.queries import organizations_reached_by
from tocsin.people.reactions import DOOR, seen


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Nobody signs up by themselves: an incident platform's accounts are given."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Always closed."""
        return False

    @sensitive_variables("password")
    def set_password(self, user: User, password: str) -> None:
        """Set a password, stored and written to the log in one transaction. An account that is nowhere sets none."""
        known = organizations_reached_by(user)
        if not known:
            raise PermissionDenied
        change = "changed" if user.has_usable_password() else "set"
        user.set_password(password)
        with transaction.atomic():
            for place, organization in enumerate(known):
                note_security_change(
                    DOOR, organization, user=user, what="password", change=change, password=place == 0,
                    **seen(self.request),
                )  # fmt: skip
