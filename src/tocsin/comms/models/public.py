"""What people outside read by themselves: the status page, and the sheet from which questions are answered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.comms.models.audiences import KINDS
from tocsin.incidents.models import Incident


class StatusWord(models.TextChoices):
    """How an update of the status page is marked."""

    INVESTIGATING = "investigating", _("Investigating")
    IDENTIFIED = "identified", _("Cause found")
    WORKING = "working", _("Work under way")
    WATCHING = "watching", _("Watching")
    RESOLVED = "resolved", _("Resolved")


class StatusPage(models.Model):
    """The incident's public page, at an address that cannot be guessed. `title` is what the public reads as heading."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="status_page")
    slug = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=16, default="en")
    open = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.title


class Question(models.Model):
    """A question that people will ask, and the answer to give. `audiences` are the kinds it is for; empty for all."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="questions")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=500)
    answer = models.TextField(blank=True)
    audiences = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    written_by = models.CharField(max_length=200)
    written_by_id = models.CharField(max_length=64)
    changed_at = models.DateTimeField()
    final_answer = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    approved_by = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True)
    dropped = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_question_a_number")]

    def __str__(self) -> str:
        return f"Q-{self.number} {self.question}"

    @property
    def audience_words(self) -> list[str]:
        """The kinds of people it is for, as words."""
        words = dict(KINDS)
        return [str(words[k]) for k in self.audiences if k in words]
