"""Who hears: an audience of the plan, or one made in the incident, and the list of recipients it was given here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models import Incident
from tocsin.plan.comms_models import INSIDE, AudienceKind

KIND_WORDS = {
    AudienceKind.EXECUTIVES: _("Executives"),
    AudienceKind.STAFF: _("Staff"),
    AudienceKind.CUSTOMERS: _("Customers"),
    AudienceKind.VICTIMS: _("People affected"),
    AudienceKind.PARTNERS: _("Partners and suppliers"),
    AudienceKind.REGULATORS: _("Authorities"),
    AudienceKind.PRESS: _("Press and public"),
    AudienceKind.LAW_ENFORCEMENT: _("Law enforcement"),
    AudienceKind.INSURER: _("Insurer"),
    AudienceKind.OTHER: _("Others outside"),
}
KINDS = [(str(kind), word) for kind, word in KIND_WORDS.items()]


class Audience(models.Model):
    """An audience of this incident. A key of the plan's audiences brings that audience's people with it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="audiences")
    key = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=KINDS)
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["incident", "key"], name="one_audience_a_key")]

    def __str__(self) -> str:
        return self.title

    @property
    def inside(self) -> bool:
        """Whether these people belong to the house."""
        return self.kind in INSIDE


class Recipient(models.Model):
    """Somebody of a list that was given to an audience. `address` is a mailto: address or an Apprise URL."""

    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="recipients")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=500)
    language = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["audience", "address"], name="one_recipient_an_address")]

    def __str__(self) -> str:
        return self.name or self.address
