"""Who may do what and who may see what: roles, one policy for each action, one entry point for row security."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from tocsin.core.models import Chain, ChainKind, Grant, LogEntry, Organization
from tocsin.plan.models import IncidentRole

M = TypeVar("M", bound=Model)


NOBODY = UUID(int=0)


class OrgRole(StrEnum):
    """What somebody may do in an organization outside incidents."""

    ADMINISTRATOR = "administrator"
    RESPONDER = "responder"
    AUDITOR = "auditor"
    GUEST = "guest"


class Hidden(Exception):
    """The thing does not exist for this actor: who is not on an incident cannot learn that it exists."""


class Forbidden(Exception):
    """The actor sees the thing but may not do this to it."""


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, or the system because of a log entry or a schedule."""

    kind: str
    id: str
    name: str
    cause: LogEntry | None = field(default=None, compare=False)

    @classmethod
    def system(cls, name: str = "Tocsin", cause: LogEntry | None = None) -> Actor:
        """The system itself, acting by a rule; `cause` is the entry that it reacts to."""
        return cls("system", "tocsin", name, cause)

    @property
    def is_system(self) -> bool:
        """Whether no person acts."""
        return self.kind == "system"

    @property
    def user_id(self) -> UUID:
        """The acting person's account; for the system the nil UUID, which no account has."""
        return NOBODY if self.is_system else UUID(self.id)


@dataclass(frozen=True)
class Standing:
    """The roles an actor has where an action happens."""

    system: bool = False
    organization: frozenset[str] = frozenset()
    incident: frozenset[str] = frozenset()


Policy = Callable[[Standing], bool]


def organization_role(*roles: OrgRole) -> Policy:
    """A policy: one of these organization roles (or the system)."""
    wanted = frozenset(roles)
    return lambda s: s.system or bool(s.organization & wanted)


def incident_role(*roles: IncidentRole) -> Policy:
    """A policy: one of these roles on the incident at hand (or the system)."""
    wanted = frozenset(roles)
    return lambda s: s.system or bool(s.incident & wanted)


def system_only(standing: Standing) -> bool:
    """A policy: rules and schedules only, never a person."""
    return standing.system


def standing(actor: Actor, chain: Chain) -> Standing:
    """The actor's roles on a chain. A role in the organization opens none of its incidents."""
    if actor.is_system:
        return Standing(system=True)
    held = Grant.objects.filter(chain_id=chain.id, user_id=actor.user_id).values_list("role", flat=True)
    if chain.kind == ChainKind.INCIDENT:
        return Standing(incident=frozenset(held))
    return Standing(organization=frozenset(held))


def check(actor: Actor, chain: Chain, policy: Policy, verb: str) -> None:
    """Let the actor through, or raise Hidden (does not see the chain) or Forbidden (sees it, may not do this)."""
    at = standing(actor, chain)
    if policy(at):
        return
    sees = at.incident | at.organization
    if not sees:
        raise Hidden
    raise Forbidden(f"{actor.name} may not do '{verb}' with the roles {', '.join(sorted(sees))}")


def visible(actor: Actor, rows: QuerySet[M], *, chain: str = "chain") -> QuerySet[M]:
    """The rows this actor may see; `chain` is the path from the row to its chain. Every page and API reads through here."""
    if actor.is_system:
        return rows
    seen = Grant.objects.filter(user_id=actor.user_id).values("chain_id")
    return rows.filter(**{f"{chain}__in": seen})


def reads_organization_log(actor: Actor, organization: Organization) -> bool:
    """Whether the actor reads what happened in an organization outside incidents: its administrators and auditors."""
    if actor.is_system:
        return True
    held = Grant.objects.filter(chain_id=organization.pk, user_id=actor.user_id)
    return held.filter(role__in=(OrgRole.ADMINISTRATOR, OrgRole.AUDITOR)).exists()


def may(actor: Actor, chain: Chain, action: Callable[..., Any]) -> bool:
    """Whether the actor could call this action here: what a page asks before it draws a button."""
    policy: Policy = action.policy  # type: ignore[attr-defined]  # set by core.action.action
    return policy(standing(actor, chain))
