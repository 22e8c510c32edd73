"""What analysis says: findings, the scope ledger, and what is done for each scope entry."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models.incident import Incident, Tlp


class Finding(models.Model):
    """What an analyst states (or the analysis suggests), with confidence and the events behind it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="findings")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200, blank=True)
    claim = models.TextField()
    interpretation = models.TextField(blank=True)
    raw = models.JSONField(default=dict)
    source = models.CharField(max_length=300, blank=True)
    confidence = models.CharField(max_length=8, choices=[(c, c) for c in ("low", "moderate", "high")])
    state = models.CharField(
        max_length=9, choices=[("suggested", _("Suggested")), ("stated", _("Stated")), ("rejected", _("Rejected"))]
    )
    reason = models.CharField(max_length=500, blank=True)
    tactics = models.JSONField(default=list)
    techniques = models.JSONField(default=list)
    hosts = models.JSONField(default=list)
    tlp = models.CharField(max_length=20, choices=Tlp, default=Tlp.AMBER)
    happened_from = models.DateTimeField(null=True)
    happened_until = models.DateTimeField(null=True)
    cites = models.JSONField(default=list)
    stated_by = models.CharField(max_length=200)
    stated_at = models.DateTimeField()
    judged_by = models.CharField(max_length=200, blank=True)
    judged_at = models.DateTimeField(null=True)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["happened_from", "number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_finding_a_number")]

    def __str__(self) -> str:
        return f"F-{self.number} {self.claim}"


class ScopeKind(models.TextChoices):
    """What can be affected."""

    HOST = "host", _("Host")
    ACCOUNT = "account", _("Account")
    DATA_SET = "data_set", _("Data set")
    DATA_SUBJECTS = "data_subjects", _("Data subjects")
    SERVICE = "service", _("Service")
    LOCATION = "location", _("Location")


class ScopeState(models.TextChoices):
    """How it stands with an affected thing."""

    SUSPECTED = "suspected", _("Suspected")
    CONFIRMED = "confirmed", _("Confirmed")
    CONTAINED = "contained", _("Contained")
    ERADICATED = "eradicated", _("Eradicated")
    RECOVERED = "recovered", _("Recovered")
    CLEARED = "cleared", _("Cleared")


class Confidence(models.TextChoices):
    """How sure a number is."""

    LOW = "low", _("Low")
    MODERATE = "moderate", _("Moderate")
    HIGH = "high", _("High")


class ScopeEntry(models.Model):
    """One thing that is, or may be, affected. Its history stands in ScopeChange; `state` is the last one's.

    `region` is where data subjects live: ISO 3166-1 (DE), a part of it (US-CA), EU, or empty while not known.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="scope")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=ScopeKind)
    name = models.CharField(max_length=300)
    state = models.CharField(max_length=16, choices=ScopeState)
    count_low = models.PositiveBigIntegerField(null=True)
    count_high = models.PositiveBigIntegerField(null=True)
    region = models.CharField(max_length=8, blank=True)
    confidence = models.CharField(max_length=8, choices=Confidence, blank=True)
    first_seen = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)
    state_since = models.DateTimeField()
    because = models.TextField(blank=True)
    cites = models.JSONField(default=list)
    detections = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="one_entry_a_number"),
            models.UniqueConstraint(fields=["incident", "kind", "name", "region"], name="one_entry_a_thing"),
        ]

    def __str__(self) -> str:
        return f"S-{self.number} {self.name}"


class ScopeChange(models.Model):
    """One change of one scope entry: to which state and numbers, when, on what evidence, by whom."""

    entry = models.ForeignKey(ScopeEntry, on_delete=models.CASCADE, related_name="changes")
    state = models.CharField(max_length=16, choices=ScopeState)
    count_low = models.PositiveBigIntegerField(null=True)
    count_high = models.PositiveBigIntegerField(null=True)
    region = models.CharField(max_length=8, blank=True)
    confidence = models.CharField(max_length=8, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    because = models.TextField(blank=True)
    cites = models.JSONField(default=list)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.state} at {self.at}"


class RemediationState(models.TextChoices):
    """Where a remediation action stands; it counts only once somebody verified it."""

    PLANNED = "planned", _("Planned")
    DONE = "done", _("Done, not verified")
    VERIFIED = "verified", _("Verified")
    FAILED = "failed", _("Did not hold")


class Remediation(models.Model):
    """What is done for one scope entry, and how it was checked that it holds."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="remediations")
    entry = models.ForeignKey(ScopeEntry, on_delete=models.CASCADE, related_name="remediations")
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=300)
    role = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=RemediationState, default=RemediationState.PLANNED)
    method = models.CharField(max_length=300, blank=True)
    result = models.CharField(max_length=300, blank=True)
    planned_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=200, blank=True)
    done_by_id = models.CharField(max_length=64, blank=True)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_remediation_a_number")]

    def __str__(self) -> str:
        return f"R-{self.number} {self.action}"
