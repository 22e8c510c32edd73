"""What the doors keep for themselves and no log tells: answers to give again, sessions, when a key was last used.

It is no fact of an organization, so these are no actions: an answer is stored with the action that it answers, in the
same transaction, and the use of a key is no deed of its person.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import OperationalError

from tocsin.core import clock
from tocsin.core.ticker import every
from tocsin.people.models import ApiToken, IdempotencyKey, User
from tocsin.people.sealing import seal, unseal

logger = logging.getLogger(__name__)
KEPT = timedelta(days=7)
"""How long an answer is given again."""
COARSE = timedelta(minutes=15)


def begin(user: User, key: str, request: str) -> IdempotencyKey:
    """Take a key for a request, inside the transaction of what it does. Raises IntegrityError where it is taken."""
    return IdempotencyKey.objects.create(user=user, key=key, request=request, kept_at=clock.now())


def keep_answer(row: IdempotencyKey, status: int, headers: dict[str, str], body: str) -> None:
    """Store what was answered, in the same transaction; sealed, because it may tell a new secret."""
    row.status, row.headers, row.body = status, headers, seal(body)
    row.save(update_fields=["status", "headers", "body"])


def kept_body(row: IdempotencyKey) -> str:
    """The body of what was answered. Raises Sealed where the server's secret key is another one now."""
    return unseal(row.body)


def kept_answer(user: User, key: str) -> IdempotencyKey | None:
    """What was answered under a person's key, while it is kept."""
    return IdempotencyKey.objects.filter(user=user, key=key, kept_at__gt=clock.now() - KEPT).first()


@every(3600)
def forget_answers() -> object:
    """Remove answers that are kept long enough; returns how many."""
    return IdempotencyKey.objects.filter(kept_at__lte=clock.now() - KEPT).delete()[0]


@every(3600)
def forget_sessions() -> object:
    """Remove sessions that have run out: nobody is signed in by them any more. Returns how many."""
    return Session.objects.filter(expire_date__lte=clock.now()).delete()[0]


def forget_expired(user: User, key: str) -> None:
    """Free a key whose answer is not given again any more, though no chore has removed it yet."""
    IdempotencyKey.objects.filter(user=user, key=key, kept_at__lte=clock.now() - KEPT).delete()


def note_use(token: ApiToken, now: datetime) -> None:
    """Remember that a key was used, to the quarter of an hour: not every request shall write."""
    if token.last_used_at is None or now - token.last_used_at > COARSE:
        try:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        except OperationalError:  # a busy database: the next request notes it, this one need not fail
            logger.warning("the use of an API token could not be noted", exc_info=True)
