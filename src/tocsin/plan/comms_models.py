"""What a plan may say about outgoing messages: which kind of people an audience is, and who must approve."""

from __future__ import annotations

from enum import StrEnum

from tocsin.plan.strict import Key, Strict


class AudienceKind(StrEnum):
    """Who hears, as order and approval depend on it. `other` is anybody else outside."""

    EXECUTIVES = "executives"
    STAFF = "staff"
    CUSTOMERS = "customers"
    VICTIMS = "victims"
    PARTNERS = "partners"
    REGULATORS = "regulators"
    PRESS = "press"
    LAW_ENFORCEMENT = "law_enforcement"
    INSURER = "insurer"
    OTHER = "other"


INSIDE = frozenset({AudienceKind.EXECUTIVES, AudienceKind.STAFF})


class Approvals(Strict):
    """Who must agree before a message leaves: a review, perhaps a legal approval, each by another person.

    `reviewer` is the role that reviews; without it anybody who has a part in the incident's communications may.
    """

    reviewer: Key | None = None
    legal: bool = True
    distinct: bool = True


def usual(kind: AudienceKind) -> Approvals:
    """What holds where the plan says nothing: one review inside the house, a review and a legal approval outside."""
    return Approvals(legal=kind not in INSIDE)
