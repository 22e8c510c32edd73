"""The first hour of ransomware: five people in five browsers, and all of them see the same after every step."""

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
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from playwright.sync_api import Browser, BrowserContext, Page, expect

from conftest import TOCSIN, Server
from tocsin.example import example_plan_files

PHONE: Any = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}
DESKTOP: Any = {"viewport": {"width": 1280, "height": 900}}
PEOPLE = {
    "Anneke": ("Anneke de Vries", "anneke.devries@halden.example.org", "administrator"),
    "Tomasz": ("Tomasz Zielinski", "tomasz.zielinski@halden.example.org", "responder"),
    "Leila": ("Leila Haddad", "leila.haddad@halden.example.org", "responder"),
    "Henrik": ("Henrik Halden", "henrik.halden@halden.example.org", "responder"),
    "Oksana": ("Oksana Melnyk", "oksana.melnyk@halden.example.org", "responder"),
    "Jakob": ("Jakob Lund", "jakob.lund@halden.example.org", "responder"),
}
TITLE = "Ransom note written on fs-2"
FIVE = "severity: 1, no_answer_after: 5 min"
WAIT = 30_000
"""Milliseconds in which a change must have come to every browser; five of them may share two cores."""
ROOM_SAYS = """() => {
    const words = of => (document.querySelector(of)?.textContent ?? "").replace(/\\s+/g, " ").trim();
    const cut = (of, what) => (words(of).match(what) ?? [""])[0];
    const section = name => [...document.querySelectorAll(".t-lower .t-panehead")]
        .find(head => head.querySelector("h2").textContent === name)?.querySelector(".t-count").textContent.trim();
    return {
        number: words("[data-live-part=bar] .t-id"), title: words("[data-live-part=bar] h1"),
        phase: words("[data-live-part=bar] .t-phase [aria-current]"), leads: words("[data-live-part=bar] .t-person"),
        done: cut("#board .t-panehead .t-count", /\\d+ of \\d+ done/), scope: section("Scope"),
        decisions: section("Decisions"), report: cut(".t-cadence", /Report \\d+ by .+?,/),
        newest: document.querySelector("#feed li[data-seq]")?.dataset.seq,
    };
}"""
"""What everybody on the incident has to see alike; the running clocks are left out."""


class Mailbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's
        message = email.message_from_bytes(bytes(envelope.content or b""), policy=email.policy.default)
        body = message.get_body(("plain",))  # type: ignore[attr-defined]
        self.mails.append((envelope.rcpt_tos[0], body.get_content() if body else ""))
        return "250 Taken"

    def link(self, who: str, seconds: float) -> str:
        """The signed link in the mail that calls somebody, once it has come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for to, text in list(self.mails):
                found = re.search(r"https?://\S+/called/\S+", text)
                if to == PEOPLE[who][1] and found:
                    return found[0]
            time.sleep(0.2)
        raise AssertionError(f"{who} was not called within {seconds} s; mail went to {[to for to, _ in self.mails]}")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Hour:
    """The organization in its first hour: the server, its mail, and everybody's browser with the room open in it."""

    server: Server
    mailbox: Mailbox
    chromium: Browser
    contexts: dict[str, BrowserContext] = field(default_factory=dict)
    rooms: dict[str, Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    room: str = ""

    def browser(self, who: str, **how: Any) -> Page:
        """A browser of somebody's own; what it complains of is kept."""
        context = self.chromium.new_context(base_url=self.server.url, **(how or DESKTOP))
        context.set_default_timeout(WAIT)
        context.on("weberror", lambda e: self.complaints.append(f"{who}: {e.error}"))
        context.on("console", lambda m: self.complaints.append(f"{who}: {m.text}") if m.type == "error" else None)
        self.contexts[who] = context
        return context.new_page()

    def sign_in(self, who: str, page: Page) -> Page:
        page.goto(self.server.tocsin("sign-in", PEOPLE[who][1]).strip())
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"/(me|incidents)$"))
        return page

    def enter(self, who: str, page: Page) -> None:
        """Open the room once; from here on this page is never loaded again."""
        page.goto(self.room)
        expect(page.locator("[data-live-word][data-is=on]")).to_be_visible(timeout=WAIT)
        page.evaluate("window.stayed = true")
        self.rooms[who] = page

    def aside(self, who: str, path: str) -> Page:
        """Another tab of somebody's browser, so that the room stays open beside it."""
        page = self.contexts[who].new_page()
        page.goto(self.room + path)
        return page

    def all_see(self, **expected: str) -> dict[str, str]:
        """Wait until every room says the same and what is expected; what they say."""
        deadline = time.monotonic() + WAIT / 1000
        seen: dict[str, dict[str, str]] = {}
        while time.monotonic() < deadline:
            seen = {who: page.evaluate(ROOM_SAYS) for who, page in self.rooms.items()}
            first = next(iter(seen.values()))
            if all(s == first for s in seen.values()) and all(first[k] == v for k, v in expected.items()):
                return first
            next(iter(self.rooms.values())).wait_for_timeout(200)
        raise AssertionError(f"expected {expected}, seen:\n" + "\n".join(f"{who}: {s}" for who, s in seen.items()))

    def all_read(self, words: str) -> None:
        """Every log beside the room tells these words."""
        for page in self.rooms.values():
            expect(page.locator("#feed")).to_contain_text(words, timeout=WAIT)


