"""The one way out: delivers what the outbox holds, at least once, with back-off, and fences exercises."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

import apprise
from django.conf import settings
from django.db.models import QuerySet

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.actions import settle_message
from tocsin.core.models import MessageState, OutboxMessage
from tocsin.core.rows import each

# Apprise's warnings quote tokens out of addresses; why a delivery failed stands in the outbox and in the log.
logging.getLogger("apprise").setLevel(logging.CRITICAL)

HELD = "this server holds messages back (TOCSIN_HOLD_MESSAGES)"
BACK_OFF = tuple(timedelta(seconds=s) for s in (10, 30, 120, 600, 1800, 3600, 7200))
TIMEOUT_SECONDS = 20
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Undeliverable(Exception):
    """This attempt failed; the text says why, without any secret of the address."""


class GivenUp(Undeliverable):
    """It failed, and trying again would not help."""


Deliver = Callable[[OutboxMessage], None]
CHANNELS: dict[str, Deliver] = {}
"""Addresses of these schemes are delivered by a room above, in a thread of their own: see `channel`."""


def channel(scheme: str) -> Callable[[Deliver], Deliver]:
    """Have a function deliver what goes to `scheme:…`. It raises Undeliverable or GivenUp.

    `deliver_due` leaves such messages to whoever calls it with their address: a web server that answers slowly must
    not hold up a page to somebody.
    """

    def register(deliver: Deliver) -> Deliver:
        CHANNELS[scheme] = deliver
        return deliver

    return register


@dataclass(frozen=True)
class Tally:
    """How many messages one round sent, put off, gave up and held back."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    held: int = 0


def due(scheme: str = "") -> QuerySet[OutboxMessage]:
    """The messages whose time has come: of a scheme that a channel delivers, or else all that none does."""
    waiting = OutboxMessage.objects.filter(state=MessageState.QUEUED, next_attempt__lte=clock.now())
    if scheme:
        return waiting.filter(address__startswith=f"{scheme}:")
    for own in CHANNELS:
        waiting = waiting.exclude(address__startswith=f"{own}:")
    return waiting


def deliver_due(limit: int = 100, address: str = "") -> Tally:
    """Deliver the messages whose time has come, oldest first: to one address, or all but those of channels.

    Safe to run in several processes.

    A process that dies between sending and recording leads to a second delivery under the same key, never to none.
    """
    waiting = due(address.partition(":")[0]).filter(address=address) if address else due()
    counts = {"sent": 0, "retried": 0, "failed": 0, "held": 0}

    def attempt(message: OutboxMessage) -> None:
        # A round takes minutes when servers are slow: what was settled since it began, for example recalled, stays so.
        if OutboxMessage.objects.filter(pk=message.pk, state=MessageState.QUEUED).exists():
            counts[_attempt(message)] += 1

    each(waiting.select_related("chain").order_by("next_attempt")[:limit], attempt)
    return Tally(**counts)


def _attempt(message: OutboxMessage) -> str:
    system = Actor.system("Outbox")
    if settings.HOLD_MESSAGES:
        settle_message(system, message, message=message, error=HELD, fenced=True)
        return "held"
    try:
        send(message)
    except Exception as error:  # noqa: BLE001  one message that cannot be sent must not hold up those behind it
        # Only an Undeliverable's words are known to hold no secret of the address.
        why = str(error) if isinstance(error, Undeliverable) else f"the channel failed ({type(error).__name__})"
        tries_again = message.attempts < len(BACK_OFF) and not isinstance(error, GivenUp)
        retry_in = BACK_OFF[message.attempts] if tries_again else None
        settle_message(system, message, message=message, error=why, retry_in=retry_in)
        return "retried" if retry_in else "failed"
    settle_message(system, message, message=message)
    return "sent"


def send(message: OutboxMessage) -> None:
    """Hand one message to its channel: mail over the organization's SMTP server, everything else over Apprise.

    Raises Undeliverable.
    """
    if deliver := CHANNELS.get(message.address.partition(":")[0]):
        deliver(message)
        return
    if message.address.startswith("mailto:"):
        _send_mail(message, unquote(message.address.removeprefix("mailto:")))
        return
    service = apprise.Apprise()
    if not service.add(message.address):
        raise Undeliverable(f"'{urlsplit(message.address).scheme}:' is no address that can be sent to")
    body = f"{message.body}\n\n[{message.key}]"
    if not service.notify(title=message.subject, body=body, body_format=apprise.NotifyFormat.TEXT):
        raise Undeliverable(f"the {urlsplit(message.address).scheme} channel did not take the message")


def _send_mail(message: OutboxMessage, address: str) -> None:
    server = urlsplit(settings.EMAIL_URL)
    if not server.hostname:
        example = "smtp+starttls://user:password@mail.example.org"
        raise Undeliverable(f"no mail server is set; set TOCSIN_SMTP_URL, for example {example}")
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"], mail["To"] = settings.MAIL_FROM, address
    # The same key gives the same id, so that a mail client shows a second delivery once.
    mail["Message-ID"] = f"<{message.id}@tocsin>"
    mail.set_content(message.body)
    try:
        with _connected(server) as smtp:
            if server.username:
                smtp.login(unquote(server.username), unquote(server.password or ""))
            smtp.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise Undeliverable(f"mail server {server.hostname}: {error}") from error


def _connected(server: SplitResult) -> smtplib.SMTP:
    """A connection to the mail server: smtps (465), smtp+starttls (587), both with the certificate checked; or smtp (25).

    Raises Undeliverable for a scheme that is none of these, and for a password that would cross the network in clear.
    """
    host, port = server.hostname or "", server.port or PORTS.get(server.scheme, 0)
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    if server.scheme == "smtp+starttls":
        smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
        smtp.starttls(context=ssl.create_default_context())
        return smtp
    if server.scheme != "smtp":
        raise Undeliverable(f"TOCSIN_SMTP_URL: '{server.scheme}' is not known; use smtps, smtp+starttls or smtp")
    if server.username and host not in ("localhost", "127.0.0.1", "::1"):
        raise Undeliverable(
            "TOCSIN_SMTP_URL: smtp:// would send the password in clear; use smtp+starttls:// or smtps://"
        )
    return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
