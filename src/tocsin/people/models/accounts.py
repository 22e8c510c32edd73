"""Accounts, members of an organization as its plan names them, and the plan's versions."""

from __future__ import annotations

import uuid
from functools import lru_cache
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from tocsin.core.access import Actor
from tocsin.core.models import Organization
from tocsin.plan.load import parse_plan
from tocsin.plan.models import Plan


class UserManager(BaseUserManager["User"]):
    """Finds accounts by mail address, whatever its case."""

    def get_by_natural_key(self, email: str | None) -> User:
        """The account of that mail address."""
        return self.get(email__iexact=email)


class User(AbstractBaseUser):
    """An account that can sign in. What it may do stands in grants, never here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(null=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor(self) -> Actor:
        """This person as the one who acts."""
        return Actor("person", str(self.id), str(self))

    @property
    def initials(self) -> str:
        """Two letters for the face in the bar."""
        words = str(self).split()
        return (words[0][:1] + (words[-1][:1] if words[1:] else "")).upper() or "?"


class SignInLink(models.Model):
    """A link that signs one person in once. Only the hash of its secret is kept."""

    secret_hash = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link for {self.user_id}"


class Member(models.Model):
    """Somebody the plan names: in the house or outside, with or without an account."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="members")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=12, default="person")
    organization_name = models.CharField(max_length=200, blank=True)
    outside = models.BooleanField(default=False)
    party = models.CharField(max_length=20, blank=True)
    languages = models.JSONField(default=list)
    time_zone = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    methods = models.JSONField(default=list)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="memberships")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_member_a_key")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def mail(self) -> str:
        """The first mail address, or an empty text."""
        return next((m["url"].removeprefix("mailto:") for m in self.methods if m["kind"] == "mail"), "")


MOST_PLANS = 64
_plans: dict[str, Plan] = {}
"""Plans by the version that names their content."""


@lru_cache(maxsize=MOST_PLANS)
def parsed(version: str, files: tuple[tuple[str, str], ...]) -> Plan:  # noqa: ARG001  the version names the cached value
    """The plan of these files (sorted pairs of path and text); parsed once a process. Raises PlanError."""
    return parse_plan(dict(files))


class PlanVersion(models.Model):
    """One imported state of the plan: its files, named by their content. Never changed."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="plan_versions")
    version = models.CharField(max_length=64)
    files = models.JSONField()
    imported_at = models.DateTimeField()
    number = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "version"], name="one_row_a_version")]
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"plan {self.number} ({self.version[:12]})"

    @property
    def plan(self) -> Plan:
        """The plan as a value; parsed once a process. Who has it already does not need the files, which are large."""
        known = _plans.get(self.version)
        if known is None:
            files: dict[str, Any] = self.files
            known = parsed(self.version, tuple(sorted(files.items())))
            if len(_plans) >= MOST_PLANS:
                _plans.clear()
            _plans[self.version] = known
        return known
