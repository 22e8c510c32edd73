"""What others may ask about people and plans."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Case, Value, When

from tocsin.core import clock
from tocsin.core.access import Actor, OrgRole, organization_role, standing
from tocsin.core.models import Chain, ChainKind, Grant, LogEntry, Organization
from tocsin.people.models import ApiToken, Member, PlanVersion, User

FAILED_OF_ONE, FAILED_OF_ALL, FAILED_WITHIN = 10, 200, timedelta(hours=1)
"""How many failed sign-ins are written down within a time: of one account, and of a whole organization."""


READS_CONTACTS = organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER, OrgRole.AUDITOR)
"""Who sees how people are reached, and whether they answered: personal data, for those who may have to call."""


def reads_contacts(actor: Actor, organization: Organization) -> bool:
    """Whether the actor sees contact data of an organization."""
    return READS_CONTACTS(standing(actor, Chain(id=organization.pk, kind=ChainKind.ORGANIZATION)))


def current_plan(organization: Organization) -> PlanVersion | None:
    """The plan version imported last; None before the first import."""
    return PlanVersion.objects.filter(organization=organization).first()


def organizations_of(user: User) -> list[Organization]:
    """The organizations in which this person holds an organization role: those whose plan and team they may see."""
    own = Organization.objects.filter(chains__kind=ChainKind.ORGANIZATION, chains__grants__user=user)
    return list(own.distinct().order_by("name"))


def organizations_reached_by(user: User) -> list[Organization]:
    """Their own organizations, and those in which they were only let onto an incident: of these they see no more."""
    return list(Organization.objects.filter(chains__grants__user=user).distinct().order_by("name"))


def places_of(user: User) -> dict[Organization, frozenset[str]]:
    """The organizations that this person reaches, by name, each with the roles that they hold in the organization itself:
    none where they were only let onto an incident. One query.
    """
    rows = Organization.objects.filter(chains__grants__user=user).annotate(
        held=Case(When(chains__kind=ChainKind.ORGANIZATION, then="chains__grants__role"), default=Value(""))
    )
    found: dict[Organization, set[str]] = {}
    for organization in rows.distinct().order_by("name"):
        found.setdefault(organization, set()).update({organization.held} - {""})
    return {organization: frozenset(held) for organization, held in found.items()}


def taken_out(organization: Organization) -> list[User]:
    """Who was taken out of the organization and has not come back: they can be taken in again."""
    left = LogEntry.objects.filter(chain_id=organization.pk, verb="user.deactivate", object_kind="user")
    gone = User.objects.filter(pk__in=[UUID(i) for i in set(left.values_list("object_id", flat=True))])
    return list(gone.exclude(grants__chain_id=organization.pk).order_by("name"))


def failures_left(organization: Organization, user: User) -> int:
    """How many more failed sign-ins as this account are written down now: an attacker must not fill the log."""
    since = clock.now() - FAILED_WITHIN
    failed = LogEntry.objects.filter(chain_id=organization.pk, verb="user.sign_in_failed", time__gt=since)
    return min(FAILED_OF_ONE - failed.filter(object_id=str(user.pk)).count(), FAILED_OF_ALL - failed.count())


def account_of(member: Member) -> User | None:
    """The account that a member acts with: one that works and still holds a role in the member's organization."""
    user = member.user
    if user is None or not user.is_active:
        return None
    held = Grant.objects.filter(chain_id=member.organization_id, user=user)
    return user if held.exists() else None


def member_by_key(organization: Organization, key: str | None) -> Member | None:
    """The member that a contact key of the plan names."""
    return Member.objects.filter(organization=organization, key=key).first() if key else None


def known_token(secret_hash: str) -> ApiToken | None:
    """An API token that nobody ended, of an account that works. Whether its time is over, it says itself."""
    token = ApiToken.objects.select_related("user").filter(secret_hash=secret_hash, revoked_at=None).first()
    return token if token and token.user.is_active else None


def user_of_token(secret_hash: str) -> User | None:
    """The person a live API token acts as."""
    token = known_token(secret_hash)
    return token.user if token and not token.expired(clock.now()) else None
