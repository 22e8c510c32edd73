"""What others may ask of communications: who has a part in them, which messages somebody sees, whom one reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from tocsin.comms.models import Audience, Delivery, Message, MessageState
from tocsin.core.access import Actor, Forbidden, Hidden, standing
from tocsin.core.models import Grant, OutboxMessage
from tocsin.core.models import MessageState as Sent
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.people.called import written_method
from tocsin.people.models import Member
from tocsin.people.paging import LONGEST_ADDRESS
from tocsin.plan.comms_models import INSIDE, Approvals, AudienceKind, usual
from tocsin.plan.models import Function, IncidentRole

SPEAK = "speak"
"""The authority of the plan without which nothing goes to people outside."""
ALWAYS = frozenset({IncidentRole.LEAD, IncidentRole.DECIDER, IncidentRole.COUNSEL})
ANSWERS = ALWAYS | {IncidentRole.RESPONDER}
_SEATED = frozenset({IncidentRole.LEAD, IncidentRole.DECIDER, IncidentRole.COUNSEL, IncidentRole.RESPONDER})


@dataclass(frozen=True)
class Part:
    """What somebody has to do with an incident's communications: their seats, and whether they see what is embargoed.

    Leads, deciders, counsel and the seats of crisis communications see all; reviewers what they review; anybody what
    they wrote themselves. Observers see nothing before its release, whatever seat they hold.
    """

    incident: Incident
    actor: Actor
    roles: frozenset[str] = frozenset()
    seats: frozenset[str] = frozenset()

    @cached_property
    def whole(self) -> bool:
        """Whether they see every message and may plan and hold waves."""
        if self.actor.is_system or self.roles & ALWAYS:
            return True
        planned = self.incident.plan_version.plan.roles
        serves = {key for key in self.seats if planned[key].function == Function.CRISIS_COMMUNICATIONS}
        return bool(self.roles & _SEATED and serves)

    @property
    def works(self) -> bool:
        """Whether they take part in the incident at all, beyond looking on."""
        return self.actor.is_system or bool(self.roles & _SEATED)

    @property
    def answers(self) -> bool:
        """Whether they may read the approved answers of the question sheet."""
        return self.actor.is_system or bool(self.roles & ANSWERS)

    @property
    def speaks(self) -> bool:
        """Whether the plan lets them release to people outside; where it trusts nobody by name, leads and deciders."""
        if self.actor.is_system:
            return True
        planned = self.incident.plan_version.plan.roles
        trusted = {key for key, role in planned.items() if SPEAK in role.authority}
        return bool(self.seats & trusted) if trusted else bool(self.roles & {IncidentRole.LEAD, IncidentRole.DECIDER})

    def reviews(self, message: Message) -> bool:
        """Whether they may review this message: as the role that the plan names, else with a part in all of them."""
        if self.actor.is_system:
            return True
        reviewer = rule_for(message).reviewer
        return self.works and (reviewer in self.seats if reviewer else self.whole)

    def sees(self, message: Message) -> bool:
        """Whether this message exists for them."""
        if not message.embargoed or self.whole:
            return True
        return self.works and (self.actor.id in message.editors or self.reviews(message))


def part_of(actor: Actor, incident: Incident) -> Part:
    """Somebody's part in an incident's communications. Two queries."""
    if actor.is_system:
        return Part(incident, actor)
    held = incident.roles.filter(user_id=actor.user_id, renounced_at=None).values_list("role", flat=True)
    known = incident.plan_version.plan.roles
    seats = frozenset(key for key in held if key in known)
    return Part(incident, actor, frozenset(standing(actor, incident.chain).incident), seats)


def parts_of(actor: Actor, incidents: Mapping[UUID, Incident]) -> dict[UUID, Part]:
    """Somebody's part in the communications of several incidents, by id. Two queries however many there are."""
    held = RoleAssignment.objects.filter(incident__in=list(incidents), user_id=actor.user_id, renounced_at=None)
    seats: dict[UUID, set[str]] = {}
    for incident, role in held.values_list("incident_id", "role"):
        if role in incidents[incident].plan_version.plan.roles:
            seats.setdefault(incident, set()).add(role)
    chains = [i.chain_id for i in incidents.values()]
    roles: dict[UUID, set[str]] = {}
    for chain, role in Grant.objects.filter(chain__in=chains, user_id=actor.user_id).values_list("chain_id", "role"):
        roles.setdefault(chain, set()).add(role)
    return {
        key: Part(one, actor, frozenset(roles.get(one.chain_id, ())), frozenset(seats.get(key, ())))
        for key, one in incidents.items()
    }


def visible_messages(part: Part) -> list[Message]:
    """The messages that exist for somebody, in order; the embargoed ones only where they have a part in them."""
    rows = part.incident.outgoing.select_related("audience", "incident__plan_version", "task")
    if not part.works:
        rows = rows.filter(released_at__isnull=False)
    return [m for m in rows if part.sees(m)]


def seen_message(part: Part, number: int) -> Message:
    """The message of that number. Raises Hidden where there is none, or none that they see."""
    rows = part.incident.outgoing.select_related("audience", "incident__plan_version__organization", "task")
    found = rows.filter(number=number).first()
    if found is None or not part.sees(found):
        raise Hidden
    return found


def needs_part(actor: Actor, incident: Incident) -> Part:
    """Somebody's part, if they have one in all messages; raises Forbidden."""
    part = part_of(actor, incident)
    if not part.whole:
        raise Forbidden(f"{actor.name} has no part in the communications of this incident")
    return part


