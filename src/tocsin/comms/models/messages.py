"""What is said: messages with their drafts and approvals, and each recipient's delivery."""

from __future__ import annotations

import uuid
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.comms.models.audiences import Audience
from tocsin.incidents.models import Incident, Task


class MessageState(models.TextChoices):
    """Where a message stands. Released: its sending has begun. Recalled: it was approved and nothing of it left."""

    DRAFT = "draft", _("Draft")
    IN_REVIEW = "in_review", _("In review")
    LEGAL = "legal", _("Waits for legal approval")
    APPROVED = "approved", _("Approved")
    RELEASED = "released", _("Released")
    RECALLED = "recalled", _("Recalled")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Message(models.Model):
    """What one audience hears. `body` holds placeholders; `final_*` is the exact text that was approved.

    `facts` are the values that the final text was made with, `outdated` those that changed since, `accepted` the new
    values with which somebody said that it stands. `editors` are the ids of the accounts that wrote in it. A salutation
    stands above the text and is no part of its hash.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="outgoing")
    number = models.PositiveIntegerField()
    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="outgoing")
    template = models.CharField(max_length=80, blank=True)
    task = models.OneToOneField(Task, null=True, on_delete=models.PROTECT, related_name="outgoing")
    language = models.CharField(max_length=16, default="en")
    only_language = models.BooleanField(default=False)
    salutation = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    acknowledge = models.BooleanField(default=False)
    on_status = models.BooleanField(default=False)
    status_word = models.CharField(max_length=16, blank=True)
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.DRAFT)
    revision = models.PositiveIntegerField(default=1)
    author = models.CharField(max_length=200)
    author_id = models.CharField(max_length=64)
    editors = models.JSONField(default=list)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    because = models.TextField(blank=True)
    final_subject = models.CharField(max_length=300, blank=True)
    final_text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    outdated = models.JSONField(default=list)
    accepted = models.JSONField(default=dict)
    released_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_outgoing_a_number")]

    def __str__(self) -> str:
        return f"M-{self.number} {self.subject}"

    @property
    def embargoed(self) -> bool:
        """Whether only those with a part in it may know what it says."""
        return self.released_at is None

    @property
    def over(self) -> bool:
        """Whether nothing of it can be changed any more. What was recalled before any of it left can be used again."""
        gone = self.state in (MessageState.RELEASED, MessageState.RECALLED) and self.released_at is not None
        return gone or self.state == MessageState.WITHDRAWN


class Draft(models.Model):
    """One state of a message's words, kept so that two can be compared."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="drafts")
    number = models.PositiveIntegerField()
    salutation = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="one_draft_a_number")]

    def __str__(self) -> str:
        return f"{self.message_id} draft {self.number}"


class ApprovalKind(models.TextChoices):
    """What somebody said to a message."""

    REVIEW = "review", _("Reviewed")
    LEGAL = "legal", _("Legally approved")
    STANDS = "stands", _("Stands as it is")
    RETURNED = "returned", _("Sent back")


class Approval(models.Model):
    """Somebody agreed to the text of one hash, or did not. `void`: the text or a fact in it changed since."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="approvals")
    kind = models.CharField(max_length=8, choices=ApprovalKind)
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64)
    at = models.DateTimeField()
    note = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    void = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} by {self.by}"


class Delivery(models.Model):
    """One recipient of a released message. How it went stands in the outbox, under `key`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=500)
    language = models.CharField(max_length=16, blank=True)
    listed = models.BooleanField(default=False)
    key = models.CharField(max_length=200, unique=True)
    recalled = models.BooleanField(default=False)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "address"], name="one_delivery_an_address")]

    def __str__(self) -> str:
        return f"{self.message_id}.{self.number} {self.name}"

    @property
    def chain_id(self) -> UUID:
        """The chain that this is logged on."""
        chain: UUID = self.message.incident_id
        return chain
