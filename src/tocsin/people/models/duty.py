"""Who is on call for a role, and who could be reached when everybody was asked."""

from __future__ import annotations

from typing import Any

from django.db import models

from tocsin.core.models import Organization
from tocsin.people.models.accounts import Member


class RotaKind(models.TextChoices):
    """Where a rota comes from."""

    CALENDAR = "calendar"
    HERE = "here"


class Rota(models.Model):
    """Who serves a role when: read from the plan's calendar, or a rotation that was made here. One for each role.

    Of a calendar the last good copy is kept, already spelt out as `turns` (start, end, attendees, summary) for the
    time from `turns_from` to `turns_until`: pages and calls read only that. Of a rotation nothing is spelt out.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="rotas")
    role = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=RotaKind)
    revision = models.PositiveIntegerField(default=1)

    source = models.CharField(max_length=500, blank=True)
    """The calendar's address or file. Addresses of calendars often hold a secret: never shown in full, never logged."""
    digest = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    turns = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    turns_from = models.DateTimeField(null=True)
    turns_until = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True)

    zone = models.CharField(max_length=64, blank=True)
    starts_on = models.DateField(null=True)
    handover = models.TimeField(null=True)
    every_days = models.PositiveIntegerField(default=7)
    members = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "role"], name="one_rota_a_role")]
        ordering = ["role"]

    def __str__(self) -> str:
        return f"rota of {self.role}"


class Shift(models.Model):
    """Somebody takes a role over for a time, whatever the rota says: a swap, an illness, a gap that is filled."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="shifts")
    role = models.CharField(max_length=80)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    because = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["organization", "role", "ends_at"], name="shifts_of_a_role")]

    def __str__(self) -> str:
        return f"{self.member_id} for {self.role}"


class Comcheck(models.Model):
    """One round of asking everybody: can you be reached?"""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="comchecks")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=200)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="one_comcheck_a_number"),
            models.UniqueConstraint(
                fields=["organization"], condition=models.Q(closed_at=None), name="one_open_comcheck"
            ),
        ]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"Comcheck {self.number}"


class ComcheckAsk(models.Model):
    """One way of one person that is tried in a Comcheck, and when an answer came by it."""

    comcheck = models.ForeignKey(Comcheck, on_delete=models.CASCADE, related_name="asks")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="asks")
    place = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12)
    address = models.CharField(max_length=500)
    by_hand = models.BooleanField(default=False)
    code = models.CharField(max_length=12, unique=True, null=True)
    answered_at = models.DateTimeField(null=True, db_index=True)
    answered_how = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comcheck", "member", "place"], name="one_ask_a_way")]
        ordering = ["member__name", "member_id", "place"]

    def __str__(self) -> str:
        return f"{self.member_id} by {self.kind}"

    @property
    def key(self) -> str:
        """The outbox's key of the message that asks: the same question is never sent twice."""
        return f"comcheck:{self.comcheck_id}:{self.pk}"

    @property
    def took(self) -> Any:
        """How long the answer took (timedelta); None while there is none. Needs `comcheck`."""
        return self.answered_at - self.comcheck.started_at if self.answered_at else None
