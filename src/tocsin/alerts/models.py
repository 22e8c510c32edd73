"""What the room keeps: where alerts come from, and each alert with its judgement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.core.models import Organization
from tocsin.incidents.models import Incident


class SourceKind(models.TextChoices):
    """By which way alerts come in."""

    WEBHOOK = "webhook", _("Webhook")
    MAIL = "mail", _("Mail")
    FORM = "form", _("Form")
    CLI = "cli", _("Command line")


class AlertSource(models.Model):
    """One system, mailbox or form that alerts come from. Of its secret only the hash is kept.

    `window_at`, `window_new` and `window_all` count what came within the current minute or hour (see taking.py).
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="alert_sources")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=SourceKind)
    secret_hash = models.CharField(max_length=64, null=True, unique=True)
    signed = models.BooleanField(default=False)
    mapping = models.CharField(max_length=80, default="auto")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)
    taken = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    ignored = models.PositiveBigIntegerField(default=0)
    hour_at = models.DateTimeField(null=True)
    hour_new = models.PositiveIntegerField(default=0)
    minute_at = models.DateTimeField(null=True)
    minute_all = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "name"], name="one_alert_source_a_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def chain_id(self) -> UUID:
        """The chain on which what happens to it is logged: its organization's."""
        return self.organization_id


class AlertState(models.TextChoices):
    """What people found an alert to be."""

    NEW = "new", _("New")
    TRUE = "true", _("True")
    FALSE_POSITIVE = "false_positive", _("False positive")
    NEAR_MISS = "near_miss", _("Near miss")
    DUPLICATE = "duplicate", _("Duplicate")


class Alert(models.Model):
    """Something detected elsewhere. What comes again is counted here and makes no second row."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="alerts")
    number = models.PositiveIntegerField()
    source = models.ForeignKey(AlertSource, on_delete=models.PROTECT, related_name="alerts")
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField(null=True)
    observables = models.JSONField(default=dict)
    url = models.CharField(max_length=1000, blank=True)
    key = models.CharField(max_length=64)
    count = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    raw: Any = models.JSONField(null=True)
    dropped = models.CharField(max_length=500, blank=True)
    mapping = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.NEW)
    judged_by = models.CharField(max_length=200, blank=True)
    judged_at = models.DateTimeField(null=True)
    because = models.CharField(max_length=1000, blank=True)
    reopened = models.CharField(max_length=300, blank=True)
    repeats = models.PositiveBigIntegerField(default=0)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="alerts")
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="one_alert_a_number"),
            models.UniqueConstraint(
                fields=["source", "key"], condition=models.Q(state="new"), name="one_new_alert_a_key"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "key", "-number"], name="alert_by_key"),
            models.Index(fields=["organization", "state", "-last_at"], name="alert_by_state"),
        ]

    def __str__(self) -> str:
        return f"A-{self.number} {self.title}"

    @property
    def called(self) -> str:
        """How people name it."""
        return f"A-{self.number}"

    @property
    def who(self) -> list[str]:
        """The first host, user and address that it is about."""
        found = (self.observables.get(kind) for kind in ("host", "user", "ip", "sender", "reporter"))
        return [str(values[0]) for values in found if isinstance(values, list) and values][:2]

    @property
    def judged(self) -> bool:
        """Whether somebody said what it is."""
        return self.state != AlertState.NEW
