"""The state of disclosure: one clock for each duty to notify that an incident may have set off."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models import Incident, Task


class ClockState(models.TextChoices):
    """Where a clock stands. Waiting: the instant it starts at is not known yet."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    MET = "met", _("Met")
    LATE = "late", _("Late")
    NOT_NEEDED = "not_needed", _("Not needed")


class NoticeClock(models.Model):
    """The running deadline of one notification that the playbook foresees."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    task = models.OneToOneField(Task, on_delete=models.CASCADE, related_name="clock")
    title = models.CharField(max_length=300)
    regime = models.CharField(max_length=80, blank=True)
    recipient = models.CharField(max_length=200, blank=True)
    anchor = models.CharField(max_length=80)
    allowed = models.CharField(max_length=40)
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=ClockState)
    because = models.CharField(max_length=300)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["due_at", "id"]

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"
