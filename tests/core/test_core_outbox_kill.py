"""kill -9 between storing and sending: mail and webhook are delivered at least once, and shown once.

A page, a mail and a webhook are all messages of the outbox; the two ways out are SMTP and HTTP (Apprise).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Child = Callable[[str], "subprocess.CompletedProcess[str]"]
CHILD = str(Path(__file__).with_name("outbox_kill_child.py"))


@dataclass
class Outside:
    """A real server that counts what arrives: `names` says how each delivery calls itself."""

    address: str
    environment: dict[str, str]
    names: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        self.names.append(str(message_from_bytes(envelope.content or b"")["Message-ID"]))  # type: ignore[arg-type]
        return "250 Taken"


@pytest.fixture
def smtp() -> Iterator[Outside]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outside = Outside("mailto:ana@halden.example", {"TOCSIN_SMTP_URL": f"smtp://127.0.0.1:{port}"})
    server = Controller(outside, hostname="127.0.0.1", port=port)
    server.start()
    yield outside
    server.stop()


@pytest.fixture
def http() -> Iterator[Outside]:
    outside = Outside("", {})

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            outside.names.append(body[body.index("[page-1]") :][:8])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Post)
    outside.address = f"json://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield outside
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["smtp", "http"])
def outside(request: pytest.FixtureRequest) -> Outside:
    found: Outside = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("outbox") / "empty.sqlite3"
    environment = _environment(file)
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
    subprocess.run(command, env=environment, timeout=180, check=True, capture_output=True)
    return file


def _environment(file: Path) -> dict[str, str]:
    return os.environ | {
        "TOCSIN_HOME": str(file.parent / "home"),
        "TOCSIN_DATABASE_URL": f"sqlite:///{file}",
        "DJANGO_SETTINGS_MODULE": "tocsin.settings",
    }


@pytest.fixture
def run(migrated: Path, tmp_path: Path, outside: Outside) -> Child:
    file = tmp_path / "outbox.sqlite3"
    file.write_bytes(migrated.read_bytes())

    def child(what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, CHILD, what, outside.address]
        environment = _environment(file) | outside.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    return child


def test_killed_before_the_commit_nothing_leaves(run: Child, outside: Outside) -> None:
    assert run("die-before-commit").returncode == -9
    assert outside.names == []
    done = run("deliver")
    assert done.stdout.split() == ["1", "sent", "1", "1"], done.stderr


def test_killed_between_storing_and_sending_it_is_sent_once(run: Child, outside: Outside) -> None:
    assert run("die-before-sending").returncode == -9
    assert outside.names == []
    done = run("deliver")
    assert done.stdout.split() == ["1", "sent", "1", "1"], done.stderr
    assert len(outside.names) == 1
    assert run("deliver").stdout.split() == ["0", "sent", "1", "1"]
    assert len(outside.names) == 1


def test_killed_between_sending_and_recording_it_is_sent_again_under_the_same_name(
    run: Child, outside: Outside
) -> None:
    """The outside sees it twice, as one: the same Message-ID, the same key. Here it is shown once, and sent once."""
    for _ in range(2):
        assert run("die-after-sending").returncode == -9
    done = run("deliver")
    assert done.stdout.split() == ["1", "sent", "1", "1"], done.stderr
    assert len(outside.names) == 3
    assert len(set(outside.names)) == 1
    assert run("deliver").stdout.split() == ["0", "sent", "1", "1"]
