"""The room in real browsers: reports, hand-over, moving cards with mouse and keys, the feed, who is here, words that stay."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from test_browser_respond import declare

Enter = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 780}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def playbook_room() -> dict[str, str]:
    """The address of the one incident that these tests work in, once somebody declared it."""
    return {}


@pytest.fixture
def room(enter: Enter, playbook_room: dict[str, str]) -> tuple[Page, str]:
    """The incident manager in a room with a playbook."""
    page = enter("Anneke")
    if not playbook_room:
        playbook_room["url"] = declare(page, "Encrypted files on the packing line")
        expect(page.locator(".t-window")).to_have_count(8)
    page.goto(playbook_room["url"])
    expect(page.locator("[data-live-word][data-is=on]")).to_be_visible()
    return page, playbook_room["url"]


def drag(page: Page, card: Locator, to: Locator) -> None:
    """As a hand does it: press, move in steps, let go."""
    card.scroll_into_view_if_needed()
    start = card.bounding_box()
    assert start
    page.mouse.move(start["x"] + 30, start["y"] + 8)
    page.mouse.down()
    end = to.bounding_box()
    assert end
    for part in (0.2, 0.5, 0.8, 1.0):
        page.mouse.move(
            start["x"] + (end["x"] + 40 - start["x"]) * part, start["y"] + (end["y"] + 12 - start["y"]) * part
        )
    page.mouse.up()


def card(page: Page, title: str) -> Locator:
    return page.locator("summary[data-task]", has_text=title).first


def test_a_report_is_written_from_suggestions_and_everybody_sees_it(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    other = enter("Priya")
    other.goto(url)
    expect(other.locator("[data-live-word][data-is=on]")).to_be_visible()
    page.locator("summary", has_text="Write a report").click()
    expect(page.get_by_label("Needs: what is asked for")).not_to_be_empty()
    page.get_by_label("Conditions: what is so").fill("Two packing lines stand. No plant has stopped.")
    page.get_by_role("button", name="Send the report").click()
    expect(page.locator(".t-situation")).to_contain_text("Two packing lines stand")
    expect(other.locator(".t-situation")).to_contain_text("Two packing lines stand")
    expect(other.locator(".t-cadence")).to_contain_text("by Anneke de Vries")
    expect(other.locator(".t-feed")).to_contain_text("wrote situation report 1")
    page.locator("summary", has_text="Write a report").click()
    expect(page.locator("input[name=seen]")).to_have_value("1")


def test_a_card_is_moved_to_another_column_with_the_mouse(room: tuple[Page, str]) -> None:
    page, url = room
    page.set_viewport_size({"width": 1440, "height": 2000})
    page.goto(url + "tasks?by=state")
    title = page.locator("#c-open summary[data-task] > span:nth-child(2)").first.evaluate(
        "e => e.firstChild.textContent"
    )
    drag(page, card(page, title), page.locator("#c-doing"))
    expect(page.locator("#messages")).to_contain_text("is in progress")
    expect(page.locator("#c-doing")).to_contain_text(title)
    drag(page, card(page, title), page.locator("#c-done"))  # the step asks for proof: its form opens, nothing is sent
    proof = page.locator(".t-panel", has_text="What proves it").get_by_role("textbox", name="What proves it").first
    expect(proof).to_be_focused()
    expect(page.locator("#c-doing")).to_contain_text(title)
    proof.fill("Seen with my own eyes")
    page.locator(".t-panel").get_by_role("button", name="Done").first.click()
    expect(page.locator("#c-done")).to_contain_text(title)


def test_a_card_is_given_to_somebody_by_dragging_and_goes_back_when_it_is_refused(room: tuple[Page, str]) -> None:
    page, url = room
    page.set_viewport_size({"width": 1440, "height": 2400})
    page.goto(url + "?by=person")
    to = page.locator(".t-window[data-drop]", has=page.locator("h3", has_text="Anneke de Vries"))
    source = page.locator(".t-window[data-drop]", has=page.locator("h3", has_text="Nils Bergman"))
    mover = source.locator("summary[data-task]").first
    number = mover.get_attribute("data-task")
    page.evaluate("n => document.querySelector(`[data-task='${n}']`).dataset.rev = '999'", number)
    drag(page, page.locator(f"summary[data-task='{number}']"), to)
    expect(page.locator("#messages")).to_contain_text("Somebody changed this while you had it open")
    expect(source.locator(f"summary[data-task='{number}']")).to_be_visible()
    page.reload()
    drag(page, page.locator(f"summary[data-task='{number}']"), to)
    expect(page.locator("#messages")).to_contain_text("was given")
    page.goto(url + f"tasks/{number}")
    expect(page.locator(".t-panel")).to_contain_text("Anneke de Vries")


def test_the_keys_do_what_the_mouse_does(room: tuple[Page, str]) -> None:
    page, url = room
    page.goto(url + "?by=function")
    first = page.locator(".t-window summary[data-task][data-state=open]").first
    number = first.get_attribute("data-task")
    first.focus()
    page.keyboard.press("s")
    expect(page.locator(f"summary[data-task='{number}']")).to_have_attribute("data-state", "doing")
    page.locator(f"summary[data-task='{number}']").focus()
    page.keyboard.press("b")
    reason = page.locator(f"#t-{number}").get_by_label("What it waits for")
    expect(reason).to_be_focused()
    page.keyboard.type("the bridge is down")
    page.keyboard.press("Enter")
    expect(page.locator(f"summary[data-task='{number}']")).to_have_attribute("data-state", "blocked")
    expect(page.locator(f"summary[data-task='{number}']")).to_contain_text("the bridge is down")
    page.locator(f"summary[data-task='{number}']").focus()
    page.keyboard.press("g")
    expect(page.locator(f"#t-{number}").get_by_label("Person")).to_be_focused()
    page.locator("#w-incident_management summary[data-task]").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#w-enterprise_investigation summary[data-task]").first).to_be_focused()


def test_on_a_phone_the_same_is_done_by_tapping(enter: Enter, room: tuple[Page, str]) -> None:
    _page, url = room
    page = enter("Anneke", **PHONE)
    page.goto(url + "tasks?by=state")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    one = page.locator("#c-open summary[data-task]").first
    title = one.locator("> span").first.evaluate("e => e.firstChild.textContent")
    one.tap()
    page.locator("#c-open .t-panel").get_by_role("button", name="Start").tap()
    expect(page.locator("#c-doing")).to_contain_text(title)


def test_the_feed_is_filtered_while_it_goes_on_and_says_what_is_new(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    other = enter("Priya")
    other.goto(url)
    page.locator("#feed-kind").select_option("decisions")
    expect(page.locator("#feed li[data-kind=communication]")).to_have_count(0)
    other.get_by_label("Note", exact=True).fill("A courier brings the disks")
    other.get_by_role("button", name="Write", exact=True).click()
    expect(other.locator("#feed")).to_contain_text("A courier brings the disks")
    page.wait_for_timeout(1500)
    expect(page.locator("#feed")).not_to_contain_text("A courier brings the disks")
    page.locator("#feed-kind").select_option("")
    expect(page.locator("#feed")).to_contain_text("A courier brings the disks")
    page.locator("#feed-words").fill("courier")
    expect(page.locator("#feed li[data-seq]")).to_have_count(1)
    page.goto(url + "scope")
    other.get_by_label("Note", exact=True).fill("The courier has arrived")
    other.get_by_role("button", name="Write", exact=True).click()
    expect(other.locator("#feed")).to_contain_text("has arrived")
    page.goto(url)
    expect(page.locator("#feed .t-newline")).to_have_text("new since you looked")


def test_everybody_sees_who_is_here(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    other = enter("Priya")
    other.goto(url)
    for who in (page, other):
        expect(who.locator("[data-faces] [data-here='']")).to_have_count(2)
    other.goto(url.split("/incidents/")[0] + "/incidents")
    expect(page.locator("[data-faces] [data-here='no']")).to_have_count(1, timeout=20_000)
    page.get_by_label("Who is here now").click()
    expect(page.locator("[data-here-list]")).to_contain_text("Priya Raman")
    expect(page.locator("[data-here-list]")).to_contain_text("away")


def test_words_stay_when_the_page_goes_on_and_when_the_session_ended(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    other = enter("Priya")
    other.goto(url)
    page.get_by_label("Note", exact=True).fill("Half a sentence that nobody")
    other.get_by_label("Note", exact=True).fill("Something else happens")
    other.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("#feed")).to_contain_text("Something else happens")
    page.wait_for_timeout(1500)
    expect(page.get_by_label("Note", exact=True)).to_have_value("Half a sentence that nobody")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("[data-error]")).to_contain_text("You were signed out")
    expect(page.get_by_label("Note", exact=True)).to_have_value("Half a sentence that nobody")
    page.on("dialog", lambda dialog: dialog.accept())


def test_nothing_jumps_when_parts_are_drawn_anew(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    other = enter("Priya")
    other.goto(url)
    page.evaluate(
        """() => { window.moved = 0; new PerformanceObserver(list => { for (const e of list.getEntries())
        window.moved += e.value; }).observe({type: "layout-shift", buffered: false}); }"""
    )
    for n in range(3):
        other.get_by_label("Note", exact=True).fill(f"Line {n}")
        other.get_by_role("button", name="Write", exact=True).click()
        expect(page.locator("#feed")).to_contain_text(f"Line {n}")
    page.wait_for_timeout(1500)
    board = page.evaluate("window.moved")
    assert board < 0.05, board


def test_a_role_that_changes_hands_is_acknowledged(enter: Enter, room: tuple[Page, str]) -> None:
    page, url = room
    page.goto(url + "roles?role=log_analyst#hand-over")
    form = page.locator("#hand-over")
    form.locator("select[name=member]").select_option(label="Anneke de Vries")
    form.get_by_role("button", name="Hand over").click()
    expect(page.locator("#messages")).to_contain_text("holds the role")
    page.goto(url)
    page.get_by_role("link", name=re.compile("Write the hand-over note")).click()
    page.get_by_label("What to know").fill("The logs of the gateway are missing.")
    page.get_by_role("button", name="Send the note").click()
    expect(page.locator("#messages")).to_contain_text("is written")
    page.goto(url)
    page.get_by_role("link", name=re.compile("Read and acknowledge")).click()
    page.get_by_role("button", name="Read, and taken over").click()
    expect(page.locator(".t-sitrep").first).to_contain_text("taken over by Anneke de Vries")
