"""Alerts in a real browser: triage by keyboard, one press declares, the form for anybody, on a phone and without JavaScript."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from conftest import Server

Enter = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}
PAGES = ["/alerts", "/alerts/4", "/alerts/2", "/alerts/sources", "/alerts/5/declare"]


def report(server: Server, title: str, severity: int = 1) -> str:
    """A new alert; its number."""
    found = re.search(r"A-(\d+)", server.tocsin("alert", title, "--severity", str(severity)))
    assert found
    return found[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(enter: Enter, scheme: str) -> None:
    page = enter("Anneke", color_scheme=scheme)
    for path in PAGES:
        page.goto(path)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_pages_fit_a_phone(enter: Enter) -> None:
    page = enter("Anneke", **PHONE)
    for path in PAGES:
        answer = page.goto(path)
        assert answer
        assert len(answer.body()) < 150_000
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_judging_by_keyboard_goes_on_with_the_next(enter: Enter, server: Server) -> None:
    first, second = report(server, "Aaa of the keyboard"), report(server, "Bbb of the keyboard")
    page = enter("Priya")
    page.goto(f"/alerts/{second}")
    page.keyboard.press("j")
    page.wait_for_url(re.compile(rf"/alerts/{first}$"))
    page.keyboard.press("k")
    page.wait_for_url(re.compile(rf"/alerts/{second}$"))
    page.keyboard.press("f")
    expect(page.get_by_role("textbox", name="Why")).to_be_focused()
    page.keyboard.press("Enter")  # without a reason it is refused, beside the form
    expect(page.locator("[data-error]")).to_contain_text("why")
    page.keyboard.type("the backup job")
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text(f"A-{second} is judged: false positive")
    page.goto(f"/alerts/{second}")
    expect(page.get_by_text("the backup job")).to_be_visible()


def test_from_alert_to_a_declared_incident_in_two_presses(enter: Enter, server: Server) -> None:
    number = report(server, "Ransom notes on the file servers of the dairy")
    page = enter("Anneke")
    page.goto(f"/alerts/{number}")
    start = time.monotonic()
    page.keyboard.press("d")
    expect(page.get_by_label("What happened?")).to_have_value("Ransom notes on the file servers of the dairy")
    expect(page.get_by_role("button", name="Declare")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    assert time.monotonic() - start < 30
    expect(page.get_by_role("heading", name="Ransom notes on the file servers of the dairy")).to_be_visible()
    expect(page.locator(".t-situation")).to_contain_text(f"From alert A-{number}")
    expect(page.locator("main")).to_contain_text(f"took alert A-{number}")


def test_a_new_alert_comes_up_on_an_open_page(enter: Enter, server: Server) -> None:
    page = enter("Anneke")
    page.goto("/alerts")
    number = report(server, "It came while the page was open")
    expect(page.get_by_role("link", name=re.compile("It came while the page was open"))).to_be_visible(timeout=40_000)
    expect(page.locator(".t-alertlist")).to_contain_text(f"A-{number}")


@pytest.mark.parametrize("scripts", [True, False])
def test_anybody_reports_on_a_phone_with_and_without_scripts(chromium: Browser, server: Server, scripts: bool) -> None:
    context = chromium.new_context(base_url=server.url, java_script_enabled=scripts, **PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/report/example")
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert Axe().run(page).violations_count == 0
    page.get_by_label("What happened?").fill(f"My screen is locked ({scripts}). It wants money.")
    page.get_by_label(re.compile("Who are you")).fill("Ilse, 412")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("It is with the security team")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^A-\d+$"))).to_be_visible()
    context.close()
