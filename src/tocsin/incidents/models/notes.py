"""Notes: pages of Markdown that several people write, with every state they ever had, and whom they mention."""

from __future__ import annotations

from django.db import models

from tocsin.incidents.models.incident import Incident
from tocsin.incidents.models.privilege import Privileged
from tocsin.people.models import User


class Note(Privileged):
    """A page of an incident's notebook: N-3, or PN-2 where it is privileged. Its text is its last revision's; `text`
    repeats it for reading.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)
    # The page that first sent it says the same key again when it is sent twice.
    key = models.CharField(max_length=64, null=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    created_by_id = models.CharField(max_length=64)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)
    changed_by_id = models.CharField(max_length=64)
    archived_at = models.DateTimeField(null=True)
    archived_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "privileged", "number"], name="one_note_a_number"),
            models.UniqueConstraint(fields=["incident", "created_by_id", "key"], name="one_note_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.title}"

    @property
    def label(self) -> str:
        """How people call it."""
        return f"PN-{self.number}" if self.privileged else f"N-{self.number}"

    @property
    def slug(self) -> str:
        """How addresses call it."""
        return f"p{self.number}" if self.privileged else str(self.number)


class NoteRevision(models.Model):
    """One state of a note, kept for good. A revision that was merged also keeps what its author sent (`sent`)."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64)
    # What its author had begun with, where that was not the revision before; and then the one it was merged with.
    based_on = models.PositiveIntegerField(null=True)
    merged_from = models.PositiveIntegerField(null=True)
    sent = models.TextField(null=True)
    # The revision whose text this one brought back.
    restored_from = models.PositiveIntegerField(null=True)
    # The open editor that it came from: what that one sends again is not held against itself.
    key = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["note", "number"], name="one_revision_a_number")]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.note_id}"


class Mention(models.Model):
    """Somebody on the incident whom a note mentions, from the revision on that first did."""

    note = models.ForeignKey(Note, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mentions")
    revision = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["note", "user", "revision"], name="one_mention_a_revision")]

    def __str__(self) -> str:
        return f"{self.user_id} in note {self.note_id}"