def rule_for(message: Message) -> Approvals:
    """Who must agree to a message: as its template says, else its audience, else what is usual for such people."""
    plan = message.incident.plan_version.plan
    template, audience = plan.messages.get(message.template), plan.audiences.get(message.audience.key)
    found = (template and template.approvals) or (audience and audience.approvals)
    return found or usual(AudienceKind(message.audience.kind))


def all_inside(messages: Iterable[Message]) -> bool:
    """Whether these messages go to people of the house alone, and none to the public page."""
    return all(m.audience.kind in INSIDE and not m.on_status for m in messages)


@dataclass(frozen=True)
class Reached:
    """Somebody whom a message would go to."""

    name: str
    address: str
    language: str = ""
    listed: bool = False


@dataclass
class Reach:
    """Whom an audience reaches, who of the plan has no address that can be written to, how many share another's."""

    people: list[Reached] = field(default_factory=list)
    unreachable: list[str] = field(default_factory=list)
    folded: int = 0

    def speaking(self, language: str) -> list[Reached]:
        """Those who are written to in this language; the ones whose language nobody said count too."""
        return [
            p for p in self.people if not p.language or p.language.split("-")[0] == language.split("-", maxsplit=1)[0]
        ]


def contacts_of(incident: Incident, key: str) -> list[Member]:
    """The people of the plan's audience of that key, as they can be reached now."""
    planned = incident.plan_version.plan.audiences.get(key)
    if planned is None:
        return []
    rows = Member.objects.filter(organization_id=incident.organization_id, key__in=planned.contacts, active=True)
    by = {m.key: m for m in rows}
    return [by[k] for k in planned.contacts if k in by]


def reach_of(audience: Audience) -> Reach:
    """Everybody an audience reaches, each address once: the plan's people first, then the list."""
    found, seen = Reach(), set()
    people: list[Reached] = []
    for member in contacts_of(audience.incident, audience.key):
        method = written_method(member)
        if method is None or len(method["url"]) > LONGEST_ADDRESS:
            found.unreachable.append(member.name)
        else:
            people.append(Reached(member.name, method["url"], (member.languages or [""])[0]))
    people += [Reached(r.name, r.address, r.language, listed=True) for r in audience.recipients.all()]
    for one in people:
        if one.address.lower() in seen:
            found.folded += 1
        else:
            seen.add(one.address.lower())
            found.people.append(one)
    return found


def recipients_of(message: Message) -> list[Reached]:
    """Whom a message goes to: everybody its audience reaches, or those of its language where it is meant for them."""
    reach = reach_of(message.audience)
    return reach.speaking(message.language) if message.only_language else reach.people


@dataclass(frozen=True)
class Standing:
    """How many of a message's recipients are where."""

    waiting: int = 0
    queued: int = 0
    sent: int = 0
    failed: int = 0
    fenced: int = 0
    recalled: int = 0
    read: int = 0

    @property
    def total(self) -> int:
        """All recipients."""
        return self.waiting + self.queued + self.sent + self.failed + self.fenced + self.recalled

    @property
    def settled(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.waiting == self.queued == 0

    @property
    def arrived(self) -> int:
        """Those it was handed to, or would have been but for an exercise's fence."""
        return self.sent + self.fenced


def standing_of(message: Message) -> Standing:
    """Where a message's deliveries stand. Two queries."""
    rows = list(message.deliveries.values_list("key", "recalled", "acknowledged_at"))
    mine = Delivery.objects.filter(message=message).values("key")
    states = dict(OutboxMessage.objects.filter(key__in=mine).values_list("key", "state"))
    counts = dict.fromkeys(("waiting", "queued", "sent", "failed", "fenced", "recalled"), 0)
    for key, recalled, _read in rows:
        state = states.get(key, "")
        counts["recalled" if recalled and state != Sent.SENT else state or "waiting"] += 1
    return Standing(**counts, read=sum(at is not None for _key, _recalled, at in rows))


@dataclass(frozen=True)
class Delivered:
    """One recipient and how the delivery to them went."""

    delivery: Delivery
    state: str
    error: str
    attempts: int


def deliveries_of(message: Message, limit: int, after: int = 0) -> list[Delivered]:
    """The recipients from a number on, each with how it went. Two queries."""
    rows = list(message.deliveries.filter(number__gt=after)[:limit])
    outbox = {m.key: m for m in OutboxMessage.objects.filter(key__in=[d.key for d in rows]).only(
        "key", "state", "last_error", "attempts")}  # fmt: skip
    found = []
    for row in rows:
        sent = outbox.get(row.key)
        state = sent.state if sent else "waiting"
        if row.recalled and state != Sent.SENT:
            state = "recalled"
        error = sent.last_error if sent and state in (Sent.FAILED, Sent.QUEUED) else ""
        found.append(Delivered(row, state, error, sent.attempts if sent else 0))
    return found


def to_queue() -> QuerySet[Delivery]:
    """The deliveries that have to go into the outbox: of released messages whose wave is not held."""
    stored = OutboxMessage.objects.filter(key=OuterRef("key"))
    rows = Delivery.objects.filter(~Exists(stored), recalled=False, message__state=MessageState.RELEASED)
    held = Q(message__steps__wave__state="paused") | Q(message__steps__wave__state="recalled")
    return rows.exclude(pk__in=Delivery.objects.filter(held).values("pk")).order_by("message_id", "number")
