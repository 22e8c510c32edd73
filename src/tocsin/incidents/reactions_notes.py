"""Mentions reach people: who comes onto an incident hears of old ones, and who did not look gets a message."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import on
from tocsin.core.actions import queue_message
from tocsin.core.models import Grant, LogEntry, OutboxMessage
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Mention
from tocsin.incidents.presence import seen_by_all
from tocsin.people.called import letter_address
from tocsin.people.models import Member, User

GRACE, LONGEST = timedelta(minutes=1), timedelta(days=1)
"""How long somebody has to look by themselves before a message goes out, and when it is too late for one."""


@on("access.admit")
def tell_who_came(entry: LogEntry) -> None:
    """Who is let onto an incident finds the notes that mention them already among what is expected of them."""
    incident, user = Incident.objects.get(pk=entry.chain_id), User.objects.get(pk=entry.object_id)
    if incident.notes.filter(archived_at=None, text__contains="@").exclude(mentions__user=user).exists():
        actions.catch_up_mentions(Actor.system(cause=entry), incident, user=user)


@every(15)
def tell_mentioned() -> None:
    """Who was mentioned, has not looked within a minute and has not the incident open gets a message. Of a privileged
    note nobody gets one: the message itself would say that there is such a note.
    """
    since = clock.now() - LONGEST
    open_ones = Mention.objects.filter(seen_at=None, note__archived_at=None, note__privileged=False)
    unread = open_ones.filter(note__incident__chain__exercise=False, at__gt=since)
    in_exercises = open_ones.filter(note__incident__chain__exercise=True)
    rows = [
        m
        for m in (unread | in_exercises).select_related("note__incident__chain", "note__incident__organization", "user")
        if m.at + GRACE < m.note.incident.chain.time(clock.now()) < m.at + LONGEST
    ]
    here = seen_by_all({m.note.incident.pk for m in rows})
    told = set(OutboxMessage.objects.filter(key__in=[_key(m) for m in rows]).values_list("key", flat=True))
    away = (m for m in rows if _key(m) not in told and not here[m.note.incident.pk].get(m.user_id))
    each(away, _tell)


def _key(mention: Mention) -> str:
    return f"mention:{mention.pk}"


def _tell(mention: Mention) -> None:
    """Store the message, unless the person is no longer on the incident. It tells nothing of what the note says."""
    incident, user = mention.note.incident, mention.user
    if not user.is_active or not Grant.objects.filter(chain_id=incident.pk, user=user).exists():
        return
    seated = Member.objects.filter(organization=incident.organization, user=user, active=True)
    address = next(filter(None, map(letter_address, seated)), f"mailto:{user.email}")
    page = f"{settings.BASE_URL}/incidents/{incident.number}/notes/{mention.note.number}"
    queue_message(
        Actor.system("Notes"), incident, key=_key(mention), address=address, recipient=str(user),
        subject=f"{incident.number}: {mention.by} mentions you in N-{mention.note.number}",
        body=f"{mention.by} mentions you in the note N-{mention.note.number} of {incident.number}.\n{page}\n",
    )  # fmt: skip
