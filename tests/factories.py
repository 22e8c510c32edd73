"""What database tests start from, made by the same actions that people use: an organization, people, an incident."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from tocsin.core.access import Actor, OrgRole
from tocsin.core.actions import admit
from tocsin.core.founding import new_organization
from tocsin.core.models import LogEntry, Organization
from tocsin.evidence.actions import Intake, take_evidence
from tocsin.evidence.models import EvidenceItem
from tocsin.evidence.store import put_file
from tocsin.example import example_plan_files
from tocsin.incidents.actions import declare
from tocsin.incidents.models import Incident
from tocsin.people.actions import import_plan, invite
from tocsin.people.models import Member, User

SYSTEM = Actor.system()
_counter = itertools.count(1)
_preparing: ContextVar[bool] = ContextVar("preparing", default=False)


@contextmanager
def preparing() -> Iterator[None]:
    """Let a test write to the database without an action, to set up what no action can (damage, a stale row)."""
    token = _preparing.set(True)
    try:
        yield
    finally:
        _preparing.reset(token)


def is_preparing() -> bool:
    return _preparing.get()


@cache
def plan_files() -> dict[str, str]:
    return example_plan_files()


def organization(slug: str = "halden", *, plan: bool = True, **plan_changes: str) -> Organization:
    """An organization with the example's plan; `plan_changes` replaces text in plan.yaml (old=new, _ as space)."""
    made = new_organization(slug, f"{slug.title()} Foods")
    if plan:
        import_plan(SYSTEM, made, files=dict(plan_files()))
        made.refresh_from_db()
    return made


def user(place: Organization, role: str = OrgRole.RESPONDER, *, email: str = "", name: str = "") -> User:
    """Somebody with an account and a role in the organization."""
    number = next(_counter)
    email = email or f"person{number}@{place.slug}.example"
    return invite(SYSTEM, place, email=email, name=name or f"Person {number}", role=role)


def stranger() -> User:
    """An account without any role anywhere."""
    number = next(_counter)
    with preparing():
        return User.objects.create(email=f"stranger{number}@nowhere.example", name=f"Stranger {number}")


def holder(place: Organization, role: str) -> User:
    """An account for whoever the plan seats in a role, with the organization role of a guest."""
    planned = place.plan_versions.first().plan  # type: ignore[union-attr]
    member = Member.objects.get(organization=place, key=planned.roles[role].holder)
    return user(place, OrgRole.GUEST, email=member.mail, name=member.name)


def incident(place: Organization, actor: Actor = SYSTEM, **given: Any) -> Incident:
    """A declared incident; it runs the example plan's ransomware playbook unless told otherwise."""
    return declare(actor, place, **({"title": "Files encrypted", "severity": 2, "playbook_id": "ransomware"} | given))


def on(place: Incident, role: str, org_role: str = OrgRole.GUEST) -> User:
    """Somebody with a role on the incident (and a role in its organization)."""
    person = user(place.organization, org_role)
    admit(SYSTEM, place, user_id=person.id, role=role)
    return person


def evidence(place: Incident, folder: Path, content: bytes = b"", name: str = "") -> EvidenceItem:
    """A file taken into custody."""
    content = content or f"evidence {next(_counter)}\n".encode()
    path = folder / (name or f"{hashlib.sha256(content).hexdigest()[:12]}.bin")
    path.write_bytes(content)
    return take_evidence(SYSTEM, place, intakes=[Intake(path.name, put_file(path))])[0]


def verbs(place: Incident | Organization) -> list[str]:
    """The verbs on a place's chain, in order."""
    return list(LogEntry.objects.filter(chain_id=place.chain_id).order_by("sequence").values_list("verb", flat=True))
