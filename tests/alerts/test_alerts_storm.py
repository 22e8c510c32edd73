"""A storm on a running Tocsin: many senders post the same at once; nothing is lost or doubled. `make soak`: 10,000 alerts."""

from __future__ import annotations

import http.client
import json
import os
import smtplib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TOCSIN = Path(sys.executable).with_name("tocsin")
STORM, SENDERS = (10_000 if os.environ.get("TOCSIN_SOAK") else 2_000), 40
MAKE = """
import django; django.setup()
from tocsin.alerts.actions import add_source
from tocsin.core.access import Actor
from tocsin.core.founding import new_organization
place = new_organization("storm", "Storm")
for kind in ("webhook", "mail"):
    print(add_source(Actor.system(), place, name=kind, kind=kind)[1])
"""
BODY = json.dumps({"title": "sshd: brute force", "severity": "high", "hostname": "gw-1"})


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int, int, str, str]]:
    """Home, port, mail port, the webhook's secret and the mailbox's."""
    home, port, mail = tmp_path_factory.mktemp("home"), _free(), _free()
    # A database of its own, in its home: what is counted is read past Tocsin.
    own = {k: v for k, v in os.environ.items() if k != "TOCSIN_DATABASE_URL"}
    environment = own | {"TOCSIN_HOME": str(home), "TOCSIN_MAIL_LISTEN": f"127.0.0.1:{mail}"}
    environment |= {"DJANGO_SETTINGS_MODULE": "tocsin.settings"}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], env=environment, check=True)
    made = subprocess.run([sys.executable, "-c", MAKE], env=environment, check=True, capture_output=True, text=True)
    hook, box = made.stdout.split()
    process = subprocess.Popen([TOCSIN, "up", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", mail), 1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
        yield home, port, mail, hook, box
    finally:
        process.terminate()
        process.wait(20)


def _rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(home / "tocsin.sqlite3") as database:
        return database.execute(sql).fetchall()


def _post(port: int, secret: str, times: int, answers: Counter[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for _ in range(times):
        connection.request("POST", "/api/v1/alerts/in", BODY, {"X-Tocsin-Key": secret})
        answer = connection.getresponse()
        answer.read()
        answers[answer.status] += 1
    connection.close()


@pytest.mark.slow
def test_identical_alerts_at_once_are_one_alert_counted_exactly(
    running: tuple[Path, int, int, str, str],
) -> None:
    home, port, _mail, hook, _box = running
    counts: list[Counter[int]] = [Counter() for _ in range(SENDERS)]
    senders = [threading.Thread(target=_post, args=(port, hook, STORM // SENDERS, c)) for c in counts]
    start = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    print(f"{STORM / (time.perf_counter() - start):.0f} alerts a second")
    assert sum(counts, Counter()) == {202: STORM}
    assert _rows(home, "SELECT count FROM alerts_alert") == [(STORM,)]
    (entries,) = _rows(home, "SELECT count(*) FROM core_logentry WHERE verb = 'alert.take'")[0]
    assert isinstance(entries, int)
    assert entries < STORM
    done = subprocess.run([TOCSIN, "verify", "--home", str(home)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_bad_messages_are_answered_by_the_fast_lane_too(running: tuple[Path, int, int, str, str]) -> None:
    _home, port, _mail, hook, _box = running
    wanted = [
        (b"{", {"X-Tocsin-Key": hook}, "/api/v1/alerts/in", 400),
        (b"{}", {}, "/api/v1/alerts/in", 404),
        (b"{}", {"X-Tocsin-Key": "0" * 40}, "/api/v1/alerts/in", 404),
        (b"{}", {}, "/api/v1/alerts/in/" + "0" * 40, 404),
        (b"[" * 300_000, {"X-Tocsin-Key": hook}, "/api/v1/alerts/in", 400),
        (b" " * 1_100_000, {"X-Tocsin-Key": hook}, "/api/v1/alerts/in", 413),
        (b'{"title": "by address"}', {}, "/api/v1/alerts/in/" + hook, 202),
    ]
    for body, headers, path, status in wanted:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        assert answer.status == status, told
        assert told.get("detail") or told.get("said"), path
        connection.close()


def test_a_mail_by_smtp_becomes_an_alert(running: tuple[Path, int, int, str, str]) -> None:
    home, _port, mail, _hook, box = running
    message = b"Subject: [HIGH] Beacon\r\nMessage-ID: <m1@edr>\r\n\r\nHost: ws-9\r\n"
    for _ in range(2):
        with smtplib.SMTP("127.0.0.1", mail, timeout=30) as smtp:
            smtp.sendmail("edr@example.org", [f"{box.upper()}@tocsin.example"], message)
    assert _rows(home, "SELECT title, severity, count FROM alerts_alert WHERE mapping = 'mail'") == [
        ("[HIGH] Beacon", 2, 2)
    ]
