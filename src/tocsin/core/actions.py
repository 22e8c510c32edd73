"""The ground's own actions: found an organization, grant and revoke roles, run a chain's clock, send messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model

from tocsin.core.access import OrgRole, incident_role, organization_role, system_only
from tocsin.core.action import Call, Invalid, Place, action
from tocsin.core.clock import Clock
from tocsin.core.models import ChainKind, Grant, MessageState, Organization, OutboxMessage
from tocsin.plan.models import IncidentRole

FENCE = "EXERCISE EXERCISE EXERCISE"


def _grant_policy(kind: str) -> set[str]:
    return {r.value for r in (OrgRole if kind == ChainKind.ORGANIZATION else IncidentRole)}


def _account(user_id: UUID) -> None:
    if not get_user_model().objects.filter(pk=user_id).exists():
        raise Invalid("There is no such account.", "user_id")


@action("organization.found", system_only)
def found_organization(call: Call[Organization]) -> Organization:
    """Write the first entry of an organization's chain. `new_organization` makes the rows that it stands on."""
    place = call.place
    call.record(place, slug=place.slug, name=place.name, time_zone=place.time_zone, countries=place.countries)
    return place


@action("access.grant", organization_role(OrgRole.ADMINISTRATOR))
def grant(call: Call[Organization], *, user_id: UUID, role: str) -> None:
    """Give somebody an organization role. Raises Invalid for an unknown role or account."""
    if role not in _grant_policy(ChainKind.ORGANIZATION):
        raise Invalid(f"'{role}' is no organization role; take one of {', '.join(OrgRole)}", "role")
    _account(user_id)
    Grant.objects.get_or_create(chain=call.chain, user_id=user_id, role=role)
    call.record(("user", str(user_id)), role=role)


@action("access.revoke", organization_role(OrgRole.ADMINISTRATOR))
def revoke(call: Call[Organization], *, user_id: UUID, role: str) -> None:
    """Take an organization role away. Raises Invalid when it is the last administrator's, or was not held."""
    held = Grant.objects.filter(chain=call.chain, role=role)
    if not held.filter(user_id=user_id).exists():
        raise Invalid("this person does not hold that role", "role")
    if role == OrgRole.ADMINISTRATOR and held.count() == 1:
        raise Invalid("an organization needs one administrator; grant the role to somebody else first", "role")
    held.filter(user_id=user_id).delete()
    call.record(("user", str(user_id)), role=role)


@action("access.admit", incident_role(IncidentRole.LEAD))
def admit(call: Call[Place], *, user_id: UUID, role: str) -> None:
    """Let somebody onto an incident: from now on it exists for them. Raises Invalid for an unknown role or account."""
    if role not in _grant_policy(ChainKind.INCIDENT):
        raise Invalid(f"'{role}' is no incident role; take one of {', '.join(IncidentRole)}", "role")
    _account(user_id)
    Grant.objects.get_or_create(chain=call.chain, user_id=user_id, role=role)
    call.record(("user", str(user_id)), role=role)


@action("access.dismiss", incident_role(IncidentRole.LEAD))
def dismiss(call: Call[Place], *, user_id: UUID, role: str) -> None:
    """Take an incident role away. Raises Invalid when nobody would lead."""
    held = Grant.objects.filter(chain=call.chain, role=role)
    if not held.filter(user_id=user_id).exists():
        raise Invalid("this person does not hold that role here", "role")
    if role == IncidentRole.LEAD and held.count() == 1:
        raise Invalid("somebody must lead; admit another lead first", "role")
    held.filter(user_id=user_id).delete()
    call.record(("user", str(user_id)), role=role)


@action("clock.set", incident_role(IncidentRole.LEAD))
def set_clock(call: Call[Place], *, speed: float | None = None, jump_to: datetime | None = None) -> Clock:
    """Run an exercise's clock at another speed (0 pauses it) or jump it forward.

    Raises Invalid on a real incident, for a speed beyond 600 and for a jump into the past.
    """
    chain = call.chain
    if not chain.exercise:
        raise Invalid("only an exercise's clock can be set; this incident is real")
    if jump_to is not None and jump_to.tzinfo is None:
        raise Invalid("say in which time zone the clock is to jump to that time", "jump_to")
    current = chain.clock or Clock(call.real_time, call.real_time)
    try:
        changed = current.changed(call.real_time, speed=speed, jump_to=jump_to)
    except ValueError as error:
        raise Invalid(str(error)) from error
    chain.clock_real, chain.clock_shown, chain.clock_speed = changed.real, changed.shown, changed.speed
    chain.save(update_fields=["clock_real", "clock_shown", "clock_speed"])
    call.record(("chain", str(chain.id)), speed=changed.speed, shown=changed.shown)
    return changed


@action("message.queue", system_only)
def queue_message(
    call: Call[Place], *, key: str, address: str, recipient: str, subject: str, body: str
) -> OutboxMessage:
    """Store one message for delivery. A key that was queued before returns that message and queues nothing new.

    In an exercise the subject and the body say so, whoever wrote them. Raises Invalid for a key or an address that
    is too long to keep whole.
    """
    if len(key) > 200 or len(address) > 500:
        raise Invalid("A message's key holds 200 characters, its address 500.")
    if known := OutboxMessage.objects.filter(key=key).first():
        call.record(known, key=key, repeated=True)
        return known
    if call.chain.exercise:
        subject, body = f"{FENCE}: {subject}", f"{FENCE}\n\n{body}\n\n{FENCE}"
    message = OutboxMessage.objects.create(
        chain=call.chain,
        key=key,
        address=address,
        recipient=recipient[:200],
        subject=subject[:300],
        body=body,
        next_attempt=call.real_time,
        queued_at=call.real_time,
    )
    call.record(message, recipient=recipient, subject=message.subject)
    return message


@action("message.settle", system_only)
def settle_message(call: Call[Place], *, message: OutboxMessage, error: str = "", retry_in: timedelta | None = None,
                   fenced: bool = False) -> None:  # fmt: skip
    """Record how an attempt to deliver ended: sent, to be retried, given up, or held by the exercise fence."""
    message.refresh_from_db()  # another process may have delivered it in the meantime
    message.attempts += 1
    message.last_error = error
    if message.state == MessageState.SENT:
        pass  # a second delivery under the same key: what was sent stays sent
    elif fenced:
        message.state = MessageState.FENCED
    elif not error:
        message.state, message.sent_at = MessageState.SENT, call.real_time
    elif retry_in is None:
        message.state = MessageState.FAILED
    else:
        message.next_attempt = call.real_time + retry_in
    message.save()
    facts: dict[str, Any] = {"state": message.state, "attempt": message.attempts, "recipient": message.recipient}
    call.record(message, **facts, **({"error": error} if error else {}))
