"""People at work in real browsers: from the call to the detections, and two of them at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

Enter = Callable[..., Page]
PAGES = ["", "tasks", "investigation", "scope", "decisions", "obligations", "remediation", "report", "log", "roles", "plan",
         "tasks/1", "tasks/15", "decisions/1", "log/3", "evidence", "detections?level=critical"]  # fmt: skip


def declare(page: Page, title: str, playbook: str = "", *, exercise: bool = False) -> str:
    """Declare as a person does; the address of the room."""
    page.get_by_role("link", name="Declare", exact=True).click()
    page.get_by_label("What happened?").fill(title)
    page.get_by_role("radio", name=re.compile("High")).check()
    if playbook:
        page.get_by_label("Which playbook?").select_option(label=playbook)
    if exercise:
        page.get_by_role("radio", name=re.compile("Exercise", re.IGNORECASE)).check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/(INC|EX)-"))
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    return page.url


def open_task(page: Page, title: str) -> None:
    page.locator("summary", has_text=title).first.click()


def test_a_link_lets_one_in_once(enter: Enter) -> None:
    page = enter("Anneke")
    expect(page.get_by_text("Ransomware staging on the file servers").first).to_be_visible()
    page.get_by_label("Your menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_declare_finish_with_proof_and_give_to_somebody(enter: Enter) -> None:
    page = enter("Anneke")
    declare(page, "A ransom note on the server of the dairy")
    task = page.locator("details", has=page.locator("summary", has_text="Open the bridge"))
    open_task(page, "Open the bridge")
    task.get_by_role("button", name="Done").click()  # the browser itself asks for the proof
    expect(task.get_by_role("textbox", name="What proves it")).to_be_focused()
    task.get_by_role("textbox", name="What proves it").fill("All 12 roles answered on the bridge")
    task.get_by_role("button", name="Done").click()
    expect(page.locator("#messages")).to_contain_text("is done")
    expect(page.locator(".t-task[data-state=done]", has_text="Open the bridge")).to_be_visible()
    expect(page.locator(".t-feed")).to_contain_text("All 12 roles answered on the bridge")
    other = page.locator("details", has=page.locator("summary", has_text="Take backups out of reach"))
    open_task(page, "Take backups out of reach")
    other.get_by_text("Give it to").click()
    other.get_by_label("Person").select_option(label="Mei Tanaka")
    other.get_by_role("button", name="Give", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("was given")
    expect(page.locator("summary.t-task", has_text="Take backups out of reach")).to_contain_text("Mei Tanaka")


def test_a_refused_form_says_why_beside_itself_and_keeps_what_was_written(enter: Enter) -> None:
    page = enter("Anneke")
    declare(page, "Mail account of the sales office", "Business e-mail compromise")
    page.locator("summary", has_text="Severity").click()
    page.get_by_label("Reason").fill("It is what it was")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("[data-error]")).to_contain_text("That is the severity already")
    expect(page.get_by_label("Reason")).to_have_value("It is what it was")


def test_decide_with_a_reason(enter: Enter) -> None:
    page = enter("Anneke")
    declare(page, "Ransom note in the canteen")
    page.get_by_role("link", name="A decision").first.click()
    expect(page.get_by_text("If nobody decides")).to_be_visible()
    page.get_by_role("radio").first.check()
    page.get_by_label("Reason").fill("We are too few tonight")
    page.get_by_role("button", name="Decide").click()
    expect(page.locator(".t-said")).to_have_text("We are too few tonight")
    expect(page.get_by_text("Known then")).to_be_visible()


def test_put_in_scope_and_change_it_on_evidence(enter: Enter) -> None:
    page = enter("Anneke")
    room = declare(page, "Lost laptop of a plant director", "Lost or stolen device")
    page.goto(room + "scope")
    page.get_by_text("Put something in scope").click()
    page.get_by_role("textbox", name="Name").fill("LAP-0117")
    page.get_by_label("Why it is in scope").fill("left on a train")
    page.get_by_role("button", name="Put in scope").click()
    row = page.locator("tr", has_text="LAP-0117")
    expect(row).to_contain_text("Suspected")
    row.get_by_text("Change").click()
    row.get_by_label("State").select_option(label="Contained")
    row.get_by_label("What shows it").fill("wiped from afar, confirmed by the console")
    row.get_by_role("button", name="Change").click()
    expect(row).to_contain_text("Contained")
    expect(row).to_contain_text("wiped from afar")


def test_evidence_becomes_detections_without_reloading(enter: Enter, tmp_path: Path) -> None:
    page = enter("Anneke")
    room = declare(page, "Shadow copies vanished on FS-07")
    page.goto(room + "investigation")
    good, bad = tmp_path / "fs-07.jsonl", tmp_path / "half.evtx"
    good.write_text("\n".join(event(n) for n in range(4)))
    bad.write_bytes(b"ElfFile\x00" + b"\xff" * 4000)
    page.locator("input[type=file]").set_input_files([good, bad])
    page.get_by_role("button", name="Take into custody").click()
    expect(page.locator("#messages")).to_contain_text("2 files are in custody")
    expect(page.locator("#E-01")).to_contain_text("fs-07.jsonl")
    expect(page.locator("#detections")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("not read whole")).to_be_visible()
    page.locator(".t-rule").first.click()
    page.locator(".t-eventfold summary").first.click()
    expect(page.locator(".t-event").first).to_contain_text("vssadmin delete shadows /all /quiet")
    page.get_by_role("button", name="Accept").first.click()
    expect(page.locator("#messages")).to_contain_text("is accepted")
    page.goto(room + "scope")
    expect(page.get_by_text("FS-07.dairy.example")).to_be_visible()


def event(number: int) -> str:
    data = {
        "Image": "C:\\Windows\\System32\\vssadmin.exe", "OriginalFileName": "VSSADMIN.EXE",
        "CommandLine": "vssadmin delete shadows /all /quiet", "User": "DAIRY\\svc_copy",
    }  # fmt: skip
    winlog = {
        "channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "record_id": number,
        "computer_name": "FS-07.dairy.example", "provider_name": "Microsoft-Windows-Sysmon", "event_data": data,
    }  # fmt: skip
    return json.dumps({"@timestamp": f"2026-03-02T10:00:0{number}.000Z", "winlog": winlog})


def test_another_browser_sees_a_change_without_reloading(enter: Enter) -> None:
    lead = enter("Anneke")
    room = declare(lead, "Strange traffic to the cold store")
    other = enter("Priya")
    other.goto(room)
    expect(other.locator("[data-live-word][data-is=on]")).to_be_visible()
    other.get_by_placeholder("Write to the log").fill("half a thought, not sent")
    other.evaluate("window.stayed = true")
    lead.get_by_placeholder("Write to the log").fill("The firewall shows 40 GB to one address.")
    lead.get_by_role("button", name="Write").click()
    expect(lead.locator(".t-feed")).to_contain_text("40 GB to one address")
    expect(other.locator(".t-feed")).to_contain_text("40 GB to one address")
    expect(other.get_by_placeholder("Write to the log")).to_have_value("half a thought, not sent")
    assert other.evaluate("window.stayed") is True
    lead.locator("summary", has_text="Phase").click()
    lead.get_by_label("Move to").select_option(label="Contained")
    lead.get_by_role("button", name="Move").click()
    expect(other.locator(".t-phase [aria-current]")).to_have_text("Contained")


def test_a_stream_that_cannot_be_reached_is_said_and_the_page_works(enter: Enter) -> None:
    page = enter("Jonas")
    page.route("**/events*", lambda route: route.fulfill(status=204))
    page.goto(page.url.replace("/me", "/incidents"))  # where what is expected stands first, the title is no link
    page.get_by_role("link", name=re.compile("Ransomware staging")).first.click()
    expect(page.locator("[data-live-word][data-is=off]")).to_contain_text("not live")
    page.get_by_placeholder("Write to the log").fill("Written all the same.")
    page.get_by_role("button", name="Write").click()
    expect(page.locator(".t-feed")).to_contain_text("Written all the same.")


def test_it_works_without_javascript(enter: Enter) -> None:
    page = enter("Anneke", java_script_enabled=False)
    room = declare(page, "No script tonight")
    page.locator("summary.t-task").first.click()
    page.get_by_role("link", name=re.compile("Open T-")).first.click()
    page.get_by_role("textbox").first.fill("Seen with my own eyes")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#messages")).to_contain_text("is done")
    page.goto(room)
    page.get_by_placeholder("Write to the log").fill("Plain form")
    page.get_by_role("button", name="Write").click()
    expect(page.locator(".t-feed")).to_contain_text("Plain form")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_and_breaks_no_policy(enter: Enter, width: int, scheme: str) -> None:
    page = enter("Anneke", viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.goto(page.url.replace("/me", "/incidents"))
    page.get_by_text("Ransomware staging on the file servers").click()
    room = page.url
    for path in [
        "/incidents",
        "/incidents/declare",
        "/plan",
        "/team",
        "/you",
        "/plan/messages/all-clear",
        "/log",
        "/accounts/2fa/",
        *[room + p for p in PAGES],
    ]:
        page.goto(path)
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("h1, h2").count() >= 1, path


def test_the_room_can_be_used_with_the_keyboard_alone(enter: Enter) -> None:
    page = enter("Anneke")
    declare(page, "Keys only")
    page.keyboard.press("Tab")
    expect(page.locator(".t-skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("summary.t-task").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".t-panel").first).to_be_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.t-panel') !== null")


def test_on_a_phone_what_is_expected_comes_first_and_quiet_functions_are_folded(enter: Enter) -> None:
    page = enter("Anneke", viewport={"width": 390, "height": 844})
    page.goto(page.url.replace("/me", "/incidents"))
    page.get_by_text("Ransomware staging on the file servers").click()
    top = {name: page.get_by_role("heading", name=name, exact=True).bounding_box() for name in
           ("Expected of you", "Conditions", "Actions", "Needs", "Board")}  # fmt: skip
    tops = [box["y"] for box in top.values() if box]
    assert tops == sorted(tops)
    assert len(tops) == 5
    quiet = page.locator(".t-window:not([data-lamp])").first
    assert quiet.locator(".t-task").count() > 0
    expect(quiet.locator(".t-task").first).to_be_hidden()
    name = quiet.get_by_role("link").first
    name.click()
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    expect(page.locator(".t-task").first).to_be_visible()


def test_a_fact_is_taken_back_where_it_stands(enter: Enter) -> None:
    page = enter("Anneke")
    room = declare(page, "A hall stands still")
    page.goto(room + "obligations")
    page.get_by_role("button", name="Yes", exact=True).first.click()
    expect(page.locator("#messages")).to_contain_text("The fact was stated")
    known = page.locator(".t-known li")
    expect(known).to_have_count(1)
    known.get_by_text("Change").first.click()
    known.get_by_label("Why").fill("It was the wrong hall")
    known.get_by_role("button", name="Take it back").click()
    expect(page.locator("#messages")).to_contain_text("The fact was taken back")
    expect(known).to_have_count(0)
