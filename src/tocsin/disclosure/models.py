"""The state of disclosure: duties to notify, their clocks, what was filed, held back and ruled on."""

from __future__ import annotations

from datetime import datetime

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


class Verdict(models.TextChoices):
    """What the law library says of a regime on the fact sheet."""

    MAY_APPLY = "may_apply", _("May apply")
    CANNOT_TELL = "cannot_tell", _("Nobody can tell yet")
    NOT_IN_FORCE = "not_in_force", _("Not in force")
    DOES_NOT_APPLY = "does_not_apply", _("Does not apply")


class Word(models.TextChoices):
    """Counsel's word on a duty, or on one of its stages."""

    CONFIRMED = "confirmed", _("Confirmed: to be notified")
    REJECTED = "rejected", _("Rejected: not to be notified")


class StageState(models.TextChoices):
    """Where a duty's stage stands, as tocsin.law.clocks says it."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    NO_NUMBER = "no_number", _("No fixed limit")
    TO_JUDGE = "to_judge", _("To be judged")
    HELD = "held", _("Held back")
    FILED = "filed", _("Filed")
    FILED_LATE = "filed_late", _("Filed late")
    NOT_NEEDED = "not_needed", _("Not needed")


FILED = (StageState.FILED, StageState.FILED_LATE)
OPEN = (StageState.WAITING, StageState.RUNNING, StageState.NO_NUMBER, StageState.TO_JUDGE, StageState.HELD)


class DutyReading(models.Model):
    """What was worked out for an incident when something last changed: each regime's verdict, and from which facts.

    `key` names the facts (SHA-256, hex): while they stay, nothing is worked out anew.
    """

    incident = models.OneToOneField(Incident, primary_key=True, on_delete=models.CASCADE, related_name="duty_reading")
    key = models.CharField(max_length=64)
    verdicts = models.JSONField(default=dict)
    at = models.DateTimeField()
    sequence = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.incident_id} as of {self.at}"


class Duty(models.Model):
    """One regime that may apply to an incident, did so once, or that somebody ruled on or filed under.

    reasons: key and values of each (tocsin.law.reasons). missing: facts that would decide it. lost: what a filed notice
    rested on and is not so any more. `because` and `sequence`: what last changed it, and with which entry of the log.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="duties")
    regime = models.CharField(max_length=80)
    name = models.CharField(max_length=300)
    verdict = models.CharField(max_length=16, choices=Verdict)
    reasons = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    lost = models.JSONField(default=list)
    ruling = models.CharField(max_length=10, choices=Word, blank=True)
    ruled_by = models.CharField(max_length=200, blank=True)
    ruled_at = models.DateTimeField(null=True)
    ruling_reason = models.TextField(blank=True)
    because = models.CharField(max_length=300, blank=True)
    revision = models.PositiveIntegerField(default=0)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["incident", "regime"], name="one_duty_a_regime")]

    def __str__(self) -> str:
        return f"{self.regime}: {self.ruling or self.verdict}"

    @property
    def counts(self) -> bool:
        """Whether its clocks count for the incident: it may apply or was confirmed, and counsel did not reject it."""
        return self.ruling == Word.CONFIRMED or (self.verdict == Verdict.MAY_APPLY and not self.ruling)


COUNTED = models.Q(duty__ruling=Word.CONFIRMED) | models.Q(duty__ruling="", duty__verdict=Verdict.MAY_APPLY)
"""The stages of duties that count: `Duty.counts`, as the database asks it of their clocks."""


class DutyClock(models.Model):
    """One stage of a duty: to whom, how it stands, from when and until when. Times as tocsin.law.clocks has them.

    A filed stage keeps its deadline. `ruling` is counsel's word on this stage alone. `task`: the playbook's task that
    does this notice.
    """

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="clocks")
    stage = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField()
    recipient = models.CharField(max_length=40)
    recipient_name = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=StageState)
    because = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    expected = models.DateTimeField(null=True)
    missing = models.JSONField(default=list)
    judge = models.JSONField(default=list)
    own_target = models.BooleanField(default=False)
    mandatory = models.BooleanField(default=True)
    urgency = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    ruling = models.CharField(max_length=10, choices=Word, blank=True)
    ruling_reason = models.TextField(blank=True)
    overdue_logged = models.BooleanField(default=False)
    task = models.ForeignKey(Task, null=True, on_delete=models.SET_NULL, related_name="duty_clocks")
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["duty", "stage"], name="one_clock_a_stage")]

    def __str__(self) -> str:
        return f"{self.stage}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether somebody may still have to act."""
        return self.state in OPEN

    def is_late(self, now: datetime) -> bool:
        """Whether its time has run out at `now` and nothing was filed; an own target that passed is not late."""
        return (
            self.state == StageState.RUNNING and self.due_at is not None and self.due_at <= now and not self.own_target
        )


