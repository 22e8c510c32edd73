"""Privilege: rows that only counsel and whom counsel admits can see, whom it admitted, and what the log keeps sealed."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from tocsin.incidents.models.incident import Incident
from tocsin.people.models import User

M = TypeVar("M", bound=models.Model)


class OpenRows(models.Manager[M]):
    """The rows that everybody on the incident may see. It is the default: what forgets privilege shows less, not more."""

    def get_queryset(self) -> models.QuerySet[M]:
        """All but the privileged rows."""
        return super().get_queryset().filter(privileged=False)


class Privileged(models.Model):
    """A row that can be privileged. Its numbers are then a series of their own, so that the open one has no gaps.

    `kept` has all the rows and is for `queries/privilege.py` and the actions alone. `could_read` names who was on the
    incident when a row that had been open became privileged, and `was_number` is the number that it had.
    """

    privileged = models.BooleanField(default=False)
    privileged_at = models.DateTimeField(null=True)
    privileged_by = models.CharField(max_length=200, blank=True)
    privileged_because = models.CharField(max_length=500, blank=True)
    could_read = models.JSONField(default=list)
    was_number = models.PositiveIntegerField(null=True)

    objects: OpenRows[Any] = OpenRows()
    kept: models.Manager[Any] = models.Manager()

    class Meta:
        abstract = True


class Admission(models.Model):
    """Whom counsel lets see what is privileged in an incident, why, and until when. `real_at` is `at` by real time."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="admissions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="admissions")
    because = models.CharField(max_length=500)
    at = models.DateTimeField()
    real_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)
    ended_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "user"], condition=models.Q(ended_at=None), name="one_admission_a_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} admitted in {self.incident_id}"


class SealedEntry(models.Model):
    """What an entry of the log that says only "privileged" is about. The entry's hash is over `salt` and `content`."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="sealed")
    sequence = models.PositiveIntegerField()
    salt = models.CharField(max_length=64)
    content = models.JSONField()

    class Meta:
        ordering = ["sequence"]
        constraints = [models.UniqueConstraint(fields=["incident", "sequence"], name="one_seal_an_entry")]

    def __str__(self) -> str:
        return f"what L-{self.sequence} seals"
