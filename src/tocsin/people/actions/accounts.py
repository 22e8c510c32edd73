"""What happens to people and plans: accounts, sign-in links, tokens, and importing a plan version."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import available_timezones

from django.db.models import F

from tocsin.core.access import OrgRole, organization_role, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import Grant, LogEntry, Organization
from tocsin.people.models import (
    ApiToken,
    Member,
    Paging,
    PagingCall,
    PagingState,
    PlanVersion,
    SignInLink,
    User,
    parsed,
)
from tocsin.people.queries import current_plan, taken_out
from tocsin.plan.load import version_of
from tocsin.plan.models import Plan

LINK_LIVES = timedelta(minutes=30)


def hashed(secret: str) -> str:
    """What is kept of a secret with 256 bits of chance: its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()


@action("plan.import", organization_role(OrgRole.ADMINISTRATOR))
def import_plan(call: Call[Organization], *, files: Mapping[str, str]) -> PlanVersion:
    """Store a plan as a version and bring the members up to it. The same content again is the same version.

    Raises PlanError when the plan does not hold together.
    """
    organization, version = call.place, version_of(files)
    plan = parsed(version, tuple(sorted(files.items())))
    stored = PlanVersion.objects.filter(organization=organization, version=version).first()
    latest = PlanVersion.objects.filter(organization=organization).first()
    number = latest.number + 1 if latest else 1
    if stored is None:
        stored = PlanVersion.objects.create(
            organization=organization, version=version, files=dict(files), imported_at=call.now, number=number
        )
    elif stored != latest:  # going back to an old plan makes it the newest again
        stored.number = number
        stored.save(update_fields=["number"])
    organization.time_zone = plan.organization.time_zone
    organization.countries = list(plan.organization.countries)
    organization.save(update_fields=["time_zone", "countries"])
    _bring_members_up_to(organization, plan)
    call.record(stored, version=version, number=stored.number, playbooks=sorted(plan.playbooks))
    return stored


def _bring_members_up_to(organization: Organization, plan: Plan) -> None:
    # Only accounts that this organization let in: a plan that names an outsider's address takes nobody over.
    own = User.objects.filter(grants__chain_id=organization.pk, is_active=True).distinct()
    accounts = {u.email.lower(): u for u in own}
    for key, contact in plan.contacts.items():
        methods = [m.model_dump(mode="json") for m in contact.methods]
        mail = next((m["url"].removeprefix("mailto:") for m in methods if m["kind"] == "mail"), "")
        Member.objects.update_or_create(
            organization=organization,
            key=key,
            defaults={
                "name": contact.name,
                "title": contact.title,
                "kind": contact.kind,
                "organization_name": contact.organization[:200],
                "outside": contact.outside,
                "party": contact.party,
                "languages": list(contact.languages),
                "time_zone": contact.time_zone[:64],
                "note": contact.note,
                "methods": methods,
                "active": True,
                "user": accounts.get(mail.lower()),
            },
        )
    Member.objects.filter(organization=organization).exclude(key__in=plan.contacts).update(active=False)


@action("user.invite", organization_role(OrgRole.ADMINISTRATOR))
def invite(call: Call[Organization], *, email: str, name: str, role: str) -> User:
    """Give somebody an account and a role in the organization; an account of that address is taken as it is.

    Raises Invalid for an unknown role, a mail address that is none, and an account that only another organization
    knows: its people are no administrator's to take in; whoever runs the server may.
    """
    if role not in set(OrgRole):
        raise Invalid(f"'{role}' is no organization role; take one of {', '.join(OrgRole)}", "role")
    if email.count("@") != 1 or not all(email.split("@")) or len(email) > 254:
        raise Invalid(f"'{email}' is no mail address", "email")
    user = User.objects.filter(email__iexact=email).first()
    created = user is None
    if user is None:
        user = User(email=email.lower(), name=name[:200], date_joined=call.real_time, time_zone=call.place.time_zone)
        user.set_unusable_password()
        user.save()
    elif not call.actor.is_system and not _known_here(call, user):
        raise Invalid(
            "This address has an account with another organization; whoever runs the server can add it: "
            f'tocsin sign-in {user.email} --invite "Their Name"', "email",
        )  # fmt: skip
    _take_in(call, user, role)
    call.record(user, role=role, name=user.name, created=created)
    return user


def _take_in(call: Call[Organization], user: User, role: str) -> None:
    """Give the role; the account works, and acts for the member of its address, who is called again if the plan says."""
    if not user.is_active:
        user.is_active = True
        user.save(update_fields=["is_active"])
    Grant.objects.get_or_create(chain=call.chain, user=user, role=role)
    version = current_plan(call.place)
    for member in Member.objects.filter(organization=call.place, user=None):
        if member.mail.lower() == user.email.lower():
            member.user = user
            member.active = member.active or bool(version and member.key in version.plan.contacts)
            member.save(update_fields=["user", "active"])


def _known_here(call: Call[Organization], user: User) -> bool:
    """Whether the account holds a role in the organization, or was invited here before and lost it."""
    invited = LogEntry.objects.filter(chain=call.chain, verb="user.invite", object_id=str(user.pk))
    return Grant.objects.filter(chain=call.chain, user=user).exists() or invited.exists()


