"""The state of evidence: items in custody, their transfers, analysis runs and detections."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models import Incident, Privileged


class EvidenceItem(Privileged):
    """A file or collection in custody: hashed on intake, stored once, never changed. A privileged one is not analysed."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="evidence")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=500)
    source = models.CharField(max_length=1000, blank=True)
    kind = models.CharField(max_length=32, blank=True)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    collected_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=200)
    verified_at = models.DateTimeField(null=True)
    intact = models.BooleanField(default=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "privileged", "number"], name="one_item_a_number"),
            # Apart for the privileged: whoever brings the same file must not learn that it is there.
            models.UniqueConstraint(fields=["incident", "privileged", "sha256"], name="one_item_a_content"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.name}"

    @property
    def label(self) -> str:
        """How statements cite it: E-03, or PE-03 where it is privileged."""
        return f"PE-{self.number:02d}" if self.privileged else f"E-{self.number:02d}"


class Custody(models.Model):
    """One step of an item from hand to hand."""

    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="custody")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    to = models.CharField(max_length=200, blank=True)
    what = models.CharField(max_length=500)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "custody"

    def __str__(self) -> str:
        return f"{self.item_id}: {self.what}"


class RunState(models.TextChoices):
    """Where an analysis run stands. Empty: it ended and nothing could be read, which is never 'done'."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    EMPTY = "empty", _("Nothing could be read")
    FAILED = "failed", _("Failed")


class AnalysisRun(models.Model):
    """One run of the rules over an incident's evidence, with its honest account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=RunState, default=RunState.QUEUED)
    rules = models.CharField(max_length=500, blank=True)
    items = models.JSONField(default=list)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    report = models.JSONField(default=dict)
    stages = models.JSONField(default=list)
    """What the run did after reading: name, state (done, failed, skipped), seconds, counts, error of each stage."""
    error = models.TextField(blank=True)
    requested_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_run_a_number")]

    def __str__(self) -> str:
        return f"run {self.number}: {self.state}"


class Detection(models.Model):
    """An event of an incident's evidence that a rule matched."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="detections")
    run = models.ForeignKey(AnalysisRun, on_delete=models.PROTECT, related_name="detections")
    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="detections")
    rule_id = models.CharField(max_length=64)
    title = models.CharField(max_length=300)
    level = models.CharField(max_length=16)
    tags = models.JSONField(default=list)
    author = models.CharField(max_length=500, blank=True)
    time = models.DateTimeField(null=True)
    host = models.CharField(max_length=300, blank=True)
    source_file = models.CharField(max_length=1000)
    record_id = models.CharField(max_length=64, blank=True)
    event_id = models.CharField(max_length=32, blank=True)
    channel = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=dict)

    class Meta:
        ordering = ["time", "id"]
        indexes = [
            models.Index(fields=["incident", "time"]),
            models.Index(fields=["incident", "rule_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.title} on {self.host}"

    @property
    def cite(self) -> str:
        """How a statement cites the event: E-03#1842."""
        return f"{self.item.label}#{self.record_id}" if self.record_id else self.item.label


class Feed(models.Model):
    """A file of indicators (STIX, MISP, CSV, OpenIOC, a report) that an incident's evidence is compared with."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="feeds")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    source = models.CharField(max_length=200, blank=True)
    tlp = models.CharField(max_length=16, blank=True)
    count = models.PositiveIntegerField()
    account = models.JSONField(default=dict)
    """What the import left out, and why."""
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_feed_a_number")]

    def __str__(self) -> str:
        return self.name


class Indicator(models.Model):
    """One value that a person asked to look for."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="indicators")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=32)
    value = models.CharField(max_length=2000)
    written = models.CharField(max_length=2000)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    tlp = models.CharField(max_length=16, blank=True)
    why = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_indicator_a_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class Sighting(models.Model):
    """An indicator that the last run met: how often, when first and last, where, and the events that prove it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="sightings")
    run = models.ForeignKey(AnalysisRun, on_delete=models.PROTECT, related_name="sightings")
    kind = models.CharField(max_length=32)
    value = models.CharField(max_length=2000)
    source = models.CharField(max_length=300, blank=True)
    level = models.CharField(max_length=16)
    validity = models.CharField(max_length=16)
    tlp = models.CharField(max_length=16, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    tags = models.JSONField(default=list)
    count = models.PositiveIntegerField()
    first = models.DateTimeField(null=True)
    last = models.DateTimeField(null=True)
    hosts = models.JSONField(default=list)
    fields = models.JSONField(default=list)
    """Names of the fields in which it was met."""
    cites = models.JSONField(default=list)

    class Meta:
        ordering = ["-count", "id"]
        indexes = [models.Index(fields=["incident", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}: {self.count}"


class YaraFile(models.Model):
    """A file of YARA rules that an incident's files are scanned with."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="yara_files")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=300)
    text = models.TextField()
    rules = models.JSONField(default=list)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_yara_file_a_number")]

    def __str__(self) -> str:
        return self.name


class Sample(models.Model):
    """A file of the evidence that is no log: what triage says of it. Its content stays in the item it lies in."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="samples")
    run = models.ForeignKey(AnalysisRun, on_delete=models.PROTECT, related_name="samples")
    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="samples")
    name = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=32)
    kind_name = models.CharField(max_length=200)
    severity = models.CharField(max_length=16, blank=True)
    techniques = models.JSONField(default=list)
    yara = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    """All that triage found out (`tocsin.lab.triage.Triage.as_dict`)."""

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["incident", "sha256"])]

    def __str__(self) -> str:
        return self.name


class EventMark(models.Model):
    """What analysts noted on one event of the lake: a star, tags, comments."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="marks")
    item = models.ForeignKey(EvidenceItem, on_delete=models.PROTECT, related_name="marks")
    seq = models.PositiveBigIntegerField()
    starred = models.BooleanField(default=False)
    tags = models.JSONField(default=list)
    comments = models.JSONField(default=list)
    """Each with `at`, `by` and `text`."""
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["item", "seq"]
        constraints = [models.UniqueConstraint(fields=["item", "seq"], name="one_mark_an_event")]

    def __str__(self) -> str:
        return self.cite

    @property
    def cite(self) -> str:
        """How a statement cites the event: E-03.1842."""
        return f"{self.item.label}.{self.seq}"


class SavedSearch(models.Model):
    """A question to the explorer that somebody gave a name."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="searches")
    name = models.CharField(max_length=200)
    query = models.CharField(max_length=2000, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["incident", "name"], name="one_search_a_name")]

    def __str__(self) -> str:
        return self.name
