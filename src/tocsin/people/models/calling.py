"""Calling people for a seat: the effort to fill it, and each person who is called."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from tocsin.core.models import Chain
from tocsin.people.models.accounts import Member
from tocsin.people.paging import Effort, rounds


class PagingState(models.TextChoices):
    """Where the effort to fill a seat stands."""

    CALLING = "calling", _("Being called")
    ANSWERED = "answered", _("Answered")
    UNANSWERED = "unanswered", _("Nobody answered")
    CANCELLED = "cancelled", _("Called off")


class Via(models.TextChoices):
    """How an answer came in. `acted`: they were at work on the incident, which answers too."""

    LINK = "link", _("by the link")
    CODE = "code", _("by the reply code")
    VOICE = "voice", _("by voice")
    API = "api", _("by a gateway")
    ACTED = "acted", _("by starting to work")


class Paging(models.Model):
    """The effort to fill one seat of an incident: who is called in which order, why, and where it stands.

    Times are on the chain's clock, which an exercise scales. `ladder` holds people in order: `member` (a key of
    Member), `name`, `why`, and `seat`: whether they take the seat when they answer, or only see to it.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="pagings")
    number = models.PositiveIntegerField()
    role = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    headline = models.CharField(max_length=300)
    reason = models.CharField(max_length=300)
    holder = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    ladder = models.JSONField(default=list)
    seconds = models.PositiveIntegerField()
    rung = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=PagingState, default=PagingState.CALLING)
    next_at = models.DateTimeField(null=True, db_index=True)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=200)
    sequence = models.PositiveIntegerField()
    ended_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["chain", "number"], name="one_paging_a_number"),
            models.UniqueConstraint(
                fields=["chain", "role"], condition=models.Q(state="calling"), name="one_live_paging_a_role"
            ),
        ]

    def __str__(self) -> str:
        return f"C-{self.number} {self.title}: {self.state}"

    @property
    def patience(self) -> timedelta:
        """How long one person is waited for."""
        return timedelta(seconds=self.seconds)

    @property
    def at_hand(self) -> Mapping[str, Any]:
        """The person on the ladder who is called now, or was last."""
        found: Mapping[str, Any] = self.ladder[min(self.rung, len(self.ladder) - 1)]
        return found

    @property
    def after(self) -> Mapping[str, Any] | None:
        """Who is called next if that person does not answer; None when nobody is left."""
        left = self.left(self.rung + 1)
        return self.ladder[left[0]] if left else None

    def left(self, rung: int) -> list[int]:
        """The places on the ladder from `rung` on of those who can be called: not of who was taken out since."""
        places = {place: self.ladder[place]["member"] for place in range(rung, len(self.ladder))}
        active = set(Member.objects.filter(pk__in=places.values(), active=True).values_list("pk", flat=True))
        return [place for place, member in places.items() if member in active]

    @property
    def open(self) -> bool:
        """Whether an answer still fills the seat: also when all were called in vain."""
        return self.state in (PagingState.CALLING, PagingState.UNANSWERED)


class PagingCall(models.Model):
    """One person being called: by which methods, how many rounds of them were given, and what they answered.

    `code` is what they can reply; it is emptied when it has expired, so that it can be given again.
    """

    paging = models.ForeignKey(Paging, on_delete=models.CASCADE, related_name="calls")
    rung = models.PositiveSmallIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="calls")
    why = models.CharField(max_length=300)
    methods = models.JSONField(default=list)
    tried = models.PositiveSmallIntegerField(default=0)
    called_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    code = models.CharField(max_length=6, blank=True)
    expires_at = models.DateTimeField()
    answer = models.CharField(max_length=3, blank=True)
    answered_at = models.DateTimeField(null=True)
    via = models.CharField(max_length=8, choices=Via, blank=True)

    class Meta:
        ordering = ["paging_id", "rung"]
        constraints = [
            models.UniqueConstraint(fields=["paging", "rung"], name="one_call_a_rung"),
            models.UniqueConstraint(fields=["code"], condition=~models.Q(code=""), name="one_live_call_a_code"),
        ]

    def __str__(self) -> str:
        return f"{self.paging_id}.{self.rung} {self.member_id}: {self.answer or 'no answer yet'}"

    @property
    def chain_id(self) -> UUID:
        """The chain that this is logged on."""
        return self.paging.chain_id

    @property
    def takes_seat(self) -> bool:
        """Whether this person takes the seat by answering; who is called only because nobody else answered does not."""
        return bool(self.paging.ladder[self.rung]["seat"])

    @property
    def effort(self) -> Effort:
        """Where the paging stands, as the pure part asks."""
        paging = self.paging
        count = len(rounds(self.methods))
        passed = self.answer == "no" or not self.member.active
        people = max(paging.left(self.rung + 1), default=self.rung) + 1
        return Effort(self.rung, people, self.tried, count, paging.patience, passed)

    def given(self) -> list[Mapping[str, str]]:
        """The methods that were used so far, in their order."""
        places = [p for r in rounds(self.methods)[: self.tried] for p in (*r.hand, r.machine) if p is not None]
        return [self.methods[p] for p in sorted(places)]

    def live(self, real: datetime) -> bool:
        """Whether the link and the code still answer anything: not those of who was taken out of the organization."""
        return real < self.expires_at and self.member.active