def prepare(server: Server, folder: Path) -> None:
    """An organization whose people have accounts, and whose severe incidents call the next one after a minute."""
    for name, text in example_plan_files(datetime.now(UTC).date()).items():
        if name == "plan.yaml":
            assert text.count(FIVE) == 1
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace(FIVE, FIVE.replace("5 min", "1 min")), encoding="utf-8")
    server.tocsin("plan", "import", str(folder))
    for name, mail, role in PEOPLE.values():
        server.tocsin("sign-in", mail, "--invite", name, "--role", role)


@pytest.fixture
def hour(tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hour]:
    box, port = Mailbox(), free_port()
    mail = Controller(box, hostname="127.0.0.1", port=free_port())
    mail.start()
    monkeypatch.setenv("TOCSIN_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
    monkeypatch.delenv("TOCSIN_HOLD_MESSAGES", raising=False)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    server = Server(f"http://127.0.0.1:{port}", tmp_path / "home")
    prepare(server, tmp_path / "plan")
    command = [str(TOCSIN), "up", "--home", str(server.home), "--port", str(port)]
    up = subprocess.Popen(command, env=os.environ | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)  # fmt: skip
    threading.Thread(target=lambda: server.said.extend(up.stdout or ()), daemon=True).start()
    played = Hour(server, box, chromium)
    try:
        deadline = time.monotonic() + 120
        while not any("Ctrl-C" in line for line in server.said):
            assert up.poll() is None, "".join(server.said)
            assert time.monotonic() < deadline, "".join(server.said)
            time.sleep(0.1)
        yield played
    finally:
        for context in played.contexts.values():
            context.close()
        up.terminate()
        up.wait(20)
        mail.stop()


def alert_and_declare(hour: Hour) -> None:
    """The EDR posts an alert; whoever leads sees it and declares with one key and one press."""
    page = hour.sign_in("Anneke", hour.browser("Anneke"))
    page.goto("/alerts/sources")
    page.get_by_label("Name", exact=True).fill("EDR of the plants")
    page.get_by_label("How they come").select_option(label="Webhook")
    page.get_by_role("button", name="Add", exact=True).click()
    secret = re.search(r"X-Tocsin-Key: (\S+)", page.locator(".t-sourcemade").inner_text())
    assert secret
    page.goto("/alerts")
    expect(page.get_by_text("No alert yet")).to_be_visible()
    body = json.dumps({"title": TITLE, "severity": "critical", "hostname": "fs-2"}).encode()
    asked = urllib.request.Request(f"{hour.server.url}/api/v1/alerts/in", body,
                                   {"X-Tocsin-Key": secret[1], "Content-Type": "application/json"})  # fmt: skip
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 202
    came = page.get_by_role("link", name=re.compile(TITLE)).first  # the first alert of all comes up on the open page
    expect(came).to_be_visible(timeout=WAIT)
    came.click()
    page.wait_for_url(re.compile(r"/alerts/\d+"))
    page.keyboard.press("d")
    expect(page.get_by_label("What happened?")).to_have_value(TITLE)
    expect(page.get_by_label("Which playbook?")).to_have_value("ransomware")
    page.get_by_role("radio", name=re.compile("Severe")).check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    hour.room = page.url
    hour.enter("Anneke", page)


def called_on_a_phone(hour: Hour, seats: Page) -> None:
    """The mail came to the phone: one tap without signing in, and the role board of whoever leads says so."""
    page = hour.browser("Leila", **PHONE)
    page.goto(hour.mailbox.link("Leila", 60))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are called as Scoping lead")
    page.get_by_role("button", name="I am on it").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on it")
    expect(seat(seats, "Scoping lead")).to_contain_text("Answered", timeout=WAIT)
    hour.enter("Leila", hour.sign_in("Leila", page))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def come_in(hour: Hour) -> None:
    """Who decides comes because the plan seats him; the deputy comes because he was let in."""
    hour.enter("Henrik", hour.sign_in("Henrik", hour.browser("Henrik")))
    tomasz = hour.sign_in("Tomasz", hour.browser("Tomasz"))
    assert tomasz.request.get(hour.room).status == 404
    page = hour.aside("Anneke", "roles")
    page.get_by_text("Let somebody in").click()
    page.get_by_label("Person").select_option(label="Tomasz Zielinski")
    page.get_by_role("button", name="Let in").click()
    expect(page.locator("#messages")).not_to_be_empty()
    page.close()
    hour.enter("Tomasz", tomasz)


def finish(hour: Hour, who: str, title: str, proof: str) -> None:
    """Somebody finishes a task on the board of the open room."""
    page = hour.rooms[who]
    page.locator("#board summary[data-task]", has_text=title).first.click()
    task = page.locator("#board details", has=page.locator("summary[data-task]", has_text=title)).last
    task.get_by_role("textbox", name="What proves it").fill(proof)
    task.get_by_role("button", name="Done").click()
    hour.all_read(proof)


def put_in_scope(hour: Hour, name: str, because: str) -> None:
    """On the phone, in another tab."""
    page = hour.aside("Leila", "scope")
    page.get_by_text("Put something in scope").tap()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Why it is in scope").fill(because)
    page.get_by_role("button", name="Put in scope").tap()
    expect(page.locator("tr", has_text=name)).to_contain_text("Suspected")
    page.close()


def write_report(hour: Hour, conditions: str) -> None:
    page = hour.rooms["Anneke"]
    page.locator("summary", has_text="Write a report").click()
    expect(page.get_by_label("Needs: what is asked for")).not_to_be_empty()
    page.get_by_label("Conditions: what is so").fill(conditions)
    page.get_by_role("button", name="Send the report").click()
    for other in hour.rooms.values():
        expect(other.locator(".t-situation")).to_contain_text(conditions, timeout=WAIT)


def decide(hour: Hour) -> None:
    """The question that the bridge opened is decided by the one whom the plan names."""
    page = hour.contexts["Henrik"].new_page()
    page.goto(hour.room + "decisions")
    page.get_by_role("link", name=re.compile("cut the plants")).click()
    page.get_by_role("radio", name=re.compile("Cut only the sites")).check()
    page.get_by_label("Reason").fill("Lübeck shows signs, the others do not")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".t-said")).to_have_text("Lübeck shows signs, the others do not")
    page.close()
    hour.all_read("Lübeck shows signs, the others do not")


