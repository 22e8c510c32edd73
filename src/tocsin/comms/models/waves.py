"""One coordinated release: messages in order, each with what it waits for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.comms.models.messages import Message
from tocsin.incidents.models import Incident, Task


class WaveState(models.TextChoices):
    """Where a wave stands."""

    PLANNED = "planned", _("Planned")
    RUNNING = "running", _("Under way")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")
    RECALLED = "recalled", _("Recalled")


LIVE = (WaveState.PLANNED, WaveState.RUNNING, WaveState.PAUSED)


class Wave(models.Model):
    """Messages that leave together, in order. `because` says why it is paused or was recalled."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="waves")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=WaveState, default=WaveState.PLANNED)
    revision = models.PositiveIntegerField(default=1)
    planned_by = models.CharField(max_length=200)
    planned_at = models.DateTimeField()
    order_because = models.TextField(blank=True)
    released_by = models.CharField(max_length=200, blank=True)
    released_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    because = models.TextField(blank=True)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_wave_a_number")]

    def __str__(self) -> str:
        return f"W-{self.number}: {self.state}"

    @property
    def live(self) -> bool:
        """Whether something of it may still leave."""
        return self.state in LIVE


class WaveStep(models.Model):
    """A message's place in a wave. `after` are places that must have gone before; `sha256` the text that was released.

    `loosened` says why somebody let it go without what it waited for.
    """

    wave = models.ForeignKey(Wave, on_delete=models.CASCADE, related_name="steps")
    place = models.PositiveSmallIntegerField()
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="steps")
    not_before = models.DateTimeField(null=True)
    after = models.JSONField(default=list)
    after_task = models.ForeignKey(Task, null=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)
    loosened = models.TextField(blank=True)

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["wave", "place"], name="one_step_a_place")]

    def __str__(self) -> str:
        return f"{self.wave_id}.{self.place} M-{self.message_id}"
