"""What people do in an incident: tasks and decisions."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.incidents.models.incident import Incident
from tocsin.people.models import Member
from tocsin.plan.models import Function, StepKind


class TaskState(models.TextChoices):
    """Where a task stands. Waiting: for other steps or for a fact."""

    WAITING = "waiting", _("Waiting")
    OPEN = "open", _("Open")
    DOING = "doing", _("In progress")
    BLOCKED = "blocked", _("Blocked")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Not needed")


class Task(models.Model):
    """A step of the playbook in this incident, or work somebody added. Owned by a role first, a person second."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="tasks")
    number = models.PositiveIntegerField()
    step_id = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=16, choices=[(k, k) for k in StepKind], default=StepKind.TASK)
    title = models.CharField(max_length=300)
    instructions = models.TextField(blank=True)
    done_when = models.TextField(blank=True)
    function = models.CharField(max_length=32, choices=[(f, f) for f in Function])
    role = models.CharField(max_length=80)
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="tasks")
    state = models.CharField(max_length=8, choices=TaskState, default=TaskState.WAITING)
    blocked_by = models.CharField(max_length=300, blank=True)
    needs = models.JSONField(default=list)
    when = models.CharField(max_length=500, blank=True)
    # Why the incident no longer calls for it, though it did once; empty while it does, or never did.
    uncalled = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True)
    due_because = models.CharField(max_length=200, blank=True)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=200, blank=True)
    proof = models.TextField(blank=True)
    overdue_logged = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["incident", "state", "due_at"], name="tasks_by_deadline")]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_task_a_number")]

    def __str__(self) -> str:
        return f"T-{self.number} {self.title}"

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be done."""
        return self.state in (TaskState.DONE, TaskState.SKIPPED)

    @property
    def live(self) -> bool:
        """Whether somebody has to act on it now."""
        return self.state in (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)


class DecisionState(models.TextChoices):
    """Where a decision stands."""

    OPEN = "open", _("Open")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Decision(models.Model):
    """A question to somebody with the authority to answer it, and what was known when it was answered."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="decisions")
    number = models.PositiveIntegerField()
    task = models.OneToOneField(Task, null=True, on_delete=models.PROTECT, related_name="decision")
    # The playbook's step that asked first; a question that is asked again keeps it, so that its answer counts.
    step_id = models.CharField(max_length=80, blank=True)
    question = models.CharField(max_length=500)
    options = models.JSONField(default=list)
    authority = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=80)
    if_nobody_decides = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)
    overdue_logged = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=DecisionState, default=DecisionState.OPEN)
    opened_at = models.DateTimeField()
    chosen = models.CharField(max_length=80, blank=True)
    reason = models.TextField(blank=True)
    dissent = models.JSONField(default=list)
    known = models.JSONField(default=dict)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    revisit_at = models.DateTimeField(null=True)
    # The decision that this question looks at again.
    before = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="again")
    # The condition of the step that asked, and every fact that the answer rests on.
    when = models.CharField(max_length=500, blank=True)
    rests_on = models.JSONField(default=list)
    # Who is for which option and why, one entry a person.
    recommendations = models.JSONField(default=list)
    # What the decider had before them when they decided: canonical JSON to the letter, and its SHA-256 (hex).
    brief = models.TextField(blank=True)
    brief_sha256 = models.CharField(max_length=64, blank=True)
    # How it was answered: "link" for the signed link without an account; empty for a signed-in person.
    via = models.CharField(max_length=8, blank=True)
    # Facts it rests on that are not any more what they were when it was decided.
    changed = models.JSONField(default=list)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["incident", "number"], name="one_decision_a_number")]

    def __str__(self) -> str:
        return f"D-{self.number} {self.question}"

    @property
    def chosen_label(self) -> str:
        """The words of the option that was chosen."""
        return next((o["label"] for o in self.options if o["id"] == self.chosen), self.chosen)
