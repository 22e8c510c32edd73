"""What machines bring and get: keys to the API with their scopes, requests that were answered once, webhooks."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models

from tocsin.core.models import Organization
from tocsin.people.models.accounts import User


class Scope(models.TextChoices):
    """What a key may be used for. A scope never adds to what its person may do."""

    READ = "read", "Read what you see"
    WRITE = "write", "Do what you may do in incidents"
    ADMIN = "admin", "Do what you may do as an administrator"
    ALERTS_IN = "alerts:in", "Hand in alerts"
    PAGES_ANSWER = "pages:answer", "Answer pages"


def all_of_a_person() -> list[str]:
    """The scopes of a key from the time before keys had scopes: all that its person may do."""
    return [Scope.READ.value, Scope.WRITE.value, Scope.ADMIN.value]


class ApiToken(models.Model):
    """A key for a machine that acts as one person. Only the hash of its secret is kept."""

    secret_hash = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=100)
    scopes = models.JSONField(default=all_of_a_person)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    """To the quarter of an hour."""

    def __str__(self) -> str:
        return f"token {self.label}"

    @property
    def handle(self) -> str:
        """What a form names the key by: enough of the hash to find it, too little to be the hash."""
        return self.secret_hash[:16]

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


class IdempotencyKey(models.Model):
    """A request of a person that was carried out under their key, and its answer, to be given again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)
    """SHA-256 over what was asked."""
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    kept_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_request_a_key")]

    def __str__(self) -> str:
        return f"key {self.key}"


class WebhookState(models.TextChoices):
    """How a webhook stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    FAILING = "failing"
    ENDED = "ended"


class Webhook(models.Model):
    """An address that is told what happens, with the eyes of the person that it belongs to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="webhooks")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhooks")
    label = models.CharField(max_length=100)
    url = models.CharField(max_length=400)
    secret = models.CharField(max_length=400)
    """Sealed (people/sealing.py): it signs every delivery, so a hash of it would not do."""
    verbs = models.JSONField(default=list)
    """Verbs, or the first part of verbs (`task`); empty: all."""
    state = models.CharField(max_length=8, choices=WebhookState, default=WebhookState.ACTIVE, db_index=True)
    created_at = models.DateTimeField()
    round = models.PositiveIntegerField(default=0)
    """How often it was taken up again: what was given up before is then sent anew, under a new key."""
    failed_because = models.TextField(blank=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"webhook {self.label}"
