"""The signed link with which somebody whom the plan trusts decides from a phone, without an account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from tocsin.core import clock
from tocsin.incidents.briefs import trusted_roles
from tocsin.incidents.calling import headline_of
from tocsin.incidents.models import Decision, DecisionState, Incident, Phase, RoleAssignment
from tocsin.people.called import time_of_day

SIGNER = signing.Signer(salt="tocsin.incidents.decisions")
LASTS = timedelta(days=7)


@dataclass(frozen=True)
class Asked:
    """Whom a link asks what: the question, the seat of who answers, and until when (real time) the link is good."""

    decision: Decision
    seat: RoleAssignment
    until: datetime

    @property
    def incident(self) -> Incident:
        """The incident of both."""
        return self.decision.incident

    @property
    def ended(self) -> str:
        """Why the link shows nothing of the incident any more; empty while it does."""
        member = self.seat.member
        if self.seat.renounced_at is not None or member is None or not member.active:
            return _("The role that this link was for is held by somebody else now. You need not decide.")
        if self.until <= clock.now():
            return _("This link has ended. If you have an account, sign in; else ring whoever leads.")
        if self.incident.phase == Phase.CLOSED:
            return _("The incident is closed. Nothing is left to decide.")
        return ""


def seats_asked(decision: Decision) -> list[RoleAssignment]:
    """The seats, with their members, that the plan trusts with a question and that somebody holds now. One query."""
    plan = decision.incident.plan_version.plan
    trusted = trusted_roles(plan, decision.authority, decision.role)
    rows = decision.incident.roles.filter(role__in=trusted, renounced_at=None, member__active=True)
    return list(rows.select_related("member"))


def token_of(decision: Decision, seat: RoleAssignment) -> str:
    """The secret part of the link: question, seat and end, signed. It is good for a week from now."""
    return SIGNER.sign(f"{decision.pk}-{seat.pk}-{int((clock.now() + LASTS).timestamp())}")


def link_of(decision: Decision, seat: RoleAssignment) -> str:
    """The whole link."""
    return f"{settings.BASE_URL}/decide/{quote(token_of(decision, seat))}"


def links_for(incident: Incident, seat: RoleAssignment) -> list[tuple[Decision, str]]:
    """The open questions that the plan trusts a seat with, the most pressing first, each with its token."""
    plan = incident.plan_version.plan
    found = [
        d
        for d in incident.decisions.filter(state=DecisionState.OPEN)
        if seat.role in trusted_roles(plan, d.authority, d.role)
    ]
    found.sort(key=lambda d: (d.due_at is None, d.due_at or d.opened_at, d.number))
    return [(d, token_of(d, seat)) for d in found]


def asked_by(token: str) -> Asked | None:
    """Whom a link asks what, also when it has ended; None for a link that was not signed here."""
    try:
        parts = SIGNER.unsign(token.replace("\x00", "")).split("-")
    except signing.BadSignature:
        return None
    question, place, until = (int(p) for p in parts)
    rows = Decision.objects.select_related("incident__chain", "incident__organization", "incident__plan_version")
    decision = rows.select_related("task", "before").filter(pk=question).first()
    seat = RoleAssignment.objects.select_related("member").filter(pk=place).first()
    if decision is None or seat is None or seat.incident_id != decision.incident_id:
        return None
    return Asked(decision, seat, datetime.fromtimestamp(until, UTC))


def message_for(decision: Decision, seat: RoleAssignment) -> tuple[str, str]:
    """Subject and body of the message that puts a question to somebody.

    It names the seat and the numbers of question and incident and nothing else: whoever attacks may read mail and
    chat. What is asked stands behind the link.
    """
    incident = decision.incident
    said = {"organization": incident.organization.name, "title": seat.title, "number": decision.number,
            "headline": headline_of(incident), "link": link_of(decision, seat)}  # fmt: skip
    lines = [_("%(organization)s asks you, as %(title)s, for decision D-%(number)d: %(headline)s.") % said, ""]
    if decision.due_at:
        said["by"] = time_of_day(decision.due_at, incident.organization.time_zone)
        lines.append(_("Decide by %(by)s: %(link)s") % said)
    else:
        lines.append(_("Read and decide here: %(link)s") % said)
    lines += ["", _("Opening the link decides nothing. It is yours alone: do not pass it on.")]
    return _("A decision waits for you: D-%(number)d") % said, "\n".join(lines)


def changed_message(decision: Decision, seat: RoleAssignment) -> tuple[str, str]:
    """Subject and body of the message that says that a decision rests on something that changed."""
    incident = decision.incident
    said = {"number": decision.number, "headline": headline_of(incident), "title": seat.title,
            "link": f"{settings.BASE_URL}/incidents/{quote(incident.number)}/decisions/{decision.number}"}  # fmt: skip
    body = _("Something that decision D-%(number)d rests on has changed (%(headline)s). You are told as %(title)s.\n\n"
             "Look at it, and ask again if it matters: %(link)s") % said  # fmt: skip
    return _("D-%(number)d rests on something that changed") % said, body
