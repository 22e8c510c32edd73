"""What the room says of itself: situation reports on a cadence, and the notes with which a role changes hands."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models.incident import Incident, RoleAssignment
from tocsin.people.models import User

LONGEST = 1200
"""How many characters each part of a report holds: three panes that are read in half a minute, not a document."""


class ReportKind(models.TextChoices):
    """For everybody, or for the one who takes over a role."""

    REPORT = "report", _("Situation report")
    HANDOVER = "handover", _("Hand-over note")


class SituationReport(models.Model):
    """One report: conditions, actions, needs. A hand-over note says besides what is open, and is acknowledged.

    `sequence` is its log entry's: what came after it in the log has changed since. `seat` is the spell of who takes
    over; `next_due_at` is when the next report was promised.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="situation_reports")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=ReportKind, default=ReportKind.REPORT)
    conditions = models.TextField(blank=True)
    actions = models.TextField(blank=True)
    needs = models.TextField(blank=True)
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=200)
    written_by_id = models.CharField(max_length=64)
    next_due_at = models.DateTimeField(null=True)
    sequence = models.PositiveIntegerField()
    seat = models.ForeignKey(RoleAssignment, null=True, on_delete=models.PROTECT, related_name="notes")
    handed_from = models.CharField(max_length=200, blank=True)
    handed_to = models.CharField(max_length=200, blank=True)
    taker = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_report_a_number")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"
