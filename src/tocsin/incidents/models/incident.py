"""The incident itself and who holds which role in it, then and now."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.core.models import Chain, Organization
from tocsin.people.models import Member, PlanVersion, User
from tocsin.plan.models import Anchor, Function, Playbook, Step


class Phase(models.TextChoices):
    """Where the response stands; the stages of NIST SP 800-61r3's Detect, Respond and Recover."""

    DETECTED = "detected", _("Detected")
    DECLARED = "declared", _("Declared")
    INVESTIGATING = "investigating", _("Investigating")
    CONTAINED = "contained", _("Contained")
    ERADICATED = "eradicated", _("Eradicated")
    RECOVERED = "recovered", _("Recovered")
    CLOSED = "closed", _("Closed")


class Tlp(models.TextChoices):
    """Traffic Light Protocol 2.0."""

    RED = "TLP:RED"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    AMBER = "TLP:AMBER"
    GREEN = "TLP:GREEN"
    CLEAR = "TLP:CLEAR"


class Outcome(models.TextChoices):
    """How an incident came out, once it is closed."""

    TRUE_POSITIVE = "true_positive", _("True positive")
    NEAR_MISS = "near_miss", _("Near miss")
    FALSE_POSITIVE = "false_positive", _("False positive")
    MERGED = "merged", _("Merged")


class Incident(models.Model):
    """A declared incident or an exercise. Its id is its chain's id."""

    chain = models.OneToOneField(Chain, primary_key=True, on_delete=models.PROTECT, related_name="incident")
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="incidents")
    number = models.CharField(max_length=32)
    title = models.CharField(max_length=300)
    summary = models.TextField(blank=True)
    severity = models.PositiveSmallIntegerField()
    phase = models.CharField(max_length=16, choices=Phase, default=Phase.DECLARED)
    tlp = models.CharField(max_length=20, choices=Tlp, default=Tlp.AMBER)
    exercise = models.BooleanField(default=False)
    plan_version = models.ForeignKey(PlanVersion, on_delete=models.PROTECT, related_name="incidents")
    playbook_id = models.CharField(max_length=80, blank=True)
    playbook_because = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    instants = models.JSONField(default=dict)
    entity_roles = models.JSONField(default=dict)
    data_categories = models.JSONField(default=dict)
    key = models.CharField(max_length=100, null=True)
    declared_at = models.DateTimeField()
    declared_by = models.CharField(max_length=200)
    declared_by_id = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(default=0)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    # "hr": what is done about a person, apart from the incident that it belongs to.
    track = models.CharField(max_length=8, blank=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="absorbed")

    class Meta:
        ordering = ["-declared_at"]
        indexes = [
            models.Index(fields=["organization", "phase", "severity", "-declared_at"], name="incidents_in_order")
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="one_incident_a_number"),
            models.UniqueConstraint(fields=["organization", "declared_by_id", "key"], name="one_incident_a_key"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def id(self) -> UUID:
        """The incident's id, which is its chain's."""
        return self.chain_id

    @property
    def playbook(self) -> Playbook | None:
        """The playbook it runs, as the pinned plan version has it; None before one is started."""
        return self.plan_version.plan.playbooks.get(self.playbook_id)

    @property
    def held_roles(self) -> frozenset[str]:
        """What the organization is in this incident (controller, bank ...): the plan's, and what was said here."""
        roles = dict.fromkeys(self.plan_version.plan.organization.roles, True) | self.entity_roles
        return frozenset(role for role, held in roles.items() if held)

    def step(self, step_id: str) -> Step | None:
        """A step of the running playbook; None for added work and for steps of a playbook that was left."""
        steps = self.playbook.steps if self.playbook else ()
        return next((s for s in steps if s.id == step_id), None)

    def instant(self, anchor: Anchor | str) -> datetime | None:
        """When an anchor was reached, aware; None while it was not."""
        value = self.instants.get(str(anchor))
        return datetime.fromisoformat(value) if value else None


class RoleAssignment(models.Model):
    """One spell of one person in one role. Who led at 03:10 is a query over these.

    `user` and `address` are the holder's account and mail when they took the seat: what the plan says later of the
    member moves nobody into a seat that is taken.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    function = models.CharField(max_length=32, choices=[(f, f) for f in Function])
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="roles")
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="seats")
    address = models.CharField(max_length=254, blank=True)
    holder = models.CharField(max_length=200, blank=True)
    because = models.CharField(max_length=300, blank=True)
    assumed_at = models.DateTimeField()
    renounced_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["assumed_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"], condition=models.Q(renounced_at=None), name="one_holder_a_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.holder or '-'}"
