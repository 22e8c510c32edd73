"""What the playthrough of one agreed story stands on: a server, people in browsers, and the world outside that hears."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as hour
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from conftest import TOCSIN, Server
from tocsin.example import example_plan_files

PHONE: Any = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK: Any = {"viewport": {"width": 1280, "height": 900}}
WAIT = 30_000
"""Milliseconds that a page is given; the machine may be busy with other tests."""
PEOPLE = {
    "Anneke": ("Anneke de Vries", "anneke.devries@halden.example.org", "administrator"),
    "Ruth": ("Ruth Oyelaran", "ruth.oyelaran@halden.example.org", "responder"),
    "Marco": ("Marco Bianchi", "marco.bianchi@halden.example.org", "responder"),
    "Henrik": ("Henrik Halden", "henrik.halden@halden.example.org", "responder"),
}
"""Who plays: incident manager, counsel, communications lead and executive sponsor of the example organization's plan."""


@dataclass(frozen=True)
class Heard:
    """One message as it came out of the house: when, over which way, to whom, and what it said."""

    at: datetime
    way: str
    to: str
    subject: str
    text: str


class Outside:
    """A mail server and a web server that write down what they get, in one order."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.lock = threading.Lock()

    def hear(self, way: str, to: str, subject: str, text: str) -> None:
        with self.lock:
            self.heard.append(Heard(datetime.now(UTC), way, to, subject, text))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        mail = email.message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        self.hear("mail", envelope.rcpt_tos[0], str(mail["Subject"]), body.get_content() if body else "")
        return "250 Taken"

    def about(self, *subjects: str) -> list[Heard]:
        """What came with one of these subjects, in the order in which it came."""
        with self.lock:
            return [one for one in self.heard if one.subject in subjects]

    def link(self, to: str, path: str) -> str:
        """The signed link of a kind that came by mail to somebody, once it has come."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            for one in list(self.heard):
                if one.to == to and (found := re.search(rf"https?://\S+/{path}/\S+", one.text)):
                    return found[0]
            time.sleep(0.2)
        raise AssertionError(f"no link to {path} came to {to}; mail went to {[(h.to, h.subject) for h in self.heard]}")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def outside() -> Iterator[tuple[Outside, str, str]]:
    """What hears, the address of its mail server, and the address of its webhook as a list of recipients names it."""
    found = Outside()
    mail = Controller(found, hostname="127.0.0.1", port=free_port())
    mail.start()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.hear("webhook", self.path, said["title"], said["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield found, f"smtp://127.0.0.1:{mail.port}", f"json://127.0.0.1:{web.server_port}/newsroom"
    finally:
        mail.stop()
        web.shutdown()
        web.server_close()


@dataclass
class World:
    """The organization: its server, who hears it outside, and everybody's browser."""

    server: Server
    outside: Outside
    webhook: str
    chromium: Browser
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    of: str = ""
    """The address of the incident, with a slash at its end."""

    def context(self, who: str, **how: Any) -> BrowserContext:
        """A browser of somebody's own; what it complains of is kept."""
        context = self.chromium.new_context(base_url=self.server.url, timezone_id="Europe/Stockholm", **how)
        context.set_default_timeout(WAIT)
        context.on("weberror", lambda e: self.complaints.append(f"{who}: {e.error}"))
        context.on("console", lambda m: self.complaints.append(f"{who}: {m.text}") if m.type == "error" else None)
        self.contexts[who] = context
        return context

    def sign_in(self, who: str, **how: Any) -> Page:
        page = self.context(who, **(how or DESK)).new_page()
        page.goto(self.server.tocsin("sign-in", PEOPLE[who][1]).strip())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"/(me|incidents)$"))
        self.pages[who] = page
        return page

    def on(self, who: str, path: str) -> Page:
        """Somebody's page, opened at a place of the incident."""
        page = self.pages[who]
        page.goto(self.of + path)
        return page


def prepare(server: Server, folder: Path) -> None:
    """The example organization with accounts for those who play."""
    for name, text in example_plan_files(datetime.now(UTC).date()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    server.tocsin("plan", "import", str(folder))
    for name, mail, role in PEOPLE.values():
        server.tocsin("sign-in", mail, "--invite", name, "--role", role)


@contextmanager
def world(folder: Path, chromium: Browser, setenv: Callable[[str, str], None]) -> Iterator[World]:
    """Everything running: mail goes to a real server outside, and lists may name webhooks."""
    with outside() as (heard, smtp, webhook):
        setenv("TOCSIN_SMTP_URL", smtp)
        setenv("TOCSIN_LIST_CHANNELS", "json")
        server = Server(f"http://127.0.0.1:{(port := free_port())}", folder / "home")
        prepare(server, folder / "plan")
        command = [str(TOCSIN), "up", "--home", str(server.home), "--port", str(port)]
        up = subprocess.Popen(command, env=os.environ | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)  # fmt: skip
        threading.Thread(target=lambda: server.said.extend(up.stdout or ()), daemon=True).start()
        made = World(server, heard, webhook, chromium)
        try:
            deadline = time.monotonic() + 120
            while not any("Ctrl-C" in line for line in server.said):
                assert up.poll() is None, "".join(server.said)
                assert time.monotonic() < deadline, "".join(server.said)
                time.sleep(0.1)
            yield made
        finally:
            for context in made.contexts.values():
                context.close()
            up.terminate()
            up.wait(20)


def press(button: Locator) -> None:
    """Press a button of a form and wait until the server has done what it asks; a refusal fails."""
    page = button.page
    with page.expect_response(lambda r: r.request.method == "POST" and "/incidents/" in r.url) as answer:
        button.click()
    said = answer.value
    assert said.status in (200, 204, 302), f"{said.url}: {said.status} {said.text()[:2000]}"


def local(moment: datetime) -> str:
    """A time as a field of a page takes it, in the zone of the organization."""
    return f"{moment.astimezone(ZoneInfo('Europe/Stockholm')):%Y-%m-%dT%H:%M}"


def shows_time(place: Locator, moment: datetime) -> None:
    """The page shows this very instant there."""
    expect(place.locator("time").first).to_be_visible()
    shown = [datetime.fromisoformat(t.get_attribute("datetime") or "") for t in place.locator("time").all()]
    assert moment in shown, f"{moment} is not among {shown}"


def end_of_day(start: datetime, days: int, zone: str) -> datetime:
    """The last second of the day that lies so many calendar days after the day of `start`, in a zone."""
    last = start.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    return datetime.combine(last, hour(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def business_days_in_washington(start: datetime, days: int) -> datetime:
    """17:30 in New York on the day that lies so many days of work after that of `start`."""
    zone = ZoneInfo("America/New_York")
    day = start.astimezone(zone).date()
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and day not in _federal(day.year) | _federal(day.year + 1)
    return datetime.combine(day, hour(17, 30), zone).astimezone(UTC)


def _federal(year: int) -> set[date]:
    """The holidays of the United States' government: 5 U.S.C. 6103, moved to Friday or Monday from a weekend."""
    fixed = [date(year, *on) for on in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]
    moved = {d - timedelta(days=1) if d.weekday() == 5 else d + timedelta(days=d.weekday() == 6) for d in fixed}
    floating = {_nth(year, *which) for which in ((1, 0, 3), (2, 0, 3), (9, 0, 1), (10, 0, 2), (11, 3, 4))}
    return moved | floating | {max(date(year, 5, d) for d in range(25, 32) if date(year, 5, d).weekday() == 0)}


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))
