"""Comcheck: the question "can you be reached?", its links and codes, and what the answers show."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from django.conf import settings
from django.core import signing
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from tocsin.core import clock
from tocsin.core.models import Organization
from tocsin.people.models import ComcheckAsk, Member, PlanVersion
from tocsin.plan.lint_people import FRESH_DAYS, days_of
from tocsin.plan.models import Plan

SIGNER = signing.TimestampSigner(salt="tocsin.people.comcheck")
LATEST = timedelta(days=30)
"""How long after it was sent a link still answers: who comes back from holiday was reached all the same."""
OPEN_FOR = timedelta(hours=24)
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""What codes are made of: no letter or digit that is taken for another when it is read aloud."""
_CODE = re.compile(r"\bCK[ -]?([A-Z2-9]{4})[ -]?([A-Z2-9]{4})\b", re.IGNORECASE)


def asked_keys(plan: Plan) -> set[str]:
    """The contacts that a Comcheck asks: everybody who is a person, and whoever a role or a function names.

    Not the others: lists of staff or customers, and authorities that are told but never called, would hear of a check
    that is none of theirs.
    """
    named = {service.provider for service in plan.functions.values()}
    for role in plan.roles.values():
        named.update((role.holder, *role.backups))
    return {key for key, contact in plan.contacts.items() if contact.kind == "person" or key in named}


def new_code() -> str:
    """A reply code: CK and eight characters, 39 bits of chance. Calls of a paging have digits alone."""
    return "CK" + "".join(secrets.choice(LETTERS) for _n in range(8))


def link_of(ask: ComcheckAsk) -> str:
    """The link that answers this question, for whoever holds it."""
    return f"{settings.BASE_URL}/reached/{quote(SIGNER.sign(str(ask.pk)))}"


def ask_of(token: str) -> ComcheckAsk | None:
    """The question that a link belongs to; None for a link that was not signed here or is too old."""
    try:
        number = SIGNER.unsign(token.replace("\x00", ""), max_age=LATEST)
    except signing.BadSignature:
        return None
    return _asks().filter(pk=int(number)).first()


def ask_by_code(text: str) -> ComcheckAsk | None:
    """The question whose reply code stands in a text; None when none does."""
    codes = [f"CK{a}{b}".upper() for a, b in _CODE.findall(text)[:5]]
    return _asks().filter(code__in=codes, comcheck__started_at__gt=clock.now() - LATEST).first() if codes else None


def _asks() -> QuerySet[ComcheckAsk]:
    # Who was taken out of the organization answers nothing any more.
    return ComcheckAsk.objects.select_related("comcheck__organization", "member").filter(member__active=True)


def message_for(ask: ComcheckAsk) -> tuple[str, str]:
    """Subject and body of the question. It says nothing but that somebody wants to know that it arrives."""
    code = ask.code or ""
    said = {
        "organization": ask.comcheck.organization.name,
        "name": ask.member.name,
        "link": link_of(ask),
        "code": f"{code[:2]} {code[2:6]} {code[6:]}",
        "door": f"{settings.BASE_URL}/answer",
        "reason": ask.comcheck.reason,
    }
    lines = [_("%(organization)s checks whether %(name)s can be reached this way in an emergency.") % said]
    if ask.comcheck.reason:
        lines.append(said["reason"])
    lines += ["", _("Yes, this reaches me: %(link)s") % said]
    lines += [_("Or reply with the code %(code)s, or type it at %(door)s") % said, "", _("Nothing has happened.")]
    return _("Can you be reached? %(organization)s asks") % said, "\n".join(lines)


# What the answers show ------------------------------------------------------------------------


@dataclass(frozen=True)
class Reached:
    """How one person stands: last asked, last answered, the fastest answer of the last round, and whether stale."""

    asked_at: datetime | None = None
    answered_at: datetime | None = None
    stale: bool = False


@dataclass(frozen=True)
class Result:
    """One person in one round: every way that was tried, and the fastest answer."""

    member: Member
    asks: list[ComcheckAsk] = field(default_factory=list)

    @property
    def first(self) -> ComcheckAsk | None:
        """The way that was answered first; None while there is no answer."""
        answered = [a for a in self.asks if a.answered_at]
        return min(answered, key=lambda a: a.answered_at or a.comcheck.started_at, default=None)

    @property
    def by_hand(self) -> list[ComcheckAsk]:
        """The ways that a person has to try: nobody here speaks on a telephone but people."""
        return [a for a in self.asks if a.by_hand and not a.answered_at]


def results(asks: Iterable[ComcheckAsk]) -> list[Result]:
    """The questions of one round, by person: who has not answered first, then the slowest, then the fast ones."""
    by_member: dict[int, Result] = {}
    for ask in asks:
        by_member.setdefault(ask.member_id, Result(ask.member)).asks.append(ask)
    return sorted(by_member.values(), key=_slowest_first)


def _slowest_first(result: Result) -> tuple[bool, float, str]:
    first = result.first
    return (first is not None, -first.took.total_seconds() if first else 0.0, result.member.name)


def period_of(version: PlanVersion | None) -> timedelta:
    """After how long without an answer somebody has gone stale: the plan's rhythm, else 90 days."""
    rule = version.plan.comcheck if version else None
    return timedelta(days=days_of(rule.every) if rule else FRESH_DAYS)


def reachability(organization: Organization, version: PlanVersion | None) -> dict[int, Reached]:
    """How everybody stands who was ever asked, by the member's id. Two queries, whatever their number."""
    now, period = clock.now(), period_of(version)
    rows = (
        ComcheckAsk.objects.filter(comcheck__organization=organization)
        .values("member_id")
        .order_by("member_id")
        .annotate(asked=Max("comcheck__started_at"), answered=Max("answered_at"), closed=Max("comcheck__closes_at"))
    )
    found = {}
    for row in rows:
        answered = row["answered"]
        # Who was asked for the first time and still has time to answer is not stale.
        waiting = answered is None and row["closed"] > now
        found[row["member_id"]] = Reached(
            row["asked"], answered, not waiting and (answered is None or now - answered > period)
        )
    return found


def reached_days(organization: Organization) -> dict[str, datetime | None]:
    """Contact key -> last answer, of everybody who was asked and whose time to answer is over, or who answered."""
    now = clock.now()
    rows = (
        ComcheckAsk.objects.filter(comcheck__organization=organization, member__active=True)
        .values("member__key")
        .order_by("member__key")
        .annotate(answered=Max("answered_at"), closes=Max("comcheck__closes_at"))
    )
    return {r["member__key"]: r["answered"] for r in rows if r["answered"] or r["closes"] <= now}
