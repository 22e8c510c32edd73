"""What communications expect of a person: messages that wait for their review, their legal approval or their release."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin.comms.models import ApprovalKind, Message, MessageState, WaveState
from tocsin.comms.queries import Part, all_inside, parts_of, rule_for
from tocsin.core.access import visible
from tocsin.incidents.expected import Row, give_plans, row_for
from tocsin.incidents.models import Phase, RoleAssignment
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

WAITING = (MessageState.IN_REVIEW, MessageState.LEGAL, MessageState.APPROVED)


def messages_for(user: User, seats: list[RoleAssignment], real: datetime) -> list[Row]:  # noqa: ARG001  every room is asked alike
    """The messages whose next step is this person's, by their seats and the rule that different people do each step.

    Six queries at most. What is embargoed shows for nobody who does not see it in its own room.
    """
    # What was begun in an incident that was merged is finished there.
    over = Q(incident__phase=Phase.CLOSED, incident__merged_into=None)
    rows = Message.objects.filter(state__in=WAITING).exclude(over)
    rows = visible(user.actor, rows, chain="incident__chain").select_related("incident__chain", "audience", "task")
    found = list(rows.select_related("incident__organization").prefetch_related("approvals", "steps__wave"))
    if not found:
        return []
    give_plans(m.incident for m in found)
    parts = parts_of(user.actor, {m.incident_id: m.incident for m in found})
    return [_row(m, step, real) for m in found if (step := _step(parts[m.incident_id], m))]


def _step(part: Part, message: Message) -> str:
    """What a message waits for, if this person can do it; else nothing."""
    if not part.sees(message):
        return ""
    wrote = rule_for(message).distinct and part.actor.id in message.editors
    if message.state == MessageState.IN_REVIEW:
        return _("Waits for your review") if part.reviews(message) and not wrote else ""
    if message.state == MessageState.LEGAL:
        free = not wrote and not _reviewed(part, message)
        return _("Waits for your legal approval") if IncidentRole.COUNSEL in part.roles and free else ""
    if not part.whole or message.outdated or not (part.speaks or all_inside([message])):
        return ""
    return "" if _under_way(message) else _("Approved: waits for you to release it")


def _reviewed(part: Part, message: Message) -> bool:
    """Whether this person reviewed the text as it stands, where others have to do the next step."""
    mine = (a for a in message.approvals.all() if a.kind == ApprovalKind.REVIEW and a.by_id == part.actor.id)
    return rule_for(message).distinct and any(not a.void for a in mine)


def _under_way(message: Message) -> bool:
    """Whether a wave that runs sends it by itself, in its turn."""
    return any(s.wave.state == WaveState.RUNNING and s.sha256 == message.sha256 for s in message.steps.all())


def _row(message: Message, step: str, real: datetime) -> Row:
    due = message.task.due_at if message.task else None
    return row_for(
        message.incident, real, label=f"M-{message.number}", title=message.final_subject or message.subject, why=step,
        due_at=due, start=message.created_at, page=f"communications/messages/{message.number}", kind="message",
        number=message.number,
    )  # fmt: skip
