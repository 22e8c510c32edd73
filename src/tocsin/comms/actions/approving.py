"""Review and legal approval: of one exact text, by people who did not write it; and what a changed fact means."""

from __future__ import annotations

from typing import Any

from tocsin.comms.filling import Text, fill, values_of
from tocsin.comms.models import Approval, ApprovalKind, Message, MessageState
from tocsin.comms.queries import Part, part_of, rule_for, seen_message
from tocsin.core.access import Forbidden, incident_role, system_only
from tocsin.core.action import Call, Invalid, Stale, action
from tocsin.core.canonical import plain
from tocsin.incidents.actions.common import TAKES_PART, fresh, same_revision, words
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

COUNSEL = incident_role(IncidentRole.COUNSEL)


@action("comms.submit", TAKES_PART)
def submit_message(call: Call[Incident], *, message: Message, revision: int | None = None) -> Message:
    """Ask for the review of a draft. Gaps may still be open; nobody can approve it before they are closed."""
    message, _part = _mine(call, message)
    _in_state(message, MessageState.DRAFT)
    same_revision(message, revision)
    message.state, message.changed_at = MessageState.IN_REVIEW, call.now
    message.save()
    call.record(message, outgoing=message.number)
    return message


def _mine(call: Call[Incident], message: Message) -> tuple[Message, Part]:
    """The message as it stands, for somebody who wrote in it or has a part in all."""
    fresh(call)
    part = part_of(call.actor, call.place)
    found = seen_message(part, message.number)
    if not (part.whole or call.actor.id in found.editors):
        raise Forbidden(f"{call.actor.name} did not write M-{found.number}")
    return found, part


def _in_state(message: Message, *states: MessageState) -> None:
    if message.state not in states:
        wanted = " or ".join(str(s.label).lower() for s in states)
        raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}, not {wanted}.")


def _not_own(call: Call[Incident], message: Message) -> None:
    """Four eyes: who wrote in it, or approved it before, does not approve it as well."""
    if not rule_for(message).distinct or call.actor.is_system:
        return
    if call.actor.id in message.editors:
        raise Invalid("You wrote in this message; somebody else has to approve it.")
    if message.approvals.filter(void=False, by_id=call.actor.id, kind=ApprovalKind.REVIEW).exists():
        raise Invalid("You reviewed this message; somebody else has to approve it legally.")


def _text(call: Call[Incident], message: Message, seen: str | None) -> Text:
    """The exact text as the facts give it now. Raises Stale when it is not what the person saw, Invalid for a gap."""
    text = fill(message.subject, message.body, values_of(call.place, message.language), message.language)
    if seen is not None and seen != text.sha256:
        raise Stale("The text is not the one you saw any more. Read it again, then approve.")
    if text.missing:
        gaps = ", ".join(name.replace("_", " ") for name in text.missing)
        raise Invalid(f"Not known yet: {gaps}. State these facts, or write the text without them.", "body")
    return text


def _agree(call: Call[Incident], message: Message, kind: ApprovalKind, note: str, sha256: str) -> None:
    Approval.objects.create(message=message, kind=kind, by=call.actor.name[:200], by_id=call.actor.id, at=call.now,
                            note=note.strip()[:2000], sha256=sha256, sequence=call.sequence)  # fmt: skip


@action("comms.review", TAKES_PART)
def review_message(
    call: Call[Incident], *, message: Message, seen: str | None = None, note: str = "", revision: int | None = None
) -> Message:
    """Say that the text is right. `seen` is the SHA-256 of the text that the person read.

    Raises Invalid for who wrote in it, while a fact is missing, and unless the plan lets this person review.
    """
    fresh(call)
    part = part_of(call.actor, call.place)
    message = seen_message(part, message.number)
    _in_state(message, MessageState.IN_REVIEW)
    rule = rule_for(message)
    if not part.reviews(message):
        planned = call.place.plan_version.plan.roles.get(rule.reviewer or "")
        raise Invalid(f"The plan gives this review to: {planned.title if planned else 'crisis communications'}.")
    _not_own(call, message)
    text = _text(call, message, seen)
    message.final_subject, message.final_text, message.sha256 = text.subject, text.body, text.sha256
    message.facts, message.outdated, message.accepted = text.facts, [], {}
    message.state = MessageState.LEGAL if rule.legal else MessageState.APPROVED
    message.changed_at = call.now
    same_revision(message, revision)
    message.save()
    message.approvals.filter(void=False).update(void=True)
    _agree(call, message, ApprovalKind.REVIEW, note, text.sha256)
    call.record(message, outgoing=message.number, sha256=text.sha256, state=message.state)
    return message