@action("user.deactivate", organization_role(OrgRole.ADMINISTRATOR))
def deactivate(call: Call[Organization], *, user: User, because: str) -> None:
    """Take somebody out of the organization and all its incidents; who belongs to no other signs in no more.

    Links and codes of calls to them end, and nobody calls them until they are taken in again or a plan that still
    names them is imported.

    Raises Invalid without a reason, for oneself, for somebody without a role here and for the last administrator.
    """
    because = _reason(because)
    if not call.actor.is_system and call.actor.user_id == user.pk:
        raise Invalid("you cannot take yourself out; another administrator can", "user")
    held = Grant.objects.filter(chain=call.chain)
    if not held.filter(user=user).exists():
        raise Invalid("this person holds no role in the organization", "user")
    administrators = held.filter(role=OrgRole.ADMINISTRATOR)
    if not administrators.exclude(user=user).exists() and administrators.exists():
        raise Invalid("an organization needs one administrator; grant the role to somebody else first", "user")
    Grant.objects.filter(user=user, chain__organization=call.place).delete()
    _call_no_more(call, user)
    closed = not Grant.objects.filter(user=user).exists()
    if closed:
        user.is_active = False
        user.save(update_fields=["is_active"])
        ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=call.real_time)
    call.record(user, name=user.name, closed=closed, because=because)


def _call_no_more(call: Call[Organization], user: User) -> None:
    """The member of the account is called by nobody, and what they were sent answers nothing; the next is called now."""
    members = Member.objects.filter(organization=call.place, user=user)
    calls = PagingCall.objects.filter(member__in=members, expires_at__gt=call.real_time)
    at_hand = Paging.objects.filter(state=PagingState.CALLING, calls__in=calls.filter(rung=F("paging__rung")))
    at_hand.update(next_at=F("started_at"))  # long past on the clock of each chain
    calls.update(expires_at=call.real_time, code="")
    members.update(user=None, active=False)


@action("user.reactivate", organization_role(OrgRole.ADMINISTRATOR))
def reactivate(call: Call[Organization], *, user: User, role: str, because: str) -> None:
    """Take somebody in again who was taken out, with one role. Seats, incidents and API keys do not come back.

    Raises Invalid without a reason, for an unknown role, and for somebody who was not taken out of this organization.
    """
    because = _reason(because)
    if role not in set(OrgRole):
        raise Invalid(f"'{role}' is no organization role; take one of {', '.join(OrgRole)}", "role")
    if user not in taken_out(call.place):
        raise Invalid("this person was not taken out of the organization", "user")
    _take_in(call, user, role)
    call.record(user, name=user.name, role=role, because=because)


def _reason(because: str) -> str:
    if not (because := because.strip()):
        raise Invalid("Please give the reason.", "because")
    return because[:500]


@action("user.link", system_only)
def make_sign_in_link(call: Call[Organization], *, user: User) -> str:
    """A secret that signs `user` in once within 30 minutes. The log says that it was made, never the secret."""
    if not user.is_active:
        raise Invalid(f"The account {user.email} was closed. An administrator can invite it again.")
    secret = secrets.token_urlsafe(32)
    link = SignInLink.objects.create(secret_hash=hashed(secret), user=user, expires_at=call.real_time + LINK_LIVES)
    call.record(user, expires_at=link.expires_at)
    return secret


@action("user.sign_in", system_only)
def use_sign_in_link(call: Call[Organization], *, secret: str) -> User:
    """Take a sign-in link once. Raises Invalid when it is unknown, used or too old."""
    link = SignInLink.objects.select_related("user").filter(secret_hash=hashed(secret), used_at=None).first()
    if link is None or link.expires_at < call.real_time or not link.user.is_active:
        raise Invalid("This link was used already or has expired. Ask for a new one: tocsin sign-in you@example.org")
    link.used_at = call.real_time
    link.save(update_fields=["used_at"])
    call.record(link.user)
    return link.user


@action("user.signed_in", system_only)
def note_sign_in(call: Call[Organization], *, user: User, how: Sequence[str], address: str, agent: str) -> None:
    """Write down that a session began: with which means (link, password, totp, webauthn, recovery_codes), from where."""
    call.record(user, name=user.name, how=list(how), address=address, agent=agent)


@action("user.sign_in_failed", system_only)
def note_failed_sign_in(
    call: Call[Organization], *, user: User, step: str, last: bool, address: str, agent: str
) -> None:
    """Write down that a sign-in as this account failed, at which step. `last`: more of them are not written for now."""
    call.record(user, name=user.name, step=step, last=last, address=address, agent=agent)


@action("user.signed_out", system_only)
def note_sign_out(call: Call[Organization], *, user: User, address: str, agent: str) -> None:
    """Write down that somebody ended their session."""
    call.record(user, name=user.name, address=address, agent=agent)


@action("user.security_changed", system_only)
def note_security_change(
    call: Call[Organization], *, user: User, what: str, change: str, address: str, agent: str, password: bool = False
) -> None:
    """Write down what changed of how somebody signs in: `what` (password, totp ...) was added, changed, removed.

    With `password` the password that `user` carries, hashed, is stored in the same transaction.
    """
    if password:
        user.save(update_fields=["password"])
    call.record(user, name=user.name, what=what, change=change, address=address, agent=agent)


@action("user.set_zone", organization_role(*OrgRole))
def set_zone(call: Call[Organization], *, user: User, zone: str) -> None:
    """Choose the time zone in which one reads times. Raises Invalid for another person's account or an unknown zone."""
    if not call.actor.is_system and call.actor.user_id != user.id:
        raise Invalid("everybody chooses their own time zone")
    if zone not in available_timezones():
        raise Invalid(f"'{zone}' is no time zone; write it as Europe/Stockholm or UTC", "zone")
    before, user.time_zone = user.time_zone, zone
    user.save(update_fields=["time_zone"])
    call.record(user, zone=zone, before=before, name=user.name)
