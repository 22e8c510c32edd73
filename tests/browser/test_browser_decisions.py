"""Deciding from a phone: the link of the message, an option, a reason, and the room of whoever leads follows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from playwright.sync_api import Browser, Page, expect

Enter = Callable[..., Page]
PHONE: Any = {"width": 360, "height": 760}


def link_for(home: Any, name: str) -> str:
    """The link of the last question to somebody, read out of the outbox past Tocsin."""
    with closing(sqlite3.connect(home / "tocsin.sqlite3")) as base:
        rows = base.execute(
            "SELECT body FROM core_outboxmessage WHERE key LIKE 'decide:%' AND recipient = ? ORDER BY queued_at DESC",
            (name,),
        ).fetchall()
    found = re.search(r"https?://\S+/decide/\S+", rows[0][0])
    assert found
    return found[0]


def test_two_taps_on_a_phone_decide_and_the_page_of_the_lead_follows(
    enter: Enter, server: Any, chromium: Browser
) -> None:
    lead = enter("Anneke")
    lead.goto("/incidents/declare")
    lead.get_by_label("What happened?").fill("Controllers of the dairy answer nobody")
    lead.get_by_role("radio", name=re.compile("High")).check()
    lead.get_by_role("button", name="Declare").click()
    lead.wait_for_url(re.compile(r"/incidents/INC-"))
    lead.goto(lead.url.rstrip("/") + "/decisions")
    lead.get_by_text("Ask for a decision").click()
    lead.get_by_label("Question").fill("Do we cut the dairy off?")
    lead.get_by_label("Who decides").select_option(label="Executive sponsor")
    lead.get_by_label("By which authority of the plan").select_option("isolate_production")
    lead.get_by_label("Option 1").fill("Cut it off")
    lead.get_by_label("Cost from").first.fill("20000")
    lead.get_by_label("Currency of the costs").fill("EUR")
    lead.get_by_label("Option 2").fill("Leave it")
    lead.get_by_role("button", name="Ask", exact=True).click()
    question = lead.get_by_role("link", name=re.compile("Do we cut the dairy off"))
    expect(question).to_be_visible()
    question.click()
    expect(lead.get_by_text("The plan gives this decision to somebody else")).to_be_visible()
    lead.get_by_text("Advise the decider").click()
    lead.get_by_label("Why").fill("The spread is on their segment.")
    lead.get_by_role("button", name="Say it").click()
    expect(lead.get_by_text("1 is for it: Incident management 1")).to_be_visible()

    page = chromium.new_context(viewport=PHONE, color_scheme="dark").new_page()
    page.goto(link_for(server.home, "Henrik Halden"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Do we cut the dairy off?")
    expect(page.get_by_role("button", name="Decide")).to_be_hidden()
    option = page.locator("label", has_text="Cut it off")
    expect(option).to_contain_text("EUR 20,000")
    box = option.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    option.click()
    page.get_by_label("Reason").fill("It spreads from there.")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Decided")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    lead.reload()
    expect(lead.get_by_text("It spreads from there.")).to_be_visible()
    expect(lead.get_by_text("by the signed link")).to_be_visible()
    page.context.close()
