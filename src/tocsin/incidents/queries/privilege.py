"""Who sees what is privileged: the one place that says so, and what those who see it may ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, Q, QuerySet

from tocsin.core.access import Actor, visible
from tocsin.core.models import Grant, LogEntry
from tocsin.incidents.models import Admission, Incident, Note, Privileged, RoleAssignment, SealedEntry
from tocsin.people.models import User
from tocsin.plan.models import Function, IncidentRole, Track

TAKEN_OFF = ("access.dismiss", "user.deactivate")
P = TypeVar("P", bound=Privileged)


def seen(actor: Actor, rows: QuerySet[P], *, chain: str = "incident") -> QuerySet[P]:
    """The rows this actor may see, the privileged among them only where they are privy. Give it the rows of `kept`.

    Every page and API that shows something privileged reads through here. The system is privy to nothing: what it
    makes of rows is read by others.
    """
    found = visible(actor, rows, chain=chain)
    return found.filter(Q(privileged=False) | Q(**{f"{chain}__in": privy_to(actor)}))


def privy_to(actor: Actor) -> set[UUID]:
    """The incidents whose privileged rows the actor sees: as counsel, or admitted by counsel. One query for most, at most four."""
    if actor.is_system:
        return set()
    seats, admissions = _seats().filter(user_id=actor.user_id), _admissions().filter(user_id=actor.user_id)
    if not seats.order_by().values("pk").union(admissions.order_by().values("pk")).exists():
        return set()  # most people, at one query
    return {s.incident_id for s in seats if _is_counsel(s)} | {a.incident_id for a in _still(admissions)}


def is_privy(actor: Actor, incident: Incident) -> bool:
    """Whether the actor sees what is privileged here."""
    return incident.pk in privy_to(actor)


def counsel_of(incident: Incident) -> list[RoleAssignment]:
    """Who is counsel here: sits in a legal seat with counsel's access, is named for it by the plan, and was not taken off.

    A lead who seats somebody else there makes no counsel: that person is admitted by counsel like anybody. One query.
    """
    return [seat for seat in _seats().filter(incident=incident) if _is_counsel(seat)]


def is_counsel(actor: Actor, incident: Incident) -> bool:
    """Whether the actor is counsel here: sets and lifts privilege, and admits others."""
    return not actor.is_system and any(seat.user_id == actor.user_id for seat in counsel_of(incident))


def may_open_hr_track(actor: Actor, incident: Incident) -> bool:
    """Whether the actor sits in a legal or HR seat for which the plan names them. One query."""
    seats = incident.roles.filter(renounced_at=None, function=Function.LEGAL_HR_REGULATORY, user_id=actor.user_id)
    return any(_named(seat) for seat in seats.select_related("member", "incident__plan_version"))


def has_hr_steps(incident: Incident) -> bool:
    """Whether the playbook that runs has steps for an HR track."""
    playbook = incident.playbook
    return playbook is not None and not incident.track and any(step.track == Track.HR for step in playbook.steps)


def hr_track_of(actor: Actor, incident: Incident) -> Incident | None:
    """The incident's HR track, if the actor is on it."""
    return visible(actor, Incident.objects.filter(parent=incident, track=Track.HR)).first()


def admitted(incident: Incident) -> list[Admission]:
    """Whom counsel has admitted here, in the order that it was done. An admission ends when counsel ends it, and when a
    role on the incident is taken from the person, or their account: who comes back is admitted anew.
    """
    return _still(_admissions().filter(incident=incident))


def privy_users(incident: Incident) -> list[User]:
    """Who sees what is privileged here."""
    seats = [seat.user for seat in counsel_of(incident) if seat.user]
    here = set(Grant.objects.filter(chain_id=incident.pk).values_list("user_id", flat=True))
    return [u for u in {*seats, *(a.user for a in admitted(incident))} if u.pk in here]


def sealed_of(actor: Actor, incident: Incident) -> QuerySet[SealedEntry]:
    """What the log keeps sealed, newest first; nothing for who is not privy."""
    rows = SealedEntry.objects.filter(incident=incident).order_by("-sequence")
    return rows if is_privy(actor, incident) else rows.none()


def opened(sealed: SealedEntry) -> LogEntry:
    """The entry as it would stand in the log, to be told in a sentence; it is not stored."""
    content: Mapping[str, Any] = sealed.content
    return LogEntry(
        chain_id=sealed.incident_id, sequence=sealed.sequence, actor=content["actor"], verb=content["verb"],
        object_kind=content["object"]["kind"], object_id=content["object"]["id"], payload=content["payload"],
        time=content["time"],
    )  # fmt: skip


def note_called(actor: Actor, incident: Incident, slug: str) -> Note | None:
    """The note that addresses call so ("3", or "p2" where it is privileged), if the actor sees it."""
    if slug.startswith("p"):
        rows = seen(actor, Note.kept.filter(incident=incident, privileged=True))
    else:
        rows = visible(actor, Note.objects.filter(incident=incident), chain="incident")
    return rows.filter(number=int(slug.removeprefix("p"))).first()


def privileged_notes(actor: Actor, incident: Incident, *, archived: bool = False) -> QuerySet[Note]:
    """The privileged notes without their texts, last changed first; none for who is not privy."""
    rows = Note.kept.filter(incident=incident, privileged=True, archived_at__isnull=not archived)
    return seen(actor, rows).order_by("-changed_at", "-number").defer("text")


def _seats() -> QuerySet[RoleAssignment]:
    held = RoleAssignment.objects.filter(
        renounced_at=None, function=Function.LEGAL_HR_REGULATORY, incident__chain__grants__user=F("user"),
        incident__chain__grants__role=IncidentRole.COUNSEL,
    )  # fmt: skip
    held = held.select_related("member", "incident__plan_version").defer("incident__plan_version__files")
    return held.order_by("title")


def _is_counsel(seat: RoleAssignment) -> bool:
    role = seat.incident.plan_version.plan.roles.get(seat.role)
    return role is not None and role.access == IncidentRole.COUNSEL and _named(seat)


def _named(seat: RoleAssignment) -> bool:
    """Whether the plan names who sits there: nobody is let in by being seated by a lead alone."""
    role = seat.incident.plan_version.plan.roles.get(seat.role)
    return role is not None and seat.member is not None and seat.member.key in (role.holder, *role.backups)


def _admissions() -> QuerySet[Admission]:
    rows = Admission.objects.filter(ended_at=None, incident__chain__grants__user=F("user"))
    return rows.select_related("user", "incident").distinct()


def _still(rows: QuerySet[Admission]) -> list[Admission]:
    """Those who were not taken off since. Read from the log: an entry of its own would say who had been admitted."""
    found = list(rows)
    if not found:
        return []
    left = LogEntry.objects.filter(verb__in=TAKEN_OFF, object_id__in={str(a.user_id) for a in found})
    at = {
        (str(chain), who): time
        for chain, who, time in left.order_by("time").values_list("chain_id", "object_id", "time")
    }
    places = [(a, (str(a.incident_id), str(a.incident.organization_id))) for a in found]
    return [a for a, chains in places if not any(at.get((c, str(a.user_id)), a.real_at) > a.real_at for c in chains)]
