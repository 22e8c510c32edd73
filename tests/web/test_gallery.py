"""The shell and every shape in a real browser: strict content policy, both themes, phone width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

import tocsin.web
from tocsin.web.timewords import say_duration

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(tocsin.web.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'"
)
HOST = "http://tocsin.test"
NOW = datetime(2026, 11, 27, 3, 17, 5, tzinfo=UTC)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
]


def gallery(**more: Any) -> str:
    def ago(minutes: int) -> datetime:
        return NOW - timedelta(minutes=minutes)

    marks = [
        {"at": "2026-11-27T02:07:00Z", "lane": "TA0001", "label": "VPN sign-in", "level": "high"},
        {"at": "2026-11-27T02:31:00Z", "lane": "TA0008", "label": "Service made", "level": "high"},
        {"at": "2026-11-27T02:31:01Z", "lane": "TA0008", "label": "Admin share", "level": "low"},
        {"at": "2026-11-27T02:50:00Z", "lane": "unknown", "label": "No lane of ours", "level": "low"},
    ]
    lanes = [{"id": "TA0001", "label": "Initial access"}, {"id": "TA0008", "label": "Lateral movement"}]
    context = {
        "now": NOW,
        "declared": ago(69),
        "missed": ago(18),
        "decide": ago(-31),
        "asked": ago(230),
        "insurer": ago(-1184),
        "wings": [
            {"label": "Prepare", "url": "#p"},
            {"label": "Respond", "url": "#r", "current": True},
            {"label": "Learn", "url": "#l"},
        ],
        "tabs": [{"label": f"Page {number}", "url": "#", "count": number} for number in range(9)],
        "person_name": "Anneke de Vries",
        "organization": "Example",
        "search_url": "/search",
        "sign_out_url": "/out",
        "timeline": {"label": "Timeline", "lanes": lanes, "marks": marks},
    }
    with timezone.override(ZoneInfo("Europe/Berlin")):
        return render_to_string("web/gallery.html", context | more)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def visit(browser: Browser, html: str, *, width: int = 1280, scheme: Any = "light") -> tuple[Page, list[str]]:
    """The page, and what the browser complained of or asked other hosts for."""
    complaints: list[str] = []

    def answer(route: Route) -> None:
        url = route.request.url
        path = url.removeprefix(HOST).split("?")[0].split("#")[0]
        if not url.startswith(HOST):
            complaints.append(f"asked for {url}")
            route.abort()
        elif path.startswith("/static/") and (file := STATIC / path.removeprefix("/static/")).is_file():
            route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
        elif path == "/":
            route.fulfill(
                body=html,
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": POLICY},
            )
        else:
            complaints.append(f"not found: {path}")
            route.fulfill(status=404)

    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", answer)
    page.goto(HOST + "/")
    page.evaluate("document.fonts.ready.then(() => true)")
    return page, complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1440])
def test_the_page_fits_and_obeys_the_strict_policy(chromium: Browser, width: int, scheme: str) -> None:
    exercise = {"exercise": {"name": "Night shift."}, "clock_speed": 60.0} if scheme == "dark" else {}
    page, complaints = visit(chromium, gallery(**exercise), width=width, scheme=scheme)
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"IBM Plex Sans"')
    assert page.locator(".t-drillband").count() == bool(exercise)
    page.close()


def test_no_page_markup_needs_inline_styles_or_scripts() -> None:
    html = gallery()
    assert " style=" not in html
    assert "onclick" not in html


def test_clocks_tick_by_the_server_s_time_and_speed(chromium: Browser) -> None:
    page, complaints = visit(chromium, gallery(clock_speed=600.0))
    countdown = page.locator(".t-strip time").nth(1)
    expect(countdown).to_have_attribute("data-state", "late", timeout=15_000)
    assert countdown.inner_text().endswith("late")
    ring = page.locator(".t-strip svg.t-ring").nth(1)
    assert ring.get_attribute("data-state") == "late"
    assert ring.get_attribute("aria-label") == "Late"
    assert ring.locator(".disc").count() == 1
    wall = page.locator("time[data-kind=wall]")
    assert wall.nth(0).inner_text()[3:] == wall.nth(1).inner_text()[3:]
    assert wall.nth(0).inner_text() != "04:17"
    assert complaints == []
    page.close()


def test_browser_and_server_say_lengths_of_time_alike(chromium: Browser) -> None:
    page, _complaints = visit(chromium, gallery(clock_speed=0.0))
    lengths = [1, 59, 60, 299, 300, 3599, 3600, 4140, 86400, 345599, 345600, 442800, 9_999_999]
    said = page.evaluate(
        """lengths => { const now = Date.parse(document.documentElement.dataset.now);
        const dials = lengths.map(length => { const dial = document.createElement('time');
          dial.dataset.due = new Date(now + length * 1000).toISOString(); dial.dataset.kind = 'due';
          document.body.append(dial); return dial; });
        document.dispatchEvent(new CustomEvent('htmx:load', { detail: { elt: document.body } }));
        return dials.map(dial => dial.textContent); }""",
        lengths,
    )
    assert said == [say_duration(length) for length in lengths]
    page.close()


def test_slash_goes_to_the_search_but_not_while_writing(chromium: Browser) -> None:
    page, _complaints = visit(chromium, gallery())
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("a/b")
    assert page.input_value("[data-search]") == "a/b"
    page.keyboard.press("Escape")
    page.focus("textarea")
    page.keyboard.type("1/2")
    assert page.input_value("textarea") == "1/2"
    page.close()


def test_the_theme_is_kept_for_the_next_page(chromium: Browser) -> None:
    page, _complaints = visit(chromium, gallery())
    page.click(".t-menu summary")
    page.click("[data-theme=dark]")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert page.get_attribute("[data-theme=dark]", "aria-pressed") == "true"
    page.close()


def test_the_timeline_is_drawn_and_near_marks_become_one(chromium: Browser) -> None:
    page, _complaints = visit(chromium, gallery())
    assert page.locator(".t-timeline .lane").count() == 2
    marks = page.locator(".t-timeline .mark")
    assert marks.count() == 2
    assert marks.nth(1).locator("text").inner_html() == "2"
    assert "Admin share" in marks.nth(1).locator("title").inner_html()
    page.set_viewport_size({"width": 900, "height": 900})
    expect(page.locator(".t-timeline svg")).to_have_attribute("viewBox", re.compile(r"^0 0 [5-8]\d\d "))
    assert page.locator(".t-timeline svg").count() == 1
    page.close()


def test_fragments_that_htmx_brings_in_are_drawn_too(chromium: Browser) -> None:
    page, complaints = visit(chromium, gallery())
    page.evaluate(
        """() => { const copy = document.querySelector('.t-timeline').cloneNode(); copy.id = 'late-comer';
        htmx.swap('#messages', copy.outerHTML, { swapStyle: 'innerHTML' }); }"""
    )
    page.wait_for_selector("#late-comer svg")
    assert complaints == []
    page.close()
