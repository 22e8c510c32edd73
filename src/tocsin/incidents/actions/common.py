"""What several incident actions need: who may, numbers, stale forms."""

from __future__ import annotations

import math
import re
from typing import Any, Protocol

from django.db.models import Manager, Max, QuerySet

from tocsin.core.access import incident_role
from tocsin.core.action import Call, Invalid, Stale
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

LEADS = incident_role(IncidentRole.LEAD)
WORKS = incident_role(IncidentRole.LEAD, IncidentRole.RESPONDER)
WORKS_OR_ADVISES = incident_role(IncidentRole.LEAD, IncidentRole.RESPONDER, IncidentRole.COUNSEL)
DECIDES = incident_role(IncidentRole.LEAD, IncidentRole.DECIDER)
TAKES_PART = incident_role(IncidentRole.LEAD, IncidentRole.RESPONDER, IncidentRole.DECIDER, IncidentRole.COUNSEL)


class Revised(Protocol):
    """A row that counts its edits."""

    revision: int


_FACT_NAME = re.compile(r"^[a-z][a-z0-9_]{0,59}$")
_CHANGING = (
    "title", "summary", "severity", "phase", "tlp", "playbook_id", "playbook_because", "facts", "instants",
    "entity_roles", "data_categories", "revision", "outcome", "merged_into",
)  # fmt: skip


def fresh(call: Call[Incident]) -> Incident:
    """The incident as it stands under the chain's lock: what the caller loaded may be older than another's write."""
    call.place.refresh_from_db(fields=_CHANGING)
    return call.place


def next_number(rows: Manager[Any] | QuerySet[Any]) -> int:
    """The next number for people to say aloud. Safe because the action holds the chain's lock."""
    return int(rows.aggregate(last=Max("number"))["last"] or 0) + 1


def same_revision(row: Revised, seen: int | None) -> None:
    """Refuse a form that was drawn before somebody else changed the row. None: the caller did not say what it saw."""
    if seen is not None and seen != row.revision:
        raise Stale("Somebody changed this while you had it open. Look at it again, then repeat your change.")
    row.revision += 1


def check_fact(name: str, value: object) -> None:
    """Refuse a fact that no condition could ask for, or a number that is none."""
    if not _FACT_NAME.match(name):
        raise Invalid(f"'{name}' is no name of a fact: small letters, digits and underscores, at most 60.", "name")
    if isinstance(value, float) and not math.isfinite(value):
        raise Invalid("That is no number anybody can work with.", "value")


def words(text: str, field: str, what: str) -> str:
    """A text that must say something; raises Invalid naming the field."""
    text = text.strip()
    if not text:
        raise Invalid(f"Please give {what}.", field)
    return text
