"""What the ground keeps: organizations, chains, log entries, grants and messages on their way out."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models

from tocsin.core.canonical import instant
from tocsin.core.clock import Clock


class Organization(models.Model):
    """The tenant. It stands on the ground, below `people`, because every chain and grant belongs to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    countries = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name

    @property
    def chain_id(self) -> uuid.UUID:
        """The organization's own chain carries its id."""
        return self.id


class ChainKind(models.TextChoices):
    """What a chain records."""

    ORGANIZATION = "organization"
    INCIDENT = "incident"


class Chain(models.Model):
    """One hash chain: the head that new entries are appended to, and the clock its affairs run by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="chains")
    kind = models.CharField(max_length=16, choices=ChainKind)
    length = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)
    exercise = models.BooleanField(default=False)
    clock_real = models.DateTimeField(null=True)
    clock_shown = models.DateTimeField(null=True)
    clock_speed = models.FloatField(default=1.0)

    def __str__(self) -> str:
        return f"{self.kind} chain {self.id}"

    @property
    def clock(self) -> Clock | None:
        """The scaled clock of an exercise; None where real time holds."""
        if self.clock_real is None or self.clock_shown is None:
            return None
        return Clock(self.clock_real, self.clock_shown, self.clock_speed)

    def time(self, real: datetime) -> datetime:
        """What this chain's clock shows at a real instant."""
        return self.clock.at(real) if self.clock else real


class LogEntry(models.Model):
    """One entry. Rows are written once by core.log; the database itself refuses UPDATE and DELETE."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="entries")
    sequence = models.PositiveIntegerField()
    time = models.DateTimeField()
    clock_time = models.DateTimeField(null=True)
    actor = models.JSONField()
    verb = models.CharField(max_length=64, db_index=True)
    object_kind = models.CharField(max_length=32, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField()
    cause = models.JSONField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="one_entry_a_sequence")]
        ordering = ["chain_id", "sequence"]

    def __str__(self) -> str:
        return f"L-{self.sequence} {self.verb}"

    @property
    def shown_time(self) -> datetime:
        """The time people in the incident lived by: the exercise's where there is one."""
        return self.clock_time or self.time

    def body(self) -> dict[str, Any]:
        """The entry as it is hashed and exported, without its own hash."""
        return {
            "chain": str(self.chain_id),
            "sequence": self.sequence,
            "time": instant(self.time),
            "clock_time": instant(self.clock_time) if self.clock_time else None,
            "actor": self.actor,
            "verb": self.verb,
            "object": {"kind": self.object_kind, "id": self.object_id},
            "payload": self.payload,
            "cause": self.cause,
            "previous": self.previous,
        }


class Grant(models.Model):
    """A role on a chain: on an organization's chain an organization role, on an incident's an incident role."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "user", "role"], name="one_grant_a_role")]

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role} on {self.chain_id}"


class MessageState(models.TextChoices):
    """Where a message stands on its way out."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    FENCED = "fenced"


class OutboxMessage(models.Model):
    """One message to one address. Stored first, then delivered at least once under its key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="messages")
    key = models.CharField(max_length=200, unique=True)
    address = models.CharField(max_length=500)
    recipient = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=MessageState, default=MessageState.QUEUED, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt = models.DateTimeField(db_index=True)
    last_error = models.TextField(blank=True)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["queued_at"]

    def __str__(self) -> str:
        return f"{self.subject} to {self.recipient or self.address}: {self.state}"
