"""What a called person gets: the signed link, the message with link and reply code; and whose a link or a code is."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tocsin.core import clock
from tocsin.people.models import Member, PagingCall
from tocsin.people.paging import LONGEST_ADDRESS, by_hand, codes_in
from tocsin.plan.offset import Offset

READ_KINDS = ("mail", "sms", "chat", "push")
SIGNER = signing.Signer(salt="tocsin.people.called")


def token_of(asked: PagingCall) -> str:
    """The secret part of the link that answers this call: its id and its end, signed."""
    return SIGNER.sign(f"{asked.pk}-{int(asked.expires_at.timestamp())}")


def link_of(asked: PagingCall) -> str:
    """The whole link."""
    return f"{settings.BASE_URL}/called/{quote(token_of(asked))}"


def call_of(token: str) -> PagingCall | None:
    """The call that a link belongs to, also when it has ended; None for a link that was not signed here."""
    try:
        number, _dash, _end = SIGNER.unsign(token.replace("\x00", "")).partition("-")
    except signing.BadSignature:
        return None
    rows = PagingCall.objects.select_related("paging__chain__organization", "paging__answered_by", "member")
    return rows.filter(pk=int(number)).first()


def call_by_code(text: str) -> PagingCall | None:
    """The live call whose reply code stands in a text; None when none does. Every code is compared in constant time."""
    given = codes_in(text)
    found = None
    rows = PagingCall.objects.filter(expires_at__gt=clock.now()).exclude(code="")
    for asked in rows.select_related("paging__chain__organization", "paging__answered_by", "member"):
        for code in given:
            if hmac.compare_digest(code, asked.code):
                found = asked
    return found


def words_of(wait: timedelta) -> str:
    """A length of time in the plan's words: 5 min, 1 h."""
    return str(Offset(elapsed=wait)) if wait >= timedelta(minutes=1) else f"{int(wait.total_seconds())} s"


def time_of_day(at: datetime, zone: str) -> str:
    """An instant as a message says it: in the zone of the organization, with its name."""
    return date_format(at.astimezone(ZoneInfo(zone)), "H:i T")


def message_for(asked: PagingCall) -> tuple[str, str]:
    """Subject and body of the message that calls somebody.

    It names the seat, the severity and the number of the incident and nothing else of it: whoever attacks may read
    mail and chat. What is known stands behind the link.
    """
    paging = asked.paging
    organization = paging.chain.organization
    said = {
        "organization": organization.name,
        "title": paging.title,
        "headline": paging.headline,
        "why": asked.why,
        "by": time_of_day(asked.answer_by, organization.time_zone),
        "wait": words_of(asked.answer_by - asked.called_at),
        "link": link_of(asked),
        "code": f"{asked.code[:3]} {asked.code[3:]}",
        "door": f"{settings.BASE_URL}/answer",
        "next": paging.after["name"] if paging.after else "",
    }
    if asked.takes_seat:
        subject = _("You are called: %(title)s") % said
        lines = [_("%(organization)s calls you as %(title)s (%(why)s): %(headline)s.") % said]
    else:
        subject = _("Nobody answers: %(title)s") % said
        lines = [
            _("%(organization)s: nobody answers as %(title)s. You are called because %(why)s: %(headline)s.") % said
        ]
    lines += ["", _("Answer by %(by)s (%(wait)s): %(link)s") % said]
    lines += [_("Or reply with the code %(code)s, or type it at %(door)s") % said]
    if paging.after:
        lines += ["", _("Without an answer %(next)s is called next.") % said]
    return subject, "\n".join(lines)


def letter_address(member: Member) -> str:
    """Where something is written to that is to be read, not heard: the first such method that fits; empty for none."""
    return next((m["url"] for m in member.methods if m["kind"] in READ_KINDS and len(m["url"]) <= LONGEST_ADDRESS), "")


def written_method(member: Member) -> dict[str, str] | None:
    """The first of a member's methods that a machine can write to; None when there is none."""
    methods: list[dict[str, str]] = member.methods
    return next((m for m in methods if not by_hand(m) and len(m["url"]) <= LONGEST_ADDRESS), None)