def backup_comes(hour: Hour, seats: Page) -> None:
    """The scribe is silent; her backup is called after a minute, learns only then of the incident, and has the seat."""
    assert seat(seats, "Scribe").get_by_text("Answered").count() == 0
    page = hour.sign_in("Jakob", hour.browser("Jakob"))
    link = hour.mailbox.link("Jakob", 150)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are called as Scribe")
    page.get_by_role("button", name="I am on it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on it")
    scribe = seat(seats, "Scribe")
    expect(scribe.locator("b", has_text="Jakob Lund")).to_be_visible(timeout=WAIT)
    expect(scribe).to_contain_text("before: Oksana Melnyk")
    page.get_by_role("link", name="Open the room").click()
    page.wait_for_url(hour.room)
    hour.enter("Jakob", page)


def hand_over(hour: Hour) -> None:
    """The lead goes to the deputy with a note, and he says that he read it."""
    page = hour.aside("Anneke", "roles?role=incident_manager#hand-over")
    form = page.locator("#hand-over")
    form.locator("select[name=member]").select_option(label="Tomasz Zielinski")
    form.get_by_label("Why").fill("end of the first shift")
    form.get_by_role("button", name="Hand over").click()
    hour.all_see(leads="Tomasz Zielinski")
    page.close()
    tomasz = hour.aside("Tomasz", "")
    tomasz.get_by_role("link", name=re.compile("Write the hand-over note")).click()
    tomasz.get_by_label("What to know").fill("Lübeck is cut off; the backups are safe.")
    tomasz.get_by_role("button", name="Send the note").click()
    expect(tomasz.locator("#messages")).to_contain_text("is written")
    tomasz.goto(hour.room)
    tomasz.get_by_role("link", name=re.compile("Read and acknowledge")).click()
    tomasz.get_by_role("button", name="Read, and taken over").click()
    expect(tomasz.locator(".t-sitrep").first).to_contain_text("taken over by Tomasz Zielinski")
    tomasz.close()


