"""The team, on call and Comcheck in real browsers: a rota and a swap made, a question answered on a phone, AA and size."""

from __future__ import annotations

import re
import sqlite3
import time
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from conftest import Enter, Server

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}
PAGES = [
    "/team",
    "/team?side=seats",
    "/team/people/priya-raman",
    "/on-call",
    "/on-call/scribe",
    "/comcheck",
    "/comcheck?who=hand",
]


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA: the rule and where."""
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{v['id']}: {n['target']}" for v in found for n in v["nodes"]]


def question_to(server: Server, name: str) -> str:
    """The body of the Comcheck's message to somebody, as the outbox holds it."""
    for _try in range(60):
        with sqlite3.connect(server.home / "tocsin.sqlite3", timeout=30) as database:
            found = database.execute(
                "SELECT body FROM core_outboxmessage WHERE key LIKE 'comcheck:%' AND recipient = ?", [name]
            ).fetchone()
        if found:
            return str(found[0])
        time.sleep(0.5)
    raise AssertionError(f"no question to {name} in the outbox")


def test_a_rota_is_made_and_a_shift_swapped(enter: Enter) -> None:
    page = enter("Anneke")
    page.goto("/on-call")
    page.get_by_role("link", name="Scribe", exact=True).click()
    page.get_by_text("Make a rota").click()
    lines = page.locator("input[name=members]")
    lines.nth(0).fill("Oksana Melnyk")
    lines.nth(1).fill("Jakob Lund")
    page.get_by_label("First day").fill("2026-01-05")
    page.get_by_label("A turn lasts, in days").fill("400")
    page.get_by_role("button", name="Keep the rota").click()
    assert page.get_by_label("A turn lasts, in days").evaluate("field => !field.validity.valid")
    page.get_by_label("A turn lasts, in days").fill("1")
    page.get_by_role("button", name="Keep the rota").click()
    turns = page.locator(".t-turns > li")
    expect(turns.first).to_contain_text(re.compile("Oksana Melnyk|Jakob Lund"))
    expect(turns.first).to_contain_text("now")

    page.get_by_text("Put somebody on call").click()
    page.get_by_label("Who", exact=True).fill("Nobody Known")
    page.get_by_label(re.compile("^Until")).fill("2199-01-01T08:00")
    page.get_by_role("button", name="Put on call").click()
    expect(page.get_by_role("alert")).to_contain_text("knows nobody")
    page.get_by_label("Who", exact=True).fill("Emil Sorensen")
    begins = page.get_by_label(re.compile("^From")).input_value()
    page.get_by_label(re.compile("^Until")).fill(f"{int(begins[:4])}-12-31T23:00")
    page.get_by_label("Why").fill("Both are ill")
    page.get_by_role("button", name="Put on call").click()
    expect(turns.first).to_contain_text("Emil Sorensen")
    expect(turns.first).to_contain_text("Both are ill")
    page.goto("/on-call")
    expect(page.locator(".t-week")).to_contain_text("Emil Sorensen")
    page.goto("/on-call/scribe")
    page.get_by_role("button", name="Take back").first.click()
    expect(turns.first).to_contain_text(re.compile("Oksana Melnyk|Jakob Lund"))


def test_a_question_is_answered_on_a_phone_without_signing_in(server: Server, enter: Enter, chromium: Browser) -> None:
    page = enter("Anneke")
    page.goto("/comcheck")
    page.get_by_label("Why, if they should know").fill("Quarterly")
    page.get_by_role("button", name="Ask everybody").click()
    expect(page.get_by_text("under way", exact=True)).to_be_visible()
    link = re.search(r"\S+/reached/\S+", question_to(server, "Emil Sorensen"))
    assert link
    phone = chromium.new_context(**PHONE).new_page()
    phone.goto(link[0])
    expect(phone.get_by_role("heading", name="Can you be reached?")).to_be_visible()
    assert violations(phone) == []
    button = phone.get_by_role("button", name="Yes, this reaches me")
    box = button.bounding_box()
    assert box
    assert box["height"] >= 56
    button.click()
    expect(phone.get_by_role("heading", name="Thank you")).to_be_visible()
    phone.context.close()

    page.reload()
    line = page.locator(".t-reachedlist > li", has_text="Emil Sorensen")
    expect(line).to_contain_text("by mail")
    page.get_by_role("link", name=re.compile("Call sheet")).click()
    sheet = page.locator(".t-reachedlist > li", has_text="Priya Raman")
    sheet.get_by_role("button", name="Reached").click()
    expect(sheet).to_have_count(0)
    page.goto("/team?q=priya")
    expect(page.locator(".t-people")).to_contain_text("answered 20")


@pytest.mark.parametrize("look", ["light", "dark", "phone"])
def test_pages_are_accessible_small_and_fit(enter: Enter, look: str) -> None:
    how: dict[str, Any] = PHONE if look == "phone" else {"color_scheme": look}
    page = enter("Anneke", **how)
    for path in PAGES:
        answer = page.goto(path)
        assert answer
        assert len(answer.body()) < 150_000
        assert violations(page) == [], path
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], path  # type: ignore[index]