@action("comms.clear", COUNSEL)
def approve_legally(
    call: Call[Incident], *, message: Message, seen: str | None = None, note: str = "", revision: int | None = None
) -> Message:
    """Approve the reviewed text legally. Raises Invalid for who wrote in it or reviewed it, Stale for another text."""
    fresh(call)
    message = seen_message(part_of(call.actor, call.place), message.number)
    _in_state(message, MessageState.LEGAL)
    _not_own(call, message)
    if _text(call, message, seen).sha256 != message.sha256:
        raise Stale("The text is not the one that was reviewed any more. It has to be reviewed again.")
    same_revision(message, revision)
    message.state, message.changed_at = MessageState.APPROVED, call.now
    message.save()
    _agree(call, message, ApprovalKind.LEGAL, note, message.sha256)
    call.record(message, outgoing=message.number, sha256=message.sha256, state=message.state)
    return message


@action("comms.return", TAKES_PART)
def return_message(call: Call[Incident], *, message: Message, note: str) -> Message:
    """Send a message back to its writers, with what is to be changed. The words stay with the message."""
    fresh(call)
    part = part_of(call.actor, call.place)
    message = seen_message(part, message.number)
    _in_state(message, MessageState.IN_REVIEW, MessageState.LEGAL, MessageState.APPROVED)
    if not (part.whole or part.reviews(message)):
        raise Forbidden(f"{call.actor.name} does not review M-{message.number}")
    message.approvals.filter(void=False).update(void=True)
    _agree(call, message, ApprovalKind.RETURNED, words(note, "note", "what is to be changed"), message.sha256)
    message.state, message.changed_at, message.revision = MessageState.DRAFT, call.now, message.revision + 1
    message.save()
    call.record(message, outgoing=message.number)
    return message


@action("comms.outdated", system_only)
def mark_outdated(call: Call[Incident], *, message: Message, facts: list[dict[str, Any]]) -> Message:
    """Warn that facts in an approved or sent text changed, or that they are as they were. What has not gone is reviewed
    again: its text no longer says what is so.
    """
    message.refresh_from_db()
    message.outdated = plain(facts)
    back = bool(facts) and message.state in (MessageState.LEGAL, MessageState.APPROVED)
    if back:
        message.state, message.revision = MessageState.IN_REVIEW, message.revision + 1
        message.approvals.filter(void=False).update(void=True)
    message.save()
    names = [f["fact"] for f in facts]
    call.record(message, outgoing=message.number, facts=names, back=back, sent=message.released_at is not None)
    return message


@action("comms.stand", TAKES_PART)
def confirm_stands(call: Call[Incident], *, message: Message, because: str) -> Message:
    """Say that a text stands though a fact in it changed. One that had been approved is approved again, as it was.

    Raises Invalid without a changed fact or a reason; for a message that has not gone also for who wrote in it, and for
    who could not approve it: where the plan asks for a legal approval, counsel says it.
    """
    fresh(call)
    part = part_of(call.actor, call.place)
    message = seen_message(part, message.number)
    if not message.outdated:
        raise Invalid(f"No fact in M-{message.number} has changed.")
    reason = words(because, "because", "the reason why it stands")
    if message.released_at is None:
        _may_let_stand(call, part, message)
        message.state = MessageState.APPROVED
        message.approvals.filter(sha256=message.sha256).exclude(kind=ApprovalKind.RETURNED).update(void=False)
    elif not part.whole:
        raise Forbidden(f"{call.actor.name} has no part in the communications of this incident")
    message.accepted = message.accepted | {f["fact"]: f["now"] for f in message.outdated}
    names, message.outdated = [f["fact"] for f in message.outdated], []
    message.changed_at, message.revision = call.now, message.revision + 1
    message.save()
    _agree(call, message, ApprovalKind.STANDS, reason, message.sha256)
    call.record(message, outgoing=message.number, facts=names, sha256=message.sha256)
    return message


def _may_let_stand(call: Call[Incident], part: Part, message: Message) -> None:
    _in_state(message, MessageState.IN_REVIEW)
    rule = rule_for(message)
    agreed = set(message.approvals.filter(sha256=message.sha256).values_list("kind", flat=True))
    wanted = {ApprovalKind.REVIEW, ApprovalKind.LEGAL} if rule.legal else {ApprovalKind.REVIEW}
    if not wanted <= agreed:
        raise Invalid("This text was never approved as a whole. Review it with the facts as they are now.")
    if rule.legal and not call.actor.is_system and IncidentRole.COUNSEL not in part.roles:
        raise Invalid("The plan asks for a legal approval of this message: counsel says whether it stands.")
    if not rule.legal and not part.reviews(message):
        raise Forbidden(f"{call.actor.name} does not review M-{message.number}")
    if call.actor.id in message.editors and rule.distinct:
        raise Invalid("You wrote in this message; somebody else has to say that it stands.")
