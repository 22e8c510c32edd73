"""The one way out, against a real mail server and a real web server: once stored, delivered at least once."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

import factories
from tocsin.core import clock, log, outbox
from tocsin.core.actions import FENCE, queue_message
from tocsin.core.models import LogEntry, OutboxMessage
from tocsin.incidents.models import Incident

S = factories.SYSTEM
SECRET = "s3cr3t-t0ken-value"


class Mailbox:
    """What a mail server does with what it is handed: it takes the mail, or refuses with an answer."""

    def __init__(self) -> None:
        self.mails: list[tuple[Message, list[str]]] = []
        self.answers: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        if self.answers:
            return self.answers.pop(0)
        self.mails.append((message_from_bytes(envelope.content or b""), envelope.rcpt_tos))  # type: ignore[arg-type]
        return "250 Taken"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.MAIL_FROM = "tocsin@halden.example"
    yield box
    server.stop()


class Hook(HTTPServer):
    """A web server that keeps what is posted to it and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), _Post)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/{SECRET}"


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Hook = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = server.statuses.pop(0) if server.statuses else 200
        if status == 200:
            server.bodies.append(json.loads(body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def queue(place: Any, key: str = "k1", address: str = "mailto:ana@halden.example", **given: str) -> OutboxMessage:
    texts = {"recipient": "Ana", "subject": "Call in", "body": "The bridge is open.\nGöteborg."} | given
    return queue_message(S, place, key=key, address=address, **texts)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    now = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.django_db
def test_a_mail_arrives_and_is_written_down(incident: Incident, mailbox: Mailbox) -> None:
    message = queue(incident)
    assert outbox.deliver_due() == outbox.Tally(sent=1)
    ((mail, to),) = mailbox.mails
    assert to == ["ana@halden.example"]
    assert mail["Subject"] == "Call in"
    assert mail["Message-ID"] == f"<{message.id}@tocsin>"
    assert "Göteborg." in mail.get_payload(decode=True).decode()  # type: ignore[union-attr]
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("sent", 1)
    settled = LogEntry.objects.get(chain=incident.chain, verb="message.settle")
    assert settled.payload == {"state": "sent", "attempt": 1, "recipient": "Ana"}
    assert outbox.deliver_due() == outbox.Tally()
    assert len(mailbox.mails) == 1


@pytest.mark.django_db
def test_a_webhook_arrives(incident: Incident, hook: Hook) -> None:
    queue(incident, address=hook.address)
    assert outbox.deliver_due() == outbox.Tally(sent=1)
    assert hook.bodies[0]["title"] == "Call in"
    assert hook.bodies[0]["message"].endswith("[k1]")


@pytest.mark.django_db
def test_a_failure_is_retried_with_back_off(
    incident: Incident, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.answers = ["451 Come back later"] * 2
    message = queue(incident)
    waits = []
    for _ in range(2):
        assert outbox.deliver_due() == outbox.Tally(retried=1)
        assert outbox.deliver_due() == outbox.Tally(), "before its time it is not tried again"
        message.refresh_from_db()
        assert "Come back later" in message.last_error
        waits.append(message.next_attempt - clock.now())
        later(monkeypatch, waits[-1] + timedelta(seconds=1))
    assert waits[1] > waits[0] > timedelta(seconds=5)
    assert outbox.deliver_due() == outbox.Tally(sent=1)
    assert len(mailbox.mails) == 1


@pytest.mark.django_db
def test_it_gives_up_in_the_end_and_says_so(incident: Incident, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    hook.statuses = [500] * 20
    message = queue(incident, address=hook.address)
    tallies = []
    for _ in range(len(outbox.BACK_OFF) + 1):
        tallies.append(outbox.deliver_due())
        later(monkeypatch, timedelta(hours=3))
    assert tallies == [outbox.Tally(retried=1)] * len(outbox.BACK_OFF) + [outbox.Tally(failed=1)]
    message.refresh_from_db()
    assert message.state == "failed"
    assert LogEntry.objects.filter(verb="message.settle").order_by("sequence").last().payload["state"] == "failed"  # type: ignore[union-attr]
    assert outbox.deliver_due() == outbox.Tally()


@pytest.mark.django_db
def test_the_same_key_is_one_message(incident: Incident, mailbox: Mailbox) -> None:
    first, second = queue(incident), queue(incident, subject="Again")
    assert first.pk == second.pk
    outbox.deliver_due()
    assert len(mailbox.mails) == 1


@pytest.mark.django_db
def test_an_exercise_says_so_in_subject_and_body(organization: Any, mailbox: Mailbox) -> None:
    drill = factories.incident(organization, exercise=True)
    queue(drill)
    outbox.deliver_due()
    mail, _ = mailbox.mails[0]
    text = mail.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert str(mail["Subject"]).startswith(FENCE)
    assert text.startswith(FENCE)
    assert text.rstrip().endswith(FENCE)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["mailto:ana\n@halden.example", "mailto:", "nosuch://x", "json://[::bad/"])
def test_one_bad_address_holds_up_nobody(incident: Incident, mailbox: Mailbox, address: str) -> None:
    bad = queue(incident, "bad", address)
    queue(incident, "good")
    outbox.deliver_due()
    assert [to for _, to in mailbox.mails] == [["ana@halden.example"]]
    bad.refresh_from_db()
    assert bad.state == "queued"
    assert bad.last_error


@pytest.mark.django_db
def test_without_a_mail_server_it_says_what_to_set(incident: Incident, settings: Any) -> None:
    settings.EMAIL_URL = ""
    message = queue(incident)
    outbox.deliver_due()
    message.refresh_from_db()
    assert "TOCSIN_SMTP_URL" in message.last_error


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["{hook}", "slack://{secret}", "nosuch://user:{secret}@host", "tgram://{secret}/"])
def test_secrets_of_addresses_stay_out_of_log_and_errors(
    incident: Incident, hook: Hook, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    hook.statuses = [500] * 3
    message = queue(incident, address=address.format(hook=hook.address, secret=SECRET))
    with caplog.at_level(logging.DEBUG):
        outbox.deliver_due()
    message.refresh_from_db()
    assert message.last_error
    assert SECRET not in message.last_error
    assert SECRET not in str(message)
    assert SECRET.encode() not in b"".join(log.export(LogEntry.objects.all()))
    # What goes to the console is a warning or worse.
    assert SECRET not in "\n".join(r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING)


@pytest.mark.django_db
def test_a_late_failure_does_not_unsend(incident: Incident, mailbox: Mailbox) -> None:
    """Two processes took the same message: one delivered it, the other failed and writes later."""
    message = queue(incident)
    stale = OutboxMessage.objects.get(pk=message.pk)
    outbox.deliver_due()
    outbox.settle_message(S, stale, message=stale, error="connection lost", retry_in=timedelta(seconds=10))
    message.refresh_from_db()
    assert message.state == "sent"
    assert outbox.deliver_due() == outbox.Tally()


def test_killed_between_sending_and_recording_it_is_delivered_again(tmp_path: Path, hook: Hook) -> None:
    environment = os.environ | {
        "TOCSIN_HOME": str(tmp_path / "home"),
        "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'outbox.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "tocsin.settings",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    child = str(Path(__file__).with_name("outbox_child.py"))
    assert run("-m", "django", "migrate", "--verbosity=0").returncode == 0
    assert run(child, "queue", hook.address).returncode == 0
    assert run(child, "die").returncode == -9
    assert len(hook.bodies) == 1
    again = run(child, "deliver")
    assert "sent=1" in again.stdout, again.stderr
    assert [b["message"].rsplit("\n", 1)[1] for b in hook.bodies] == ["[call-1]", "[call-1]"]
    assert "sent=0" in run(child, "deliver").stdout
