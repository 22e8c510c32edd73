"""What happens at the sign-in, written to the log of every organization that the account belongs to.

Django and allauth say what happened by signals. No password, code or secret is in any of them that is kept.
"""

from __future__ import annotations

import logging
from typing import Any, TypedDict

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth import signals as auth
from django.core.exceptions import PermissionDenied
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from tocsin.core.access import Actor
from tocsin.people import bookkeeping, reactions_duty, reactions_machines, reactions_paging  # noqa: F401  they register
from tocsin.people.actions import note_failed_sign_in, note_security_change, note_sign_in, note_sign_out
from tocsin.people.models import User
from tocsin.people.queries import failures_left, organizations_reached_by

logger = logging.getLogger(__name__)
DOOR = Actor.system("Sign-in")
AGENT = 120


class Seen(TypedDict):
    """From where a request came, and with what."""

    address: str
    agent: str


def seen(request: HttpRequest | None) -> Seen:
    """From where somebody came: the address that the limits count by, and the browser's name for itself, shortened."""
    if request is None:
        return {"address": "", "agent": ""}
    try:
        address = get_adapter().get_client_ip(request)
    except PermissionDenied:  # allauth's word for a request that came from no address, as a command's does
        address = ""
    return {"address": address, "agent": request.META.get("HTTP_USER_AGENT", "")[:AGENT]}


@receiver(auth.user_logged_in)
def signed_in(request: HttpRequest, user: User, **_more: Any) -> None:
    """A session began."""
    records = get_authentication_records(request, user)
    how = [str(r.get("type") or r.get("method")) for r in records if not r.get("reauthenticated")] or ["link"]
    for organization in organizations_reached_by(user):
        note_sign_in(DOOR, organization, user=user, how=how, **seen(request))


@receiver(auth.user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_more: Any) -> None:
    """A session was ended by its person. Who was not signed in leaves nothing."""
    if user is None:
        return
    for organization in organizations_reached_by(user):
        note_sign_out(DOOR, organization, user=user, **seen(request))


@receiver(auth.user_login_failed)
def password_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    """A password was wrong, or its account is closed."""
    typed = str(credentials.get("email") or credentials.get("username") or "")
    user = User.objects.filter(email__iexact=typed.replace("\x00", "")).first()
    if user is None:
        # Not what was typed: people type passwords into the wrong field.
        logger.warning("a sign-in failed for an address without an account, from %s", seen(request)["address"])
        return
    _failed(request, user, "password")


@receiver(authentication_failed)
def second_step_failed(request: HttpRequest, user: User, authenticator: Any, **_more: Any) -> None:
    """A one-time code was wrong."""
    _failed(request, user, str(authenticator.type))


def _failed(request: HttpRequest | None, user: User, step: str) -> None:
    for organization in organizations_reached_by(user):
        left = failures_left(organization, user)
        if left > 0:
            note_failed_sign_in(DOOR, organization, user=user, step=step, last=left == 1, **seen(request))


# Means of signing in: the rows' own signals come within the transaction that changes them; allauth's come after it.
@receiver(post_save, sender=Authenticator)
def means_added(instance: Authenticator, created: bool, **_more: Any) -> None:
    """An authenticator app, a passkey or recovery codes were added. Other saves note a use or a name."""
    if created:
        _changed(instance, "added")


@receiver(post_delete, sender=Authenticator)
def means_removed(instance: Authenticator, **_more: Any) -> None:
    """An authenticator app, a passkey or recovery codes were removed; renewed codes are old ones removed, new ones added."""
    _changed(instance, "removed")


def _changed(authenticator: Authenticator, change: str) -> None:
    user, what = authenticator.user, str(authenticator.type)
    for organization in organizations_reached_by(user):
        note_security_change(DOOR, organization, user=user, what=what, change=change, **seen(context.request))
