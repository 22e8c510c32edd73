"""kill -9 between storing a page and sending it: the person gets it at least once, and Tocsin shows it once."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

CHILD = str(Path(__file__).with_name("paging_child.py"))


class Received:
    """What the two channels of the called person received."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.hooks: list[dict[str, Any]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        self.mails.append((envelope.rcpt_tos[0], bytes(envelope.content or b"").decode()))
        return "250 Taken"


@pytest.fixture
def received() -> Iterator[tuple[Received, str, str]]:
    box = Received()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            box.hooks.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    hook = HTTPServer(("127.0.0.1", 0), Post)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mail = Controller(box, hostname="127.0.0.1", port=port)
    mail.start()
    yield box, f"json://127.0.0.1:{hook.server_port}/call", f"smtp://127.0.0.1:{port}"
    mail.stop()
    hook.shutdown()
    hook.server_close()


@pytest.mark.slow
def test_a_page_survives_a_kill_and_is_shown_once(tmp_path: Path, received: tuple[Received, str, str]) -> None:
    box, hook, smtp = received
    environment = os.environ | {
        "TOCSIN_HOME": str(tmp_path / "home"), "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path / 'p.sqlite3'}",
        "TOCSIN_SMTP_URL": smtp, "DJANGO_SETTINGS_MODULE": "tocsin.settings",
    }  # fmt: skip

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=180, check=False
        )

    def child(*arguments: str, dies: bool = False) -> str:
        done = run(CHILD, *arguments)
        assert done.returncode == (-9 if dies else 0), done.stderr
        return done.stdout

    assert run("-m", "django", "migrate", "--verbosity=0", "--skip-checks").returncode == 0
    child("prepare", hook)
    child("die-while-storing", dies=True)  # all of it or nothing of it: the declaration is undone too
    child("die-when-stored", dies=True)
    assert (box.mails, box.hooks) == ([], [])
    looked = json.loads(child("look"))
    assert looked == {"calls": 1, "messages": 1, "sent": 0, "entries": 1, "pagings": looked["roles"],
                      "roles": looked["roles"]}  # fmt: skip

    child("die-when-sent", dies=True)
    assert len(box.hooks) == 1
    assert json.loads(child("look"))["sent"] == 0, "killed before it was written down"
    child("tick", "0")
    assert len(box.hooks) == 2, "at least once"
    assert box.hooks[0]["message"] == box.hooks[1]["message"], "the same key, code and link"
    child("tick", "6")
    mails = [text for to, text in box.mails if to == "oksana.melnyk@halden.example.org"]
    assert len(mails) == 1
    assert "/called/" in mails[0]
    looked = json.loads(child("look"))
    assert (looked["calls"], looked["messages"], looked["sent"], looked["entries"]) == (1, 2, 2, 2)
    assert looked["pagings"] == looked["roles"], "one paging for each seat, whatever died"
    child("tick", "6")
    assert len(box.hooks) == 2
