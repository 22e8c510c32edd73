"""Alerts by mail: what becomes one, what is passed over, and mails that are made to do harm."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from hypothesis import given
from hypothesis import strategies as st

import factories
from tocsin.alerts import maildrop
from tocsin.alerts.mail import LARGEST, html_as_text, read_mail
from tocsin.alerts.models import Alert, AlertSource
from tocsin.plan.alert_models import AlertsFile

PLAIN = AlertsFile()


def mail(
    subject: str = "Alert [HIGH] on WS-17", text: str = "Host: ws-17\nSomething ran.", **headers: str
) -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, "edr@example.org", "x@tocsin.example"
    made["Message-ID"] = headers.pop("message_id", "<1@edr.example>")
    made["Date"] = "Tue, 24 Nov 2026 10:00:00 +0000"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def test_a_mail_becomes_an_alert_with_its_words() -> None:
    read = read_mail(mail().as_bytes(), PLAIN).reading
    assert read
    assert (read.title, read.severity) == ("Alert [HIGH] on WS-17", 2)
    assert read.text == "Host: ws-17\nSomething ran."
    assert read.observables == {"sender": ["edr@example.org"], "host": ["ws-17"]}
    assert "Message-ID: <1@edr.example>" in read.raw["mail"]
    assert read.at
    assert read.at.isoformat() == "2026-11-24T10:00:00+00:00"


def test_the_message_id_names_it_and_without_one_its_words_do() -> None:
    def key(made: EmailMessage) -> str:
        found = read_mail(made.as_bytes(), PLAIN).reading
        assert found
        return found.key

    assert key(mail()) == key(mail(subject="Other words"))
    assert key(mail()) != key(mail(message_id="<2@edr.example>"))
    bare, other = mail(), mail(text="Other")
    del bare["Message-ID"], other["Message-ID"]
    assert key(bare) != key(other)


def test_html_is_made_plain_and_attachments_are_named_and_not_kept() -> None:
    made = mail(text="")
    made.set_content("<h1>Alert</h1><script>alert(1)</script><p>WS-17 &amp; more<br>next</p>", subtype="html")
    made.add_attachment(b"MZ" + b"\0" * 50_000, maintype="application", subtype="octet-stream", filename="bad.exe")
    read = read_mail(made.as_bytes(), PLAIN).reading
    assert read
    assert "alert(1)" not in read.text
    assert "<" not in read.text
    assert "WS-17 & more\nnext" in read.text
    assert "1 attachment (bad.exe)" in read.dropped
    assert read.raw["attachments"] == [{"name": "bad.exe", "type": "application/octet-stream", "size": 50_002}]


@pytest.mark.parametrize(
    "made",
    [
        mail(Auto_Submitted="auto-replied"),
        mail(X_Autoreply="yes"),
        mail(message_id="<0f0f@tocsin>"),
        mail(Auto_Submitted="auto-replied (vacation)"),
    ],
)
def test_automatic_answers_and_own_mails_are_passed_over(made: EmailMessage) -> None:
    read = read_mail(made.as_bytes(), PLAIN)
    assert read.reading is None
    assert read.passed_over


def test_a_machine_that_mails_alerts_is_no_automatic_answer() -> None:
    assert read_mail(mail(Auto_Submitted="auto-generated", Precedence="bulk").as_bytes(), PLAIN).reading


def test_a_bounce_is_passed_over() -> None:
    bounce = b'Subject: failed\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'
    assert read_mail(bounce, PLAIN).passed_over == "a report about a delivery"


def _nested(depth: int, lines: int) -> bytes:
    head = b"Subject: nested\r\nMessage-ID: <n@x>\r\n"
    inner = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(depth))
    return head + inner + b"Content-Type: text/plain\r\n\r\n" + b"a line of nothing much\r\n" * lines


BOMBS = {
    "nested": _nested(2000, 150_000),
    "nested in moderation": _nested(40, 20_000),
    "rfc822 in rfc822": b"Subject: x\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "many parts": b'Subject: x\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 200_000,
    "many headers": b"".join(b"X-%d: %s\r\n" % (i, b"a" * 50) for i in range(50_000)) + b"\r\nbody",
    "long header": b"Subject: " + b"=?utf-8?b?" * 100_000 + b"\r\n\r\nbody",
    "large": b"Subject: large\r\n\r\n" + b"A" * (100 * 1024 * 1024),
    "html": b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 1_000_000,
    "html breaks": b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"< br" * 1_000_000,
    "base64": b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"////\r\n" * 800_000,
    "no headers": b"\r\n\r\n\r\n",
    "nothing": b"",
    "binary": bytes(range(256)) * 1000,
    "charset": b'Subject: =?nonsense?q?=FF=FE?=\r\nContent-Type: text/plain; charset="\\0\xff"\r\n\r\nx\xff',
    "addresses": b"From: " + b"<" * 50_000 + b"\r\nSubject: x\r\n\r\nx",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_mail_bomb_costs_bounded_work_and_is_told(name: str) -> None:
    start = time.process_time()
    read = read_mail(BOMBS[name], PLAIN).reading
    assert time.process_time() - start < 6
    assert read
    assert 0 < len(read.title) <= 300
    assert len(read.raw["mail"]) <= 60_000
    if name in ("large", "nested"):
        assert read.dropped


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_no_bytes_make_the_reading_fail(head: bytes, body: bytes) -> None:
    read_mail(b"Subject: " + head + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + body, PLAIN)


def test_html_as_text_never_gives_html_back() -> None:
    assert html_as_text("a <b>b</b> <style>x{}</style>") == "a b"
    assert html_as_text("") == ""
    assert html_as_text("a<script>b") == "a"
    assert html_as_text("1 < 2 &lt;b&gt;") == "1 < 2 <b>"


# The SMTP server, in real. The database of the test is this thread's: what the server asks runs here, by hand. ------


@pytest.fixture
def mailbox(organization: object) -> tuple[AlertSource, str]:
    from tocsin.alerts.actions import add_source

    return add_source(factories.SYSTEM, organization, name="Mailbox", kind="mail")  # type: ignore[arg-type]


@pytest.mark.django_db
@pytest.mark.usefixtures("one_connection")
def test_a_mail_for_a_source_is_taken_once_and_an_automatic_answer_is_accounted(
    mailbox: tuple[AlertSource, str],
) -> None:
    source, secret = mailbox
    first = maildrop._take(secret, mail().as_bytes())
    second = maildrop._take(secret, mail().as_bytes())
    assert (first, second) == ("250 A-1", "250 A-1")
    assert Alert.objects.get().count == 2
    assert maildrop._take(secret, mail(Auto_Submitted="auto-replied").as_bytes()).startswith("250 passed over")
    source.refresh_from_db()
    assert (source.taken, source.ignored) == (2, 1)
    assert maildrop._take("0" * 40, mail().as_bytes()).startswith("550")


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The server with one known address; what it takes in is counted, not stored."""
    monkeypatch.setattr(maildrop, "_is_source", lambda secret: secret == "known")
    monkeypatch.setattr(maildrop, "_take", lambda secret, content: f"250 {len(content)}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = maildrop.listen(f"127.0.0.1:{port}")
    yield port
    server.stop()


def test_the_smtp_server_takes_mail_for_its_own_addresses_only_and_nothing_too_large(door: int) -> None:
    with smtplib.SMTP("127.0.0.1", door, timeout=20) as smtp:
        smtp.sendmail("edr@example.org", ["known@tocsin.example"], mail().as_bytes())
        for stranger in ("someone@example.org", "admin@localhost", '"a b"@x'):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                smtp.sendmail("edr@example.org", [stranger], mail().as_bytes())
    with smtplib.SMTP("127.0.0.1", door, timeout=60) as smtp, pytest.raises(smtplib.SMTPException) as refused:
        smtp.sendmail("edr@example.org", ["known@tocsin.example"], b"Subject: x\r\n\r\n" + b"A" * (LARGEST + 1000))
    assert "552" in str(refused.value) or refused.type is smtplib.SMTPSenderRefused


@pytest.fixture
def dead_database() -> Iterator[None]:
    """Whoever connects from here on finds no database: the test's own connection is open and stays."""
    known = connections.settings["default"]
    name, known["NAME"] = known["NAME"], "/missing/none.sqlite3"  # PostgreSQL takes no longer names than 63 bytes
    yield
    known["NAME"] = name


@pytest.fixture
def real_door() -> Iterator[int]:
    """The server as it is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = maildrop.listen(f"127.0.0.1:{port}")
    yield port
    server.stop()


@pytest.mark.django_db
@pytest.mark.usefixtures("dead_database")
def test_without_its_database_the_smtp_server_asks_the_sender_to_come_back(
    real_door: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with smtplib.SMTP("127.0.0.1", real_door, timeout=20) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail("edr@example.org", ["somebody@tocsin.example"], mail().as_bytes())
        assert [code for code, _said in refused.value.recipients.values()] == [451]
        monkeypatch.setattr(maildrop, "_is_source", lambda _secret: True)  # it died between the address and the mail
        with pytest.raises(smtplib.SMTPDataError) as later:
            smtp.sendmail("edr@example.org", ["somebody@tocsin.example"], mail().as_bytes())
    assert later.value.smtp_code == 451


@pytest.mark.django_db
@pytest.mark.usefixtures("one_connection")
def test_a_mail_that_the_database_does_not_take_now_is_not_called_taken(mailbox: tuple[AlertSource, str]) -> None:
    def busy(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT"):
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(busy):
        for sent in (mail(), mail(Auto_Submitted="auto-replied")):
            assert maildrop._take(mailbox[1], sent.as_bytes()).startswith("451 ")
    assert not Alert.objects.exists()
    assert maildrop._take(mailbox[1], mail().as_bytes()) == "250 A-1"
