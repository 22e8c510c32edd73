"""Takes pictures of the running product into docs/screenshots: every page, light and on a dark phone; some dark on a desk.

Starts a real Tocsin with the example organization on a throw-away home; needs Debian's Chromium.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "screenshots"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
LINK = re.compile(r"http://\S+/sign-in/\S+")
ROOM = "/incidents/INC-2026-001/"
CALLED = "called"
"""The one page whose address is a secret: it is reached by the button of who is called."""
PAGES = {
    "me": "/me",
    CALLED: "/me",
    "answer": "/answer",
    "incidents": "/incidents",
    "declare": "/incidents/declare",
    "alerts": "/alerts",
    "alert": "/alerts/5",
    "alert-declare": "/alerts/5/declare",
    "alert-sources": "/alerts/sources",
    "report-form": "/report/example",
    "room": ROOM,
    "situation": ROOM + "situation",
    "tasks": ROOM + "tasks",
    "tasks-by-state": ROOM + "tasks?by=state",
    "task": ROOM + "tasks/2",
    "investigation": ROOM + "investigation",
    "events": ROOM + "investigation/events",
    "attack": ROOM + "investigation/attack",
    "indicators": ROOM + "investigation/indicators",
    "network": ROOM + "investigation/network",
    "processes": ROOM + "investigation/processes",
    "logons": ROOM + "investigation/logons",
    "scope": ROOM + "scope",
    "decisions": ROOM + "decisions",
    "decision": ROOM + "decisions/1",
    "obligations": ROOM + "obligations",
    "remediation": ROOM + "remediation",
    "report": ROOM + "report",
    "notes": ROOM + "notes",
    "note": ROOM + "notes/1",
    "note-edit": ROOM + "notes/1/edit",
    "note-history": ROOM + "notes/1/history",
    "log": ROOM + "log",
    "roles": ROOM + "roles",
    "related": ROOM + "related",
    "close": ROOM + "close",
    "merge": ROOM + "merge",
    "split": ROOM + "split",
    "incident-plan": ROOM + "plan",
    "exercise": "/incidents/EX-2026-001/",
    "search": "/search?q=ransom",
    "plan": "/plan?part=9",
    "stick": "/plan/stick",
    "team": "/team",
    "person": "/team/people/jonas-lindqvist",
    "on-call": "/on-call",
    "rota": "/on-call/log_analyst",
    "comcheck": "/comcheck",
    "webhooks": "/webhooks",
    "account": "/you",
}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 960}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 960}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "device_scale_factor": 1,
              "has_touch": True, "is_mobile": True},
    "wall": {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "dark"},
}  # fmt: skip
ONLY = {
    "dark": {"me", CALLED, "incidents", "declare", "alerts", "room", "situation", "tasks", "investigation", "attack",
             "scope", "decision", "obligations", "note-history", "log", "roles", "exercise", "plan", "on-call", "comcheck"},
    "wall": {"room", "exercise"},
}  # fmt: skip
"""Looks that not every page is taken in: on the phone every page is dark already."""
TALLEST = 1000
"""Pixels of height after which a page is cut: what comes then is more of the same."""


def main() -> None:
    """Start, look, stop. Names on the command line choose pages; without any all are taken."""
    wanted = {name: path for name, path in PAGES.items() if not sys.argv[1:] or name in sys.argv[1:]}
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as home:
        process, link = start(Path(home))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
                take(browser, link, wanted)
                browser.close()
        finally:
            process.terminate()
            process.wait(20)


def start(home: Path) -> tuple[subprocess.Popen[str], str]:
    """Tocsin on a free port; the process and the sign-in link that it printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    tocsin = Path(sys.executable).with_name("tocsin")
    command = [str(tocsin), "up", "--demo", "--home", str(home), "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    said = ""
    for line in process.stdout or ():
        said += line
        if found := LINK.search(line):
            return process, found[0]
    raise SystemExit(f"Tocsin did not start: {said}")


def take(browser: Browser, link: str, wanted: dict[str, str]) -> None:
    """Sign in once and take every page in every look."""
    base = link.split("/sign-in/", maxsplit=1)[0]
    first = browser.new_context()
    page = first.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me")
    state = first.storage_state()
    called = page.locator("a[href*='/called/']").first.get_attribute("href") or ""
    for look, how in LOOKS.items():
        context = browser.new_context(storage_state=state, base_url=base, **how)
        page = context.new_page()
        for name, path in wanted.items():
            if name in ONLY.get(look, PAGES):
                picture(page, called if name == CALLED else path, OUT / f"{name}-{look}.png")
        context.close()


def picture(page: Page, path: str, file: Path) -> None:
    """A page from its top, as far as there is something new to see."""
    answer = page.goto(path)
    if not answer or not answer.ok:
        raise SystemExit(f"{path} does not answer: {answer.status if answer else 'nothing'}")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_timeout(300)  # the clocks tick once and the log says that it is live
    seen = page.viewport_size or {"width": 1440, "height": 960}
    height = min(max(int(page.evaluate("document.documentElement.scrollHeight")), seen["height"]), TALLEST)
    page.set_viewport_size({"width": seen["width"], "height": height})
    page.screenshot(path=str(file))
    page.set_viewport_size(seen)
    sys.stdout.write(f"{file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
