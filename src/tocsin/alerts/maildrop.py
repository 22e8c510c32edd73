"""Alerts by mail: a folder that is looked into over IMAP, and an SMTP server that takes mail for a source's address."""

from __future__ import annotations

import asyncio
import imaplib
import logging
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from tocsin.alerts.actions import take_alerts
from tocsin.alerts.gathering import GATHERING, Arrival
from tocsin.alerts.mail import LARGEST, read_mail
from tocsin.alerts.models import AlertSource, SourceKind
from tocsin.alerts.queries import alert_rules
from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.core.rows import each
from tocsin.people.actions import hashed

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 20
LATER = "451 it could not be stored now, try again later"
AT_ONCE = 50
RECIPIENTS, COMMANDS = 5, 500
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")


class DropError(Exception):
    """The mail folder cannot be looked into; the text says why, without any secret of the address."""


@dataclass(frozen=True)
class Looked:
    """What one look into the folder brought."""

    taken: int = 0
    passed_over: int = 0
    left: int = 0


# A folder over IMAP ------------------------------------------------------------------------------------


def look() -> Looked:
    """Take in the unread mails of the folder in TOCSIN_MAIL_DROP, oldest first, fifty at most; then mark them read.

    A process that dies between storing and marking reads them again: the same Message-ID makes no second alert.
    Mails that a source's limit refuses stay unread for a later look. Raises DropError.
    """
    address = urlsplit(settings.MAIL_DROP)
    source = _source_of(parse_qs(address.query))
    rules = alert_rules(source.organization)
    with _folder(address) as box:
        found = box.uid("SEARCH", "UNSEEN")[1]
        unread: list[str] = found[0].decode().split() if found and found[0] else []
        readings, passed, uids = [], 0, []

        def read(fetched: Fetched) -> None:
            nonlocal passed
            mail = read_mail(fetched.content, rules, fetched.cut)
            uids.append((fetched.id, mail.reading is None))
            if mail.reading is None:
                passed += 1
            else:
                readings.append(mail.reading)

        each((_fetched(box, uid) for uid in unread[:AT_ONCE]), read)  # a lost connection ends the look
        if not uids:
            return Looked()
        taken = take_alerts(
            Actor.system(source.name), source.organization, source=source, readings=readings, ignored=passed
        )
        numbers = iter(taken.numbers)
        for uid, no_alert in uids:
            if no_alert or next(numbers) is not None:
                box.uid("STORE", uid, "+FLAGS", r"(\Seen)")
        return Looked(len(readings) - taken.refused, passed, len(unread) - len(uids) + taken.refused)


def _source_of(query: dict[str, list[str]]) -> AlertSource:
    name, slug = query.get("source", [""])[0], query.get("organization", [""])[0]
    rows = AlertSource.objects.filter(kind=SourceKind.MAIL, active=True).select_related("organization")
    rows = rows.filter(name=name) if name else rows
    found = list((rows.filter(organization__slug=slug) if slug else rows)[:2])
    if len(found) != 1:
        said = "TOCSIN_MAIL_DROP must name one active mail source: add ?source=NAME&organization=SHORT"
        raise DropError(f"{said}; there {'is none' if not found else 'are several'}.")
    return found[0]


@contextmanager
def _folder(address: Any) -> Iterator[imaplib.IMAP4]:
    host = address.hostname or ""
    if address.scheme not in ("imaps", "imap", "imap+starttls") or not host:
        raise DropError("TOCSIN_MAIL_DROP is written imaps://user:password@host/Folder?source=NAME")
    local = host in ("localhost", "127.0.0.1", "::1")
    if address.scheme == "imap" and not local:
        raise DropError("TOCSIN_MAIL_DROP: imap:// would send the password in clear; use imaps:// or imap+starttls://")
    try:
        box = _connected(address.scheme, host, address.port)
        try:
            box.login(unquote(address.username or ""), unquote(address.password or ""))
            folder = unquote(address.path.lstrip("/")) or "INBOX"
            quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
            if box.select(f'"{quoted}"')[0] != "OK":
                raise DropError(f"mail server {host} has no folder '{folder}'")
            yield box
        finally:
            box.shutdown()
    except (OSError, imaplib.IMAP4.error) as error:
        raise DropError(f"mail server {host}: {type(error).__name__}") from error


def _connected(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=TIMEOUT_SECONDS)
    box = imaplib.IMAP4(host, port or 143, timeout=TIMEOUT_SECONDS)
    if scheme == "imap+starttls":
        box.starttls(context)
    return box


class Fetched(NamedTuple):
    """A mail's first bytes up to the limit, and how many were left on the server."""

    id: str
    content: bytes
    cut: int


def _fetched(box: imaplib.IMAP4, uid: str) -> Fetched:
    said = box.uid("FETCH", uid, "(RFC822.SIZE)")[1]
    size = next((int(m[1]) for s in said or () if isinstance(s, bytes) and (m := _SIZE.search(s))), 0)
    parts = box.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")[1]
    content = next((p[1] for p in parts or () if isinstance(p, tuple)), b"")
    return Fetched(uid, content, max(0, size - len(content)))


# An SMTP server ----------------------------------------------------------------------------------------


class MailDoor:
    """What the SMTP server asks: mail is taken for `<secret>@anything` of an active mail source, and never passed on."""

    async def handle_RCPT(  # noqa: N802  aiosmtpd's names
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        """Whether there is a source of that address."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 too many recipients"
        try:
            known = await asyncio.to_thread(_is_source, _secret(address))
        except DatabaseError:
            logger.exception("the address of a mail could not be looked up")
            return LATER
        if not known:
            return "550 there is no such address here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Take the mail in for each of its addresses; 451 asks the sender to come back."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        answers = [await asyncio.to_thread(_take, _secret(a), content) for a in envelope.rcpt_tos]
        return next((a for a in answers if not a.startswith("250")), answers[0] if answers else "554 no recipients")


def _secret(address: str) -> str:
    return address.partition("@")[0].strip("<>").lower()[:100]


def _is_source(secret: str) -> bool:
    close_old_connections()
    try:
        rows = AlertSource.objects.filter(secret_hash=hashed(secret), kind=SourceKind.MAIL, active=True)
        return rows.exists()
    finally:
        close_old_connections()


def _take(secret: str, content: bytes) -> str:
    close_old_connections()
    try:
        source = AlertSource.objects.select_related("organization").filter(secret_hash=hashed(secret)).first()
        if source is None:
            return "550 there is no such address here"
        mail = read_mail(content, alert_rules(source.organization))
        if mail.reading is None:
            take_alerts(Actor.system(source.name), source.organization, source=source, readings=[], ignored=1)
            return f"250 passed over: {mail.passed_over}"
        outcome = GATHERING.take(Arrival(secret, SourceKind.MAIL, readings=(mail.reading,)))
    except Invalid:
        return "550 there is no such address here"
    except DatabaseError:
        logger.exception("a mail could not be stored")
        return LATER
    finally:
        close_old_connections()
    if outcome.status == 202:
        return f"250 {outcome.said}"
    return f"451 {outcome.said}" if outcome.status in (429, 503) else "550 there is no such address here"


def listen(address: str) -> Controller:
    """Start the SMTP server on host:port in a thread of its own; the caller stops it. Raises OSError, ValueError."""
    host, _colon, port = address.rpartition(":")
    door = Controller(
        MailDoor(), hostname=host.strip("[]") or "127.0.0.1", port=int(port), ident="Tocsin",
        data_size_limit=LARGEST, decode_data=False, timeout=60, command_call_limit={"*": COMMANDS},
    )  # fmt: skip
    door.start()
    return door
