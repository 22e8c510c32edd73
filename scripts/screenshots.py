"""Takes pictures of the running product into docs/screenshots: every page light, dark and on a phone, some on a wall screen.

Starts a real Tocsin with the example organization on a throw-away home; needs Debian's Chromium, which also packs the
pictures small (WebP).
"""

from __future__ import annotations

import base64
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
CALLED, STATUS, DECIDE = "called", "status", "decide"
"""The pages whose address is a secret: by the buttons of who is called, on the page of communications, made below."""
PAGES = {
    "me": "/me",
    CALLED: "",
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
    "decision": ROOM + "decisions/4",
    DECIDE: "",
    "facts": ROOM + "facts",
    "obligations": ROOM + "obligations",
    "duty": ROOM + "obligations/eu-gdpr-33",
    "notice": ROOM + "obligations/notices/2",
    "law": "/law",
    "breaches": "/breaches",
    "communications": ROOM + "communications",
    "message": ROOM + "communications/messages/4",
    "wave": ROOM + "communications/waves/3",
    "audiences": ROOM + "communications/audiences",
    "questions": ROOM + "communications/questions",
    STATUS: "",
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
ONLY = {"wall": {"room", "exercise"}}
"""Looks that not every page is taken in."""
TALLEST = 1000
"""Pixels of height after which a page is cut: what comes then is more of the same."""
QUALITY = 35
"""Of WebP, of 100: letters can be read well, and all pictures together stay under 8 MB."""


def main() -> None:
    """Start, look, stop. Names on the command line choose pages; without any all are taken."""
    wanted = {name: path for name, path in PAGES.items() if not sys.argv[1:] or name in sys.argv[1:]}
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-pictures-") as home:
        process, link = start(Path(home))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
                take(browser, link, wanted, Path(home))
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


def decide_link(home: Path) -> str:
    """The path of the link by which the executive sponsor answers D-4: the server would send it by message."""
    ask = (
        "from tocsin.cli.boot import boot; boot(None)\n"
        "from tocsin.incidents.decision_links import seats_asked, token_of\n"
        "from tocsin.incidents.models import Decision\n"
        "asked = Decision.objects.get(incident__number='INC-2026-001', number=4)\n"
        "print('/decide/' + token_of(asked, seats_asked(asked)[0]))\n"
    )
    environment = {**os.environ, "TOCSIN_HOME": str(home)}
    ran = subprocess.run([sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    return ran.stdout.split()[-1]


def take(browser: Browser, link: str, wanted: dict[str, str], home: Path) -> None:
    """Sign in once and take every page in every look."""
    base = link.split("/sign-in/", maxsplit=1)[0]
    first = browser.new_context()
    page = first.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me")
    state = first.storage_state()
    secret = {CALLED: page.locator("a[href*='/called/']").first.get_attribute("href") or ""}
    page.goto(f"{base}{ROOM}communications")
    secret[STATUS] = page.locator("a[href*='/status/']").first.get_attribute("href") or ""
    secret[DECIDE] = decide_link(home)
    for look, how in LOOKS.items():
        context = browser.new_context(storage_state=state, base_url=base, **how)
        page = context.new_page()
        for name, path in wanted.items():
            if name in ONLY.get(look, PAGES):
                picture(page, secret.get(name, path), OUT / f"{name}-{look}.webp")
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
    devtools = page.context.new_cdp_session(page)
    shot = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(shot["data"]))
    devtools.detach()
    page.set_viewport_size(seen)
    sys.stdout.write(f"{file.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
