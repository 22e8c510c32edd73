"""The mail folder, over a real IMAP server: what is unread is taken once, and stays unread when it was refused."""

from __future__ import annotations

import imaplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

import factories
from tocsin.alerts.actions import add_source, taking
from tocsin.alerts.maildrop import DropError, Looked, look
from tocsin.alerts.models import Alert
from tocsin.core.models import Organization

pytestmark = pytest.mark.django_db
PYMAP = Path(sys.executable).with_name("pymap")
USER, PASSWORD = "drop", "a:b/c@d"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYMAP, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "--no-service", "managesieve",
               "--no-service", "admin", "dict", "--demo-data", "--demo-user", USER, "--demo-password", PASSWORD]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


Put = Callable[..., None]


@pytest.fixture
def put(server: int, settings: Any, organization: Organization) -> Iterator[Put]:
    """Put mails into a folder that was empty; the settings look into it."""
    add_source(factories.SYSTEM, organization, name="Mailbox", kind="mail")
    folder = f"Alerts{time.monotonic_ns()}"
    settings.MAIL_DROP = f"imap://{USER}:a%3Ab%2Fc%40d@127.0.0.1:{server}/{folder}?source=Mailbox"
    box = imaplib.IMAP4("127.0.0.1", server)
    box.login(USER, PASSWORD)
    box.create(folder)

    def append(*identities: str, **headers: str) -> None:
        for identity in identities:
            mail = EmailMessage()
            mail["Subject"], mail["From"], mail["Message-ID"] = (
                f"Alert {identity}",
                "edr@example.org",
                f"<{identity}@edr>",
            )
            for name, value in headers.items():
                mail[name.replace("_", "-")] = value
            mail.set_content("Something ran.")
            assert box.append(folder, "", "", mail.as_bytes())[0] == "OK"

    yield append
    box.logout()


def test_unread_mails_are_taken_once_and_automatic_answers_are_passed_over(put: Put) -> None:
    put("one", "two")
    put("three", Auto_Submitted="auto-replied")
    assert look() == Looked(taken=2, passed_over=1, left=0)
    assert look() == Looked()
    assert sorted(Alert.objects.values_list("title", flat=True)) == ["Alert one", "Alert two"]
    put("two")  # the same mail again
    assert look().taken == 1
    assert Alert.objects.get(title="Alert two").count == 2


def test_what_a_limit_refuses_stays_unread_for_later(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(taking.NEW_PER_HOUR, "mail", 1)
    put("one", "two", "three")
    assert look() == Looked(taken=1, passed_over=0, left=2)
    monkeypatch.setitem(taking.NEW_PER_HOUR, "mail", 100)
    assert look() == Looked(taken=2, passed_over=0, left=0)
    assert Alert.objects.count() == 3


def test_a_mail_larger_than_is_kept_is_cut_and_told(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.alerts.maildrop.LARGEST", 300)
    put("one", X_Long="x" * 2000)
    assert look().taken == 1
    assert "bytes beyond what is kept" in Alert.objects.get().dropped


def test_what_is_wrong_with_the_folder_is_said_without_its_password(
    put: Put, settings: Any, server: int, organization: Organization
) -> None:
    good = settings.MAIL_DROP
    for wrong in (
        good.replace("Mailbox", "Nobody"),
        good.replace("/Alerts", "/Nowhere"),
        good.replace("drop:", "dropp:"),
        good.replace(str(server), "1"),
        good.replace("127.0.0.1", "mail.example.org"),
        good.replace("imap:", "pop3:"),
    ):
        settings.MAIL_DROP = wrong
        with pytest.raises(DropError) as refused:
            look()
        assert "a:b/c@d" not in str(refused.value)
        assert "a%3Ab" not in str(refused.value)
    add_source(factories.SYSTEM, organization, name="Another", kind="mail")
    settings.MAIL_DROP = good.replace("?source=Mailbox", "")
    with pytest.raises(DropError, match="several"):
        look()