def seat(page: Page, title: str) -> Any:
    return page.locator(".t-seat", has=page.locator("b", has_text=re.compile(f"^{title}$"))).first


def story(hour: Hour, number: str) -> list[str]:
    """The verbs of the incident's log, in order."""
    return [json.loads(line)["verb"] for line in hour.server.tocsin("export-log", number).splitlines()]


def told_in_order(verbs: list[str], *chapters: str) -> bool:
    """Whether the chapters come in this order, whatever stands between them."""
    left = iter(verbs)
    return all(chapter in left for chapter in chapters)


@pytest.mark.slow
def test_the_first_hour_of_ransomware_in_five_browsers(hour: Hour) -> None:
    alert_and_declare(hour)
    seats = hour.aside("Anneke", "roles")
    called_on_a_phone(hour, seats)
    come_in(hour)
    start = hour.all_see(title=TITLE, leads="Anneke de Vries", scope="0 entries", report="")
    total, waiting = re.findall(r"\d+", start["done"])[1], int(start["decisions"].split()[0])
    finish(hour, "Anneke", "Open the bridge", "All who answered are on the bridge")
    hour.all_see(done=f"1 of {total} done", decisions=f"{waiting + 1} open")
    put_in_scope(hour, "FS-02", "the note was written there")
    hour.all_see(scope="1 entry")
    write_report(hour, "Notes on one server. No plant has stopped.")
    hour.all_see(report="Report 1 by Anneke de Vries,")
    decide(hour)
    hour.all_see(decisions=f"{waiting} open")
    backup_comes(hour, seats)
    assert list(hour.rooms) == ["Anneke", "Leila", "Henrik", "Tomasz", "Jakob"]
    hour.all_see(scope="1 entry", report="Report 1 by Anneke de Vries,", decisions=f"{waiting} open")
    finish(hour, "Jakob", "Take backups out of reach", "The repository answers nobody")
    put_in_scope(hour, "FS-07", "the same account was used there")
    hour.all_see(scope="2 entries")
    hand_over(hour)
    end = hour.all_see(leads="Tomasz Zielinski")
    assert all(page.evaluate("window.stayed") is True for page in hour.rooms.values()), "a room was loaded again"
    assert hour.complaints == []
    verbs = story(hour, end["number"])
    assert told_in_order(
        verbs, "incident.open", "paging.start", "paging.answer", "access.admit", "task.complete", "scope.add",
        "situation.write", "decision.take", "paging.call", "paging.answer", "task.complete", "scope.add",
        "role.assign", "situation.hand_over", "situation.acknowledge",
    ), verbs  # fmt: skip
    assert "all hold" in hour.server.tocsin("verify")
