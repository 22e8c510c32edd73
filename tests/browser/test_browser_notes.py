"""Two people at one note in real browsers, and a page whose session, network or browser went away: no word is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from conftest import Server

Enter = Callable[..., Page]
INCIDENT = "/incidents/INC-2026-001"
TALL = {"viewport": {"width": 1280, "height": 1000}}
STATE, TEXT = "[data-note-state]", "textarea[name=text]"


@pytest.fixture
def begun(enter: Enter) -> Page:
    """A new note with three lines, open for writing."""
    return begin(enter("Anneke", **TALL))


@pytest.fixture
def unwatched(server: Server, chromium: Browser) -> Iterator[Page]:
    """The same in a browser that may complain: what it needs goes away."""
    context = chromium.new_context(base_url=server.url, **TALL)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(server.link("Anneke"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    yield begin(page)
    context.close()


def begin(page: Page) -> Page:
    page.goto(f"{INCIDENT}/notes/new")
    page.get_by_label("Title").fill("Leads")
    page.locator(TEXT).fill("- [ ] gateway\n- [ ] mail\n- [ ] vpn")
    expect(page.locator(STATE)).to_contain_text("Not saved yet")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/notes/\d+/edit$"))
    expect(page.locator(STATE)).to_contain_text("revision 1")
    return page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_two_people_write_at_once_and_nothing_is_lost(begun: Page, enter: Enter) -> None:
    other = enter("Priya", **TALL)
    other.goto(begun.url)
    other.locator(TEXT).fill("- [x] gateway\n- [ ] mail\n- [ ] vpn")
    begun.locator(TEXT).fill("- [ ] gateway\n- [ ] mail\n- [ ] vpn\n- [ ] dns")
    save(other)
    expect(other.locator(STATE)).to_contain_text("revision 2")
    expect(begun.locator("[data-note-panel]")).to_contain_text("Priya Raman saved revision 2")
    expect(begun.locator(TEXT)).to_have_value("- [ ] gateway\n- [ ] mail\n- [ ] vpn\n- [ ] dns")
    save(begun)
    expect(begun.locator(STATE)).to_contain_text("revision 3")
    expect(begun.locator(".t-merged")).to_contain_text("- [x] gateway")
    merged = "- [x] gateway\n- [ ] mail\n- [ ] vpn\n- [ ] dns"
    expect(begun.locator(TEXT)).to_have_value(merged)
    expect(other.locator(TEXT)).to_have_value(merged)  # it had nothing unsaved: the new revision comes in by itself


def test_the_same_line_in_two_ways_is_settled_by_a_person(begun: Page, enter: Enter) -> None:
    other = enter("Priya", **TALL)
    other.goto(begun.url)
    other.locator(TEXT).fill("- [ ] gateway: clean\n- [ ] mail\n- [ ] vpn")
    begun.locator(TEXT).fill("- [ ] gateway: owned\n- [ ] mail\n- [ ] vpn")
    save(other)
    expect(other.locator(STATE)).to_contain_text("revision 2")
    save(begun)
    expect(begun.locator(".t-clash")).to_contain_text("- [ ] gateway: clean")
    expect(begun.locator(".t-clash")).to_contain_text("- [ ] gateway: owned")
    expect(begun.locator(TEXT)).to_have_value("- [ ] gateway: clean\n- [ ] gateway: owned\n- [ ] mail\n- [ ] vpn")
    expect(begun.locator(STATE)).to_contain_text("Not saved yet")
    begun.locator(TEXT).fill("- [ ] gateway: owned, says the provider\n- [ ] mail\n- [ ] vpn")
    save(begun)
    expect(begun.locator(STATE)).to_contain_text("revision 3")
    expect(begun.locator(".t-clash")).to_have_count(0)


def test_a_session_that_ended_keeps_the_words_until_one_is_back(unwatched: Page) -> None:
    begun = unwatched
    cookies = begun.context.cookies()
    begun.context.clear_cookies()
    begun.locator(TEXT).fill("- [ ] gateway\n- [ ] mail\n- [ ] vpn\nwritten on the second day")
    save(begun)
    expect(begun.locator("[data-error]")).to_contain_text("Sign in in another tab")
    expect(begun.locator(TEXT)).to_have_value(re.compile("written on the second day"))
    begun.context.add_cookies(cookies)  # type: ignore[arg-type]
    save(begun)
    expect(begun.locator(STATE)).to_contain_text("revision 2")


def test_a_page_that_was_closed_gives_the_words_back(unwatched: Page) -> None:
    begun = unwatched
    address = begun.url
    begun.context.set_offline(True)
    begun.locator(TEXT).fill("- [ ] gateway\n- [ ] mail\n- [ ] vpn\nwritten without a network")
    save(begun)
    expect(begun.locator("[data-error]")).to_contain_text("cannot be reached")
    begun.context.set_offline(False)
    begun.on("dialog", lambda dialog: dialog.accept())
    begun.goto(f"{INCIDENT}/notes")
    begun.goto(address)
    expect(begun.locator("[data-note-panel]")).to_contain_text("were not saved when this page was last closed")
    expect(begun.locator(TEXT)).to_have_value(re.compile("written without a network"))
    save(begun)
    expect(begun.locator(STATE)).to_contain_text("revision 2")
    begun.reload()
    expect(begun.locator("[data-note-panel]")).to_be_empty()


def test_too_much_is_said_before_it_is_sent(begun: Page) -> None:
    sent: list[str] = []
    begun.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    begun.locator(TEXT).evaluate("(field) => { field.value = 'x'.repeat(2_500_000); }")
    save(begun)
    expect(begun.locator("[data-error]")).to_contain_text("the note has 2500 kB, and a note holds 200")
    assert sent == []
    begun.locator(TEXT).evaluate("(field) => { field.value = field.defaultValue; }")
    begun.locator(TEXT).press("End")


def test_a_double_click_makes_one_revision(begun: Page) -> None:
    begun.locator(TEXT).fill("- [ ] gateway\nmore")
    begun.get_by_role("button", name="Save", exact=True).dblclick()
    expect(begun.locator(STATE)).to_contain_text("revision 2")
    begun.wait_for_timeout(500)
    expect(begun.locator(STATE)).to_contain_text("revision 2")


def test_somebody_is_mentioned_from_the_list_and_finds_it(begun: Page, enter: Enter) -> None:
    begun.locator(TEXT).press("ControlOrMeta+End")
    begun.locator(TEXT).press_sequentially("\nask @pri")
    expect(begun.get_by_role("option").first).to_contain_text("Priya Raman")
    begun.locator(TEXT).press("Enter")
    expect(begun.locator(TEXT)).to_have_value(re.compile(r"ask @priya-raman $"))
    begun.get_by_role("button", name="Save and read").click()
    begun.wait_for_url(re.compile(r"/notes/\d+$"))
    expect(begun.locator(".t-mention")).to_have_text("@priya-raman")
    other = enter("Priya", **TALL)
    other.goto(begun.url)
    expect(other.get_by_text("Anneke de Vries mentions you in this note.")).to_be_visible()
    expect(other.get_by_text("mentions you in this note.")).to_have_count(0, timeout=10_000)  # seen: the page goes on


def test_a_file_that_is_dropped_goes_into_custody(begun: Page) -> None:
    begun.locator("[data-note-file]").set_input_files(
        {"name": "ransom.txt", "mimeType": "text/plain", "buffer": b"pay up, note " + begun.url.encode()}
    )
    expect(begun.locator(TEXT)).to_have_value(re.compile(r"E-\d+ \(ransom\.txt\)"))


def test_search_is_one_key_away(begun: Page) -> None:
    begun.goto(f"{INCIDENT}/tasks")
    begun.keyboard.press("/")
    begun.keyboard.type("gateway vpn")
    begun.keyboard.press("Enter")
    begun.wait_for_url(re.compile("/search"))
    expect(begun.locator("mark").first).to_have_text(re.compile("gateway|vpn", re.IGNORECASE))