class Ruling(models.Model):
    """One word of counsel on a duty, or on a stage: each is kept, the last one holds."""

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="rulings")
    stage = models.CharField(max_length=200, blank=True)
    word = models.CharField(max_length=10, choices=Word)
    reason = models.TextField()
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.word} by {self.by}"


class Filing(models.Model):
    """One notice that was handed in. The first of a stage counts; another is an addition to it.

    due_at: the deadline as it stood then, which the stage keeps. rests_on: the flags, roles and data that spoke for it.
    notice: the number of the drafted notice that it was, with the hash of its text. struck_at: when somebody took it back
    because it was recorded by mistake; it stays readable and counts for nothing.
    """

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="filings")
    stage = models.CharField(max_length=200)
    first = models.BooleanField()
    submitted_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    channel = models.CharField(max_length=100)
    reference = models.CharField(max_length=200, blank=True)
    proof = models.CharField(max_length=500, blank=True)
    evidence = models.PositiveIntegerField(null=True)
    notice = models.PositiveIntegerField(null=True)
    notice_sha256 = models.CharField(max_length=64, blank=True)
    delay_reason = models.TextField(blank=True)
    rests_on = models.JSONField(default=list)
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    struck_at = models.DateTimeField(null=True)
    struck_by = models.CharField(max_length=200, blank=True)
    struck_reason = models.TextField(blank=True)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["duty", "stage"], condition=models.Q(first=True), name="one_first_filing")
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.submitted_at}"

    @property
    def struck(self) -> bool:
        """Whether it was taken back."""
        return self.struck_at is not None


class Delay(models.Model):
    """A stage that an authority asked to hold back: who, under which document, until when. The last one holds."""

    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="delays")
    stage = models.CharField(max_length=200)
    until = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    reference = models.CharField(max_length=200)
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.stage} until {self.until}"


class NoticeState(models.TextChoices):
    """Where a notice stands. A final one is never changed; another is drafted beside it."""

    DRAFT = "draft", _("Draft")
    FINAL = "final", _("Final")


class Notice(models.Model):
    """A notice of one stage, drafted from facts: `sections` while it is written, `text` and its hash once it is final.

    A section holds key, heading, asked (the regime's words for it), text, drawn (what the facts said when its text was
    last taken from them, or kept against them) and by_hand. `open` names what was missing or outdated when it was
    finished all the same, and `reason` why. sha256: over `text` in UTF-8.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notices")
    duty = models.ForeignKey(Duty, on_delete=models.CASCADE, related_name="notices")
    number = models.PositiveIntegerField()
    stage = models.CharField(max_length=200)
    recipient = models.CharField(max_length=40)
    recipient_name = models.CharField(max_length=300)
    language = models.CharField(max_length=8)
    sections = models.JSONField(default=list)
    state = models.CharField(max_length=5, choices=NoticeState, default=NoticeState.DRAFT)
    revision = models.PositiveIntegerField(default=0)
    drafted_by = models.CharField(max_length=200)
    drafted_by_id = models.CharField(max_length=64, blank=True)
    drafted_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField()
    finished_by = models.CharField(max_length=200, blank=True)
    finished_at = models.DateTimeField(null=True)
    open = models.JSONField(default=list)
    reason = models.TextField(blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sequence = models.PositiveIntegerField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_notice_a_number")]

    def __str__(self) -> str:
        return f"N-{self.number} {self.stage}"

    @property
    def is_final(self) -> bool:
        """Whether it is kept as it is."""
        return self.state == NoticeState.FINAL
