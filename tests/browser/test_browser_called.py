"""A called person on a phone: the link from the message, one tap, and the room of whoever leads follows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from playwright.sync_api import Browser, Page, expect

Enter = Callable[..., Page]
PHONE: Any = {"width": 360, "height": 760}


def link_for(home: Any, key: str) -> str:
    """The link of the last message to somebody, read out of the outbox past Tocsin."""
    with closing(sqlite3.connect(home / "tocsin.sqlite3")) as base:
        rows = base.execute(
            "SELECT body FROM core_outboxmessage WHERE key LIKE 'paging:%' AND recipient = ? ORDER BY queued_at DESC",
            (key,),
        ).fetchall()
    found = re.search(r"https?://\S+/called/\S+", rows[0][0])
    assert found
    return found[0]


def declared(enter: Enter) -> Page:
    """Somebody who leads, in the room of an incident that calls people."""
    lead = enter("Anneke")
    lead.goto("/incidents/declare")
    lead.get_by_label("What happened?").fill("Ransom notes on the label printer")
    lead.get_by_role("radio", name=re.compile("High")).check()
    lead.get_by_role("button", name="Declare").click()
    lead.wait_for_url(re.compile(r"/incidents/INC-"))
    return lead


def phone(chromium: Browser, scheme: Any) -> Page:
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme)
    return context.new_page()


def test_one_tap_on_a_phone_and_the_room_of_the_lead_follows(enter: Enter, server: Any, chromium: Browser) -> None:
    lead = declared(enter)
    lead.goto(lead.url.rstrip("/") + "/roles")
    seat = lead.locator(".t-seat", has=lead.locator("b", has_text="Scoping lead"))
    expect(seat).to_contain_text("no answer yet: Leila Haddad")
    page = phone(chromium, "dark")
    page.goto(link_for(server.home, "Leila Haddad"))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are called as Scoping lead")
    expect(page.locator(".t-calledby .t-clock")).to_contain_text("min")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    button = page.get_by_role("button", name="I am on it")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are on it")
    expect(page.get_by_role("heading", name="Your duty card")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    expect(seat).to_contain_text("Answered", timeout=15_000)  # without loading the page again
    page.get_by_role("link", name="Open the room").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.context.close()


def test_who_cannot_come_and_a_wrong_code(enter: Enter, server: Any, chromium: Browser) -> None:
    declared(enter)
    page = phone(chromium, "light")
    page.goto(link_for(server.home, "Priya Raman"))
    page.get_by_role("button", name=re.compile("I cannot")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you for saying so")
    expect(page.get_by_text("is called as Investigation lead now")).to_be_visible()
    page.goto(f"{server.url}/answer")
    page.get_by_label("Reply code").fill("000 000")
    page.get_by_role("button", name="I am on it").click()
    expect(page.get_by_role("alert")).to_contain_text("No call waits for this code")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.context.close()
