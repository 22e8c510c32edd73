"""A real Tocsin in its own processes with the example organization, and real browsers of people who work in it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(
    timeout=15_000
)  # two browsers, two servers and their tests share two cores: five seconds are not enough
TOCSIN = Path(sys.executable).with_name("tocsin")
MAIL = {
    "Anneke": "anneke.devries@halden.example.org",
    "Priya": "priya.raman@halden.example.org",
    "Henrik": "henrik.halden@halden.example.org",
    "Jonas": "jonas.lindqvist@halden.example.org",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a Chromium; without one it is skipped and says so."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}"))


@dataclass
class Server:
    """The running Tocsin: where it listens and how to get in."""

    url: str
    home: Path
    said: list[str] = field(default_factory=list)

    def tocsin(self, *arguments: str) -> str:
        """What a command says on this installation."""
        command = [str(TOCSIN), *arguments, "--home", str(self.home)]
        environment = {**os.environ, "TOCSIN_BASE_URL": self.url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def link(self, who: str) -> str:
        """A fresh sign-in link."""
        found = re.search(r"\S+/sign-in/\S+", self.tocsin("sign-in", MAIL[who]))
        assert found
        return found[0]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Server(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("home"))
    command = [str(TOCSIN), "up", "--demo", "--home", str(running.home), "--port", str(port)]
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"} | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def listen() -> None:
        assert process.stdout
        running.said.extend(process.stdout)

    threading.Thread(target=listen, daemon=True).start()
    try:
        deadline = time.monotonic() + 120
        while not any("Ctrl-C" in line for line in running.said):
            assert process.poll() is None, "".join(running.said)
            assert time.monotonic() < deadline, "".join(running.said)
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")  # its event loop must end before tests of other files use the database
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(server: Server, chromium: Browser) -> Iterator[Enter]:
    """Sign somebody in, in a browser of their own; what the browser complains of fails the test."""
    pages: list[tuple[Page, list[str]]] = []

    def come(who: str, **how: Any) -> Page:
        context = chromium.new_context(base_url=server.url, **how)
        context.set_default_timeout(10_000)
        page, complaints = context.new_page(), []
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        pages.append((page, complaints))
        page.goto(server.link(who))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"/(me|incidents)$"))
        return page

    yield come
    for page, complaints in pages:
        page.context.close()
        # A refused form is answered with 422, which the browser notes as an error; nothing else may be noted.
        assert [c for c in complaints if "422" not in c] == []
