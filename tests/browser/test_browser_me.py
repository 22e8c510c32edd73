"""What is expected of a person, on a phone: seen at once, acted on in place, kept up to date, nothing sideways."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

Enter = Callable[..., Page]


PHONE = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}


def fits(page: Page) -> None:
    """Nothing stands out to the side."""
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]  # type: ignore[index]


def test_a_person_acts_on_what_is_expected_and_others_see_it(enter: Enter) -> None:
    phone, desk = enter("Anneke", **PHONE), enter("Anneke")
    for page in (phone, desk):
        page.goto("/me")
        expect(page.get_by_role("heading", name="Expected of you", exact=True)).to_be_visible()
    fits(phone)
    desk.goto("/incidents")
    number = re.search(r"INC-\d{4}-\d{3}", desk.content())
    assert number
    desk.goto(f"/incidents/{number[0]}/tasks")
    desk.get_by_text("Add a task").click()
    form = desk.locator("form", has=desk.get_by_label("What is to be done"))
    form.get_by_label("What is to be done").fill("Call the insurer back")
    form.get_by_label("Role that owns it").select_option("incident_manager")
    form.get_by_role("button", name="Add").click()
    row = phone.locator(".t-exp", has_text="Call the insurer back")
    expect(row).to_be_visible(timeout=15_000)  # the page looks by itself
    row.get_by_role("button", name=re.compile("Start")).tap()
    expect(row.get_by_role("button", name=re.compile("Start"))).to_have_count(0)
    row.locator("summary").tap()
    row.get_by_label(re.compile("What shows it")).fill("They know.")
    row.get_by_role("button", name="It is done").tap()
    expect(row).to_have_count(0)
    fits(phone)


def test_the_pages_of_ending_and_joining_fit_a_phone(enter: Enter) -> None:
    phone = enter("Anneke", **PHONE)
    phone.goto("/incidents")
    fits(phone)
    number = re.search(r"INC-\d{4}-\d{3}", phone.content())
    assert number
    for path in ("related", "close", "merge", "split"):
        phone.goto(f"/incidents/{number[0]}/{path}")
        expect(phone.locator("main h2").first).to_be_visible()
        fits(phone)
